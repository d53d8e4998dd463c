import CLinux
import Credentials
import Glibc
import Interface

/// The reason that the event loop ended.
public enum Ending: Sendable, Equatable {
    /// `EventLoop.end()` was called.
    case asked
    /// SIGTERM, SIGHUP or SIGINT.
    case signal(Int32)
    /// The terminal is gone.
    case hangup

    /// 0, or 128 and the signal's number, as a shell reports it; a hangup counts as SIGHUP.
    public var exitStatus: Int32 {
        switch self {
        case .asked: 0
        case .signal(let number): 128 + number
        case .hangup: 128 + SIGHUP
        }
    }
}

/// The main thread's loop: sleeps in poll(2) until a key, a message, a signal or the next tick; handles everything that
/// is ready; paints once.
///
/// Call `Signals.block()` first, before the process starts another thread.
public final class EventLoop<Message: Sendable> {
    /// The program that the loop drives. The loop calls all closures on its own thread; none may block.
    public struct Program {
        /// Called first after each waking, and alone if only a tick was due. The program reads the time here.
        public var woken: () -> Void
        public var input: (Input) -> Void
        public var message: (Message) -> Void
        public var resized: (Size) -> Void
        /// Called before the terminal is handed back and the job stops.
        public var suspending: () -> Void
        /// True if the work begun in `suspending` is done, so that the job may stop. Called after the terminal is
        /// handed back, and again after each message, for `longestWaitToStop` at most.
        public var mayStop: () -> Bool
        /// The frame to paint now.
        public var frame: (Size) -> Frame
        /// Seconds until the next change of the display; nil: none, and nothing wakes the process.
        public var secondsUntilNextTick: () -> Double?

        public init(
            woken: @escaping () -> Void, input: @escaping (Input) -> Void, message: @escaping (Message) -> Void,
            resized: @escaping (Size) -> Void, suspending: @escaping () -> Void = {},
            mayStop: @escaping () -> Bool = { true }, frame: @escaping (Size) -> Frame,
            secondsUntilNextTick: @escaping () -> Double?
        ) {
            self.woken = woken
            self.input = input
            self.message = message
            self.resized = resized
            self.suspending = suspending
            self.mayStop = mayStop
            self.frame = frame
            self.secondsUntilNextTick = secondsUntilNextTick
        }
    }

    /// A person sees no more than sixty frames a second. Only typed keys are drawn at once.
    static var shortestFrame: Duration { .seconds(1.0 / 60) }

    /// A slower disk must not keep the user from the shell.
    static var longestWaitToStop: Duration { .seconds(2) }

    /// The longest wait of one poll(2), some eleven days.
    private static var longestWait: Double { 1e6 }

    private let screen: Screen
    private let mailbox: Mailbox<Message>
    /// A signalfd(2).
    private let signals: Int32
    private var watched: [(descriptor: Int32, isReady: () -> Void)] = []
    private var ending: Ending?
    private var shouldSuspend = false

    public init(screen: Screen, mailbox: Mailbox<Message>) throws(Failure) {
        self.screen = screen
        self.mailbox = mailbox
        signals = try Signals.open()
    }

    deinit { close(signals) }

    /// Calls `isReady` whenever `descriptor` is readable. `isReady` must read everything, or the loop calls it again at
    /// once.
    public func watch(_ descriptor: Int32, _ isReady: @escaping () -> Void) {
        unwatch(descriptor)
        watched.append((descriptor, isReady))
    }

    public func unwatch(_ descriptor: Int32) {
        watched.removeAll { $0.descriptor == descriptor }
    }

    /// Ends `run` before another event is handled.
    public func end() { ending = ending ?? .asked }

    /// Hands the terminal back and stops the job, like Ctrl-Z, once all ready events are handled; paints everything
    /// when the job is continued.
    public func suspend() { shouldSuspend = true }

    /// Paints everything again once all ready events are handled.
    public func redraw() { screen.redrawAll() }

