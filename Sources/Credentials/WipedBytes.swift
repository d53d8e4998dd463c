import CSodium

/// Secret bytes that are appended at the end and removed at the start: a request under construction, an arriving answer
/// or paste. The bytes are wiped on removal, on a move to a larger block, and with this object.
///
/// The memory is ordinary heap memory, like that of `Secret`. `SecretBuffer` is locked, with a fixed size.
public final class WipedBytes {
    private var memory: UnsafeMutableRawBufferPointer
    public private(set) var count = 0

    public init(capacity: Int = 64) {
        memory = .allocate(byteCount: max(capacity, 1), alignment: 1)
    }

    deinit { release() }

    public var isEmpty: Bool { count == 0 }
    public var last: UInt8? { isEmpty ? nil : self[count - 1] }

    public subscript(_ index: Int) -> UInt8 {
        precondition(index < count)
        return memory[index]
    }

    /// Lends the bytes until the next change. The caller must keep this object alive.
    public var all: UnsafeRawBufferPointer { bytes(0..<count) }

    /// Lends the bytes for the duration of the call, and keeps this object alive for it.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(all)
    }

    /// Lends some of the bytes, under the same rule as `all`.
    public func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.upperBound <= count)
        return UnsafeRawBufferPointer(rebasing: memory[range])
    }

    public func secret() -> Secret { Secret(copying: all) }

    public func append(_ byte: UInt8) {
        reserve(1)
        memory[count] = byte
        count += 1
    }

    /// - Parameter bytes: not from this object, because growing would free them.
    public func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    public func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// Appends the scalar in UTF-8.
    public func append(_ scalar: Unicode.Scalar) {
        for byte in scalar.utf8 { append(byte) }
    }

    public func append(_ secret: Secret) {
        secret.withBytes { append($0) }
    }

    /// Appends a copy of the bytes in `range`.
    public func `repeat`(_ range: Range<Int>) {
        reserve(range.count)
        append(bytes(range))
    }

    public func removeFirst(_ used: Int) {
        guard used > 0 else { return }
        let kept = count - used
        memory.copyMemory(from: bytes(used..<count))
        wipe(kept..<count)
        count = kept
    }

    public func removeLast() {
        precondition(count > 0)
        wipe(count - 1..<count)
        count -= 1
    }

    public func removeAll() {
        wipe(0..<count)
        count = 0
    }

    private func reserve(_ more: Int) {
        guard count + more > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(count + more, memory.count * 2), alignment: 1)
        larger.copyMemory(from: all)
        release()
        memory = larger
    }

    private func release() {
        wipe(0..<count)
        memory.deallocate()
    }

    private func wipe(_ range: Range<Int>) {
        guard let start = memory.baseAddress else { return }
        sodium_memzero(start + range.lowerBound, range.count)
    }
}

extension Secret {
    /// A secret of the bytes that `body` appends.
    public static func written(by body: (WipedBytes) -> Void) -> Secret {
        let bytes = WipedBytes()
        body(bytes)
        return bytes.secret()
    }
}
