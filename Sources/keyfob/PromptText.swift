import Credentials
import Storage
import System

/// The text of `status --prompt`: at most 20 characters, all of them keyfob's own words and digits. No text of the vault
/// is in it, so a shell or tmux has nothing to interpret.
enum PromptText {
    static let longest = 20
    /// Seconds to wait for another process's lock: a prompt must not wait for five.
    private static let busySeconds = 0.25

    /// Reads the vault by its unlocked key. The idle time goes on.
    /// - Parameter name: a client's name; nil for all clients.
    static func read(_ choice: VaultChoice, name: String?) async -> String {
        do throws(Failure) {
            let location = try choice.location()
            try location.inspect()
            guard let (vault, _) = try await location.openUnlocked(busySeconds: busySeconds) else { return "locked" }
            let overview = await overview(of: vault, name)
            await vault.close()
            return of(try overview.get(), at: Clocks.now())
        } catch {
            return of(error)
        }
    }

    private static func overview(of vault: Vault, _ name: String?) async -> Result<TokenOverview, Failure> {
        do throws(Failure) {
            guard let name else { return .success(try await vault.tokenOverview()) }
            let found = try await vault.tokenOverview(ofClientNamed: ClientName.trimmed(name))
            return .success(found ?? TokenOverview(clientCount: 0))
        } catch {
            return .failure(error)
        }
    }

    static func of(_ overview: TokenOverview, at now: Moment) -> String {
        guard overview.clientCount > 0 else { return "no client" }
        let isOne = overview.clientCount == 1
        let statuses = overview.tokens.mapValues { $0.status(at: now) }
        let expiring = statuses.values.count { $0 == .expiring }
        // A client whose token is still valid works, also if its last request failed.
        let failed = overview.failed.count { [.none, .expired].contains(statuses[$0] ?? .none) }
        let failures = isOne ? "failed" : "\(failed) failed"
        let text: String
        if expiring > 0, !isOne {
            text = "\(expiring) expiring"
        } else if let left = overview.tokens.values.compactMap({ $0.secondsLeft(at: now) }).filter({ $0 > 0 }).min() {
            text = time(left)
        } else if statuses.values.contains(.unknown) {
            text = "expiry unknown"
        } else if failed > 0 {
            return failures
        } else {
            // Not "expired": the next use fetches a token without a question.
            return statuses.values.contains(.expired) ? "renews on use" : "no token"
        }
        let whole = "\(text), \(failures)"
        return failed > 0 && whole.count <= longest ? whole : text
    }

    static func of(_ failure: Failure) -> String {
        switch failure.kind {
        case .noSuchVault, .usage: "no vault"
        case .wrongPassphrase: "locked"
        case .vaultDamaged, .notAVault: "damaged"
        case .vaultBusy: "busy"
        default: "unreadable"
        }
    }

    /// One or two units, rounded down: `45s`, `54m`, `1h 5m`, `2d 3h`.
    static func time(_ seconds: Double) -> String {
        let whole = wholeSeconds(left: seconds)
        let (large, small): ((Int, String), (Int, String)) =
            switch whole {
            case ..<60: ((whole, "s"), (0, ""))
            case ..<3_600: ((whole / 60, "m"), (0, ""))
            case ..<86_400: ((whole / 3_600, "h"), (whole / 60 % 60, "m"))
            default: ((whole / 86_400, "d"), (whole / 3_600 % 24, "h"))
            }
        return "\(large.0)\(large.1)" + (small.0 > 0 ? " \(small.0)\(small.1)" : "")
    }
}
