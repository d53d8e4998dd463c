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
        "https to any host is accepted",
        arguments: [
            "https://api.auth.gbgplc.com/as/token.oauth2", "https://example.com", "HTTPS://example.com:8443/a?b=c@d",
            "https://127.0.0.1/token", "https://[2001:db8::1]/token",
        ])
    func https(text: String) {
        #expect(failure(text) == nil)
    }

    @Test(
        "http to this machine is accepted, in any spelling of its address",
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
        "http to another machine is refused, in any spelling",
        arguments: [
            "http://example.com/", "http://localhost.example.com/", "http://127.0.0.1.example.com/",
            "http://128.0.0.1/", "http://0.0.0.0/", "http://[::2]/", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1/",
            "http://example.com/?http://127.0.0.1/",
        ])
    func plainHTTP(text: String) {
        #expect(failure(text)?.kind == .unusableProfile)
        #expect(failure(text)?.summary.contains("would expose the secret") == true)
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
        #expect(failure(text)?.summary == "the token URL has a space or a control character in it")
    }

    @Test(
        "other text is refused",
        arguments: [
            "example.com/token", "/token", "https://", "https:///token", "https:/token", "ftp://example.com/",
            "file:///etc/passwd",
            "https://example.com:99999/", "https://[::1/", "javascript:alert(1)",
        ])
    func noWebAddress(text: String) {
        #expect(failure(text)?.kind == .unusableProfile)
        #expect(failure(text)?.hints.isEmpty == false)
    }

    @Test(
        "a host that is not ASCII is sent in its IDNA 2008 form, in any locale",
        arguments: [
            ("https://b\u{FC}cher.example/token", "https://xn--bcher-kva.example/token"),
            ("https://bu\u{308}cher.example", "https://xn--bcher-kva.example"),
            ("https://B\u{DC}CHER.Example:8443/x?y=\u{FC}", "https://xn--bcher-kva.example:8443/x?y=\u{FC}"),
            ("https://\u{FF42}\u{FC}cher.example/", "https://xn--bcher-kva.example/"),
            ("https://\u{FF45}xample\u{FF0E}com/", "https://example.com/"),
            ("https://b%C3%BCcher.example/%C3%BC", "https://xn--bcher-kva.example/%C3%BC"),
            ("https://\u{65E5}\u{672C}\u{8A9E}\u{3002}jp?x", "https://xn--wgv71a119e.jp?x"),
            ("https://fa\u{DF}.example/", "https://xn--fa-hia.example/"),
            ("https://a.example/\u{FC}", "https://a.example/\u{FC}"),
        ])
    func international(text: String, address: String) throws {
        let url = try EndpointURL(text, as: .tokenURL)
        #expect(url.text == text)
        #expect(url.address == address)
        #expect(url.host.utf8.allSatisfy { $0 < 0x80 })
        let request = try TokenRequest.build(for: Samples.profile(tokenURL: text), secret: Samples.secret)
        #expect(request.url == address)
    }

    @Test("a full-width loopback address is this machine, and nothing else is")
    func fullWidthLoopback() throws {
        #expect(try EndpointURL("http://\u{FF11}27.0.0.1:80/x", as: .tokenURL).isLoopback)
        #expect(failure("http://b\u{FC}cher.example/")?.summary.contains("would expose the secret") == true)
        #expect(failure("http://\u{FF11}28.0.0.1/")?.kind == .unusableProfile)
    }

    @Test(
        "a host that is not a host name is refused",
        arguments: [
            "https://a.example\u{FF0F}@b/", "https://a\u{FF0F}b.example/", "https://a\u{FF1F}b.example/",
            "https://a\u{FF03}b.example/", "https://a\u{FF1A}80/", "https://a\u{FF20}b.example/",
            "https://\u{2665}\u{3002}\u{3002}b/",
            "https://\u{FC}" + String(repeating: "a", count: 80) + ".example/",
        ])
    func noHostName(text: String) {
        #expect(failure(text)?.kind == .unusableProfile)
    }

    @Test(
        "a colon without a port is refused",
        arguments: [
            "https://a.example:/token", "https://a.example:", "https://a.example:?x", "https://[::1]:/token",
            "http://127.0.0.1:/token", "https://b\u{FC}cher.example:/token",
        ])
    func emptyPort(text: String) {
        #expect(failure(text)?.kind == .unusableProfile)
        #expect(failure(text)?.hints == ["remove the colon, or write a port from 1 to 65535 after it"])
    }

    @Test("port 0 is refused by name", arguments: ["https://a.example:0/token", "https://[::1]:000"])
    func portZero(text: String) {
        #expect(failure(text)?.summary == "the token URL \(text) has port 0, on which nothing can answer")
        #expect(failure(text)?.hints == ["write a port from 1 to 65535, or remove the port"])
    }

    @Test(
        "a placeholder that was not filled in is refused",
        arguments: [
            ("https://login.example/{tenant}/token", "{tenant}"), ("https://{host}/token", "{host}"),
            ("https://a.example/realms/${REALM}/token", "${REALM}"),
            ("https://a.example/{{tenant}}/token", "{{tenant}"),
            ("https://a.example/<tenant>/token", "<tenant>"), ("https://a.example/t?x={y}", "{y}"),
            ("https://a.example/{", "{"), ("https://a.example/}x", "}"), ("https://a.example:{port}/x", "{port}"),
        ])
    func placeholder(text: String, shown: String) {
        #expect(
            failure(text)
                == Failure(
                    .unusableProfile, "the token URL has the placeholder \(shown) in it",
                    hints: ["replace \(shown) with your value"]))
        let rest = failure("https://a.example/" + shown, as: .revocationURL)
        #expect(rest?.summary == "the revocation URL has the placeholder \(shown) in it")
    }

    @Test("a placeholder that may be part of a password is not quoted")
    func placeholderInPassword() {
        let failure = failure("https://user:p/{w0rd}@a.example/")
        #expect(failure?.kind == .unusableProfile)
        #expect("\(String(describing: failure))".contains("w0rd") == false)
    }

    @Test("an empty URL is refused with an example as the hint")
    func empty() {
        #expect(
            failure("")
                == Failure(
                    .unusableProfile, "no token URL is given",
                    hints: ["enter a URL like https://login.example.com/oauth2/token"]))
    }

    @Test(
        "all URLs of a client have the same checks, with their own names",
        arguments: [
            (.tokenURL, "token URL", "the secret"), (.revocationURL, "revocation URL", "the secret and the token"),
            (.issuer, "issuer", "the destination of the secret"), (.apiBase, "API base", "the token"),
        ] as [(EndpointURL.Field, String, String)])
    func fields(field: EndpointURL.Field, name: String, burden: String) {
        #expect(failure("https://a.example/b", as: field) == nil)
        #expect(failure("http://127.0.0.1:80/b", as: field) == nil)
        #expect(failure("", as: field)?.summary == "no \(name) is given")
        #expect(failure("https://a.example/#", as: field)?.summary == "the \(name) has a fragment")
        #expect(failure("https://u@a.example/", as: field)?.summary.hasPrefix("the \(name) has a user name") == true)
        #expect(failure("example.com", as: field)?.summary.hasPrefix("the \(name) example.com cannot be used") == true)
        #expect(
            failure("http://a.example/", as: field)?.summary
                == "plain http to a.example would expose \(burden) on the network")
    }

    @Test("an issuer and an API base have no query")
    func query() {
        #expect(failure("https://a.example/?a=b", as: .tokenURL) == nil)
        #expect(failure("https://a.example/?a=b", as: .revocationURL) == nil)
        #expect(failure("https://a.example/?", as: .issuer)?.summary == "the issuer has a query")
        #expect(failure("https://a.example?a=b", as: .apiBase)?.summary == "the API base has a query")
    }

    @Test("the host in messages is the URL's")
    func displayHost() {
        #expect(EndpointURL.displayHost("https://a.example:8443/x?y") == "a.example:8443")
        #expect(EndpointURL.displayHost("https://a.example?y") == "a.example")
    }
}
