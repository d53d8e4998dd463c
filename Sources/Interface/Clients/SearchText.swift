import Credentials

/// A client's searchable text in plain bytes: every key searches up to 10,000 clients.
struct SearchText: Sendable, Equatable {
    /// The name, then the tags, in lower case; the first `nameCount` bytes are the name.
    private var nameAndTags: [UInt8]
    private var nameCount: Int
    private var clientID: [UInt8]
    /// One bit for each byte value modulo 64: one comparison rules out most texts.
    private var nameMask: UInt64
    private var clientIDMask: UInt64

    private var endpoint: Int

    init(_ profile: ClientProfile, endpoint: Int) {
        self.endpoint = endpoint
        nameAndTags = Self.lowered(profile.name)
        nameCount = nameAndTags.count
        for tag in profile.tags {
            nameAndTags.append(0x20)
            nameAndTags += Self.lowered(tag)
        }
        clientID = Self.lowered(profile.clientID)
        nameMask = Self.mask(nameAndTags)
        clientIDMask = Self.mask(clientID)
    }

    static func lowered(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return Array(text.lowercased().utf8) }
        return bytes.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    static func mask(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 | 1 << UInt64($1 & 63) } }

    /// The rank of the match, 0 for the best, always below `worst`; nil for no match.
    ///
    /// In the name or in one tag, the letters of a word may also match in order with gaps: a loose match. The client ID
    /// and the endpoint must contain the whole word: with gaps, a few hexadecimal digits match every ID.
    func rank(of word: SearchWord) -> Int? {
        if nameMask & word.mask == word.mask {
            if let place = Self.place(of: word.bytes, in: nameAndTags) {
                if place == 0 { return 0 }
                let follows = nameAndTags[place - 1]
                let startsWord = !(0x61...0x7A ~= follows || 0x30...0x39 ~= follows || follows >= 0x80)
                if place >= nameCount { return 3 }
                return startsWord ? 1 : 2
            }
            if let gaps = gaps(in: word.bytes) { return Self.firstLoose + min(gaps, 20) }
        }
        if clientIDMask & word.mask == word.mask, Self.place(of: word.bytes, in: clientID) != nil { return 30 }
        return word.isInEndpoint[endpoint] ? 31 : nil
    }

    /// True if a tag begins with these bytes.
    func hasTag(beginning bytes: [UInt8]) -> Bool {
        nameAndTags.withUnsafeBufferPointer { text in
            bytes.withUnsafeBufferPointer { bytes in
                var place = nameCount
                while place + bytes.count < text.count {
                    if text[place] == 0x20, text[(place + 1)...].starts(with: bytes) { return true }
                    place += 1
                }
                return false
            }
        }
    }

    static let worst = 32
    private static let firstLoose = 4

    static func isLoose(_ rank: Int) -> Bool { firstLoose...firstLoose + 20 ~= rank }

    /// The number of letters in the gaps of a loose match within the name or one tag; nil for no match.
    private func gaps(in word: [UInt8]) -> Int? {
        nameAndTags.withUnsafeBufferPointer { text in
            word.withUnsafeBufferPointer { word in
                var found = 0
                var first = 0
                for place in 0..<text.count {
                    // A tag begins here.
                    if place >= nameCount, text[place] == 0x20 { found = 0 }
                    guard text[place] == word[found] else { continue }
                    if found == 0 { first = place }
                    found += 1
                    if found == word.count { return place - first + 1 - word.count }
                }
                return nil
            }
        }
    }

    static func place(of word: [UInt8], in text: [UInt8]) -> Int? {
        guard !word.isEmpty, word.count <= text.count else { return nil }
        return text.withUnsafeBufferPointer { text in
            word.withUnsafeBufferPointer { word in
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
}

/// The token endpoints in use, each once: many clients share few.
struct EndpointTable: Sendable, Equatable {
    fileprivate private(set) var texts: [[UInt8]] = []
    private var numbers: [String: Int] = [:]

    mutating func number(of url: String) -> Int {
        if let number = numbers[url] { return number }
        numbers[url] = texts.count
        texts.append(SearchText.lowered(url))
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
        mask = SearchText.mask(bytes)
        isInEndpoint = endpoints.texts.map { SearchText.place(of: bytes, in: $0) != nil }
    }
}
