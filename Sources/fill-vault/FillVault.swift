import Credentials
import FoundationEssentials
import Glibc
import Storage
import System

/// `fill-vault PATH CLIENTS SECONDS`: a new vault (passphrase `bench`) for the benches, with so many clients, each with a
/// token that lives so many seconds; 0: with none. It is built for `make bench` alone.
@main
enum FillVault {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let clients = Int(arguments[2]), let seconds = Int(arguments[3]) else { exit(64) }
        do throws(Failure) {
            let vault = try await Vault.create(at: arguments[1], passphrase: Secret(utf8: "bench"))
            try await fill(vault, clients, seconds)
            await vault.close()
        } catch {
            exit(73)
        }
    }

    private static func fill(_ vault: Vault, _ clients: Int, _ seconds: Int) async throws(Failure) {
        let now = Clocks.now()
        let token = String(repeating: "bench.token_", count: 95)
        let facts = TokenFacts(
            requested: now, obtained: now, lifetime: Double(seconds), characterCount: token.utf8.count)
        // All at once: what queues while the vault commits shares the next transaction.
        let failures = await withTaskGroup(of: Failure?.self) { group in
            for number in 1...max(clients, 1) where number <= clients {
                group.addTask {
                    let digits = String(100_000 + number).dropFirst()
                    let profile = ClientProfile(
                        name: "Client \(digits)", clientID: "7f3c09aa-1c4e-4c57-9a3e-\(digits)", created: now.wall)
                    do throws(Failure) {
                        _ = try await vault.insert(profile, secret: Secret(utf8: "bench-secret-\(digits)"))
                        guard seconds > 0 else { return nil }
                        _ = try await vault.store(
                            AccessToken(value: Secret(utf8: token), facts: facts), for: profile.id,
                            credentialsID: profile.credentialsID)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: [Failure]()) { all, failure in if let failure { all.append(failure) } }
        }
        if let first = failures.first { throw first }
    }
}
