import Credentials
import Foundation
import Testing

@Suite("The claims of a JSON Web Token")
struct TokenClaimsTests {
    private func claims(_ json: String, header: String = "eyJh", signature: String = "c2ln") -> TokenClaims? {
        let payload = Data(json.utf8).base64EncodedString().filter { $0 != "=" }
        return TokenClaims(Secret(utf8: "\(header).\(payload).\(signature)"))
    }

    @Test("header and claims are decoded, but only the claims are parsed")
    func parts() throws {
        let read = try #require(claims(#"{"sub":"x"}"#))
        #expect(read.header == Secret(utf8: #"{"a"#))
        #expect(read.claims == Secret(utf8: #"{"sub":"x"}"#))
        #expect(read.times.isEmpty)
        for json in ["", "[]", "not json", "{", #"{"exp":1}x"#] { #expect(claims(json) == nil, "\(json)") }
        for token in ["", "eyJh.e30", "eyJh.e30.a.b", "e.e30.a", "e{}.e30.a"] {
            #expect(TokenClaims(Secret(utf8: token)) == nil, "\(token)")
        }
    }

    @Test("times are numbers of any size, unchanged; the last of a repeated claim counts")
    func times() throws {
        let read = try #require(claims(#"{"iat":-1.5,"exp":1,"exp":1e300,"nbf":"2","auth_time":1e999,"x":{"exp":5}}"#))
        #expect(read.times.map(\.claim) == ["iat", "exp", "exp"])
        #expect(read.times.map(\.written) == ["-1.5", "1", "1e300"])
        #expect(read.seconds(of: "iat") == -1.5)
        #expect(read.seconds(of: "exp") == 1e300)
        #expect(read.seconds(of: "nbf") == nil)
    }

    @Test("a token of 64 KiB is read, a longer one is not")
    func limit() {
        let room = TokenClaims.limit - "eyJh.e30.".count
        #expect(claims("{}", signature: String(repeating: "a", count: room)) != nil)
        #expect(claims("{}", signature: String(repeating: "a", count: room + 1)) == nil)
    }
}
