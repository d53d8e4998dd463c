import CCurl
import Glibc

/// The proxy that libcurl takes from the environment for a request, found in libcurl's order. Only used for the message
/// of a failed request. The message never contains the proxy's URL: the URL may hold a password, and if libcurl reads
/// it differently than intended, a piece of the password can appear as the host.
struct EnvironmentProxy: Sendable, Equatable {
    enum Scheme: Sendable, Equatable {
        case http, https, socks
        /// libcurl does not support this kind of proxy.
        case unknown
        /// The value is not a URL.
        case unreadable
    }

    /// The environment variable that names the proxy.
    let variable: String
    let scheme: Scheme

    /// - Parameters:
    ///   - environment: the value of a variable; nil if it is not set.
    /// - Returns: nil if the request uses no proxy.
    init?(for url: String, environment: (String) -> String?) {
        // libcurl treats an empty variable as unset.
        func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        var code = CURLUE_OK
        guard let parsed = ccurl_url_parse(url, 0, &code) else { return nil }
        defer { ccurl_url_cleanup(parsed) }
        guard let scheme = Self.part(CURLUPART_SCHEME, of: parsed)?.lowercased(),
            let host = Self.part(CURLUPART_HOST, of: parsed)
        else { return nil }
        if let exceptions = value("no_proxy") ?? value("NO_PROXY"), Self.excepts(host, by: exceptions) { return nil }
        // HTTP_PROXY is ignored: a web server sets it for CGI programs from a client's header (curl(1)).
        let names = scheme == "http" ? ["http_proxy"] : ["\(scheme)_proxy", "\(scheme.uppercased())_PROXY"]
        let found = (names + ["all_proxy", "ALL_PROXY"]).compactMap { name in value(name).map { (name, $0) } }
        guard let (variable, proxy) = found.first else { return nil }
        self.variable = variable
        self.scheme = Self.scheme(of: proxy)
    }

    private static func scheme(of proxy: String) -> Scheme {
        var code = CURLUE_OK
        // CURLU_NON_SUPPORT_SCHEME and CURLU_GUESS_SCHEME, like libcurl for a proxy's URL.
        guard let parsed = ccurl_url_parse(proxy, 1 << 3 | 1 << 9, &code) else { return .unreadable }
        defer { ccurl_url_cleanup(parsed) }
        // CURLU_GUESS_SCHEME guesses by the host's name, but libcurl treats a proxy without a scheme as HTTP.
        guard proxy.contains("://") else { return .http }
        return switch part(CURLUPART_SCHEME, of: parsed)?.lowercased() {
        case "http": .http
        case "https": .https
        case "socks", "socks4", "socks4a", "socks5", "socks5h": .socks
        default: .unknown
        }
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
        var code = CURLUE_OK
        guard let text = ccurl_url_part(url, part, &code) else { return nil }
        defer { ccurl_free(text) }
        return String(cString: text)
    }

    // MARK: - no_proxy

    /// True if `host` matches the list of names, suffixes, addresses and networks, by libcurl's rules.
    private static func excepts(_ host: String, by exceptions: String) -> Bool {
        if exceptions == "*" { return true }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let address = Address(bare)
        let name = bare.lowercased().withoutEnd(".")
        return exceptions.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }).contains { item in
            guard let address else {
                let suffix = String(item).lowercased().withoutEnd(".").withoutBeginning(".")
                return !suffix.isEmpty && (name == suffix || name.hasSuffix("." + suffix))
            }
            let parts = item.split(separator: "/", maxSplits: 1)
            guard let network = parts.first.flatMap({ Address(String($0).withoutBrackets) }) else { return false }
            return address.isIn(network, bits: parts.count > 1 ? Int(parts[1]) ?? -1 : network.bytes.count * 8)
        }
    }

    private struct Address {
        let bytes: [UInt8]

        init?(_ text: String) {
            var bytes = [UInt8](repeating: 0, count: 16)
            if inet_pton(AF_INET, text, &bytes) == 1 {
                self.bytes = Array(bytes.prefix(4))
            } else if inet_pton(AF_INET6, text, &bytes) == 1 {
                self.bytes = bytes
            } else {
                return nil
            }
        }

        func isIn(_ network: Address, bits: Int) -> Bool {
            guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
            return (0..<bits).allSatisfy { bit in
                (bytes[bit / 8] ^ network.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
            }
        }
    }
}

extension String {
    fileprivate func withoutEnd(_ end: Character) -> String { last == end ? String(dropLast()) : self }
    fileprivate func withoutBeginning(_ beginning: Character) -> String {
        first == beginning ? String(dropFirst()) : self
    }
    fileprivate var withoutBrackets: String { hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self }
}
