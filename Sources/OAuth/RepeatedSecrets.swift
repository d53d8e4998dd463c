import Credentials

/// Finds secrets in text, in the forms in which servers repeat their input.
///
/// Case, white space, invisible characters and accents are ignored (`BareText`). The text is searched unchanged and
/// with its escapes decoded one to three times (`TextEscapes`), each time also with possible base64 and hex decoded.
///
/// Accepted weaknesses: a run shorter than a secret's `run` is displayed, and so are the first characters of a secret
/// that a limit cut off. A secret shorter than four bytes is not searched for: that would hide innocent text and
/// protect nothing. Look-alike letters of other alphabets, and characters inserted into the secret, are not detected.
struct RepeatedSecrets {
    /// A text to search for. Its copy of the secret is in ordinary memory, which is wiped when freed (`CWipedHeap`).
    private struct Needle {
        let scalars: [UInt32]
        /// The number of consecutive scalars that reveal the needle.
        let run: Int
        /// True if the whole needle may be displayed as part of an innocent text.
        let isMereRun: Bool
    }

    /// Four scalars of a needle.
    private struct Block {
        let needle: Int
        let position: Int
        /// The next block with the same hash; -1 if there is none.
        let next: Int
    }

    private static let blockLength = 4
    /// The run for a secret and for a token. A token is longer, and large parts are the same in every token.
    private static let secretRun = 8
    private static let tokenRun = 16

    private var needles: [Needle] = []
    /// Needles that are shorter than a block.
    private var short: [Needle] = []
    private var blocks: [Block] = []
    private var buckets: [Int] = []
    private var hasOnlyASCII = true
    /// Public texts, in the same forms as the needles.
    private let innocent: [[UInt32]]

    /// - Parameters:
    ///   - innocent: public texts, which may share runs with a secret.
    init(secrets: [Secret], of clientID: String, tokens: [Secret], innocent: [String]) {
        self.innocent = innocent.flatMap { Self.spellings(BareText($0)) }
        for secret in secrets {
            add(secret, run: Self.secretRun)
            for spelling in Self.base64Spellings(of: secret, clientID) { add(whole: spelling) }
        }
        for token in tokens { add(token, run: Self.tokenRun) }
        makeBlocks()
    }

    // MARK: - What is looked for

    private mutating func add(_ secret: Secret, run: Int) {
        guard secret.count >= Self.blockLength else { return }
        let text = secret.withBytes { BareText($0) }
        if !text.scalars.allSatisfy(\.isASCII) { hasOnlyASCII = false }
        for scalars in Self.spellings(text) {
            // The limit is in bytes: two Chinese characters are six bytes.
            guard scalars.reduce(0, { $0 + ($1 < 0x80 ? 1 : 3) }) >= Self.blockLength else { continue }
            let needle = Needle(
                scalars: scalars, run: min(run, scalars.count), isMereRun: scalars.count < run)
            if scalars.count < Self.blockLength { short.append(needle) } else { needles.append(needle) }
        }
    }

    /// Adds a text that is only found as a whole: it cannot be decoded because its case is lost.
    private mutating func add(whole secret: Secret) {
        let spaced = secret.withBytes { bytes in Self.spaced(bytes.map { Unicode.Scalar($0) }) }
        for scalars in [spaced] + (Self.squeezed(spaced).map { [$0] } ?? []) where scalars.count >= Self.blockLength {
            needles.append(Needle(scalars: scalars, run: scalars.count, isMereRun: false))
        }
    }

    /// The secret alone and in HTTP Basic's pair with the client ID, in both alphabets. Without padding, which a server
    /// may omit.
    private static func base64Spellings(of secret: Secret, _ clientID: String) -> [Secret] {
        var values = BasicEncoding.allCases.map { encoding in
            ClientSecretBasic.credentials(of: clientID, with: secret, encoding: encoding)
        }
        if secret.count >= blockLength {
            values.append(Secret.written { value in secret.withBytes { Base64.append($0, to: value) } })
        }
        return values.flatMap { value in
            value.withBytes { bytes in
                let plain = bytes.prefix { $0 != UInt8(ascii: "=") }
                let url = plain.map {
                    $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
                }
                return plain.elementsEqual(url) ? [Secret(url)] : [Secret(Array(plain)), Secret(url)]
            }
        }
    }

