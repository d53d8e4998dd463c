import Credentials

/// What a server wrote, made fit to be shown: `UntrustedText`, and with the client's secret and its tokens taken out
/// first, for servers that repeat what they were sent.
struct ServerText {
    /// Longest first: what is taken out of a longer one would leave the rest of it to be read.
    private let forbidden: [Secret]
    /// Whether one of them begins with the byte.
    private let begins: [Bool]

    /// - Parameters:
    ///   - clientID: whose secret it is: the two go as one, in base64, into an `Authorization` header.
    ///   - tokens: what else is not to be seen.
    init(hiding secret: Secret?, of clientID: String, tokens: [Secret] = []) {
        var sent = tokens.flatMap(Self.spellings)
        if let secret {
            sent += Self.spellings(of: secret)
            sent += BasicEncoding.allCases.map { encoding in
                let value = SensitiveBytes()
                ClientSecretBasic.appendCredentials(of: clientID, with: secret, encoding: encoding, to: value)
                // Without the padding, which a server may leave out.
                let count = value.withBytes { $0.prefix { $0 != UInt8(ascii: "=") }.count }
                return value.secret().slice(0..<count)
            }
        }
        // Under four bytes it would black out innocent text and protect nothing.
        forbidden = sent.filter { $0.count >= 4 }.sorted { $0.count > $1.count }
        var begins = [Bool](repeating: false, count: 256)
        for secret in forbidden { secret.withBytes { begins[Int($0[0])] = true } }
        self.begins = begins
    }

    /// As it is, as a form has it, and as JSON may have it.
    private static func spellings(of secret: Secret) -> [Secret] {
        let encoded = SensitiveBytes()
        let escaped = SensitiveBytes()
        secret.withBytes { bytes in
            FormEncoding.append(bytes, to: encoded)
            for byte in bytes {
                if "/\"\\".utf8.contains(byte) { escaped.append(UInt8(ascii: "\\")) }
                escaped.append(byte)
            }
        }
        return [secret] + [encoded, escaped].filter { $0.count != secret.count }.map { $0.secret() }
    }

    /// `bytes` with `<redacted>` in the place of every secret. A text of 1,000 bytes or more may have been cut by
    /// whoever read it: the beginning of a secret at its end is taken out too.
    func redacted(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let mayBeCut = bytes.count >= 1_000
        var rest = Array(bytes)[...]
        var result: [UInt8] = []
        result.reserveCapacity(rest.count)
        while let first = rest.first {
            if begins[Int(first)] {
                if let found = forbidden.first(where: { $0.withBytes { rest.starts(with: $0) } }) {
                    result += "<redacted>".utf8
                    rest.removeFirst(found.count)
                    continue
                }
                if mayBeCut, rest.count >= 4, forbidden.contains(where: { $0.withBytes { $0.starts(with: rest) } }) {
                    return result + "<redacted>".utf8
                }
            }
            result.append(first)
            rest.removeFirst()
        }
        return result
    }

    func line(_ text: String, limit: Int = 200) -> String { line(bytes: Array(text.utf8), limit: limit) }

    func line(bytes: [UInt8], limit: Int = 200) -> String {
        UntrustedText.line(String(decoding: redacted(bytes.prefix(64 << 10)), as: UTF8.self), limit: limit)
    }

    /// The text of an HTML page's title, where it has one.
    func title(ofPage body: Secret) -> String? {
        let page = body.withBytes { String(decoding: $0.prefix(16 << 10), as: UTF8.self) }
        let lowercased = Array(page.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
        guard let start = Self.index(of: "<title", in: lowercased[...]),
            let open = lowercased[start...].firstIndex(of: UInt8(ascii: ">")),
            let end = Self.index(of: "</title", in: lowercased[open...])
        else { return nil }
        let title = line(String(decoding: Array(page.utf8)[(open + 1)..<end], as: UTF8.self))
        return title.isEmpty ? nil : title
    }

    private static func index(of text: String, in bytes: ArraySlice<UInt8>) -> Int? {
        let needle = Array(text.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: needle) }
    }
}
