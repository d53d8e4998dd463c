import Credentials

/// The URL of a copied request.
struct TargetURL {
    /// The base of the API's paths, without a slash at its end.
    let base: String
    /// The URL of a first request: the health check of a known API, otherwise the base.
    let text: String

    /// False if the profile has no http or https API base. The base is then `https://api.example.com/`, which no one
    /// owns (RFC 2606).
    let isKnown: Bool

    init(_ profile: ClientProfile) {
        isKnown = ["https://", "http://"].contains { profile.apiBase.lowercased().hasPrefix($0) }
        let given = isKnown ? Self.encoded(profile.apiBase) : "https://api.example.com/"
        var base = given
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        text = profile.isGBG && Self.isGBGGO(given) ? base + "/journey/health" : given
    }

    /// `https://{eu|us|au}.platform.go.gbgplc.com/v2/captain`.
    private static func isGBGGO(_ url: String) -> Bool {
        let authority = url.split(separator: "/", maxSplits: 2).dropFirst().first ?? ""
        let host = (authority.split(separator: "@").last ?? "").prefix { $0 != ":" && $0 != "?" && $0 != "#" }
        return ".\(host.lowercased())".hasSuffix(".platform.go.gbgplc.com")
    }

    /// `url` with %XX for bytes that are invalid in URLs (RFC 3986 §2) and for curl's patterns (`{`, `}`, `[`, `]`).
    /// The host keeps brackets and non-ASCII letters, which the tools understand.
    private static func encoded(_ url: String) -> String {
        var slashes = 0
        return PercentEncoding.encoded(url) { byte in
            if [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains(byte) { slashes += 1 }
            return switch byte {
            // The host follows the second slash.
            case UInt8(ascii: "["), UInt8(ascii: "]"), 0x80...: slashes == 2
            case 0x21, 0x23...0x3B, 0x3D, 0x3F...0x5A, 0x5F, 0x61...0x7A, 0x7E: true
            default: false
            }
        }
    }
}

extension CopyFormat {
    /// The example URL that `render` uses if the profile has no API base; nil if the profile has one, or the format
    /// needs none.
    public func exampleURL(for profile: ClientProfile) -> String? {
        switch self {
        case .curl, .httpie, .wget, .powershell, .fetch, .python, .postman, .http:
            let target = TargetURL(profile)
            return target.isKnown ? nil : target.text
        case .header, .token, .bash, .fish, .powershellVariable, .json, .headersJSON, .curlConfig, .githubActions,
            .execCredential, .clientID:
            return nil
        }
    }
}
