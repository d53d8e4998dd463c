import Credentials
import Foundation
import Storage
import Testing

@testable import keyfob

@Suite("The text of status --prompt")
struct PromptTextTests {
    private static let now = Moment(wall: Date(timeIntervalSince1970: 1_000_000), boot: 100, bootID: "a")

    /// A token with `left` seconds of an hour; nil means that its expiry is unknown.
    private static func token(_ left: Double?) -> TokenFacts {
        let start = now.advanced(by: (left ?? 0) - 3_600)
        return TokenFacts(requested: start, obtained: start, lifetime: left == nil ? nil : 3_600, characterCount: 0)
    }

    /// - Parameters:
    ///   - tokens: each client's token; the last clients of `count` have none.
    ///   - failed: the numbers of the clients whose last request failed.
    private static func text(_ tokens: [TokenFacts], of count: Int, failed: [Int] = []) -> String {
        let ids = (0..<max(count, 1)).map { _ in UUID() }
        return PromptText.of(
            TokenOverview(
                clientCount: count, tokens: Dictionary(uniqueKeysWithValues: zip(ids, tokens)),
                failed: Set(failed.map { ids[$0] })), at: now)
    }

    @Test("one client: the time left, or a word")
    func one() {
        #expect(Self.text([Self.token(3_240)], of: 1) == "54m")
        #expect(Self.text([Self.token(3_240)], of: 1, failed: [0]) == "54m")
        #expect(Self.text([Self.token(59.9)], of: 1) == "59s")
        #expect(Self.text([Self.token(0.5)], of: 1) == "0s")
        #expect(Self.text([Self.token(0)], of: 1) == "renews on use")
        #expect(Self.text([Self.token(-90_000)], of: 1) == "renews on use")
        #expect(Self.text([Self.token(-1)], of: 1, failed: [0]) == "failed")
        #expect(Self.text([], of: 1, failed: [0]) == "failed")
        #expect(Self.text([], of: 1) == "no token")
        #expect(Self.text([Self.token(nil)], of: 1) == "expiry unknown")
        #expect(Self.text([Self.token(nil)], of: 1, failed: [0]) == "expiry unknown")
        #expect(Self.text([], of: 0) == "no client")
    }

    @Test("several clients: how many are expiring, else the soonest expiry; an expired token hides no valid token")
    func several() {
        #expect(Self.text([Self.token(1_800), Self.token(600), Self.token(-5)], of: 4) == "10m")
        #expect(Self.text([Self.token(1_800), Self.token(59), Self.token(1)], of: 4) == "2 expiring")
        #expect(Self.text([Self.token(1_800), Self.token(nil)], of: 2) == "30m")
        #expect(Self.text([Self.token(-1), Self.token(nil)], of: 2) == "expiry unknown")
        #expect(Self.text([Self.token(-1)], of: 2) == "renews on use")
        #expect(Self.text([], of: 2) == "no token")
    }

    @Test("failures of clients without a valid token come last, and only if there is room")
    func failures() {
        #expect(Self.text([Self.token(1_800), Self.token(-1)], of: 3, failed: [0, 1, 2]) == "30m, 2 failed")
        #expect(Self.text([Self.token(9), Self.token(9)], of: 3, failed: [2]) == "2 expiring, 1 failed")
        let ten = [TokenFacts](repeating: Self.token(9), count: 10)
        #expect(Self.text(ten, of: 11, failed: [10]) == "10 expiring")
        #expect(Self.text([], of: 2, failed: [1]) == "1 failed")
    }

    @Test(
        "times have one or two units, rounded down",
        arguments: [
            (0.0, "0s"), (59.99, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h"), (3_900, "1h 5m"),
            (86_399, "23h 59m"), (86_400, "1d"), (183_600, "2d 3h"), (1e300, "11574074d 1h"),
        ])
    func times(_ seconds: Double, _ text: String) {
        #expect(PromptText.time(seconds) == text)
        #expect(text.count <= PromptText.longest)
    }

    @Test("every failure has a word of at most 20 characters", arguments: Failure.Kind.allCases)
    func words(_ kind: Failure.Kind) {
        let text = PromptText.of(Failure(kind, "\u{1B}[31m"))
        #expect(["no vault", "locked", "damaged", "busy", "unreadable"].contains(text))
    }
}
