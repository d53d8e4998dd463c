import Credentials
import Testing

@testable import OAuth

struct APIRequestTests {
    private func build(
        _ method: String = "GET", _ path: String = "/x", body: String = "",
        base: String = "https://a.example/v2/captain"
    ) -> Result<HTTPRequest, Failure> {
        var profile = Samples.profile()
        profile.apiBase = base
        return Result { () throws(Failure) in
            try APIRequest.build(
                for: profile, TrialRequest(method: method, path: path, body: body), token: Secret(utf8: "t0ken"))
        }
    }

    private func header(_ name: String, of request: HTTPRequest?) -> String? {
        request?.headers.first { $0.name == name }?.value.unwipeableText()
    }

    @Test("a request carries the token, the path after the base, and a type if it has a body")
    func plain() throws {
        let get = try build("GET", "/journey/health?a=b/../c").get()
        #expect(get.method == "GET")
        #expect(get.url == "https://a.example/v2/captain/journey/health?a=b/../c")
        #expect(get.body.isEmpty)
        #expect(get.cutsLargeAnswer)
        #expect(!get.isLoopback)
        #expect(header("Authorization", of: get) == "Bearer t0ken")
        #expect(header("Content-Type", of: get) == nil)
        let post = try build("POST", body: #"{"a":"ü"}"#).get()
        #expect(post.body.unwipeableText() == #"{"a":"ü"}"#)
        #expect(header("Content-Type", of: post) == "application/json")
    }

    @Test(
        "base and path meet in one slash",
        arguments: ["https://a.example", "https://a.example/", "https://a.example///"])
    func join(base: String) {
        #expect(build("GET", "/x", base: base).value?.url == "https://a.example/x")
    }

    @Test("bytes that are invalid in URLs are sent as %XX, existing escapes stay")
    func escapes() {
        #expect(
            build("GET", "/a b/ü\"<>\\^`{|}/%20%zz?q=1&r=é+[]").value?.url
                == "https://a.example/v2/captain/a%20b/%C3%BC%22%3C%3E%5C%5E%60%7B%7C%7D/%20%zz?q=1&r=%C3%A9+[]")
    }

    @Test("http is only for this machine")
    func loopback() {
        #expect(build(base: "http://127.0.0.1:8080/api").value?.isLoopback == true)
        #expect(build(base: "http://a.example/api").error?.kind == .unusableProfile)
    }

    @Test("only supported methods can be built", arguments: TrialRequest.methods)
    func methods(method: String) {
        #expect(build(method).value?.method == method)
        #expect(build(method.lowercased()).error?.kind == .unacceptableInput)
        #expect(build(method + "\r\nX: y").error?.summary == "the method \"\(method) X: y\" is not supported")
    }

    @Test("HEAD with a body is refused")
    func head() {
        #expect(build("HEAD", body: "{}").error?.summary == "a HEAD request has no body")
    }

    @Test(
        "a path that could lead elsewhere, or is invalid, is refused",
        arguments: [
            ("", "the path does not begin with /"), ("x", "the path does not begin with /"),
            ("https://evil.example/", "the path does not begin with /"),
            ("@evil.example/", "the path does not begin with /"),
            (".evil.example/", "the path does not begin with /"), ("?a", "the path does not begin with /"),
            ("//evil.example/x", "the path begins with //, which names a host"),
            ("//\u{338}evil", "the path begins with //, which names a host"),
            ("/a\r\nHost: evil", "the path has a line break or a control character in it"),
            ("/a\u{0}", "the path has a line break or a control character in it"),
            ("/a\u{202E}b", "the path has a line break or a control character in it"),
            ("/a#b", "the path has a fragment"), ("/../x", "the path has a segment . or .. in it"),
            ("/a/..", "the path has a segment . or .. in it"), ("/./a", "the path has a segment . or .. in it"),
            ("/a/%2e%2E/x", "the path has a segment . or .. in it"),
            ("/a/.%2e?x", "the path has a segment . or .. in it"),
            ("/a\\..\\x", "the path has a segment . or .. in it"),
            ("/../\u{338}x", "the path has a segment . or .. in it"),
            ("/" + String(repeating: "x", count: 4_000), "the path is longer than 4,000 bytes"),
        ])
    func refused(path: String, summary: String) {
        let failure = build("GET", path).error
        #expect(failure?.kind == .unacceptableInput)
        #expect(failure?.summary == summary)
        #expect(failure?.hints.count == 1)
    }

    @Test("dots within a name are allowed", arguments: ["/a..b", "/...", "/.well-known/x", "/a.json", "/x?y=/../z"])
    func dots(path: String) {
        #expect(build("GET", path).value != nil)
    }

    @Test("a missing API base gets an example, an unusable one gets the reason")
    func base() {
        #expect(
            build(base: "").error
                == Failure(
                    .unusableProfile, "client \"GBG GO\" has no API base",
                    hints: [
                        Failure.Hint("enter the API base", .edit),
                        "for GBG GO in the EU, use https://eu.platform.go.gbgplc.com/v2/captain",
                    ]))
        var other = Samples.profile(tokenURL: "https://id.example/token")
        other.apiBase = ""
        let failure = Result { () throws(Failure) in
            try APIRequest.build(for: other, TrialRequest(), token: Secret(utf8: "t"))
        }.error
        #expect(
            failure?.hints == [
                Failure.Hint("enter the API base", .edit), "enter a URL like https://api.example.com/v1",
            ])
        #expect(build(base: "https://a.example/?x").error?.summary == "the API base has a query")
        #expect(build(base: "https://u:p@a.example/").error?.summary.contains("user name") == true)
    }
}
