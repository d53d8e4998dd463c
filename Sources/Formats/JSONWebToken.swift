public import Credentials
public import FoundationEssentials

/// Header and claims of a JSON Web Token, laid out to be read.
///
/// They give no access without the signature: the secret is the whole token.
public struct JSONWebToken: Sendable, Equatable {
    /// Pretty JSON, several lines.
    public private(set) var header: String
    /// Pretty JSON, several lines.
    public private(set) var claims: String
    /// The times among the claims, in the token's order, up to the year 9999.
    public let times: [TokenClaims.Time]

    /// Must stand beside the claims.
    public static let notice = "the signature is not verified: these are claims, not facts"

    public var expires: Date? { date(of: "exp") }
    public var issuedAt: Date? { date(of: "iat") }
    public var notBefore: Date? { date(of: "nbf") }

    /// - Returns: nil if `token` is not one that `TokenClaims` reads, or its header is no JSON object.
    public init?(_ token: Secret) {
        guard let read = TokenClaims(token), let header = Self.lines(of: read.header),
            let claims = Self.lines(of: read.claims)
        else { return nil }
        self.header = header
        self.claims = claims
        times = read.times.filter { (0..<253_402_300_800).contains($0.seconds) }
    }

    private static func lines(of json: Secret) -> String? {
        json.withBytes { bytes in
            var scanner = JSONScanner(bytes, makesLines: true)
            return scanner.scan() == .whole && scanner.isObject ? scanner.lines.joined(separator: "\n") : nil
        }
    }

    /// The same token with `text` in place of its header and its claims.
    public func showing(_ text: String) -> JSONWebToken {
        var token = self
        token.header = text
        token.claims = text
        return token
    }

    private func date(of claim: String) -> Date? {
        // The last counts, like in `TokenClaims`.
        times.last { $0.claim == claim }?.date
    }
}

extension TokenClaims.Time {
    public var date: Date { .init(timeIntervalSince1970: seconds) }

    /// `2026-11-23 14:02:11 UTC, in 54 min`.
    public func text(at now: Date) -> String {
        "\(TimeWords.utc(date)), \(TimeWords.distance(to: date, from: now))"
    }
}
