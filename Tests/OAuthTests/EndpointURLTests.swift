import Credentials
import Testing

@testable import OAuth

struct EndpointURLTests {
    private func failure(_ text: String, as field: EndpointURL.Field = .tokenURL) -> Failure? {
        do throws(Failure) {
            try EndpointURL.check(text, as: field)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "https to anywhere will do",
        arguments: [
            "https://api.auth.gbgplc.com/as/token.oauth2", "https://example.com", "HTTPS://example.com:8443/a?b=c@d",
            "https://127.0.0.1/token", "https://[2001:db8::1]/token",
        ])
    func https(text: String) {
        #expect(failure(text) == nil)
    }

    @Test(
        "http to this machine will do, however its address is spelled",
        arguments: [
            "http://localhost/token", "http://LocalHost:8080/", "http://127.0.0.1:1/x", "http://127.255.255.254/",
            "http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/", "http://[::1]:8080/",
            "http://[0:0:0:0:0:0:0:1]/",
        ])
    func loopback(text: String) throws {
        #expect(failure(text) == nil)
        #expect(try EndpointURL(text, as: .tokenURL).isLoopback)
    }

    @Test(
        "http to another machine is refused, whatever it looks like",
        arguments: [
            "http://example.com/", "http://localhost.example.com/", "http://127.0.0.1.example.com/",
            "http://128.0.0.1/", "http://0.0.0.0/", "http://[::2]/", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1/",
            "http://example.com/?http://127.0.0.1/",
        ])
    func plainHTTP(text: String) {
        #expect(failure(text)?.kind == .unusableProfile)
        #expect(failure(text)?.summary.contains("would send the secret readable") == true)
    }

    @Test(
        "a user name, a password or an @ before the path is refused",
        arguments: [
            "https://user@example.com/", "https://user:pw@example.com/", "https://:pw@example.com/",
            "https://@example.com/", "https://user:pw@[bad/", "http://127.0.0.1@example.com/",
        ])
    func userInfo(text: String) {
        #expect(failure(text)?.kind == .unusableProfile)
        #expect(failure(text)?.summary == "the token URL has a user name or a password in it")
    }

    @Test("a fragment is refused, an empty one too", arguments: ["https://a.example/#x", "https://a.example/#"])
    func fragment(text: String) {
        #expect(failure(text)?.summary == "the token URL has a fragment")
    }

    @Test(
        "blanks, controls and bidi characters are refused",
        arguments: [
            "https://a.example/ x", " https://a.example/", "https://a.example/\u{1B}[31m", "https://a\u{202E}b/",
        ])
    func controls(text: String) {
        #expect(failure(text)?.summary == "the token URL has a blank or a control character in it")
    }

    @Test(
        "what is no web address is refused",
        arguments: [
            "example.com/token", "/token", "https://", "https:///token", "https:/token", "ftp://example.com/",
            "file:///etc/passwd",
            "https://example.com:99999/", "https://[::1/", "javascript:alert(1)",
        ])
    func noWebAddress(text: String) {
        #expect(failure(text)?.kind == .unusableProfile)
        #expect(failure(text)?.hints.isEmpty == false)
    }

    @Test("an empty URL is refused with an example as the hint")
    func empty() {
        #expect(
            failure("")
                == Failure(
                    .unusableProfile, "no token URL is given",
                    hints: ["it should look like https://login.example.com/oauth2/token"]))
    }

    @Test(
        "every URL of a client is judged alike, in words of its own",
        arguments: [
            (.tokenURL, "token URL", "the secret"), (.revocationURL, "revocation URL", "the secret and the token"),
            (.issuer, "issuer", "the place that the secret goes to"), (.apiBase, "API base", "the token"),
        ] as [(EndpointURL.Field, String, String)])
    func fields(field: EndpointURL.Field, name: String, burden: String) {
        #expect(failure("https://a.example/b", as: field) == nil)
        #expect(failure("http://127.0.0.1:80/b", as: field) == nil)
        #expect(failure("", as: field)?.summary == "no \(name) is given")
        #expect(failure("https://a.example/#", as: field)?.summary == "the \(name) has a fragment")
        #expect(failure("https://u@a.example/", as: field)?.summary.hasPrefix("the \(name) has a user name") == true)
        #expect(failure("example.com", as: field)?.summary.hasPrefix("the \(name) example.com can't be used") == true)
        #expect(
            failure("http://a.example/", as: field)?.summary
                == "plain http to a.example would send \(burden) readable by anyone on the way")
    }

    @Test("an issuer and an API base have no query")
    func query() {
        #expect(failure("https://a.example/?a=b", as: .tokenURL) == nil)
        #expect(failure("https://a.example/?a=b", as: .revocationURL) == nil)
        #expect(failure("https://a.example/?", as: .issuer)?.summary == "the issuer has a query")
        #expect(failure("https://a.example?a=b", as: .apiBase)?.summary == "the API base has a query")
    }

    @Test("the host shown in messages is that of the URL")
    func shownHost() {
        #expect(EndpointURL.shownHost("https://a.example:8443/x?y") == "a.example:8443")
        #expect(EndpointURL.shownHost("https://a.example?y") == "a.example")
    }
}
