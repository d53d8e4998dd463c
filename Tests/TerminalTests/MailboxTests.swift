import Glibc
import Testing

@testable import Terminal

@Suite struct MailboxTests {
    private func isReadable(_ descriptor: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) == 1
    }

    @Test("messages keep their order, and poll reports when there are any")
    func order() throws {
        let mailbox = try Mailbox<Int>()
        #expect(!isReadable(mailbox.fileDescriptor))
        mailbox.post(1)
        mailbox.post(2)
        #expect(isReadable(mailbox.fileDescriptor))
        #expect(mailbox.drain() == [1, 2])
        #expect(!isReadable(mailbox.fileDescriptor))
        #expect(mailbox.drain() == [])
        mailbox.post(3)
        #expect(isReadable(mailbox.fileDescriptor))
        #expect(mailbox.drain() == [3])
    }

    @Test("nothing is lost when many post at once")
    func manySenders() async throws {
        let mailbox = try Mailbox<Int>()
        let got = await withTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
                group.addTask { for number in 0..<1000 { mailbox.post(sender * 1000 + number) } }
            }
            var got: [Int] = []
            while got.count < 8000 {
                got += mailbox.drain()
                await Task.yield()
            }
            return got
        }
        #expect(got.sorted() == Array(0..<8000))
        for sender in 0..<8 {
            let own = got.filter { $0 / 1000 == sender }
            #expect(own == own.sorted())
        }
    }
}
