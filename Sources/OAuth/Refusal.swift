import Credentials
import FoundationEssentials

/// The failure for an answer without a usable token, or for a failed revocation. The answer is parsed on demand.
final class Refusal {
    let response: HTTPResponse
    let profile: ClientProfile
    let text: ServerText
    let now: Date
    /// The client's URL that was requested.
    let field: EndpointURL.Field
    let url: String
    private lazy var body = AnswerBody(response)
    private lazy var details = ErrorDetails(response, body)

    init(
        response: HTTPResponse, profile: ClientProfile, text: ServerText, now: Date,
        field: EndpointURL.Field = .tokenURL, url: String? = nil
    ) {
        self.response = response
        self.profile = profile
        self.text = text
        self.now = now
        self.field = field
        self.url = url ?? profile.tokenURL
    }

    // MARK: - By status

    var failure: Failure {
        switch response.status {
        case 300...399: redirected
        case 429, 500...599: notNow
        default: refused
        }
    }

    private var refused: Failure {
        var failure = Failure(.refused, "")
        if let code {
            failure.summary = "the server refused client \(name): \(code) (\(response.status))"
        } else if response.status == 404 {
            failure.summary = "the server has \(field.noEndpoint) at \(endpoint) (404)"
        } else {
            failure.summary = "the server refused client \(name) with status \(response.status) and \(body.summary)"
        }
        failure.hints = serverHints + [advice] + methodAdvice
        return failure
    }

    private var notNow: Failure {
        let what = response.status == 429 ? "has had too many requests" : "cannot answer now"
        let code = code.map { ": \($0)" } ?? ""
        var hints = serverHints
        if case .compressed = body { hints.append("the server answered with \(body.summary)") }
        if let seconds = RetryAfter.seconds(response, now: now), seconds >= 1 {
            hints.append("try again in \(Self.duration(seconds)), as the server asks")
        } else {
            hints.append("try again later")
        }
        return Failure(
            .unreachable, "\(EndpointURL.displayHost(url)) \(what)\(code) (\(response.status))", hints: hints
        )
    }

    private var redirected: Failure {
        let said: [Failure.Hint] = (code.map { ["the server says: \($0)"] } ?? []) + serverHints
        let target = response.redirectURL ?? response.header("Location") ?? ""
        guard !target.isEmpty, response.status != 304 else {
            let problem =
                switch response.status {
                case 300: "300 (multiple choices), and keyfob cannot choose"
                case 304: "304 (not modified), which is invalid for a POST"
                default: "\(response.status) without a target"
                }
            return Failure(
                .redirected, "\(field.endpoint) answered \(problem)", hints: said + ["check \(field) \(endpoint)"])
        }
        return Failure(
            .redirected, "\(field.endpoint) redirects to \(text.line(url: target)) (\(response.status))",
            hints: said + [
                "if that URL is right, make it the client's \(field.name)",
                "redirects are not followed, so that the secret goes to no other server",
            ])
    }

    // MARK: - Answers that should have been a token

    var notAToken: Failure {
        Failure(
            .notAToken, "the token endpoint answered \(response.status) with \(body.summary), not with a token",
            hints: serverHints + ["check the token URL \(endpoint)"])
    }

    var noAccessToken: Failure {
        Failure(
            .notAToken, "the token endpoint's answer has no access_token in it",
            hints: serverHints + ["check the token URL \(endpoint)"])
    }

    func unusable(_ reason: String) -> Failure {
        Failure(
            .notAToken, "the server's token cannot be used: \(reason)",
            hints: ["ask the operator of \(EndpointURL.displayHost(profile.tokenURL)) for plain bearer tokens"])
    }

    // MARK: - Pieces

    private var name: String { "\"\(UntrustedText.line(profile.name))\"" }
    private var endpoint: String { UntrustedText.line(url) }

    /// The error code, of RFC 6749 §5.2 or the server's own.
    lazy var code: String? = {
        let code = details.code.map { text.line($0, limit: 80) } ?? ""
        return code.isEmpty ? nil : code
    }()

    /// A warning about an error in an answer with a token; nil if there is none.
    var errorBesideToken: String? {
        guard details.isCodeOutermost, let code else { return nil }
        let sentence = details.sentences.first.map { ": \(text.line($0, limit: 120))" } ?? ""
        return "the answer has the error \(code) beside the token\(sentence)"
    }

    /// The maximum number of characters displayed of the server's text: Entra's trace IDs come after 500.
    private static let limit = 1_000

