import Credentials
import Foundation
import Testing

@testable import OAuth

/// Every answer without a token in real-servers.md.
struct RefusalTests {
    private let endpoint = "https://api.auth.gbgplc.com/as/token.oauth2"
    private let credentials: Failure.Hint =
        "check the client ID and secret; regenerating a secret in GBG's portal ends the old secret at once"

    @Test("PingFederate's invalid_client, its description first and CRLF last")
    func invalidClient() {
        let response = Samples.response(
            401, "{\"error_description\":\"Invalid client or client credentials.\",\"error\":\"invalid_client\"}\r\n")
        #expect(
            Samples.parse(response).error
                == Failure(
                    .refused, "the server refused client \"GBG GO\": invalid_client (401)",
                    hints: ["the server says: Invalid client or client credentials.", credentials]))
    }

    @Test("GBG's portal is mentioned only if GBG is the server")
    func otherServer() {
        let response = Samples.response(400, #"{"error":"invalid_client"}"#)
        for url in [
            "https://id.example/token", "https://gbg.example/token", "https://api.auth.gbgplc.com.evil.example/token",
            "https://evil.example/api.auth.gbgplc.com",
        ] {
            let profile = Samples.profile(tokenURL: url)
            #expect(Samples.parse(response, profile: profile).error?.hints == ["check the client ID and secret"])
        }
    }

    @Test("invalid_scope, the standard code and glewlwyd's own", arguments: ["invalid_scope", "scope_invalid"])
    func invalidScope(code: String) {
        let response = Samples.response(
            400, #"{"error":"\#(code)","error_description":"The requested scope(s) must be blank"}"#)
        #expect(
            Samples.parse(response).error
                == Failure(
                    .refused, "the server refused client \"GBG GO\": \(code) (400)",
                    hints: [
                        "the server says: The requested scope(s) must be blank",
                        "the client may not request the scope \"gbg.token\": check it, or leave it empty",
                    ]))
        #expect(
            Samples.parse(response, profile: Samples.profile(scope: "")).error?.hints.last
                == Failure.Hint("enter a scope, which the server requires", .edit))
    }

    @Test("an empty body is final, and a hint says what to check", arguments: [400, 401, 403])
    func emptyBody(status: Int) {
        let failure = Samples.parse(Samples.response(status, "")).error
        #expect(failure?.kind == .refused)
        #expect(failure?.summary == "the server refused client \"GBG GO\" with status \(status) and an empty body")
        #expect(failure?.hints.count == 1)
        #expect(failure?.hints.first?.hasPrefix("check the client ID") == true)
        #expect(failure?.hints.first?.hasSuffix("the token URL \(endpoint)") == true)
    }

    @Test("the hint for 400 unsupported_grant_type names the URL")
    func unsupportedGrant() {
        let failure = Samples.parse(Samples.response(400, #"{"error":"unsupported_grant_type"}"#)).error
        #expect(
            failure?.hints
                == ["the endpoint does not support the client_credentials grant: check the token URL \(endpoint)"])
    }

    @Test("400 invalid_request labelled text/html is read as JSON")
    func mislabelled() {
        let failure = Samples.parse(
            Samples.response(400, #"{"error":"invalid_request"}"#, headers: [("Content-Type", "text/html")])
        ).error
        #expect(failure?.summary == "the server refused client \"GBG GO\": invalid_request (400)")
    }

    @Test("404 with a private code, with an empty body, and as a page")
    func notFound() {
        #expect(
            Samples.parse(Samples.response(404, #"{"code":"NO_SUCH_APP","message":"unknown app"}"#)).error
                == Failure(
                    .refused, "the server refused client \"GBG GO\": NO_SUCH_APP (404)",
                    hints: ["the server says: unknown app", "check the token URL \(endpoint)"]))
        for body in ["", "<html></html>"] {
            #expect(
                Samples.parse(Samples.response(404, body)).error
                    == Failure(
                        .refused, "the server has no token endpoint at \(endpoint) (404)",
                        hints: ["check the token URL \(endpoint)"]))
        }
    }

    @Test(
        "errors as objects and as GBG GO's list are read",
        arguments: [
            #"{"error":{"code":"denied","message":"no such app"}}"#,
            #"{"errors":[{"code":"denied","name":"X","location":"y","problem":"no such app"}]}"#,
        ])
    func errorObjects(body: String) {
        let failure = Samples.parse(Samples.response(403, body)).error
        #expect(failure?.summary == "the server refused client \"GBG GO\": denied (403)")
        #expect(failure?.hints.first == "the server says: no such app")
    }

    @Test("a 200 with an error is a refusal")
    func errorWithSuccess() {
        let failure = Samples.parse(Samples.response(200, #"{"error":"invalid_client"}"#)).error
        #expect(failure?.kind == .refused)
        #expect(failure?.summary == "the server refused client \"GBG GO\": invalid_client (200)")
    }

    @Test("401 that asks for Basic suggests it, unless it was used")
    func basicChallenge() {
        let response = Samples.response(401, "", headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
        let suggestion: Failure.Hint =
            "the server asks for HTTP Basic: try the authentication method client_secret_basic"
        #expect(Samples.parse(response).error?.hints.last == suggestion)
        let basic = Samples.profile(authentication: .clientSecretBasic)
        #expect(Samples.parse(response, profile: basic).error?.hints.contains(suggestion) == false)
        let bearer = Samples.response(401, "", headers: [("WWW-Authenticate", "Bearer realm=\"x\"")])
        #expect(Samples.parse(bearer).error?.hints.contains(suggestion) == false)
    }

    @Test("a gateway's page with a 4xx is final and reported with its title", arguments: [400, 401, 403, 413])
    func gatewayRefuses(status: Int) {
        let page = "<html>\r\n<head><TITLE>\(status) Request\u{7}\n denied</TITLE></head></html>"
        let failure = Samples.parse(Samples.response(status, page, headers: [("Content-Type", "text/html")])).error
        #expect(failure?.kind == .refused)
        #expect(failure?.summary == "the server refused client \"GBG GO\" with status \(status) and a web page")
        #expect(failure?.hints.first == "the server says: \(status) Request denied")
    }

    @Test("5xx may be tried again and is reported with the page's title", arguments: [500, 502, 503, 504])
    func gatewayFails(status: Int) {
        let page = "<html><head><title>\(status) Oops</title></head></html>"
        #expect(
            Samples.parse(Samples.response(status, page)).error
                == Failure(
                    .unreachable, "api.auth.gbgplc.com cannot answer now (\(status))",
                    hints: ["the server says: \(status) Oops", "try again later"]))
    }

    @Test("429 says how long the server asks to wait", arguments: [("30", "30 s"), ("300", "5 min"), ("9999", "3 h")])
    func tooManyRequests(header: String, shown: String) {
        let response = Samples.response(429, "", headers: [("retry-after", header)])
        #expect(
            Samples.parse(response).error
                == Failure(
                    .unreachable, "api.auth.gbgplc.com has had too many requests (429)",
                    hints: ["try again in \(shown), as the server asks"]))
    }

    @Test("an endless Retry-After does not overflow")
    func absurdRetryAfter() {
        let response = Samples.response(503, "", headers: [("Retry-After", String(repeating: "9", count: 400))])
        #expect(
            Samples.parse(response).error?.hints == ["try again in more than a week, as the server asks"])
    }

    @Test("a redirect's target is reported", arguments: [301, 302, 303, 307, 308])
    func redirect(status: Int) {
        let response = Samples.response(status, "", redirectURL: "https://elsewhere.example/\u{1B}[2Jx")
        #expect(
            Samples.parse(response).error
                == Failure(
                    .redirected,
                    "the token endpoint redirects to https://elsewhere.example/[2Jx (\(status))",
                    hints: [
                        "if that URL is right, make it the client's token URL",
                        "redirects are not followed, so that the secret goes to no other server",
                    ]))
    }

    @Test("a redirect without a Location is reported by its status")
    func aimlessRedirect() {
        for (status, words) in [
            (301, "301 without a target"), (300, "300 (multiple choices), and keyfob cannot choose"),
            (304, "304 (not modified), which is invalid for a POST"),
        ] {
            #expect(
                Samples.parse(Samples.response(status, "")).error
                    == Failure(
                        .redirected, "the token endpoint answered \(words)",
                        hints: ["check the token URL \(endpoint)"]))
        }
    }

    @Test("a redirect keeps the server's texts", arguments: [300, 301, 302, 304, 307, 308])
    func redirectWithWords(status: Int) {
        let body = #"{"error":"moved","error_description":"use the new host"}"#
        let said: [Failure.Hint] = ["the server says: moved", "the server says: use the new host"]
        let aimless = Samples.parse(Samples.response(status, body)).error
        #expect(aimless?.hints == said + ["check the token URL \(endpoint)"])
        let aimed = Samples.parse(Samples.response(status, body, redirectURL: "https://b.example/")).error
        #expect(aimed?.kind == .redirected)
        #expect(aimed.map { Array($0.hints.prefix(2)) } == said)
    }

    @Test("a server's text is stripped of control characters and bounded")
    func hostileText() throws {
        let long = String(repeating: "x", count: 10_000)
        let response = Samples.response(
            400, #"{"error":"\u001b]52;c;AAAA\u0007bad\u202e","error_description":"a\u0000\r\n\u009b31m\#(long)"}"#)
        let failure = try #require(Samples.parse(response).error)
        #expect(failure.summary == "the server refused client \"GBG GO\": ]52;c;AAAAbad (400)")
        #expect(failure.hints[0].hasPrefix("the server says: a 31mxxx"))
        #expect(failure.hints[0].count == "the server says: ".count + 1_000)
    }

    @Test("a secret that the server repeats is hidden, plain or encoded")
    func echoedSecret() {
        let secret = Secret(utf8: "p@ss/word")
        let response = Samples.response(
            400,
            #"{"error":"invalid_request","error_description":"bad secret p@ss/word (client_secret=p%40ss%2Fword)"}"#)
        let failure = Samples.parse(response, hiding: secret).error
        #expect(
            failure?.hints.first == "the server says: <redacted: the server repeated a secret>")
        let plain = Samples.response(403, "no p@ss/word here")
        #expect(
            Samples.parse(plain, hiding: secret).error?.hints.first
                == "the server says: <redacted: the server repeated a secret>")
    }

    @Test("an Authorization header that the server repeats is hidden, in either encoding")
    func echoedAuthorization() {
        let profile = Samples.profile(clientID: "a b", authentication: .clientSecretBasic)
        for secret in ["p@ss/word", "p@ss/wo", "p@s"] {
            for pair in ["a b:\(secret)", "a%20b:\(secret.replacing("@", with: "%40").replacing("/", with: "%2F"))"] {
                let echoed = Data(pair.utf8).base64EncodedString()
                let padding = echoed.filter { $0 == "=" }
                let body = #"{"error":"invalid_client","error_description":"bad header: Basic \#(echoed)"}"#
                #expect(
                    Samples.parse(Samples.response(401, body), profile: profile, hiding: Secret(utf8: secret))
                        .error?.hints.first == "the server says: <redacted: the server repeated a secret>")
                let bare = Samples.response(403, "no \(echoed.dropLast(padding.count)) here")
                #expect(
                    Samples.parse(bare, profile: profile, hiding: Secret(utf8: secret)).error?.hints.first
                        == "the server says: <redacted: the server repeated a secret>")
            }
        }
    }

    @Test("a secret that is part of the replacement text causes no problem")
    func secretInItsReplacement() {
        let response = Samples.response(403, "no redacted here")
        #expect(
            Samples.parse(response, hiding: Secret(utf8: "redacted")).error?.hints.first
                == "the server says: <redacted: the server repeated a secret>")
    }
}
