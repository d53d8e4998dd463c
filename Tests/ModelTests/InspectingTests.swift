import Credentials
import Foundation
import Testing

@testable import Model

@Suite("A server's text that is not part of an answer", .timeLimit(.minutes(5)))
struct InspectingTests {
    @Test("is replaced if it repeats the client's secret, in any encoding; client ID and scope are not secrets")
    func claims() async throws {
        let bench = try await Bench()
        let entry = try await bench.manager.create(bench.profile("a"), secret: Secret(utf8: "Zx81-TangoPelican"))
        for claims in [
            #"{"secret":"Zx81-TangoPelican"}"#, #"{"s":"zx81%2Dtangopelican"}"#,
            "{\"s\":\"Zx81-Tango\u{200B}Pelican\"}",
            #"{"s":"Wng4MS1UYW5nb1BlbGljYW4="}"#,
        ] {
            #expect(
                try await bench.manager.redaction(of: claims, from: entry.id)
                    == "<redacted: the server repeated a secret>", "\(claims)")
        }
        let innocent = #"{"client_id":"id of a","scope":"gbg.token","exp":1795000000}"#
        #expect(try await bench.manager.redaction(of: innocent, from: entry.id) == nil)
    }
}