    private lazy var serverHints: [Failure.Hint] = {
        var shown: [String] = []
        var room = Self.limit
        for sentence in details.sentences where room > 1 {
            let line = text.line(sentence, limit: room)
            guard !line.isEmpty else { continue }
            shown.append(line)
            room -= line.count
        }
        if details.isBodySilent, let beginning { shown.insert(beginning, at: 0) }
        // A secret may be spread over several sentences.
        if shown.count > 1, text.givesSecretAway(shown.joined()) { shown = [ServerText.repeatedSecret] }
        let hints = shown.map { Failure.Hint("the server says: \($0)") }
        guard let charset = response.unreadableCharset else { return hints }
        return hints + ["keyfob cannot read the answer's charset \(text.line(charset, limit: 40))"]
    }()

    /// The beginning of a body without recognized error texts.
    private var beginning: String? {
        switch body {
        case .text, .json: break
        case .markup(let markup) where markup.hasContent: break
        case .empty, .form, .markup, .compressed, .binary: return nil
        }
        let isSuccess = (200...299).contains(response.status)
        // A successful answer without a space may be the bare token.
        if isSuccess {
            guard case .text = body, response.utf8Body.withBytes({ $0.split(separator: 0x20).count > 1 }) else {
                return nil
            }
        }
        let body = response.utf8Body
        let bytes = body.withBytes { Array($0.prefix(Self.limit * 4)) }
        var said = RepairedText(bytes, isCut: body.count > bytes.count).text
        if case .text = self.body, AnswerBody.saysPage(response) {
            said = Markup.withoutEntities(Array(said.unicodeScalars)[...])
        }
        let stripped = UntrustedText.line(said, limit: Self.limit * 4)
        let shown = SecretMembers.redacted(inBody: stripped)
        let line = text.line(isSuccess ? SecretMembers.withoutTokens(shown) : shown, limit: Self.limit)
        return line.isEmpty ? nil : line
    }

    private var advice: Failure.Hint {
        let scope = UntrustedText.line(profile.scope, limit: 80)
        let credentials =
            "check the client ID and secret"
            + (profile.isGBG && EndpointHost(url)?.isGBG == true
                ? "; regenerating a secret in GBG's portal ends the old secret at once" : "")
        return switch (code, response.status) {
        case (_, 415):
            Failure.Hint(
                "keyfob sends forms only (application/x-www-form-urlencoded, RFC 6749 §4.4.2), and this address "
                    + "expects something else: check \(field) \(endpoint)")
        case ("invalid_client", _), ("invalid_grant", _): Failure.Hint(credentials)
        case ("unsupported_token_type", _):
            "the server cannot revoke access tokens: the token is valid until its expiry"
        case ("unauthorized_client", _) where field == .revocationURL:
            "the server does not let this client revoke tokens"
        case ("unauthorized_client", _): "the server does not let this client use the client_credentials grant"
        case ("invalid_scope", _), ("scope_invalid", _):
            profile.scope.isEmpty
                ? Failure.Hint("enter a scope, which the server requires", .edit)
                : "the client may not request the scope \"\(scope)\": check it, or leave it empty"
        case ("unsupported_grant_type", _):
            "the endpoint does not support the client_credentials grant: check \(field) \(endpoint)"
        case ("invalid_request", _):
            "the server did not understand the request: check the client ID, and try the other authentication method"
        case (_, 401), (_, 403): "\(credentials), and \(field) \(endpoint)"
        case (_, 404): "check \(field) \(endpoint)"
        case (_, 405): "the address does not accept POST: check \(field) \(endpoint)"
        default: "check the client ID, the secret, the scope and \(field) \(endpoint)"
        }
    }

    /// Advice if the server asks for another authentication method (RFC 9110 §11.6.1).
    private var methodAdvice: [Failure.Hint] {
        guard response.status == 401, profile.authentication != .clientSecretBasic,
            Challenge.all(in: response).contains(where: { $0.scheme == "basic" })
        else { return [] }
        return ["the server asks for HTTP Basic: try the authentication method client_secret_basic"]
    }

    static func duration(_ seconds: Double) -> String {
        // The limit avoids an overflow of Int.
        guard seconds < 7 * 86_400 else { return "more than a week" }
        let whole = Int(seconds.rounded(.up))
        if whole < 120 { return "\(whole) s" }
        return whole < 7_200 ? "\((whole + 59) / 60) min" : "\((whole + 3_599) / 3_600) h"
    }
}
