import Credentials
import Foundation
import Testing

@Suite("The life of a token")
struct TokenLifeTests {
    private let start = Moment(wall: Date(timeIntervalSince1970: 1_800_000_000), boot: 1_000, bootID: "a")

    private func token(_ lifetime: Double?) -> TokenFacts {
        TokenFacts(requested: start, obtained: start.advanced(by: 1), lifetime: lifetime, characterCount: 10)
    }

    @Test("life is counted from the request, not from the answer")
    func fromRequest() {
        #expect(token(3_600).secondsLeft(at: start.advanced(by: 10)) == 3_590)
        #expect(token(3_600).expires(at: start.advanced(by: 10)) == start.wall.addingTimeInterval(3_600))
    }

    @Test(
        "an hour's token is expiring below 60 s, a short one below a tenth of its life",
        arguments: [
            (3_600.0, 3_540.0, TokenStatus.valid), (3_600, 3_540.5, .expiring), (3_600, 3_600, .expired),
            (45, 40, .valid), (45, 41, .expiring), (45, 45, .expired), (0, 0, .expired),
        ])
    func status(lifetime: Double, age: Double, expected: TokenStatus) {
        #expect(token(lifetime).status(at: start.advanced(by: age)) == expected)
    }

    @Test("no token has status none; a token without a lifetime stays unknown")
    func unknown() {
        #expect(TokenFacts?.none.status(at: start) == .none)
        #expect(token(nil).status(at: start.advanced(by: 1e9)) == .unknown)
        #expect(token(nil).expires(at: start) == nil)
    }

    @Test("the clock on which more time has passed counts")
    func earlierWins() {
        let setBack = Moment(wall: start.wall.addingTimeInterval(-7_200), boot: 1_000 + 3_000, bootID: "a")
        #expect(token(3_600).secondsLeft(at: setBack) == 600)
        let setForward = Moment(wall: start.wall.addingTimeInterval(4_000), boot: 1_010, bootID: "a")
        #expect(token(3_600).status(at: setForward) == .expired)
    }

    @Test(
        "the expiry date matches the seconds left, even after the wall clock was set",
        arguments: [(-7_200.0, 3_000.0), (-7_200, 3_600), (-7_200, 4_000), (4_000, 10), (-30, 0.25)])
    func expiresWithStatus(wall: Double, boot: Double) throws {
        let now = Moment(wall: start.wall.addingTimeInterval(wall), boot: 1_000 + boot, bootID: "a")
        let expires = try #require(token(3_600).expires(at: now))
        let left = try #require(token(3_600).secondsLeft(at: now))
        #expect(abs(expires.timeIntervalSince(now.wall) - left) <= 0.5)
        let isOver = token(3_600).status(at: now) == .expired
        #expect(isOver == (expires <= now.wall))
    }

    @Test("the expiry date does not depend on the delay between the readings of the two clocks")
    func expiresSteadily() {
        // Readings just before a whole second, just after it and between must all give the same second.
        for fraction in [0.999_999, 0.000_001, 0.5] {
            let requested = Moment(
                wall: Date(timeIntervalSince1970: 1_800_000_000 + fraction), boot: 1_000, bootID: "a")
            let facts = TokenFacts(requested: requested, obtained: requested, lifetime: 3_600, characterCount: 10)
            for (set, age) in [(0.0, 100.0), (-7_200, 100), (-7_200, 3_599)] {
                for lateness in [-0.01, -0.000_001, 0, 0.000_001, 0.01, 0.2] {
                    let now = Moment(
                        wall: requested.wall.addingTimeInterval(set + age), boot: 1_000 + age + lateness, bootID: "a")
                    #expect(facts.expires(at: now) == requested.wall.addingTimeInterval(3_600 + set))
                }
            }
        }
    }

