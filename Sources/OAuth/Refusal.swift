import Credentials
import FoundationEssentials

/// The words for an answer that holds no usable token, or is no revocation.
struct Refusal {
    let response: HTTPResponse
    let profile: ClientProfile
    let answer: TokenAnswer?
    let text: ServerText
    let now: Date
    /// Which of the client's URLs was asked, and that URL.
    let field: EndpointURL.Field
    let url: String

    init(
        response: HTTPResponse, profile: ClientProfile, answer: TokenAnswer?, text: ServerText, now: Date,
        field: EndpointURL.Field = .tokenURL, url: String? = nil
    ) {
        self.response = response
        self.profile = profile
        self.answer = answer
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
            failure.summary = "there is \(field.noEndpoint) at \(endpoint) (404)"
        } else {
            failure.summary = "the server refused client \(name) with status \(response.status) and \(bodyInWords)"
        }
        failure.hints = serverWords + [advice] + methodAdvice
        return failure
    }

    private var notNow: Failure {
        let what = response.status == 429 ? "has had too many requests" : "can't answer now"
        let code = code.map { ": \($0)" } ?? ""
        var hints = serverWords
        if let seconds = RetryAfter.seconds(response, now: now), seconds >= 1 {
            hints.append("it asks to wait \(Self.duration(seconds)) before the next try")
        } else {
            hints.append("try again later")
        }
        return Failure(
            .unreachable, "\(EndpointURL.shownHost(url)) \(what)\(code) (\(response.status))", hints: hints
        )
    }

    private var redirected: Failure {
        guard let target = response.redirectURL ?? response.header("Location"), !target.isEmpty else {
            return Failure(
                .redirected, "\(field.endpoint) answered \(response.status) without saying where to go",
                hints: ["check \(field) \(endpoint)"])
        }
        return Failure(
            .redirected, "\(field.endpoint) redirects to \(text.line(url: target)) (\(response.status))",
            hints: [
                "if that is the right place, make it the client's \(field.name)",
                "redirects are not followed, so that the secret goes nowhere else",
            ])
    }

    // MARK: - Answers that should have been a token

    var notAToken: Failure {
        Failure(
            .notAToken, "the token endpoint answered \(response.status) with \(bodyInWords), not with a token",
            hints: serverWords + ["check the token URL \(endpoint)"])
    }

    var noAccessToken: Failure {
        Failure(
            .notAToken, "the token endpoint's answer has no access_token in it",
            hints: ["check the token URL \(endpoint)"])
    }

    func unusable(_ reason: String) -> Failure {
        Failure(
            .notAToken, "the server's token can't be used: \(reason)",
            hints: ["ask whoever runs \(EndpointURL.shownHost(profile.tokenURL)) for plain bearer tokens"])
    }

    // MARK: - Pieces

    private var name: String { "\"\(UntrustedText.line(profile.name))\"" }
    private var endpoint: String { UntrustedText.line(url) }

    /// The error's code, RFC 6749 §5.2's or the server's own.
    private var code: String? {
        guard let words = answer?.error.words ?? answer?.detail?.code.words else { return nil }
        let code = text.line(words, limit: 80)
        return code.isEmpty ? nil : code
    }

    private var serverWords: [String] {
        var said: [String] = []
        if let answer {
            said = ([answer.errorDescription] + (answer.detail?.words ?? []) + [answer.errorURI]).compactMap(\.words)
        } else if isPage {
            said = text.title(ofPage: response.body).map { [$0] } ?? []
        } else if response.status >= 400 {
            said = [response.body.withBytes { String(decoding: $0.prefix(1_024), as: UTF8.self) }]
        }
        return said.map { text.line($0) }.filter { !$0.isEmpty }.map { "the server says: \($0)" }
    }

    private var advice: String {
        let scope = UntrustedText.line(profile.scope, limit: 80)
        let credentials =
            "check the client ID and secret"
            + (profile.isGBG && EndpointHost(url)?.isGBG == true
                ? "; regenerating a secret in GBG's portal kills the old one at once" : "")
        return switch (code, response.status) {
        case ("invalid_client", _), ("invalid_grant", _): credentials
        case ("unsupported_token_type", _):
            "the server can't revoke access tokens: this one is good until it expires"
        case ("unauthorized_client", _) where field == .revocationURL:
            "the server does not let this client revoke tokens"
        case ("unauthorized_client", _): "the server does not let this client use the client_credentials grant"
        case ("invalid_scope", _), ("scope_invalid", _):
            profile.scope.isEmpty
                ? "the server wants a scope: edit the client and name one"
                : "the client may not have the scope \"\(scope)\": check it, or leave it empty"
        case ("unsupported_grant_type", _):
            "the endpoint does not know the client_credentials grant: check \(field) \(endpoint)"
        case ("invalid_request", _):
            "the server did not understand the request: check the client ID, and try the other authentication method"
        case (_, 401), (_, 403): "\(credentials), and \(field) \(endpoint)"
        case (_, 404): "check \(field) \(endpoint)"
        case (_, 405): "the address takes no POST: check \(field) \(endpoint)"
        default: "check the client ID, the secret, the scope and \(field) \(endpoint)"
        }
    }

    /// What the server asks for, where it is not what it got (RFC 9110 §11.6.1).
    private var methodAdvice: [String] {
        guard response.status == 401, profile.authentication != .clientSecretBasic,
            let challenge = response.header("WWW-Authenticate"), challenge.lowercased().hasPrefix("basic")
        else { return [] }
        return ["the server asks for HTTP Basic: try the authentication method client_secret_basic"]
    }

    private var isPage: Bool {
        if response.header("Content-Type")?.lowercased().hasPrefix("text/html") == true { return true }
        return response.body.withBytes { bytes in
            bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "<")
        }
    }

    private var bodyInWords: String {
        if response.body.isEmpty { return "an empty body" }
        if answer != nil { return "no error code" }
        return isPage ? "a web page" : "a body that is not a JSON object"
    }

    static func duration(_ seconds: Double) -> String {
        // Past any use, and before it could be past an Int.
        guard seconds < 7 * 86_400 else { return "more than a week" }
        let whole = Int(seconds.rounded(.up))
        if whole < 120 { return "\(whole) s" }
        return whole < 7_200 ? "\((whole + 59) / 60) min" : "\((whole + 3_599) / 3_600) h"
    }
}
