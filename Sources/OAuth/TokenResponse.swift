import Credentials
import FoundationEssentials

/// Reads a token endpoint's answer (RFC 6749 §5.1, §5.2).
public enum TokenResponse {
    /// Ten years: a longer lifetime is a server's mistake, or in milliseconds.
    static let longestLifetime = 10 * 365.25 * 86_400

    /// The token in `response`. Unusual but usable answers add to `TokenFacts.warnings`.
    /// - Parameters:
    ///   - requested: the time at which the request was sent; the token's lifetime counts from here.
    ///   - obtained: the time at which the answer was complete.
    ///   - secret: the client's secret, which is removed from all displayed text.
    /// - Throws: `Failure` of kind `refused` (permanent), `unreachable` (429 and 5xx, may be repeated), `redirected` or
    ///   `notAToken`.
    public static func parse(
        _ response: HTTPResponse, profile: ClientProfile, requested: Moment, obtained: Moment,
        hiding secret: Secret? = nil
    ) throws(Failure) -> AccessToken {
        let answer = TokenAnswer(response.utf8Body)
        return try parse(
            response, answer, profile: profile, requested: requested, obtained: obtained,
            text: ServerText(hiding: secret, of: profile, tokens: answer?.token.map { [$0] } ?? []))
    }

    /// The same for a parsed answer, with the secrets already in `text`.
    static func parse(
        _ response: HTTPResponse, _ answer: TokenAnswer?, profile: ClientProfile, requested: Moment, obtained: Moment,
        text: ServerText
    ) throws(Failure) -> AccessToken {
        let refusal = Refusal(response: response, profile: profile, text: text, now: obtained.wall)
        guard (200...299).contains(response.status) else { throw refusal.failure }
        guard let answer else { throw refusal.code == nil ? refusal.notAToken : refusal.failure }
        switch answer.accessToken {
        case .text(let token) where !token.isEmpty:
            return try self.token(
                token, from: answer, in: response, profile: profile, requested: requested, obtained: obtained,
                refusal: refusal)
        case .missing, .text:
            // Some servers send an error with status 200.
            throw refusal.code == nil ? refusal.noAccessToken : refusal.failure
        default: throw refusal.unusable("its access_token is not text")
        }
    }

    private static func token(
        _ token: String, from answer: TokenAnswer, in response: HTTPResponse, profile: ClientProfile,
        requested: Moment, obtained: Moment, refusal: Refusal
    ) throws(Failure) -> AccessToken {
        if let (position, problem) = TokenSyntax.unusableByte(in: token) {
            throw refusal.unusable(
                "byte \(position + 1) of its \(token.utf8.count) is \(problem), which is invalid in a bearer token")
        }
        var warnings: [String] = []
        if let position = TokenSyntax.byteOutsideB64Token(in: token) {
            warnings.append(
                "byte \(position + 1) of the token is outside RFC 6750's b64token: some programs may reject it")
        }
        if let error = refusal.errorBesideToken { warnings.append(error) }
        let type = try type(in: answer, refusal: refusal, warnings: &warnings)
        // The decoder's String is wiped only when freed (`CWipedHeap`), so this copy is kept instead.
        let value = Secret(utf8: token)
        let lifetime = Self.earlier(
            lifetime(in: answer, warnings: &warnings), orAsIn: value,
            serverTime: response.header("Date").flatMap(HTTPDate.parse), requested: requested, obtained: obtained,
            warnings: &warnings)
        let scope = scope(in: answer, asked: profile.scope, text: refusal.text, warnings: &warnings)
        let facts = TokenFacts(
            type: type, grantedScope: scope, requested: requested, obtained: obtained, lifetime: lifetime,
            characterCount: value.count, warnings: warnings.map { refusal.text.line($0) })
        return AccessToken(value: value, facts: facts)
    }