    /// `text` and its decoded forms, each with and without spaces. A `+` counts as a space, as in forms.
    private static func spellings(_ text: BareText) -> [[UInt32]] {
        var spellings: [[UInt32]] = []
        var next: BareText? = text
        while let text = next, spellings.count < 8 {
            let spaced = spaced(text.scalars)
            spellings.append(spaced)
            if let squeezed = squeezed(spaced), !squeezed.isEmpty { spellings.append(squeezed) }
            next = TextEscapes.decoded(text.scalars)
        }
        return spellings
    }

    private static func spaced(_ scalars: [Unicode.Scalar]) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(scalars.count)
        for scalar in scalars { append(scalar, to: &result) }
        return result
    }

    private static func append(_ scalar: Unicode.Scalar, to result: inout [UInt32]) {
        guard !scalar.isASCII else {
            return result.append(scalar == "+" ? 0x20 : UInt32(lowercased(UInt8(scalar.value))))
        }
        for lower in scalar.properties.lowercaseMapping.unicodeScalars { result.append(lower.value) }
    }

    /// The text without spaces and backslashes; nil if it has none.
    private static func squeezed(_ scalars: [UInt32]) -> [UInt32]? {
        guard scalars.contains(where: { $0 == 0x20 || $0 == 0x5C }) else { return nil }
        return scalars.filter { $0 != 0x20 && $0 != 0x5C }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    // MARK: - Looking

    /// True if `text` reveals a secret.
    func isRepeated(in text: BareText) -> Bool {
        guard !needles.isEmpty || !short.isEmpty else { return false }
        var next: BareText? = text
        if let decoded = TextEscapes.decodedQuotedPrintable(text.scalars), isRepeatedPlainly(in: decoded) {
            return true
        }
        for _ in 0..<4 {
            guard let text = next else { return false }
            if isRepeatedPlainly(in: text) || isRepeatedEncoded(in: text) { return true }
            next = TextEscapes.decoded(text.scalars)
        }
        return false
    }

    private func isRepeatedPlainly(in text: BareText) -> Bool {
        let spaced = Self.spaced(text.scalars)
        return isFound(in: spaced) || Self.squeezed(spaced).map(isFound) == true
    }

    private func isRepeatedEncoded(in text: BareText) -> Bool {
        guard text.scalars.count >= 6 else { return false }
        for way in TextDecoding.all {
            let bytes = way.decoded(text.scalars)
            guard bytes.count >= Self.blockLength else { continue }
            // Most decoded bytes are noise. The full comparison is only worthwhile if a secret is not ASCII.
            let isFound =
                hasOnlyASCII
                ? isFound(in: bytes.map { $0 == 0x2B ? 0x20 : UInt32(Self.lowercased($0)) })
                : isRepeatedPlainly(in: BareText(bytes))
            if isFound { return true }
            // The form encoding before base64 in HTTP Basic (RFC 6749 §2.3.1).
            guard bytes.contains(UInt8(ascii: "%")) else { continue }
            if let decoded = TextEscapes.decoded(BareText(bytes).scalars), isRepeatedPlainly(in: decoded) {
                return true
            }
        }
        return false
    }

    // MARK: - The index

    // Any run of `run` scalars contains a whole block at a multiple of run - 3. Only these blocks are indexed, and the
    // text around a match is compared. A token of 2,000 characters has 154 of them.
    private mutating func makeBlocks() {
        let count = needles.reduce(0) { $0 + $1.scalars.count / ($1.run - Self.blockLength + 1) + 1 }
        var size = 64
        while size < count * 2 { size *= 2 }
        buckets = Array(repeating: -1, count: size)
        for (number, needle) in needles.enumerated() {
            for position in stride(
                from: 0, through: needle.scalars.count - Self.blockLength, by: needle.run - Self.blockLength + 1)
            {
                let bucket = bucket(of: needle.scalars, at: position)
                blocks.append(Block(needle: number, position: position, next: buckets[bucket]))
                buckets[bucket] = blocks.count - 1
            }
        }
    }

    private func bucket(of text: [UInt32], at position: Int) -> Int {
        var hash: UInt32 = 0
        for offset in 0..<Self.blockLength { hash = (hash ^ text[position + offset]) &* 0x9E37_79B1 }
        return Int(hash >> 8) & (buckets.count - 1)
    }

    private func isFound(in text: [UInt32]) -> Bool {
        if short.contains(where: { isFound($0, in: text) }) { return true }
        guard !needles.isEmpty, text.count >= Self.blockLength else { return false }
        for position in 0...text.count - Self.blockLength {
            var number = buckets[bucket(of: text, at: position)]
            while number >= 0 {
                let block = blocks[number]
                if givesAway(needles[block.needle], block.position, in: text, at: position) { return true }
                number = block.next
            }
        }
        return false
    }

    /// True if the longest common run around these two positions reveals the needle.
    private func givesAway(_ needle: Needle, _ position: Int, in text: [UInt32], at place: Int) -> Bool {
        var start = position
        while start > 0, place - position + start > 0,
            needle.scalars[start - 1] == text[place - position + start - 1]
        { start -= 1 }
        var end = position
        while end < needle.scalars.count, place - position + end < text.count,
            needle.scalars[end] == text[place - position + end]
        { end += 1 }
        guard end - start >= needle.run else { return false }
        if end - start == needle.scalars.count, !needle.isMereRun { return true }
        return (start...end - needle.run).contains { !isInnocent(needle.scalars[$0..<$0 + needle.run]) }
    }

    private func isFound(_ needle: Needle, in text: [UInt32]) -> Bool {
        Self.contains(needle.scalars[...], in: text) && !isInnocent(needle.scalars[...])
    }

    private func isInnocent(_ run: ArraySlice<UInt32>) -> Bool { innocent.contains { Self.contains(run, in: $0) } }

    private static func contains(_ run: ArraySlice<UInt32>, in text: [UInt32]) -> Bool {
        guard text.count >= run.count else { return false }
        return (0...text.count - run.count).contains { text[$0..<$0 + run.count].elementsEqual(run) }
    }
}

