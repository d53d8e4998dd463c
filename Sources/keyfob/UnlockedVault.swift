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

    /// Removes the unlocked key, and tells every screen that opened by it.
    /// - Returns: false if the vault was not unlocked.
    /// - Throws: `cannotWrite` if the kernel refuses its keyring; or if the key is removed, but the vault's folder is
    ///   read-only and so the screens cannot be told.
    func lock() throws(Failure) -> Bool {
        let id = try Vault.id(at: path)
        let wasUnlocked: Bool
        do throws(Failure) {
            wasUnlocked = try KernelKeyring.remove(vault: id)
        } catch {
            // The screens look at the keyring themselves.
            Vault.touchLockFile(at: path)
            throw error
        }
        guard Vault.touchLockFile(at: path) else {
            throw Failure(
                .cannotWrite,
                "\(wasUnlocked ? "locked \(name)" : "\(name) was not unlocked"), but open screens are not told: "
                    + "\(name)-lock cannot be written",
                hints: ["press L in each open screen"])
        }
        return wasUnlocked
    }
}
