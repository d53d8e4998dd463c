import Credentials
public import FoundationEssentials

// One request for a client's token at a time, between all processes that have the vault open. docs/architecture.md says
// how it is used. The lock is held by the vault's object, not by a thread or a task.
extension Vault {
    /// Never waits.
    public func lockRequest(for id: UUID) -> LockOutcome { lock.lock(at: id.lockedByte) }

    public func unlockRequest(for id: UUID) { lock.unlock(at: id.lockedByte) }
}

extension UUID {
    /// Two clients that share one only wait for each other.
    fileprivate var lockedByte: Int64 {
        Int64(bytes[..<8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) } >> 2) + 1
    }
}
