import Credentials
import Testing

@testable import OAuth

@Suite("The proxy of the environment")
struct EnvironmentProxyTests {
    /// Opens libcurl, whose parser reads the URLs.
    init() throws { try EndpointURL.check("https://a.example", as: .tokenURL) }

    private func proxy(_ environment: [String: String], _ url: String = "https://login.example/token")
        -> EnvironmentProxy?
    {
        EnvironmentProxy(for: url, environment: { environment[$0] })
    }

    @Test("variables count in libcurl's order, and empty ones are ignored")
    func precedence() {
        let all = [
            "https_proxy": "http://a", "HTTPS_PROXY": "http://b", "all_proxy": "http://c", "ALL_PROXY": "http://d",
            "http_proxy": "http://e", "HTTP_PROXY": "http://f",
        ]
        var left = all
        for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            #expect(proxy(left)?.variable == name)
            left[name] = ""
        }
        #expect(proxy(left) == nil)
        #expect(proxy(all, "http://login.example/")?.variable == "http_proxy")
        #expect(proxy(["HTTP_PROXY": "http://f"], "http://login.example/") == nil)
    }

    @Test(
        "a host in no_proxy uses no proxy",
        arguments: [
            ("*", "login.example", true), ("login.example", "login.example", true), ("example", "login.example", true),
            (".example", "login.example", true), ("LOGIN.Example.", "login.example", true),
            ("a, b login.example", "login.example", true), ("ogin.example", "login.example", false),
            ("login.example.org", "login.example", false), ("", "login.example", false),
            ("192.0.2.0/24", "192.0.2.7", true), ("192.0.2.0/24", "192.0.3.7", false), ("192.0.2.7", "192.0.2.7", true),
            ("2.7", "192.0.2.7", false), ("2001:db8::/32", "[2001:db8::1]", true),
            ("[2001:db8::1]", "[2001:db8::1]", true),
            ("192.0.2.0/33", "192.0.2.0", false), ("192.0.2.0/x", "192.0.2.0", false),
        ])
    func exceptions(list: String, host: String, isExcepted: Bool) {
        for name in ["no_proxy", "NO_PROXY"] {
            let proxy = proxy(["https_proxy": "http://p", name: list], "https://\(host)/")
            #expect((proxy == nil) == isExcepted)
        }
    }

    @Test(
        "its scheme is read by libcurl's rules",
        arguments: [
            ("http://u:p@127.0.0.1:1", .http), ("127.0.0.1:1", .http), ("u:p@socks.example", .http),
            ("https://p", .https), ("socks5h://p", .socks), ("SOCKS4A://p", .socks), ("ftp://p", .unknown),
            ("http://u:p@ss word@p:1", .unreadable), ("http://u:p@p:port", .unreadable),
            ("http://p:99999", .unreadable),
            ("\"\"", .unreadable), (" ", .unreadable),
        ] as [(String, EnvironmentProxy.Scheme)])
    func scheme(value: String, scheme: EnvironmentProxy.Scheme) {
        #expect(proxy(["all_proxy": value]).map(\.scheme) == scheme)
    }
}

@Suite("User info in messages")
struct UserInfoTests {
    @Test(
        "it is removed from the URLs of a text",
        arguments: [
            ("see https://u:p@a.example/x", "see https://a.example/x"), ("https://u@a.example", "https://a.example"),
            ("https://u:p@ss@a.example/", "https://a.example/"), ("https://u:p/ss@a.example/", "https://a.example/"),
            ("https://u:p?ss#x@a.example/", "https://a.example/"),
            ("http://a:b@c and ftp://d:e@f", "http://c and ftp://f"),
            ("https://a.example/users/@me", "https://a.example/users/@me"),
            ("https://a.example:8443/@me", "https://a.example:8443/@me"), ("https://[::1]/@me", "https://[::1]/@me"),
            ("mail help@a.example", "mail help@a.example"), ("no URL", "no URL"),
        ])
    func texts(text: String, expected: String) {
        #expect(UserInfo.removed(from: text) == expected)
        #expect(ServerText().line(text) == expected)
    }

    @Test(
        "it is removed from a library's message, with any character of a password",
        arguments: [
            (
                "Unsupported proxy syntax in 'http://user:p@ss word@host:port/': Port number was not a decimal number",
                "Unsupported proxy syntax in '…': Port number was not a decimal number"
            ),
            ("Unsupported proxy scheme for 'x://user:it's \"p@ss\"@host'", "Unsupported proxy scheme for '…'"),
            ("Unsupported proxy syntax in 'user:p@ss/word@host:1'", "Unsupported proxy syntax in '…'"),
            ("Unsupported proxy syntax in 'http://user:pass'", "Unsupported proxy syntax in '…'"),
            ("no way to http://user:p@ss/wo rd@host:1 today", "no way to …host:1 today"),
            ("no way to user:p ss@host today", "no way to …host today"),
            ("Couldn't resolve host 'login.example'", "Couldn't resolve host 'login.example'"),
            (
                "SSL: no alternative certificate subject name matches target host name 'login.example'",
                "SSL: no alternative certificate subject name matches target host name 'login.example'"
            ),
            (
                "error setting certificate verify locations:  CAfile: /a/b.pem CApath: none",
                "error setting certificate verify locations:  CAfile: /a/b.pem CApath: none"
            ),
        ])
    func messages(text: String, expected: String) {
        #expect(UserInfo.removed(fromMessage: text) == expected)
    }

    @Test(
        "no failure shows a password that a library quotes",
        arguments: [
            "Unsupported proxy syntax in 'http://user:p@ss hunter2@host:port/'", "'user:hunter2@host'",
            "http://user:hunter2@host", "error setting certificate file: https://u:hunter2@a/b",
        ])
    func failures(said: String) {
        for failure in [
            TransportFailure.connect(host: "h", detail: said), .tls(host: "h", detail: said), .badURL(detail: said),
            .closed(host: "h", reused: false, detail: said), .notHTTP(host: "h", detail: said),
            .other(host: "h", code: 7, detail: said), .libraryMissing(detail: said),
            .proxy(variable: "https_proxy", .other(detail: said)),
            .proxy(variable: "https_proxy", .connect(detail: said)),
            .proxy(variable: "https_proxy", .tls(detail: said)),
            .behindProxy(variable: "https_proxy", .tls(host: "h", detail: said)),
        ] {
            let text = ([failure.failure.summary] + failure.failure.hints.map(\.text)).joined(separator: "\n")
            #expect(!text.contains("hunter2"))
        }
    }

    @Test("a secret that a library repeats is hidden too")
    func secrets() {
        let text = ServerText(hiding: Secret(utf8: "hunter2hunter2"), of: Samples.profile())
        let failure = TransportFailure.notHTTP(host: "h", detail: "Invalid line: hunter2\u{200B}hunter2")
        #expect(
            failure.failure(at: .tokenURL, text).summary
                == "the answer of h is not HTTP: <redacted: the server repeated a secret>")
    }

    @Test(
        "an unreadable client URL is not quoted if it may contain a password",
        arguments: [
            "https://user:hun/ter2@a.example/", "https://user:hun?ter2@a.example", "https:////user:ter2@a.example",
            "https:/user:ter2@a.example", "a:ter2@x", "user:ter2@a.example",
        ])
    func endpoints(url: String) {
        for field in [EndpointURL.Field.tokenURL, .revocationURL, .issuer, .apiBase] {
            do throws(Failure) {
                try EndpointURL.check(url, as: field)
                Issue.record("it was accepted")
            } catch {
                #expect(!"\(error)".contains("ter2"))
            }
        }
    }
}
