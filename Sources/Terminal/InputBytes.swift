import Glibc

/// Bytes from the terminal, a passphrase or a pasted secret perhaps: they grow at the end, are used up at the start,
/// and are wiped wherever they leave.
final class InputBytes {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
    private(set) var count = 0

    deinit {
        wipe(0..<count)
        memory.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    subscript(_ index: Int) -> UInt8 {
        precondition(index < count)
        return memory[index]
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.upperBound <= count)
        return UnsafeRawBufferPointer(rebasing: memory[range])
    }

    var all: UnsafeRawBufferPointer { bytes(0..<count) }

    func append(_ source: UnsafeRawBufferPointer) {
        if memory.count < count + source.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(memory.count * 2, count + source.count), alignment: 1)
            larger.copyMemory(from: all)
            wipe(0..<count)
            memory.deallocate()
            memory = larger
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: source)
        count += source.count
    }

    func removeFirst(_ used: Int) {
        guard used > 0 else { return }
        let kept = count - used
        memory.copyMemory(from: bytes(used..<count))
        wipe(kept..<count)
        count = kept
    }

    func removeAll() {
        wipe(0..<count)
        count = 0
    }

    private func wipe(_ range: Range<Int>) {
        guard let start = memory.baseAddress else { return }
        explicit_bzero(start + range.lowerBound, range.count)
    }
}
