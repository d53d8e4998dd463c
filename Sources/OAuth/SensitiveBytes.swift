import Credentials
import Glibc

/// Bytes that grow, wiped wherever they move from and when they go: a request while it is put together, an answer
/// while it comes in.
final class SensitiveBytes {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int = 1_024) {
        memory = .allocate(byteCount: max(capacity, 1), alignment: 1)
    }

    deinit { Self.release(memory) }

    func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    func append(_ byte: UInt8) {
        reserve(1)
        memory[count] = byte
        count += 1
    }

    func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    func append(_ secret: Secret) {
        secret.withBytes { append($0) }
    }

    /// Valid until the next `append`, and no longer than this object, which whoever takes it must keep.
    var start: UnsafeMutableRawPointer? { memory.baseAddress }

    /// Lends the bytes for the time of the call: a pointer that outlived this object would point at wiped memory.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }

    /// A copy of what it holds now.
    func secret() -> Secret { withBytes { Secret(copying: $0) } }

    private func reserve(_ more: Int) {
        guard count + more > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(count + more, memory.count * 2), alignment: 1)
        withBytes { larger.copyMemory(from: $0) }
        Self.release(memory)
        memory = larger
    }

    private static func release(_ memory: UnsafeMutableRawBufferPointer) {
        // Not memset(3), which the compiler may leave out before a free.
        if let start = memory.baseAddress { explicit_bzero(start, memory.count) }
        memory.deallocate()
    }
}
