/// The host and port to which a request for a URL is sent.
///
/// Two are equal only if the ports agree and the names agree byte by byte, ignoring the case of ASCII letters. A
/// missing port means the scheme's default. If parsers may read a URL differently (user info, an escape, a backslash),
/// the URL has no host here, so that it never passes for another host.
public struct EndpointHost: Sendable, Equatable, CustomStringConvertible {
    /// ASCII letters in lower case; an IPv6 address in its brackets.
    public let name: String
    public let port: Int

    /// nil if `url` is not an http or https URL, or its host is not plain.
    public init?(_ url: String) {
        guard let (authority, defaultPort) = Self.parts(of: url) else { return nil }
        let isBracketed = authority.utf8.first == UInt8(ascii: "[")
        let hostEnd = isBracketed ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : nil
        let end = hostEnd ?? authority.firstIndex(of: ":") ?? authority.endIndex
        let host = authority[..<end]
        let rest = authority[end...]
        guard Self.isPlain(host, isBracketed: isBracketed), host.utf8.count <= 255 else { return nil }
        switch rest.utf8.count {
        case 0: port = defaultPort
        case 2...6 where rest.utf8.first == UInt8(ascii: ":"):
            guard rest.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }), let given = Int(rest.dropFirst()),
                (1...65_535).contains(given)
            else { return nil }
            port = given
        default: return nil
        }
        // `lowercased()` maps some non-ASCII letters to ASCII: the Kelvin sign to k.
        name = String(decoding: host.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// The part between `://` and the path, unchanged; nil if there is none.
    public static func authority(of url: String) -> String? { parts(of: url).map { String($0.authority) } }

    /// The host of `url` for display; if it has none, the text itself, stripped and bounded.
    public static func text(of url: String) -> String {
        EndpointHost(url)?.description ?? UntrustedText.line(url, limit: 100)
    }

    /// The name, and the port unless it is 443.
    public var description: String { port == 443 ? name : "\(name):\(port)" }

    /// True for the hosts of GBG's services, including the fabric tenants.
    public var isGBG: Bool {
        ["gbgplc.com", "gbgplatforms.com"].contains { domain in
            let name = name.utf8.suffix(domain.utf8.count + 1)
            return name.elementsEqual(domain.utf8) || name.elementsEqual(".\(domain)".utf8)
        }
    }

    // Strings compare by canonical equivalence, which a resolver does not use.
    public static func == (one: EndpointHost, other: EndpointHost) -> Bool {
        one.port == other.port && one.name.utf8.elementsEqual(other.name.utf8)
    }

    private static func parts(of url: String) -> (authority: Substring, defaultPort: Int)? {
        guard let colon = url.firstIndex(of: ":"), url[colon...].utf8.starts(with: "://".utf8) else { return nil }
        let defaultPort: Int
        switch url[..<colon].lowercased() {
        case "https": defaultPort = 443
        case "http": defaultPort = 80
        default: return nil
        }
        let rest = url[url.utf8.index(colon, offsetBy: 3)...]
        let end = rest.utf8.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        guard end > rest.startIndex else { return nil }
        return (rest[..<end], defaultPort)
    }

    private static func isPlain(_ host: Substring, isBracketed: Bool) -> Bool {
        guard !host.isEmpty else { return false }
        let inside = isBracketed ? host.dropFirst().dropLast() : host
        return !inside.isEmpty
            && inside.unicodeScalars.allSatisfy { scalar in
                guard scalar.isASCII else {
                    return !isBracketed && !UntrustedText.isControl(scalar) && !scalar.properties.isWhitespace
                }
                let byte = UInt8(scalar.value)
                let isDigit = (0x30...0x39).contains(byte)
                if isBracketed { return isDigit || (0x61...0x66).contains(byte | 0x20) || ".:".utf8.contains(byte) }
                return isDigit || (0x61...0x7A).contains(byte | 0x20) || ".-_".utf8.contains(byte)
            }
    }
}