    /// Runs until `end()`, a terminating signal, or the loss of the terminal. The screen is still up then: the caller
    /// calls `Screen.stop()`.
    public func run(_ program: Program) -> Ending {
        var wokenAt = SuspendingClock.now
        var nextFrame = wokenAt
        var mustPaint = true
        program.woken()
        while true {
            // A flood of messages is drawn no more often than a person sees; the last state is always drawn.
            let isDue = mustPaint || wokenAt >= nextFrame
            if isDue {
                nextFrame = wokenAt + Self.shortestFrame
                screen.paint(program.frame(screen.size))
            }
            let next =
                isDue ? Self.deadline(inSeconds: program.secondsUntilNextTick(), from: wokenAt) : nextFrame
            let ready = wait(until: [next, screen.inputDeadline].compactMap { $0 }.min(), forKeysAlone: !isDue)
            wokenAt = SuspendingClock.now
            program.woken()
            mustPaint = handleSignals(program)
            for input in readInput() where ending == nil {
                program.input(input)
                mustPaint = true
            }
            for message in mailbox.drain() where ending == nil { program.message(message) }
            for isReady in ready where ending == nil { isReady() }
            if screen.isHungUp { ending = ending ?? .hangup }
            if let ending { return ending }
            if shouldSuspend {
                stopJob(program)
                mustPaint = true
            }
        }
    }

    /// Sleeps until something is ready or `deadline` has come; without an end if it is nil.
    ///
    /// - Parameter forKeysAlone: true leaves messages and watched descriptors until the next frame. In a flood each
    ///   message would wake the loop, which took more time than drawing.
    /// - Returns: the handlers of the watched descriptors that are ready.
    private func wait(until deadline: SuspendingClock.Instant?, forKeysAlone: Bool) -> [() -> Void] {
        var descriptors = [screen.fileDescriptor, signals]
        if !forKeysAlone { descriptors += [mailbox.fileDescriptor] + watched.map(\.descriptor) }
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var count: Int32
        repeat {
            count = poll(&polled, nfds_t(polled.count), Self.milliseconds(until: deadline, now: .now))
        } while count < 0 && errno == EINTR
        return zip(watched, polled.dropFirst(3)).filter { $0.1.revents != 0 }.map(\.0.isReady)
    }

    /// A tick that is already due still waits a millisecond: a program that miscounts must not spin.
    static func deadline(inSeconds seconds: Double?, from start: SuspendingClock.Instant) -> SuspendingClock.Instant? {
        seconds.map { start + .seconds(min(max($0, 0.001), longestWait)) }
    }

    /// The timeout for poll(2), rounded up, so that the deadline has passed when the wait is over.
    static func milliseconds(until deadline: SuspendingClock.Instant?, now: SuspendingClock.Instant) -> Int32 {
        guard let deadline else { return -1 }
        return Int32(min(max(((deadline - now) / .milliseconds(1)).rounded(.up), 0), longestWait * 1000))
    }

    private func readInput() -> [Input] {
        let inputs = screen.readInput()
        guard inputs.isEmpty, let deadline = screen.inputDeadline, deadline <= .now else {
            return inputs
        }
        return screen.finishInput()
    }

    /// - Returns: true if the terminal's content may differ from the painted frame.
    private func handleSignals(_ program: Program) -> Bool {
        var (isResized, wasContinued) = (false, false)
        while case let signal = clinux_read_signal(signals, nil), signal != 0 {
            switch signal {
            case SIGTERM, SIGHUP, SIGINT: ending = ending ?? .signal(signal)
            case SIGTSTP: shouldSuspend = true
            case SIGCONT:
                isResized = screen.resume() || isResized
                wasContinued = true
            default: isResized = screen.updateSize() || isResized
            }
        }
        if isResized, ending == nil { program.resized(screen.size) }
        return isResized || wasContinued
    }

    private func stopJob(_ program: Program) {
        shouldSuspend = false
        program.suspending()
        screen.suspend()
        waitToStop(program, for: Self.longestWaitToStop)
        Signals.stopJob()
        let isResized = screen.resume()
        program.woken()
        if isResized { program.resized(screen.size) }
    }

    /// Handles messages, and nothing else, until the program may stop or the time is over.
    func waitToStop(_ program: Program, for time: Duration) {
        let deadline = SuspendingClock.now + time
        while !program.mayStop(), deadline > .now {
            var mail = pollfd(fd: mailbox.fileDescriptor, events: Int16(POLLIN), revents: 0)
            poll(&mail, 1, Self.milliseconds(until: deadline, now: .now))
            for message in mailbox.drain() { program.message(message) }
        }
    }
}
