import Credentials
import Storage
import System

/// fill-vault PATH COUNT LIFETIME [TOKEN_URL]: creates a vault with the passphrase `bench` and COUNT clients, from
/// `Client 00001` on, with long names, wide and combining characters, tags and notes. Each client has a token that lives
/// LIFETIME seconds from now, or no token if LIFETIME is 0. The fetch times of the tokens are spread over a second. Only
/// for `make bench`: Package.swift lists this program only if KEYFOB_BENCH is set.
@main
enum FillVault {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard 4...5 ~= arguments.count, let count = Int(arguments[2]), let lifetime = Double(arguments[3]) else {
            throw Failure(.usage, "fill-vault PATH COUNT LIFETIME [TOKEN_URL]")
        }
        let tokenURL = arguments.count == 5 ? arguments[4] : ClientProfile.defaultTokenURL
        let vault = try await Vault.create(at: arguments[1], passphrase: Secret(utf8: "bench"))
        // Many at once: writes that wait for a commit share the next commit.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                group.addTask { try await add(number, lifetime: lifetime, tokenURL: tokenURL, to: vault) }
            }
            try await group.waitForAll()
        }
        await vault.close()
    }

    /// The ends of names.
    private static let endings = [
        "", " of the department for reconciliation, reporting and everything else", " 経理部・請求書",
        " Zu\u{308}rich e\u{301}te\u{301} \u{1F511}", " (staging, eu-central-1, do not use after the migration)",
    ]
    private static let tags = [
        "production", "staging", "eu-central-1", "経理", "billing-and-invoicing-team", "été", "x", "legacy",
    ]

    private static func add(_ number: Int, lifetime: Double, tokenURL: String, to vault: Vault) async throws {
        let now = Clocks.now()
        let digits = String(number)
        let name =
            "Client " + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
            + endings[number % endings.count]
        let profile = ClientProfile(
            name: name, clientID: "client-\(digits)", tokenURL: tokenURL,
            tags: (0..<number % 4).map { tags[(number + 3 * $0) % tags.count] },
            notes: number % 3 == 0 ? String(repeating: "Ask the owner before the secret is changed. ", count: 6) : "",
            created: now.wall)
        let entry = try await vault.insert(profile, secret: Secret(utf8: "secret of \(name)"))
        guard lifetime > 0 else { return }
        // The golden ratio spreads any number of times evenly.
        let fetched = now.advanced(by: -(Double(number) * 0.618_034).truncatingRemainder(dividingBy: 1))
        let facts = TokenFacts(requested: fetched, obtained: fetched, lifetime: lifetime, characterCount: 1_142)
        let token = AccessToken(value: Secret(utf8: String(repeating: "t", count: 1_142)), facts: facts)
        _ = try await vault.store(token, for: entry.id, credentialsID: profile.credentialsID)
    }
}
