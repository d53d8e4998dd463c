import Credentials

/// What a server wrote, made fit to be shown: `UntrustedText`, and with the client's secret taken out first, for
/// servers that repeat what they were sent.
struct ServerText {
    /// Longest first: what is taken out of a longer one would leave the rest of it to be read.
    private let forbidden: [[UInt8]]

    /// - Parameter clientID: whose secret it is: the two go as one, in base64, into an `Authorization` header.
    init(hiding secret: Secret?, of clientID: String) {
        guard let secret else {
            forbidden = []
            return
        }
        let encoded = SensitiveBytes()
        secret.withBytes { FormEncoding.append($0, to: encoded) }
        // Ordinary memory for the time of one message, like the server's own text that is searched.
        let sent =
            [secret.withBytes { Array($0) }, encoded.withBytes { Array($0) }]
            + BasicEncoding.allCases.map { encoding in
                let value = SensitiveBytes()
                ClientSecretBasic.appendCredentials(of: clientID, with: secret, encoding: encoding, to: value)
                // Without the padding, which a server may leave out.
                return value.withBytes { Array($0.prefix { $0 != UInt8(ascii: "=") }) }
            }
        // Under four bytes it would black out innocent text and protect nothing.
        forbidden = sent.filter { $0.count >= 4 }.sorted { $0.count > $1.count }
    }

    func line(_ text: String, limit: Int = 200) -> String {
        var rest = Array(text.utf8.prefix(64 << 10))[...]
        var bytes: [UInt8] = []
        while let first = rest.first {
            if let found = forbidden.first(where: { rest.starts(with: $0) }) {
                bytes += "<redacted>".utf8
                rest = rest.dropFirst(found.count)
            } else {
                bytes.append(first)
                rest = rest.dropFirst()
            }
        }
        return UntrustedText.line(bytes: bytes, limit: limit)
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
