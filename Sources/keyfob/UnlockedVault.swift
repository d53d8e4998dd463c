import Credentials
import FoundationEssentials
import Model
import Storage
import System

// The vault's key in the kernel's keyring, between `keyfob unlock` and its end. A kernel that refuses its keyring has no
// key.
extension VaultLocation {
    /// The vault's ID if the vault is unlocked.
    var unlockedID: [UInt8]? {
        guard KernelKeyring.holdsKeys, let id = try? Vault.id(at: path),
            (try? KernelKeyring.dataKey(ofVault: id, now: Clocks.now())) != nil
        else { return nil }
        return id
    }

    /// Opens the vault by its unlocked key.
    /// - Parameter busySeconds: seconds that another process may hold a lock; nil means the usual five.
    /// - Returns: the vault and its ID; nil if the vault is not unlocked.
    /// - Throws: as `Vault.open(at:dataKey:inOwnFolder:busySeconds:)`: `.wrongPassphrase` if the key is not the vault's.
    func openUnlocked(busySeconds: Double? = nil) async throws(Failure) -> (vault: Vault, id: [UInt8])? {
        guard KernelKeyring.holdsKeys, let id = try? Vault.id(at: path),
            let key = try? KernelKeyring.dataKey(ofVault: id, now: Clocks.now())
        else { return nil }
        return (try await Vault.open(at: path, dataKey: key, inOwnFolder: isDefault, busySeconds: busySeconds), id)
    }

    /// Opens the vault by its unlocked key for a person, whose idle time starts with it.
    @Sendable
    func openedByKey() async throws(Failure) -> (CredentialManager, refreshing: [UUID]) {
        guard let (vault, id) = try await openUnlocked() else {
            throw Failure(.locked, "the vault was locked meanwhile", hints: ["enter the passphrase"])
        }
        KernelKeyring.renew(vault: id, now: Clocks.now())
        return (Surroundings.manager(of: vault), refreshing: [])
    }

    /// The result of removing an unlocked key.
    struct Locking {
        var wasUnlocked: Bool
        /// The reason why open screens do not lock: the vault's folder is read-only. nil if they do.
        var untold: Failure?
    }

    /// Removes the unlocked key, and tells every screen that opened by it.
    /// - Parameter id: the vault's ID; the file may be missing or damaged by now.
    /// - Throws: `cannotWrite` if the kernel refuses its keyring.
    func lock(vault id: [UInt8]) throws(Failure) -> Locking {
        let wasUnlocked: Bool
        do throws(Failure) {
            wasUnlocked = try KernelKeyring.remove(vault: id)
        } catch {
            // The screens look at the keyring themselves.
            Vault.touchLockFile(at: path)
            throw error
        }
        guard !Vault.touchLockFile(at: path) else { return Locking(wasUnlocked: wasUnlocked) }
        return Locking(
            wasUnlocked: wasUnlocked,
            untold: Failure(
                .cannotWrite,
                "\(wasUnlocked ? "locked \(name)" : "\(name) was not unlocked"), but open screens are not told: "
                    + "\(name)-lock cannot be written",
                hints: ["press L in each open screen"]))
    }

    /// Does the same as `lock(vault:)`, for a caller that does not know whether the vault is unlocked.
    /// - Returns: a failure if the key stays, or a screen that was opened by the key does.
    func lockIfUnlocked(vault id: [UInt8]) -> (wasUnlocked: Bool, failure: Failure?) {
        do throws(Failure) {
            let locking = try lock(vault: id)
            return (locking.wasUnlocked, locking.wasUnlocked ? locking.untold : nil)
        } catch {
            return (false, KernelKeyring.isRefused ? nil : error)
        }
    }
}
