import CLinux
import Credentials
import Files
import Glibc

/// Runs other programs, with a time limit and without access to more than they are given.
public enum Subprocess {
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// The program was still running at the time limit and was killed with its process group.
        case timedOut
        case notFound
        /// The system could not start the program (an errno).
        case notStarted(Int32)
        /// SIGINT came to this process, and the program was ended with its process group (`endsWithSignals`).
        case interrupted
    }

    public struct Result: Sendable {
        public let ending: Ending
        /// The first bytes of the program's standard output, at most `capture`.
        public let output: Secret

        public var succeeded: Bool { ending == .exited(0) }
    }

    /// Runs a program and waits until it exits. It does not wait for the pipes: a program that leaves a child behind
    /// (xclip, wl-copy) keeps them open for ever.
    ///
    /// The child has its own session, no blocked or ignored signal, no descriptor but 0 to 2, and, without
    /// `withErrors` and `inheritsErrors`, standard error on /dev/null.
    /// - Parameters:
    ///   - arguments: the program, by path or looked up in `environment`'s PATH, and its arguments. Every user can see
    ///     them: never a secret.
    ///   - environment: the child's whole environment.
    ///   - input: its standard input, written directly from the secret's memory; nil: /dev/null.
    ///   - capture: the most bytes of standard output to keep; the rest is dropped. 0: /dev/null.
    ///   - withErrors: true if its standard error belongs to the output.
    ///   - inheritsErrors: true if its standard error is this process's.
    ///   - endsWithSignals: true if a signal that ends this process ends the program before. A terminal's Ctrl-C does not
    ///     reach the program itself, which has its own session.
    ///   - timeout: the time limit, in seconds.
    public static func run(
        _ arguments: [String], environment: [String: String], input: Secret? = nil, capture: Int = 0,
        withErrors: Bool = false, inheritsErrors: Bool = false, endsWithSignals: Bool = false, timeout: Double = 2
    ) async -> Result {
        guard let name = arguments.first, let program = locate(name, path: environment["PATH"]) else {
            return Result(ending: .notFound, output: Secret([]))
        }
        return await OwnThread.run {
            func run(_ signals: PromptSignals.Pipe?) -> Result {
                do throws(SystemError) {
                    let child = try Child(
                        [program] + arguments.dropFirst(), environment: environment, input: input, capture: capture,
                        withErrors: withErrors, inheritsErrors: inheritsErrors)
                    let ending = child.wait(until: .now + .seconds(timeout), signals)
                    return Result(ending: ending, output: child.output())
                } catch {
                    return Result(ending: .notStarted(error.code), output: Secret([]))
                }
            }
            return endsWithSignals ? PromptSignals.caught(run) : run(nil)
        }
    }

    /// The program's path: `name` itself if it has a slash, else its first occurrence in `path`. Relative folders in
    /// `path` are skipped: programs in the current folder are not trusted.
    static func locate(_ name: String, path: String?) -> String? {
        let candidates =
            name.contains("/")
            ? [name]
            : (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").filter { $0.hasPrefix("/") }
                .map { "\($0)/\(name)" }
        return candidates.first { candidate in
            var status = stat()
            return stat(candidate, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(candidate, X_OK) == 0
        }
    }
}

/// A running program and keyfob's ends of its pipes. It belongs to one thread.
private final class Child {
    /// Milliseconds that the program has to end after SIGTERM.
    private static let patience: Int32 = 1_000

    private let process: pid_t
    /// nil if the kernel has no pidfd_open(2): the process is checked every 10 ms then.
    private let end: Descriptor?
    private let input: Secret?
    private var fed = 0
    private var feeding: Descriptor?
    private var reading: Descriptor?
    private let captured: UnsafeMutableRawBufferPointer
    private var count = 0

    init(
        _ arguments: [String], environment: [String: String], input: Secret?, capture: Int, withErrors: Bool,
        inheritsErrors: Bool
    ) throws(SystemError) {
        guard let null = Descriptor(opening: "/dev/null", O_RDWR) else { throw SystemError(code: errno) }
        var ends = (input: null, output: null)
        if input != nil {
            guard let pipe = Descriptor.pipe() else { throw SystemError(code: errno) }
            ends.input = pipe.reading
            feeding = pipe.writing
        }
        if capture > 0 {
            guard let pipe = Descriptor.pipe() else { throw SystemError(code: errno) }
            ends.output = pipe.writing
            reading = pipe.reading
        }
        // The child's ends block, as programs expect.
        _ = fcntl(ends.input.number, F_SETFL, 0)
        _ = fcntl(ends.output.number, F_SETFL, 0)
        let arguments = CStrings(arguments)
        let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
        var process: pid_t = -1
        let problem = withExtendedLifetime((ends, null, arguments, variables)) {
            clinux_spawn(
                &process, arguments.pointers, variables.pointers, ends.input.number, ends.output.number,
                inheritsErrors ? 2 : (withErrors ? ends.output : null).number)
        }
        guard problem == 0 else { throw SystemError(code: problem) }
        self.process = process
        self.input = input
        let end = clinux_pidfd(process)
        self.end = end < 0 ? nil : Descriptor(owning: end)
        captured = UnsafeMutableRawBufferPointer.allocate(byteCount: capture, alignment: 1)
    }

    deinit {
        if let start = captured.baseAddress { explicit_bzero(start, captured.count) }
        captured.deallocate()
    }

    func output() -> Secret { Secret(copying: UnsafeRawBufferPointer(rebasing: captured[..<count])) }

    /// - Parameter signals: the signals that end the program, and then have their usual effect on this process.
    func wait(until deadline: ContinuousClock.Instant, _ signals: PromptSignals.Pipe?) -> Subprocess.Ending {
        while true {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            if left <= 0 {
                kill(-process, SIGKILL)
                _ = reap(0)
                return .timedOut
            }
            var events = [
                pollfd(fd: end?.number ?? -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: feeding?.number ?? -1, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: reading?.number ?? -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals?.reading.number ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            poll(&events, 4, Int32(min(left.rounded(.up), end == nil ? 10 : 60_000)))
            if events[3].revents != 0, let signals, let ending = pass(on: signals) { return ending }
            if events[1].revents != 0 { feed() }
            if events[2].revents != 0 { read() }
            if let ending = reap(WNOHANG) {
                // The program's last output may still be in the pipe.
                read()
                return ending
            }
        }
    }

    /// - Returns: nil if the program goes on: the signal only stopped this process, which was continued.
    private func pass(on signals: PromptSignals.Pipe) -> Subprocess.Ending? {
        var number: UInt8 = 0
        guard Glibc.read(signals.reading.number, &number, 1) == 1 else { return nil }
        let signal = Int32(number)
        guard signal != SIGTSTP else {
            signals.release(strikingWith: signal)
            _ = signals.catchAll()
            return nil
        }
        kill(-process, SIGTERM)
        var ended = pollfd(fd: end?.number ?? -1, events: Int16(POLLIN), revents: 0)
        poll(&ended, 1, Self.patience)
        kill(-process, SIGKILL)
        _ = reap(0)
        guard signal != SIGINT else { return .interrupted }
        signals.release(strikingWith: signal)
        return .signalled(signal)
    }

    private func reap(_ options: Int32) -> Subprocess.Ending? {
        var status: Int32 = 0
        var got: pid_t
        repeat { got = waitpid(process, &status, options) } while got < 0 && errno == EINTR
        guard got == process else { return nil }
        // wait(2)'s macros, which Swift does not import.
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }

    private func feed() {
        guard let feeding, let input else { return }
        let count = input.withBytes { write(feeding.number, $0.baseAddress?.advanced(by: fed), $0.count - fed) }
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        fed += max(count, 0)
        if count < 0 || fed == input.count { self.feeding = nil }
    }

    private func read() {
        while let reading {
            if count < captured.count {
                let got = Glibc.read(
                    reading.number, captured.baseAddress?.advanced(by: count), captured.count - count)
                if got > 0 { count += got } else if ended(got) { return }
            } else {
                var beyond: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
                let got = Glibc.read(reading.number, &beyond, MemoryLayout.size(ofValue: beyond))
                explicit_bzero(&beyond, MemoryLayout.size(ofValue: beyond))
                if got <= 0 && ended(got) { return }
            }
        }
    }

    /// True if there is nothing more to read now. At the end of the output `reading` becomes nil.
    private func ended(_ got: Int) -> Bool {
        if got < 0 && errno == EINTR { return false }
        if got == 0 || errno != EAGAIN { reading = nil }
        return true
    }
}

/// Strings in the form that execve(2) needs.
private final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) {
        pointers = texts.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
