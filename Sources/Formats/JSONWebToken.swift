public import Credentials
public import FoundationEssentials

/// Header and claims of a JSON Web Token, formatted for reading.
///
/// Without the signature they give no access: only the whole token is secret.
public struct JSONWebToken: Sendable, Equatable {
    /// Pretty JSON, several lines.
    public private(set) var header: String
    /// Pretty JSON, several lines.
    public private(set) var claims: String
    /// The time claims up to the year 9999, in the token's order.
    public let times: [TokenClaims.Time]

    /// Must be displayed beside the claims.
    public static let notice = "the signature is not verified: these are claims, not facts"

    public var expires: Date? { date(of: "exp") }
    public var issuedAt: Date? { date(of: "iat") }
    public var notBefore: Date? { date(of: "nbf") }

    /// - Returns: nil if `TokenClaims` cannot read `token`, or its header is not a JSON object.
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

    /// A copy with `text` in place of its header and its claims.
    public func showing(_ text: String) -> JSONWebToken {
        var token = self
        token.header = text
        token.claims = text
        return token
    }

    private func date(of claim: String) -> Date? {
        // The last one counts, like in `TokenClaims`.
        times.last { $0.claim == claim }?.date
    }
}

extension TokenClaims.Time {
    public var date: Date { .init(timeIntervalSince1970: seconds) }

    /// `2026-11-23 14:02:11 UTC, in 54 min`.
    public func text(at now: Date) -> String {
        "\(TimeText.utc(date)), \(TimeText.distance(to: date, from: now))"
    }
}