/// A way to decode the letters of a text into bytes. A byte may begin at any letter.
enum TextDecoding {
    /// base64 in either alphabet, or hex, after skipping some letters.
    case base64(skipping: Int)
    case hex(skipping: Int)
    /// Each number from 1 to 255 is a byte, as in `[115, 51, 99]`.
    case decimal

    static let all: [TextDecoding] = (0..<4).map(base64) + (0..<2).map(hex) + [.decimal]

    /// The bytes of each unbroken run of such letters, separated by a line break. Spaces and backslashes are ignored;
    /// in hex also all other ASCII punctuation, and the `0x` before a byte. Zero bytes are dropped, because UTF-16
    /// contains them.
    func decoded(_ text: [Unicode.Scalar]) -> [UInt8] {
        switch self {
        case .base64(let skipping):
            Self.bytes(text.lazy.filter { $0 != " " && $0 != "\\" }, 6, skipping, Base64.value)
        case .hex(let skipping): Self.bytes(Self.hexLetters(text), 4, skipping, Hexadecimal.value)
        case .decimal: Self.decimals(text)
        }
    }

    private static func bytes(
        _ letters: some Sequence<Unicode.Scalar>, _ width: Int, _ skipping: Int,
        _ value: (UInt8) -> UInt8?
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        var skipped = 0
        for letter in letters {
            guard letter.isASCII, let value = value(UInt8(letter.value)) else {
                if bytes.last.map({ $0 != 0x0A }) == true { bytes.append(0x0A) }
                (bits, count, skipped) = (0, 0, 0)
                continue
            }
            guard skipped >= skipping else {
                skipped += 1
                continue
            }
            bits = bits << UInt32(width) | UInt32(value)
            count += width
            guard count >= 8 else { continue }
            count -= 8
            let byte = UInt8(truncatingIfNeeded: bits >> UInt32(count))
            if byte != 0 { bytes.append(byte) }
        }
        return bytes
    }

    private static func hexLetters(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var letters: [Unicode.Scalar] = []
        letters.reserveCapacity(text.count)
        for (index, scalar) in text.enumerated() {
            if scalar == "x" || scalar == "X", index > 0, text[index - 1] == "0" {
                letters.removeLast()
            } else if !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) {
                letters.append(scalar)
            }
        }
        return letters
    }

    private static func decimals(_ text: [Unicode.Scalar]) -> [UInt8] {
        var bytes: [UInt8] = []
        for word in text.split(whereSeparator: { !("0"..."9").contains($0) }) where word.count <= 3 {
            let number: UInt32 = word.reduce(0) { $0 * 10 + ($1.value - 0x30) }
            if let byte = UInt8(exactly: number), byte != 0 { bytes.append(byte) }
        }
        return bytes
    }
}
