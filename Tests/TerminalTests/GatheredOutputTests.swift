import Glibc
import Testing

@testable import Terminal

@Suite("The output of a frame")
struct GatheredOutputTests {
    /// A socket on which each write(2) is a message of its own, in the place of the terminal.
    private final class Messages {
        let terminal: Int32
        let drawing: Int32
        private let reader: Int32

        init() {
            var ends: [Int32] = [0, 0]
            socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends)
            terminal = ends[0]
            reader = ends[1]
            drawing = dup(terminal)
        }

        deinit { for descriptor in [terminal, drawing, reader] { close(descriptor) } }

        func written() -> [String] {
            var found: [String] = []
            var bytes = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                let count = recv(reader, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { return found }
                found.append(String(decoding: bytes[..<count], as: UTF8.self))
            }
        }

        func draw(_ text: String) { _ = text.withCString { write(drawing, $0, strlen($0)) } }
    }

    @Test("many small writes leave as one, in their order, with the last bytes behind them")
    func oneWrite() {
        let messages = Messages()
        let output = GatheredOutput(from: messages.drawing, to: messages.terminal)
        let rows = (0..<100).map { "row \($0);" }
        for _ in 0..<2 {
            output.gather({ rows.forEach(messages.draw) }, endingWith: Array("end".utf8))
            #expect(messages.written() == [rows.joined() + "end"])
        }
        output.gather({ messages.draw("short") }, endingWith: [])
        #expect(messages.written() == ["short"])
    }

    @Test("a frame without a change writes nothing, and each write outside a frame is sent at once")
    func nothing() {
        let messages = Messages()
        let output = GatheredOutput(from: messages.drawing, to: messages.terminal)
        output.gather({}, endingWith: [])
        #expect(messages.written() == [])
        messages.draw("one")
        messages.draw("two")
        #expect(messages.written() == ["one", "two"])
    }

    @Test("without a file in memory the writes are sent one by one, and nothing is lost")
    func withoutMemory() {
        let messages = Messages()
        let output = GatheredOutput(from: messages.drawing, to: messages.terminal, memory: -1)
        output.gather({ ["a", "b"].forEach(messages.draw) }, endingWith: Array("c".utf8))
        #expect(messages.written() == ["a", "b", "c"])
    }
}
