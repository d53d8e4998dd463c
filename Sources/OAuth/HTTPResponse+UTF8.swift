import Credentials

extension HTTPResponse {
    /// The body in UTF-8. UTF-16 is recognized by its byte order mark, its charset, or the zeros of its first
    /// characters.
    var utf8Body: Secret {
        body.withBytes { bytes -> Secret? in
            guard let isBigEndian = isBigEndian(bytes) else { return nil }
            let units = stride(from: 0, to: bytes.count - 1, by: 2).lazy.map { index -> UInt16 in
                let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
                return isBigEndian ? first << 8 | second : second << 8 | first
            }
            var text: [UInt8] = []
            text.reserveCapacity(bytes.count)
            _ = transcode(units.makeIterator(), from: UTF16.self, to: UTF8.self, stoppingOnError: false) {
                text.append($0)
            }
            return Secret(text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text.dropFirst(3)) : text)
        } ?? body
    }

    /// nil if the body is not UTF-16.
    private func isBigEndian(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        guard bytes.count >= 2 else { return nil }
        if bytes[0] == 0xFE, bytes[1] == 0xFF { return true }
        if bytes[0] == 0xFF, bytes[1] == 0xFE { return false }
        switch charset?.lowercased() {
        // A zero byte proves UTF-16. UTF-8 text mislabelled as UTF-16 contains none.
        case "utf-16le" where bytes.contains(0): return false
        case "utf-16be" where bytes.contains(0): return true
        case let name where name == nil || name == "utf-16":
            guard bytes.count >= 4 else { return nil }
            let isASCII = (bytes[0] == 0, bytes[1] == 0, bytes[2] == 0, bytes[3] == 0)
            if isASCII == (true, false, true, false) { return true }
            return isASCII == (false, true, false, true) ? false : nil
        default: return nil
        }
    }

    /// The charset in the Content-Type header.
    private var charset: String? {
        guard let type = header("Content-Type") else { return nil }
        for parameter in type.split(separator: ";").dropFirst() {
            let parts = parameter.split(separator: "=", maxSplits: 1).map { ClientName.trimmed(String($0)) }
            guard parts.count == 2, parts[0].lowercased() == "charset" else { continue }
            return parts[1].filter { $0 != "\"" && $0 != "'" }
        }
        return nil
    }

    /// The charset of a text that keyfob cannot read: not UTF-8, UTF-16 or Latin-1.
    var unreadableCharset: String? {
        guard let charset,
            !["iso-8859-1", "iso-8859-15", "latin1", "us-ascii", "utf-8", "utf8", "windows-1252"]
                .contains(charset.lowercased()), !charset.lowercased().hasPrefix("utf-16")
        else { return nil }
        return body.withBytes { String(validating: $0, as: UTF8.self) == nil } ? charset : nil
    }
}
