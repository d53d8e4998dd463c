import Credentials
import Foundation
import Testing

@testable import OAuth

struct TokenRequestTests {
    private func header(_ name: String, of request: HTTPRequest) -> String? {
        request.headers.first { $0.name == name }?.value.unwipeableText()
    }

    @Test("client_secret_post sends ID, secret and scope in the form, every reserved byte as %XX, a space as %20")
    func post() throws {
        let request = try TokenRequest.build(
            for: Samples.profile(clientID: "a b+c", scope: "gbg.token other:x"), secret: Samples.secret)
        #expect(request.method == "POST")
        #expect(request.url == "https://api.auth.gbgplc.com/as/token.oauth2")
        #expect(!request.isLoopback)
        #expect(
            request.body.unwipeableText()
                == "grant_type=client_credentials&client_id=a%20b%2Bc&client_secret=s3cr3t%2B%2F%20%26%3D%C3%A9"
                + "&scope=gbg.token%20other%3Ax")
        #expect(header("Content-Type", of: request) == "application/x-www-form-urlencoded")
        #expect(header("Accept", of: request) == "application/json")
        #expect(header("Authorization", of: request) == nil)
    }

    @Test("client_secret_basic form-urlencodes ID and secret before base64, and keeps both out of the form")
    func basicForm() throws {
        let request = try TokenRequest.build(
            for: Samples.profile(clientID: "a:b", authentication: .clientSecretBasic), secret: Samples.secret)
        let pair = Data("a%3Ab:s3cr3t%2B%2F%20%26%3D%C3%A9".utf8).base64EncodedString()
        #expect(header("Authorization", of: request) == "Basic \(pair)")
        #expect(request.body.unwipeableText() == "grant_type=client_credentials&scope=gbg.token")
    }

    @Test("client_secret_basic raw sends ID and secret unchanged")
    func basicRaw() throws {
        let request = try TokenRequest.build(
            for: Samples.profile(clientID: "a b", authentication: .clientSecretBasic, basicEncoding: .raw),
            secret: Samples.secret)
        let pair = Data("a b:s3cr3t+/ &=é".utf8).base64EncodedString()
        #expect(header("Authorization", of: request) == "Basic \(pair)")
    }

    @Test("a client ID with a colon cannot be sent raw, and the hint says what to do")
    func colon() async {
        let failure = await thrown {
            try TokenRequest.build(
                for: Samples.profile(clientID: "a:b", authentication: .clientSecretBasic, basicEncoding: .raw),
                secret: Samples.secret)
        }
        #expect(failure?.kind == .unusableProfile)
        #expect(failure?.hints == ["use the form encoding, or the method client_secret_post"])
    }

    @Test("an empty scope is left out")
    func noScope() throws {
        let request = try TokenRequest.build(for: Samples.profile(scope: ""), secret: Secret(utf8: "x"))
        #expect(
            request.body.unwipeableText() == "grant_type=client_credentials&client_id=7f3c09aa&client_secret=x")
    }

    @Test("extra parameters come last and in order, percent-encoded, even with a repeated name")
    func extraParameters() throws {
        var profile = Samples.profile()
        profile.extraParameters = [
            FormParameter("resource", "https://a.example/x?y"), FormParameter("resource", ""),
            FormParameter("audience & co", "a b=ü"),
        ]
        let request = try TokenRequest.build(for: profile, secret: Secret(utf8: "x"))
        #expect(
            request.body.unwipeableText()
                == "grant_type=client_credentials&client_id=7f3c09aa&client_secret=x&scope=gbg.token"
                + "&resource=https%3A%2F%2Fa.example%2Fx%3Fy&resource=&audience%20%26%20co=a%20b%3D%C3%BC")
    }

    @Test(
        "an extra parameter that keyfob sends itself is refused, in any case",
        arguments: [
            "grant_type", "client_id", "Client_Secret", "SCOPE", "client_assertion", "client_assertion_type",
        ])
    func reservedParameter(name: String) async {
        var profile = Samples.profile()
        profile.extraParameters = [FormParameter("audience", "a"), FormParameter(name, "x")]
        let failure = await thrown { [profile] in try TokenRequest.build(for: profile, secret: Samples.secret) }
        #expect(failure?.kind == .unusableProfile)
        #expect(failure?.summary == "keyfob already sends the parameter \(name)")
        #expect(failure?.hints == ["remove it: client ID, secret and scope have their own fields"])
    }

    @Test("an extra parameter without a name is refused")
    func namelessParameter() async {
        let failure = await thrown { try TokenRequest.check([FormParameter("", "x")]) }
        #expect(failure?.kind == .unusableProfile)
        #expect(failure?.summary == "an extra parameter has no name")
    }

    @Test("a client without an ID sends no request")
    func noClientID() async {
        let failure = await thrown {
            try TokenRequest.build(for: Samples.profile(clientID: ""), secret: Samples.secret)
        }
        #expect(failure?.kind == .unusableProfile)
        #expect(failure?.summary == "client \"GBG GO\" has no client ID")
    }

    @Test("a request to this machine is marked as loopback")
    func loopback() throws {
        let request = try TokenRequest.build(
            for: Samples.profile(tokenURL: "http://127.0.0.1:8080/token"), secret: Samples.secret)
        #expect(request.isLoopback)
    }

    @Test("each field knows its displayable form")
    func display() throws {
        var profile = Samples.profile(authentication: .clientSecretBasic)
        profile.extraParameters = [FormParameter("audience", "a&b"), FormParameter("Password", "x1y2")]
        let text = ServerText()
        let basic = try TokenRequest.build(for: profile, secret: Samples.secret)
        #expect(basic.headers.last?.display.field(text) == .init("Authorization", "Basic <redacted>"))
        #expect(
            basic.form.map { $0.field(text) } == [
                .init("grant_type", "client_credentials"), .init("scope", "gbg.token"), .init("audience", "a&b"),
                .init("Password", "<redacted>"),
            ])
        profile.authentication = .clientSecretPost
        let post = try TokenRequest.build(for: profile, secret: Samples.secret)
        #expect(post.form[2].field(text) == .init("client_secret", "<redacted>"))
        let revocation = try Revocation.request(
            Secret(utf8: "t0ken"), for: profile, secret: Samples.secret, at: "https://id.example/revoke")
        #expect(
            revocation.form.map { $0.field(text) } == [
                .init("token", "<redacted>"), .init("token_type_hint", "access_token"),
                .init("client_id", "7f3c09aa"), .init("client_secret", "<redacted>"),
            ])
    }

    @Test(
        "neither a request nor its parts print their content",
        arguments: [ClientAuthenticationMethod.clientSecretBasic, .clientSecretPost])
    func redacted(method: ClientAuthenticationMethod) throws {
        var profile = Samples.profile(authentication: method)
        profile.extraParameters = [FormParameter("password", "hunter2hunter2")]
        let request = try TokenRequest.build(for: profile, secret: Secret(utf8: "hunter2hunter2"))
        var dumped = "\(request)"
        dump(request, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(!dumped.contains("Basic "))
    }
}