    @Test("after a reboot the boot clock is ignored")
    func reboot() {
        let rebooted = Moment(wall: start.wall.addingTimeInterval(60), boot: 5, bootID: "b")
        #expect(token(3_600).secondsLeft(at: rebooted) == 3_540)
        let unknownBoot = Moment(wall: start.wall.addingTimeInterval(60), boot: 9e9, bootID: "")
        #expect(token(3_600).secondsLeft(at: unknownBoot) == 3_540)
    }

    @Test("a token serves if it has the requested seconds left; by default the expiring threshold")
    func serves() {
        let later = start.advanced(by: 3_500)
        #expect(token(3_600).serves(minimumValidity: nil, at: later))
        #expect(token(3_600).serves(minimumValidity: 100, at: later))
        #expect(!token(3_600).serves(minimumValidity: 101, at: later))
        #expect(!token(3_600).serves(minimumValidity: nil, at: start.advanced(by: 3_541)))
        #expect(token(3_600).serves(minimumValidity: 0, at: start.advanced(by: 3_599)))
        #expect(!token(3_600).serves(minimumValidity: 0, at: start.advanced(by: 3_600)))
    }

    @Test("a token of unknown expiry never serves a positive minimum, but serves without a minimum")
    func servesUnknown() {
        #expect(!token(nil).serves(minimumValidity: nil, at: start))
        #expect(!token(nil).serves(minimumValidity: 1, at: start))
        #expect(token(nil).serves(minimumValidity: 0, at: start))
    }
}

@Suite("Passphrases")
struct PassphraseTests {
    @Test(
        "an obvious weakness is named",
        arguments: [
            ("short", "shorter than 12 characters"), ("123456789012", "digits only"),
            ("abababababababab", "fewer than 6 different characters"), ("correct horse battery", nil),
        ])
    func weakness(passphrase: String, expected: String?) {
        #expect(Passphrase.weakness(of: Secret(utf8: passphrase)) == expected)
    }
}

@Suite("A token's life never exceeds its lifetime")
struct FutureTokenTests {
    private let wall = Date(timeIntervalSince1970: 1_795_000_000)

    private func facts(requestedAt seconds: Double, bootID: String = "before") -> TokenFacts {
        let requested = Moment(wall: wall.addingTimeInterval(seconds), boot: 9_000, bootID: bootID)
        return TokenFacts(requested: requested, obtained: requested, lifetime: 3_600, characterCount: 10)
    }

    private var now: Moment { Moment(wall: wall, boot: 100, bootID: "after") }

    @Test(
        "A token requested before a restart, by a clock that was ahead, is expired",
        arguments: [5.1, 60.0, 30.0 * 86_400])
    func ahead(seconds: Double) {
        let token = facts(requestedAt: seconds)
        #expect(token.status(at: now) == .expired)
        #expect(token.secondsLeft(at: now) == 0)
        #expect(token.expires(at: now) == wall)
        #expect(!token.serves(minimumValidity: 0, at: now) && !token.serves(minimumValidity: nil, at: now))
    }

    @Test(
        "A clock set back by seconds is believed, and extends no token beyond its lifetime",
        arguments: [0.0, 0.5, 5.0])
    func corrected(seconds: Double) {
        let token = facts(requestedAt: seconds)
        #expect(token.status(at: now) == .valid)
        #expect(token.secondsLeft(at: now) == 3_600)
    }

    @Test("Within one boot the boot clock counts, even if the wall clock is set")
    func sameStart() {
        let token = facts(requestedAt: 30 * 86_400, bootID: "after")
        let later = Moment(wall: wall, boot: 9_600, bootID: "after")
        #expect(token.secondsLeft(at: later) == 3_000)
        #expect(token.status(at: later) == .valid)
    }

    @Test("Without a boot ID only the wall clock counts")
    func noBootID() {
        let token = facts(requestedAt: 6, bootID: "")
        #expect(token.status(at: Moment(wall: wall, boot: 0, bootID: "")) == .expired)
    }
}
