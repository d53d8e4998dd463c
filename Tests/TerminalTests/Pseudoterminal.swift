import Foundation
import Synchronization

/// A pseudo-terminal whose output a thread collects, because the kernel keeps only 4 KiB.
///
/// `hangUp()` ends the thread.
final class Pseudoterminal: Sendable {
    private let controlling: Int32
    /// The terminal of the program under test.
    let terminal: Int32
    private let written = Mutex<[UInt8]>([])
    private let isHungUp = Atomic(false)

    init(columns: Int, rows: Int) {
        var ends: (controlling: Int32, terminal: Int32) = (-1, -1)
        precondition(openpty(&ends.controlling, &ends.terminal, nil, nil, nil) == 0, "no pseudo-terminal to be had")
        (controlling, terminal) = ends
        for end in [controlling, terminal] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        resize(columns: columns, rows: rows)
        var thread = pthread_t()
        pthread_create(&thread, nil, collectOutput, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    deinit { close(terminal) }

    func resize(columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controlling, UInt(TIOCSWINSZ), &size)
    }

    /// Types, and returns when the bytes can be read.
    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) {
        let before = readable
        _ = write(controlling, bytes, bytes.count)
        while readable < before + bytes.count { sched_yield() }
    }

    /// Types without waiting.
    func sendUnwatched(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(controlling, bytes, bytes.count)
    }

    /// The number of bytes that wait to be read.
    var readable: Int {
        var count: Int32 = 0
        _ = ioctl(terminal, UInt(FIONREAD), &count)
        return Int(count)
    }

    var modes: termios {
        var modes = termios()
        tcgetattr(terminal, &modes)
        return modes
    }

    /// All output since the last call.
    func output() -> String {
        // All earlier output comes before the mark.
        let mark = "<output ends here>"
        _ = write(terminal, mark, mark.utf8.count)
        while true {
            let found = written.withLock { bytes -> String? in
                let text = String(decoding: bytes, as: UTF8.self)
                guard text.hasSuffix(mark) else { return nil }
                bytes = []
                return String(text.dropLast(mark.count))
            }
            if let found { return found }
            sched_yield()
        }
    }

    /// Closes the other end, like a terminal's window; returns when the program could notice.
    func hangUp() {
        guard !isHungUp.exchange(true, ordering: .sequentiallyConsistent) else { return }
        // Ends the thread's read.
        _ = write(terminal, "x", 1)
        var polled = pollfd(fd: terminal, events: 0, revents: 0)
        poll(&polled, 1, -1)
    }

    fileprivate func collect() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(controlling, &buffer, buffer.count), count > 0 {
            if isHungUp.load(ordering: .sequentiallyConsistent) { break }
            written.withLock { $0 += buffer[..<count] }
        }
        close(controlling)
    }
}

private func collectOutput(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<Pseudoterminal>.fromOpaque(context).takeRetainedValue().collect() }
    return nil
}

/// A UTF-8 locale for the whole process, as every user of a terminal has.
func useUTF8() { setlocale(LC_CTYPE, "C.UTF-8") }