    private static func type(
        in answer: TokenAnswer, refusal: Refusal, warnings: inout [String]
    ) throws(Failure) -> String {
        switch answer.tokenType {
        case .missing:
            warnings.append("the server sent no token type: Bearer is assumed")
            return "Bearer"
        case .text(let type) where type.lowercased() == "bearer": return type
        case .text(let type) where TokenSyntax.isMisspeltBearer(type):
            warnings.append("the token type is \(displayed(type, refusal)): Bearer is assumed")
            return "Bearer"
        case .text(let type):
            throw refusal.unusable("its token type is \(displayed(type, refusal)), and only Bearer can be used")
        case .number:
            let type = answer.tokenType.joinedText ?? ""
            throw refusal.unusable("its token type is \"\(type)\", and only Bearer can be used")
        case .texts, .other: throw refusal.unusable("its token type is not text, and only Bearer can be used")
        }
    }

    /// A type in quotation marks, so that spaces and invisible characters are visible.
    private static func displayed(_ type: String, _ refusal: Refusal) -> String {
        refusal.text.givesSecretAway(type) ? ServerText.repeatedSecret : TokenSyntax.quoted(type)
    }

    /// The token's lifetime in seconds: the server's `expires_in` or, for a JWT, its `exp` (RFC 7519 §4.1.4), whichever
    /// is earlier. If the server sends no lifetime, the JWT's counts.
    ///
    /// The JWT's lifetime counts from the answer's `Date` (RFC 9110 §6.6.1), so a wrong local clock does not matter. It
    /// does not count from `iat`: a server may return a token that it issued long ago. Without a `Date` the local clock
    /// is used, unless `iat` shows that the local clock is slow.
    private static func earlier(
        _ stated: Double?, orAsIn token: Secret, serverTime: Date?, requested: Moment, obtained: Moment,
        warnings: inout [String]
    ) -> Double? {
        guard let claims = TokenClaims(token), let expires = claims.seconds(of: "exp") else { return stated }
        let now =
            serverTime?.timeIntervalSince1970
            ?? max(requested.wall.timeIntervalSince1970, claims.seconds(of: "iat") ?? -.infinity)
        let own = expires - now
        guard own.isFinite, own <= longestLifetime else { return stated }
        let left = max(own, 0)
        guard let stated else { return left }
        // Signing and rounding take a few seconds, and the server may count from before or after the transmission.
        if abs(left - stated) > 5 + max(obtained.seconds(since: requested), 0) {
            warnings.append(
                "expires_in says \(Int(stated)) s, the token's exp says \(Int(left)) s: the earlier one counts")
        }
        return min(left, stated)
    }

    private static func lifetime(in answer: TokenAnswer, warnings: inout [String]) -> Double? {
        let seconds: Double?
        switch answer.expiresIn {
        case .missing: return nil
        case .number(let number): seconds = number
        case .text(let text): seconds = number(text)
        case .texts, .other: seconds = nil
        }
        guard let seconds, seconds.isFinite else {
            warnings.append("expires_in cannot be read: the expiry is unknown")
            return nil
        }
        guard seconds >= 0 else {
            warnings.append("expires_in is negative: the expiry is unknown")
            return nil
        }
        guard seconds <= longestLifetime else {
            warnings.append("expires_in is more than ten years: the expiry is unknown")
            return nil
        }
        if seconds == 0 { warnings.append("expires_in is 0: the token counts as expired") }
        return seconds
    }

    /// A plain decimal number, without the other forms that `Double` accepts (`0x10`, `nan`, `infinity`).
    private static func number(_ text: String) -> Double? {
        let trimmed = ClientName.trimmed(text)
        guard trimmed.utf8.count <= 30,
            trimmed.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) })
        else { return nil }
        return Double(trimmed)
    }

    /// - Returns: nil if the server sent no scope, or the requested scopes in any order (RFC 6749 §3.3).
    private static func scope(
        in answer: TokenAnswer, asked: String, text: ServerText, warnings: inout [String]
    ) -> String? {
        guard let granted = answer.scope.joinedText else {
            if case .text = answer.scope, !asked.isEmpty { warnings.append("the server granted an empty scope") }
            return nil
        }
        let shown = text.line(granted, limit: 1_000)
        return Set(shown.split(separator: " ")) == Set(asked.split(separator: " ")) ? nil : shown
    }
}
