import Credentials
import Storage
import System

/// fill-vault PATH COUNT LIFETIME: makes a vault with the passphrase `bench` and COUNT clients, `Client 00001` and on;
/// each holds a token that lives LIFETIME seconds from now, or none where LIFETIME is 0. The moments at which the tokens
/// were fetched are spread over a second, as they are where nobody fetches all at once. For `make bench` alone:
/// Package.swift knows it only under KEYFOB_BENCH.
@main
enum FillVault {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let count = Int(arguments[2]), let lifetime = Double(arguments[3]) else {
            throw Failure(.usage, "fill-vault PATH COUNT LIFETIME")
        }
        let vault = try await Vault.create(at: arguments[1], passphrase: Secret(utf8: "bench"))
        // Many at once: those that wait for a commit share the next one.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                group.addTask { try await add(number, lifetime: lifetime, to: vault) }
            }
            try await group.waitForAll()
        }
        await vault.close()
    }

    private static func add(_ number: Int, lifetime: Double, to vault: Vault) async throws {
        let now = Clocks.now()
        let digits = String(number)
        let name = "Client " + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        let profile = ClientProfile(name: name, clientID: "client-\(digits)", created: now.wall)
        let entry = try await vault.insert(profile, secret: Secret(utf8: "secret of \(name)"))
        guard lifetime > 0 else { return }
        // The golden section spreads any number of them evenly.
        let fetched = now.advanced(by: -(Double(number) * 0.618_034).truncatingRemainder(dividingBy: 1))
        let facts = TokenFacts(requested: fetched, obtained: fetched, lifetime: lifetime, characterCount: 1_142)
        let token = AccessToken(value: Secret(utf8: String(repeating: "t", count: 1_142)), facts: facts)
        _ = try await vault.store(token, for: entry.id, credentialsID: profile.credentialsID)
    }
}
