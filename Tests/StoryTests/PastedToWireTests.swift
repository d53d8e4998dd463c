import Credentials
import Formats
import Foundation
import OAuth
import Testing

@testable import Interface

@Suite("A pasted client, from the paste to the token request")
struct PastedToWireTests {
    private static let url = "https://login.example.com/token?x=1"
    private static let reserved = "s+/=%&: ~é\"\\'x%2B"

    private static func client(
        _ secret: String = "s3cret", id: String = "app-1", scope: String? = nil,
        by authentication: ClientAuthenticationMethod? = .clientSecretPost, _ encoding: BasicEncoding? = nil,
        extra: [FormParameter] = []
    ) -> PastedClient {
        var client = PastedClient()
        client.tokenURL = url
        client.clientID = id
        client.secret = Secret(utf8: secret)
        client.scope = scope
        client.authentication = authentication
        client.basicEncoding = encoding
        client.extraParameters = extra
        return client
    }

    private static let clients: [PastedClient] = [
        client(), client(by: nil), client(reserved, id: reserved), client(scope: ""), client(scope: "a b:c/d {e\"f}"),
        client(reserved, by: .clientSecretBasic), client(reserved, by: .clientSecretBasic, .form),
        client(reserved, by: .clientSecretBasic, .raw), client(reserved, id: "a+%2F b", by: .clientSecretBasic, .raw),
        client(scope: "s", by: .clientSecretBasic, extra: [FormParameter("audience", "https://api/?a=b&c=%26")]),
        client(
            extra: [
                FormParameter("resource", "urn:a"), FormParameter("resource", "urn:b"), FormParameter("a=b&c", ""),
                FormParameter("a%3Db", "%3D"), FormParameter("claims", "{\"a\":{\"b\":[1]}}"),
                FormParameter("ä b", "+ é"),
            ]),
    ]

    /// The form's draft for a pasted client with a name.
    private func saved(_ pasted: PastedClient) throws -> ClientDraft {
        let now = Moment(wall: Date(timeIntervalSince1970: 1_795_000_000), boot: 0, bootID: "boot")
        var form = ClientForm(pasted: pasted, isFirst: false)
        form.content.name = "Pasted"
        let state = State(
            .locked, vaultPath: "/v", glyphs: .unicode, size: Size(columns: 80, rows: 24), now: now, utcOffset: 0)
        let draft = form.draft(in: state)
        #expect(form.failure == nil)
        return try #require(draft)
    }

    /// The members of a form, decoded.
    private func members(_ body: Secret) -> [[String]] {
        body.unwipeableText().split(separator: "&").map { member in
            member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                String($0).removingPercentEncoding ?? "?"
            }
        }
    }

    private func urlencoded(_ text: String) -> String {
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? "?"
    }

    @Test("every property of the parsed client is saved, and sent unchanged")
    func everyProperty() throws {
        // Add a new property to this test.
        #expect(
            Mirror(reflecting: PastedClient()).children.compactMap(\.label) == [
                "tokenURL", "clientID", "secret", "scope", "authentication", "basicEncoding", "extraParameters",
                "service", "namedService", "warnings", "isUndecided",
            ])
        for pasted in Self.clients {
            let draft = try saved(pasted)
            let (profile, secret) = (draft.profile, try #require(draft.secret))
            #expect(profile.tokenURL == pasted.tokenURL)
            #expect(profile.clientID == pasted.clientID)
            #expect(secret == pasted.secret)
            #expect(profile.scope == pasted.scope ?? "")
            #expect(profile.authentication == pasted.authentication ?? .clientSecretPost)
            #expect(profile.basicEncoding == pasted.basicEncoding ?? .form)
            #expect(profile.extraParameters == pasted.extraParameters)
            #expect(profile.issuer == "" && profile.apiBase == "" && profile.revocationURL == "", "no other service's")

            let request = try TokenRequest.build(for: profile, secret: secret)
            #expect(request.url == Self.url)
            let identifier = try #require(pasted.clientID)
            var expected = [["grant_type", "client_credentials"]]
            var authorization: String?
            if profile.authentication == .clientSecretPost {
                expected += [["client_id", identifier], ["client_secret", secret.unwipeableText()]]
            } else {
                let pair =
                    pasted.basicEncoding == .raw
                    ? "\(identifier):\(secret.unwipeableText())"
                    : "\(urlencoded(identifier)):\(urlencoded(secret.unwipeableText()))"
                authorization = "Basic " + Data(pair.utf8).base64EncodedString()
            }
            if let scope = pasted.scope, !scope.isEmpty { expected.append(["scope", scope]) }
            expected += pasted.extraParameters.map { [$0.name, $0.value] }
            #expect(members(request.body) == expected)
            let header = request.headers.first { $0.name == "Authorization" }
            #expect(header?.value.unwipeableText() == authorization)
        }
    }

    @Test(
        "the credentials of a Basic header and of curl -u are sent byte for byte, percent-encoded or not",
        arguments: ["app-1:s3cret", "app%2F1:s%2Bcret%3D", "app 1:s3:cr+et/=&%", "app-1:s%20"])
    func basicByteForByte(pair: String) throws {
        let sent = "Basic " + Data(pair.utf8).base64EncodedString()
        for command in [
            "curl https://login.example.com/token -H 'Authorization: \(sent)' -d grant_type=client_credentials",
            "curl https://login.example.com/token -u '\(pair)' -d grant_type=client_credentials",
        ] {
            let draft = try saved(try #require(PastedClient.read(Secret(utf8: command))))
            let request = try TokenRequest.build(for: draft.profile, secret: try #require(draft.secret))
            #expect(request.headers.first { $0.name == "Authorization" }?.value.unwipeableText() == sent)
            #expect(request.body.unwipeableText() == "grant_type=client_credentials")
        }
    }

    @Test("a block of GBG's names is sent with GBG GO's settings; a command to GBG's server is sent unchanged")
    func gbg() throws {
        let block = try saved(try #require(PastedClient.read(Secret(utf8: "GBG_CLIENT_ID=a\nGBG_CLIENT_SECRET=b"))))
        #expect(block.profile.tokenURL == ClientProfile.defaultTokenURL)
        #expect(block.profile.scope == "gbg.token")
        let url = ClientProfile.defaultTokenURL
        let command = "curl \(url) -d grant_type=client_credentials -d client_id=a -d client_secret=b"
        let silent = try saved(try #require(PastedClient.read(Secret(utf8: command))))
        #expect(silent.profile.scope == "" && silent.profile.apiBase == ServicePreset.gbgGO.apiBase)
        let said = try saved(try #require(PastedClient.read(Secret(utf8: command + " -d scope=gbg.token"))))
        #expect(said.profile.scope == "gbg.token")
    }
}
