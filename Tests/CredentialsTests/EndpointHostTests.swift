import Credentials
import Foundation
import Testing

@Suite("The host that a URL names")
struct EndpointHostTests {
    @Test(
        "a host is a name and a port, by default the scheme's port",
        arguments: [
            ("https://api.auth.gbgplc.com/as/token.oauth2", "api.auth.gbgplc.com"),
            ("HTTPS://API.auth.GBGPLC.com:443", "api.auth.gbgplc.com"), ("https://a.example?x=1", "a.example"),
            ("https://a.example:8443/x", "a.example:8443"), ("http://127.0.0.1:8080/token", "127.0.0.1:8080"),
            ("http://localhost/token", "localhost:80"), ("https://[::1]:9/x", "[::1]:9"),
            ("https://[FE80::1]", "[fe80::1]"),
            ("https://münchen.example/", "münchen.example"), ("https://a.example/https://b.example", "a.example"),
            ("https://a.example:0443", "a.example"), ("https://a_b.example", "a_b.example"),
        ])
    func reads(url: String, host: String) { #expect(EndpointHost(url)?.description == host) }

    @Test(
        "a URL that parsers may read differently names no host",
        arguments: [
            "", "a.example", "https:/a.example", "https:///a.example", "ftp://a.example", "https://",
            "https://api.auth.gbgplc.com@evil.example/", "https://api.auth.gbgplc.com:443@evil.example/",
            "https://api.auth.gbgplc.com\\@evil.example/", "https://a.example\\.evil.example", "https://%61.example",
            "https://{host}/x", "https://a.example:", "https://a.example:0", "https://a.example:65536",
            "https://a.example:x", "https://a.example:+1", "https://[::1", "https://[::1]x", "https://[]",
            "https://a b.example",
            "https://a\u{200B}.example", "https://a\u{202E}.example",
        ])
    func refuses(url: String) { #expect(EndpointHost(url) == nil) }

    @Test("a name longer than 255 bytes is not a host")
    func longName() {
        #expect(EndpointHost("https://" + String(repeating: "a", count: 255)) != nil)
        #expect(EndpointHost("https://" + String(repeating: "a", count: 256)) == nil)
    }

    @Test(
        "hosts that only look alike are different",
        arguments: [
            ("https://api.auth.gbgplc.com", "https://api.auth.gbgplc.com.evil.example"),
            ("https://api.auth.gbgplc.com", "https://evil-api.auth.gbgplc.com"),
            ("https://a.example", "https://a.example:8443"), ("https://127.0.0.1:1", "https://127.0.0.1:2"),
            ("https://a.example", "http://a.example"), ("https://k.example", "https://\u{212A}.example"),
            ("https://\u{E9}.example", "https://e\u{301}.example"), ("https://a.example", "https://a.example."),
        ])
    func differ(one: String, other: String) throws {
        #expect(try #require(EndpointHost(one)) != #require(EndpointHost(other)))
    }

    @Test(
        "GBG's hosts are recognized by their whole domain",
        arguments: [
            ("https://api.auth.gbgplc.com/as/token.oauth2", true), ("https://EU.platform.go.GBGplc.com/v2", true),
            ("https://gbgplc.com", true), ("https://api.auth.gbgplc.com:8443/", true),
            ("https://gbggo4-demo.nonprod.fabric.gbgplatforms.com/auth", true),
            ("https://gbgplc.com.evil.example/", false), ("https://evil-gbgplc.com/", false),
            ("https://evilgbgplc.com/", false), ("https://gbg.example/", false), ("https://login.gbg.com/", false),
            ("https://evil.example/api.auth.gbgplc.com", false), ("https://api.auth.gbgplc.com@evil.example/", false),
            ("https://evil.example?api.gbgplc.com", false), ("https://evil.example\\.gbgplc.com/", false), ("", false),
        ])
    func gbg(url: String, isGBG: Bool) {
        #expect(EndpointHost(url)?.isGBG ?? false == isGBG)
        #expect(
            ClientProfile(name: "a", clientID: "b", tokenURL: url, created: Date(timeIntervalSince1970: 0)).isGBG
                == isGBG)
    }

    @Test("case and path make no difference to a host")
    func same() {
        #expect(EndpointHost("https://A.example/x") == EndpointHost("https://a.EXAMPLE:443/y?z"))
    }
}
