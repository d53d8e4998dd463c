import Credentials
import Synchronization
import System
import Testing

@testable import keyfob

@Suite("Copies")
struct CopiesTests {
    @Test("the copy requested last stays in the clipboard, whichever copy is ready first")
    func order() async throws {
        let written = Mutex(0)
        let clipboard = Clipboard(environment: ["TERM": "xterm"]) { _ in written.withLock { $0 += 1 } }
        let copies = Copies()
        _ = try await copies.copy(Secret(utf8: "later"), number: 2, isSecret: true, to: clipboard)
        do throws(Failure) {
            _ = try await copies.copy(Secret(utf8: "earlier"), number: 1, isSecret: true, to: clipboard)
            Issue.record("the earlier one was copied over the later one")
        } catch {
            #expect(error.summary == "a later copy is already in the clipboard")
        }
        _ = try await copies.copy(Secret(utf8: "latest"), number: 3, isSecret: true, to: clipboard)
        #expect(written.withLock { $0 } == 2)
    }
}
