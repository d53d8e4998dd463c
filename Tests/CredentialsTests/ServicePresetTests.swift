import Credentials
import Foundation
import Testing

@Suite("Service presets")
struct ServicePresetTests {
    @Test("each preset has a unique key, and is found by key or name in any spelling")
    func keys() {
        #expect(
            ServicePreset.all.map(\.key) == [
                "gbg-go", "gbg-go-us", "gbg-go-au", "keycloak", "auth0", "okta", "entra", "pingfederate", "cognito",
                "custom",
            ])
        for preset in ServicePreset.all {
            for text in [preset.key, preset.key.uppercased(), preset.name, preset.name.lowercased()] {
                #expect(ServicePreset.named(text) == preset)
            }
        }
        #expect(ServicePreset.named("GBG-GO-EU") == .gbgGO)
        #expect(ServicePreset.named("gbg") == nil && ServicePreset.named("") == nil)
    }

    @Test(
        "only a client of GBG's server is offered GBG GO's first request, with any scope and API base",
        arguments: [
            (ClientProfile.defaultTokenURL, true),
            ("https://gbggo4-demo.nonprod.fabric.gbgplatforms.com/auth/realms/go/protocol/openid-connect/token", true),
            ("https://gbgplc.com.evil.example/token", false), ("http://127.0.0.1:1/token", false), ("", false),
        ])
    func firstRequest(url: String, isGBG: Bool) {
        for base in ["", "https://us.platform.go.gbgplc.com/v2/captain"] {
            let profile = ClientProfile(
                name: "a", clientID: "b", tokenURL: url, scope: "gbg.token", apiBase: base,
                created: Date(timeIntervalSince1970: 0))
            #expect(ServicePreset.of(profile)?.firstRequest?.path == (isGBG ? "/journey/health" : nil))
        }
    }

    private static let placeholdersCases: [(String, String?)] = [
        ("https://{host}/x", "{host}" as String?), ("{API identifier}", "{API identifier}"),
        ("{\"a\":1} {b-c_d}", "{b-c_d}"), ("{\"a\":{\"b\":[1]}}", nil), ("{}", nil), ("a{b", nil), ("", nil),
    ]

    @Test(
        "words in braces are a placeholder, JSON in braces is a value",
        arguments: placeholdersCases)
    func placeholders(text: String, gap: String?) {
        #expect(Placeholder.problem(text) == gap.map { "replace \($0) with your value" })
    }
}
