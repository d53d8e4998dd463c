/// Faults of an open vault that last, as the latest look at its file and the latest write found them.
public struct VaultFaults: Sendable, Equatable {
    /// The failure of the latest look: the file is gone, or another one is in its place. nil if the vault's file is there.
    public var file: Failure?
    /// The failure of the latest write: a full disk, a read-only file system. nil if the write reached the disk, or there
    /// was none.
    public var writing: Failure?

    public init(file: Failure? = nil, writing: Failure? = nil) {
        self.file = file
        self.writing = writing
    }
}
