import Credentials

/// The clients' searchable texts in plain bytes, one behind the other: every key searches up to 10,000 clients, and a
/// block of memory for each takes half as long again.
struct SearchTexts: Sendable, Equatable {
    private var bytes: [UInt8] = []
    private var places: [Place] = []

    /// A client's bytes: the name, the tags with a space before each, the client ID; all in lower case.
    fileprivate struct Place: Sendable, Equatable {
        var start: Int
        let nameCount: Int
        let nameAndTagsCount: Int
        let clientIDCount: Int
        /// One bit for each byte value modulo 64: one comparison rules out most texts.
        let nameMask: UInt64
        let clientIDMask: UInt64
        let endpoint: Int

        var count: Int { nameAndTagsCount + clientIDCount }
    }

    mutating func insert(_ profile: ClientProfile, endpoint: Int, at index: Int) {
        var text = Self.lowered(profile.name)
        let nameCount = text.count
        for tag in profile.tags {
            text.append(0x20)
            text += Self.lowered(tag)
        }
        let clientID = Self.lowered(profile.clientID)
        let place = Place(
            start: index < places.count ? places[index].start : bytes.count, nameCount: nameCount,
            nameAndTagsCount: text.count, clientIDCount: clientID.count, nameMask: Self.mask(text),
            clientIDMask: Self.mask(clientID), endpoint: endpoint)
        bytes.insert(contentsOf: text + clientID, at: place.start)
        places.insert(place, at: index)
        move(after: index, by: place.count)
    }

    mutating func remove(at index: Int) {
        let place = places.remove(at: index)
        bytes.removeSubrange(place.start..<place.start + place.count)
        move(after: index - 1, by: -place.count)
    }

    private mutating func move(after index: Int, by count: Int) {
        for later in places.indices.dropFirst(index + 1) { places[later].start += count }
    }

    /// Calls `body` with each client's index and text. The text is valid only during the call.
    func search(_ body: (Int, SearchText) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            places.withUnsafeBufferPointer { places in
                for index in places.indices { body(index, SearchText(place: places[index], bytes: bytes)) }
            }
        }
    }

    static func lowered(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return Array(text.lowercased().utf8) }
        return bytes.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    static func mask(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 | 1 << UInt64($1 & 63) } }
}

/// A client's searchable text during a search.
struct SearchText {
    fileprivate let place: SearchTexts.Place
    fileprivate let bytes: UnsafeBufferPointer<UInt8>

    private var nameAndTags: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[place.start..<place.start + place.nameAndTagsCount])
    }

    private var clientID: UnsafeBufferPointer<UInt8> {
        let start = place.start + place.nameAndTagsCount
        return UnsafeBufferPointer(rebasing: bytes[start..<start + place.clientIDCount])
    }

    /// The rank of the match, 0 for the best, always below `worst`; nil for no match.
    ///
    /// In the name or in one tag, the letters of a word may also match in order with gaps: a loose match. The client ID
    /// and the endpoint must contain the whole word: with gaps, a few hexadecimal digits match every ID.
    func rank(of word: SearchWord) -> Int? {
        if place.nameMask & word.mask == word.mask {
            let text = nameAndTags
            if let found = Self.place(of: word.bytes, in: text) {
                if found == 0 { return 0 }
                let before = text[found - 1]
                let startsWord = !(0x61...0x7A ~= before || 0x30...0x39 ~= before || before >= 0x80)
                if found >= place.nameCount { return 3 }
                return startsWord ? 1 : 2
            }
            if let gaps = gaps(of: word.bytes) { return Self.firstLoose + min(gaps, 20) }
        }
        if place.clientIDMask & word.mask == word.mask, Self.place(of: word.bytes, in: clientID) != nil { return 30 }
        return word.isInEndpoint[place.endpoint] ? 31 : nil
    }

    /// True if a tag begins with these bytes.
    func hasTag(beginning bytes: [UInt8]) -> Bool {
        let text = nameAndTags
        var index = place.nameCount
        while index + bytes.count < text.count {
            if text[index] == 0x20, text[(index + 1)...].starts(with: bytes) { return true }
            index += 1
        }
        return false
    }

    static let worst = 32
    private static let firstLoose = 4

    static func isLoose(_ rank: Int) -> Bool { firstLoose...firstLoose + 20 ~= rank }

    /// The number of letters in the gaps of a loose match within the name or one tag; nil for no match.
    private func gaps(of word: [UInt8]) -> Int? {
        let text = nameAndTags
        return word.withUnsafeBufferPointer { word in
            var found = 0
            var first = 0
            for index in 0..<text.count {
                // A tag begins here.
                if index >= place.nameCount, text[index] == 0x20 { found = 0 }
                guard text[index] == word[found] else { continue }
                if found == 0 { first = index }
                found += 1
                if found == word.count { return index - first + 1 - word.count }
            }
            return nil
        }
    }

    static func place(of word: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard !word.isEmpty, word.count <= text.count else { return nil }
        return word.withUnsafeBufferPointer { word in
            let last = text.count - word.count
            var start = 0
            search: while start <= last {
                if text[start] == word[0] {
                    var offset = 1
                    while offset < word.count {
                        if text[start + offset] != word[offset] {
                            start += 1
                            continue search
                        }
                        offset += 1
                    }
                    return start
                }
                start += 1
            }
            return nil
        }
    }
}

/// The token endpoints in use, each once: many clients share few.
struct EndpointTable: Sendable, Equatable {
    fileprivate private(set) var texts: [[UInt8]] = []
    private var numbers: [String: Int] = [:]

    mutating func number(of url: String) -> Int {
        if let number = numbers[url] { return number }
        numbers[url] = texts.count
        texts.append(SearchTexts.lowered(url))
        return texts.count - 1
    }
}

/// A word to search for.
struct SearchWord {
    let bytes: [UInt8]
    let mask: UInt64
    /// By the endpoint's number.
    let isInEndpoint: [Bool]

    init(_ bytes: [UInt8], in endpoints: EndpointTable) {
        self.bytes = bytes
        mask = SearchTexts.mask(bytes)
        isInEndpoint = endpoints.texts.map { text in
            text.withUnsafeBufferPointer { SearchText.place(of: bytes, in: $0) != nil }
        }
    }
}
