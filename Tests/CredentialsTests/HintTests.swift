import Credentials
import Testing

@Suite("Hints and their remedies")
struct HintTests {
    @Test("a hint from a literal or interpolated text has no remedy")
    func literals() {
        let name = "billing"
        let hints: [Failure.Hint] = ["check the secret", "look at \(name)"]
        #expect(hints == [Failure.Hint("check the secret", nil), Failure.Hint("look at billing", nil)])
        #expect(Failure(.refused, "refused", hints: ["check the secret"]).hints == [hints[0]])
        #expect(Failure.Hint("check the secret", .edit) != hints[0])
    }

    @Test("remedies keep the names that vaults have stored")
    func names() {
        #expect(Remedy.allCases.map(\.rawValue) == ["edit", "swap_secrets", "refresh", "try_request", "reopen"])
    }
}
