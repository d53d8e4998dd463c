import Credentials
import Formats
import Foundation
import Testing

@Suite("Copy formats")
struct CopyFormatTests {
    private let token: AccessToken = {
        let now = Moment(wall: Date(timeIntervalSince1970: 0), boot: 0, bootID: "")
        return AccessToken(
            value: Secret(utf8: "abc.DEF-1_~+/="),
            facts: TokenFacts(requested: now, obtained: now, lifetime: 60, characterCount: 14))
    }()

    @Test(
        "the header is one line ready for curl, the token is bare",
        arguments: [
            (CopyFormat.header, "Authorization: Bearer abc.DEF-1_~+/="), (.token, "abc.DEF-1_~+/="),
        ])
    func render(format: CopyFormat, expected: String) {
        #expect(format.render(token) == Secret(utf8: expected))
    }
}
