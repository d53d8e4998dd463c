import CSodium

/// A growing secret in locked memory between guard pages (sodium_malloc(3)): a passphrase or client secret while it is
/// typed, a data key while the vault is open.
///
/// The capacity is fixed: input that does not fit is rejected, never cut. Not `Sendable`: the owner fills the buffer
/// and passes a `Secret` on.
public final class SecretBuffer {
    private let memory: UnsafeMutableRawPointer
    public let capacity: Int
    public private(set) var count = 0

    /// - Returns: nil if the system has no lockable memory left (RLIMIT_MEMLOCK; 8 MiB by default).
    public init?(capacity: Int) {
        guard Self.libraryIsReady, let memory = sodium_malloc(capacity) else { return nil }
        self.memory = memory
        self.capacity = capacity
    }

    deinit { sodium_free(memory) }

    private static let libraryIsReady = sodium_init() >= 0

    public var isEmpty: Bool { count == 0 }

    /// - Returns: false, with nothing changed, if the bytes do not fit.
    public func insert(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        precondition(offset >= 0 && offset <= count)
        guard bytes.count <= capacity - count else { return false }
        memory.advanced(by: offset + bytes.count).copyMemory(
            from: memory.advanced(by: offset), byteCount: count - offset)
        if let source = bytes.baseAddress {
            memory.advanced(by: offset).copyMemory(from: source, byteCount: bytes.count)
        }
        count += bytes.count
        return true
    }

    public func remove(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        memory.advanced(by: range.lowerBound).copyMemory(
            from: memory.advanced(by: range.upperBound), byteCount: count - range.upperBound)
        sodium_memzero(memory.advanced(by: count - range.count), range.count)
        count -= range.count
    }

    /// Empties the buffer and wipes every byte.
    public func wipe() {
        sodium_memzero(memory, capacity)
        count = 0
    }

    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    /// A copy of the current content.
    public func secret() -> Secret { withBytes { Secret(copying: $0) } }
}

extension SecretBuffer: CustomStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
