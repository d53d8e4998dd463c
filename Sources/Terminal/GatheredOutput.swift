import CLinux
import Files
import Glibc

/// Collects the output of one frame, so that the terminal gets it in one write.
///
/// ncurses flushes its buffer after each movement of the cursor (Debian's 6.4, `TINFO_MVCUR`): a frame of a new panel
/// comes in a hundred writes. A terminal may show the state after any of them, and ssh(1) may send each in a packet of
/// its own. ncurses has no other output than a descriptor, so during `gather` that descriptor is a file in memory.
final class GatheredOutput {
    /// The terminal itself; the caller's, open for as long as this object is used.
    private let terminal: Int32
    /// The descriptor that ncurses writes to; the caller's too.
    private let descriptor: Int32
    /// -1 if there is none. Then each write of ncurses goes to the terminal, as without this object.
    private let memory: Int32

    /// - Parameter memory: an empty file, which is closed in the end; -1 for none.
    init(from descriptor: Int32, to terminal: Int32, memory: Int32 = clinux_memory_file()) {
        self.descriptor = descriptor
        self.terminal = terminal
        self.memory = memory
    }

    deinit { if memory >= 0 { close(memory) } }

    /// Runs `body`, then sends all that it wrote to the descriptor, and `last`. In `body` the descriptor has no modes: after
    /// `resume()` ncurses sets them once more, which fails here and changes nothing.
    func gather(_ body: () -> Void, endingWith last: [UInt8]) {
        guard memory >= 0, clinux_replace_descriptor(descriptor, memory) == 0 else {
            body()
            _ = last.withUnsafeBytes { writeAll($0, to: terminal) }
            return
        }
        body()
        // Only a descriptor that is closed could fail here (dup(2)), and then nothing can be shown.
        _ = clinux_replace_descriptor(descriptor, terminal)
        let count = Int(lseek(memory, 0, SEEK_CUR))
        guard count + last.count > 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: count + last.count, alignment: 1) { buffer in
            guard pread(memory, buffer.baseAddress, count, 0) == count else { return }
            UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyBytes(from: last)
            writeAll(UnsafeRawBufferPointer(buffer), to: terminal)
            // A frame may show a token.
            if let start = buffer.baseAddress { explicit_bzero(start, count) }
        }
        // The kernel clears the pages that this gives back.
        ftruncate(memory, 0)
        lseek(memory, 0, SEEK_SET)
    }
}
