import Foundation
import Synchronization

/// A terminal of our own: what the program writes is collected by a thread, for the kernel keeps only 4 KiB.
final class Pseudoterminal: Sendable {
    private let controlling: Int32
    /// What the program under test has for its terminal.
    let terminal: Int32
    private let written = Mutex<[UInt8]>([])

    init(columns: UInt16, rows: UInt16) {
        var ends: (controlling: Int32, terminal: Int32) = (-1, -1)
        precondition(openpty(&ends.controlling, &ends.terminal, nil, nil, nil) == 0, "no pseudo-terminal to be had")
        (controlling, terminal) = ends
        for end in [controlling, terminal] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        resize(columns: columns, rows: rows)
        var thread = pthread_t()
        pthread_create(&thread, nil, collectOutput, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    deinit { close(controlling) }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controlling, UInt(TIOCSWINSZ), &size)
    }

    /// Types.
    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) { _ = write(controlling, bytes, bytes.count) }

    /// Everything written since the last time, complete.
    func output() -> String {
        // A mark after it: what comes before the mark is all there is.
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

    /// The program's end is closed, the thread ends with it.
    func hangUp() { close(terminal) }

    fileprivate func collect() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(controlling, &buffer, buffer.count), count > 0 {
            written.withLock { $0 += buffer[..<count] }
        }
    }
}

private func collectOutput(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<Pseudoterminal>.fromOpaque(context).takeRetainedValue().collect() }
    return nil
}

/// For the whole process: what the tests of text need, and what every user of a terminal has.
func useUTF8() { setlocale(LC_CTYPE, "C.UTF-8") }
