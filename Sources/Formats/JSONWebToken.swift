public import Credentials
public import FoundationEssentials

/// What a JSON Web Token (RFC 7519) says of itself, read without the key that would prove it.
///
/// Header and claims alone get nobody in: what counts as the secret is the token with its signature.
public struct JSONWebToken: Sendable, Equatable {
    /// A claim that tells a time (a NumericDate, RFC 7519 §2).
    public struct Time: Sendable, Equatable {
        public let claim: String
        /// The number as the token has it.
        public let written: String
        public let date: Date

        /// `2026-11-23 14:02:11 UTC, in 54 min`.
        public func words(at now: Date) -> String {
            "\(TimeWords.utc(date)), \(TimeWords.distance(to: date, from: now))"
        }
    }

    /// Pretty JSON, several lines.
    public private(set) var header: String
    /// Pretty JSON, several lines.
    public private(set) var claims: String
    /// Of the claims `exp`, `iat`, `nbf` and `auth_time` those that are there, in the token's order, up to the year
    /// 9999.
    public let times: [Time]

    /// What must stand beside it.
    public static let notice = "the signature is not verified: these are claims, not facts"

    public var expires: Date? { date(of: "exp") }
    public var issuedAt: Date? { date(of: "iat") }
    public var notBefore: Date? { date(of: "nbf") }

    /// - Returns: nil where `token` is none in the compact form (RFC 7515 §7.1), longer than 64 KiB, or encrypted.
    public init?(_ token: Secret) {
        guard token.count <= PrettyJSON.byteLimit else { return nil }
        let parts = token.withBytes { bytes -> [Secret]? in
            let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            let read = parts.prefix(2).compactMap { Base64.decoded(UnsafeRawBufferPointer(rebasing: $0)) }
            return read.count == 2 ? read : nil
        }
        guard let parts, let header = Part(parts[0]), let claims = Part(parts[1]) else { return nil }
        self.header = header.text
        self.claims = claims.text
        times = claims.times
    }

    /// The same token with `text` in place of its header and its claims.
    public func showing(_ text: String) -> JSONWebToken {
        var token = self
        token.header = text
        token.claims = text
        return token
    }

    private func date(of claim: String) -> Date? {
        // Of a claim that is there twice, parsers take the last (RFC 7519 §4).
        times.last { $0.claim == claim }?.date
    }

    /// A JSON object, and the times in it.
    private struct Part {
        let text: String
        let times: [Time]

        init?(_ json: Secret) {
            let read = json.withBytes { bytes -> (text: String, times: [Time])? in
                var scanner = JSONScanner(bytes, makesLines: true)
                guard scanner.scan() == .whole, scanner.isObject else { return nil }
                return (scanner.lines.joined(separator: "\n"), scanner.members.compactMap { Self.time($0, in: bytes) })
            }
            guard let read else { return nil }
            text = read.text
            times = read.times
        }

        private static func time(_ member: JSONScanner.Member, in bytes: UnsafeRawBufferPointer) -> Time? {
            let claim = String(decoding: bytes[member.name], as: UTF8.self)
            guard ["exp", "iat", "nbf", "auth_time"].contains(claim), member.kind == .number else { return nil }
            let written = UntrustedText.line(bytes: bytes[member.value], limit: 40)
            guard let seconds = Double(written), (0..<253_402_300_800).contains(seconds) else { return nil }
            return Time(claim: claim, written: written, date: .init(timeIntervalSince1970: seconds))
        }
    }
}
