import Credentials
public import FoundationEssentials

// One token request for a client at a time, among all processes that have the vault open (docs/architecture.md,
// "Several processes"). The `Vault` object holds the lock, not a thread or a task.
extension Vault {
    /// Never waits.
    public func lockRequest(for id: UUID) -> LockOutcome { lock.lock(at: id.lockedByte) }

    public func unlockRequest(for id: UUID) { lock.unlock(at: id.lockedByte) }
}

extension UUID {
    /// Two clients that share a byte only wait for each other.
    fileprivate var lockedByte: Int64 {
        Int64(bytes[..<8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) } >> 2) + 1
    }
}
