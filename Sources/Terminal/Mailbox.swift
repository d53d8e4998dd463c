import CLinux
import Credentials
import Glibc
import Synchronization

/// Messages from other threads and tasks for the main thread, which sleeps in poll(2) until a message comes.
///
/// Any thread may call `post`, which waits at most for another `post`.
public final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    /// Readable while a message waits (eventfd(2)).
    public let fileDescriptor: Int32

    /// - Throws: `.bug` if the process has no descriptor left.
    public init() throws(Failure) {
        fileDescriptor = clinux_eventfd()
        guard fileDescriptor >= 0 else {
            throw Failure(.bug, "no file descriptor is left for the screen")
        }
    }

    deinit { close(fileDescriptor) }

    public func post(_ message: Message) {
        let wasEmpty = messages.withLock { waiting in
            waiting.append(message)
            return waiting.count == 1
        }
        if wasEmpty { clinux_eventfd_raise(fileDescriptor) }
    }

    /// Removes and returns every message, the oldest first.
    public func drain() -> [Message] {
        // In this order a message that comes in between wakes poll once for nothing, and no message is missed.
        clinux_eventfd_clear(fileDescriptor)
        return messages.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
