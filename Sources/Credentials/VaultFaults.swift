/// Persistent faults of an open vault, from the latest check of its file and the latest write.
public struct VaultFaults: Sendable, Equatable {
    /// The failure of the latest check: the file is missing or was replaced. nil if the file is in place.
    public var file: Failure?
    /// The failure of the latest write: a full disk, a read-only file system. nil if the write succeeded, or nothing
    /// was written.
    public var writing: Failure?
    /// True if another process has replaced the data key: nothing can be read or written until the vault is opened again.
    public var hasOldKey: Bool

    public init(file: Failure? = nil, writing: Failure? = nil, hasOldKey: Bool = false) {
        self.file = file
        self.writing = writing
        self.hasOldKey = hasOldKey
    }
}
