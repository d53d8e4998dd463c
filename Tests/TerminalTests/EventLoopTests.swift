import Credentials
import Foundation
import Interface
import Testing

@testable import Terminal

/// The events of a run of the loop, in order.
private final class Journal {
    enum Entry: Equatable {
        case woken
        case input(Input)
        case message(String)
        case resized(Size)
        case painted
    }

    var entries: [Entry] = []
    /// The events without the loop's own rhythm.
    var events: [Entry] { entries.filter { $0 != .woken && $0 != .painted } }
    func count(of entry: Entry) -> Int { entries.count { $0 == entry } }
}

extension ScreenTests {
    /// Runs a loop, with `step` after every entry, until the message "over" or another cause ends it.
    private func run(
        _ screen: Screen, _ mailbox: Mailbox<String>, tick: Double? = nil,
        prepare: (EventLoop<String>) -> Void = { _ in }, step: @escaping (EventLoop<String>, Journal) -> Void
    ) throws -> (Ending, Journal) {
        var old = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &old)
        Signals.block()
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        let loop = try EventLoop(screen: screen, mailbox: mailbox)
        let journal = Journal()
        func note(_ entry: Journal.Entry) {
            journal.entries.append(entry)
            step(loop, journal)
        }
        prepare(loop)
        let ending = loop.run(
            EventLoop.Program(
                woken: { note(.woken) }, input: { note(.input($0)) },
                message: {
                    note(.message($0))
                    if $0 == "over" { loop.end() }
                },
                resized: { note(.resized($0)) },
                frame: {
                    note(.painted)
                    return Frame(size: $0)
                }, secondsUntilNextTick: { tick }))
        return (ending, journal)
    }

    @Test("all available keys are handled before one frame is painted")
    func flood() throws {
        try withScreen { screen, terminal in
            let mailbox = try Mailbox<String>()
            terminal.send(String(repeating: "x", count: 1000))
            let (ending, journal) = try run(screen, mailbox) { _, journal in
                if journal.entries.last == .painted, journal.events.count == 1000 { mailbox.post("over") }
            }
            #expect(ending == .asked)
            #expect(ending.exitStatus == 0)
            #expect(
                journal.events
                    == Array(repeating: .input(.key(.character("x"))), count: 1000) + [.message("over")])
            #expect(Array(journal.entries.prefix(4)) == [.woken, .painted, .woken, .input(.key(.character("x")))])
            #expect(journal.count(of: .painted) == 2)
        }
    }

    @Test("a flood of messages wakes the loop at most twice a frame, and the last state is always drawn")
    func floodOfMessages() throws {
        try withScreen { screen, _ in
            let mailbox = try Mailbox<String>()
            let start = SuspendingClock.now
            let (_, journal) = try run(screen, mailbox) { _, journal in
                guard journal.entries.last == .painted else { return }
                if journal.count(of: .painted) == 1 {
                    Thread.detachNewThread {
                        for _ in 0..<50_000 { mailbox.post("more") }
                        mailbox.post("last")
                    }
                } else if journal.entries.contains(.message("last")) {
                    mailbox.post("over")
                }
            }
            let frames = journal.count(of: .painted)
            #expect(Double(frames) <= (SuspendingClock.now - start) / .seconds(1) * 60 + 2)
            #expect(journal.count(of: .woken) <= 2 * frames + 1)
            #expect(journal.count(of: .message("more")) == 50_000)
            let last = try #require(journal.entries.lastIndex(of: .message("last")))
            #expect(journal.entries[last...].contains(.painted))
        }
    }

    @Test("a message from another thread wakes the loop")
    func message() throws {
        try withScreen { screen, _ in
            let mailbox = try Mailbox<String>()
            let (_, journal) = try run(screen, mailbox) { loop, journal in
                if journal.entries == [.woken, .painted] { Task.detached { mailbox.post("hello") } }
                if journal.entries.last == .message("hello") { loop.end() }
            }
            #expect(journal.entries == [.woken, .painted, .woken, .message("hello")])
        }
    }

    @Test("a tick wakes the loop when it is due, not before, and each is painted")
    func tick() throws {
        try withScreen { screen, _ in
            let start = SuspendingClock.now
            let (_, journal) = try run(screen, Mailbox(), tick: 0.02) { loop, journal in
                if journal.count(of: .woken) == 4 { loop.end() }
            }
            #expect(SuspendingClock.now - start >= Duration.seconds(0.06))
            #expect(journal.entries == [.woken, .painted, .woken, .painted, .woken, .painted, .woken])
        }
    }

    @Test("without a tick there is no wake-up, and a tick due at once does not spin")
    func timeouts() {
        typealias Loop = EventLoop<String>
        let now = SuspendingClock.now
        func milliseconds(_ seconds: Double?) -> Int32 {
            Loop.milliseconds(until: Loop.deadline(inSeconds: seconds, from: now), now: now)
        }
        #expect(milliseconds(nil) == -1)
        #expect(milliseconds(0.0201) == 21)
        #expect(Loop.milliseconds(until: now - .seconds(1), now: now) == 0)
        #expect(milliseconds(1e300) == 1_000_000_000)
        #expect(milliseconds(.infinity) == 1_000_000_000)
        #expect(Loop.deadline(inSeconds: nil, from: now) == nil)
        #expect(Loop.deadline(inSeconds: 0, from: now) == now + .milliseconds(1))
        #expect(Loop.deadline(inSeconds: -1, from: now) == now + .milliseconds(1))
    }

    @Test("an escape character alone becomes the Esc key without another key")
    func escapeArrives() throws {
        try withScreen { screen, terminal in
            terminal.send("\u{1B}")
            let (_, journal) = try run(screen, Mailbox()) { loop, journal in
                if !journal.events.isEmpty { loop.end() }
            }
            #expect(journal.events == [.input(.key(.escape))])
        }
    }

    @Test("the loop ends before another event is handled")
    func endsAtOnce() throws {
        try withScreen { screen, terminal in
            let mailbox = try Mailbox<String>()
            mailbox.post("unread")
            terminal.send("qx")
            let (ending, journal) = try run(screen, mailbox) { loop, journal in
                if journal.entries.last == .input(.key(.character("q"))) { loop.end() }
            }
            #expect(ending == .asked)
            #expect(journal.events == [.input(.key(.character("q")))])
        }
    }

    @Test("terminating signals end the loop, with the signal's number", arguments: [SIGTERM, SIGHUP, SIGINT])
    func endingSignals(signal: Int32) throws {
        try withScreen { screen, terminal in
            terminal.send("x")
            let (ending, journal) = try run(screen, Mailbox()) { _, journal in
                if journal.entries.last == .painted { raise(signal) }
            }
            #expect(ending == .signal(signal))
            #expect(ending.exitStatus == 128 + signal)
            #expect(journal.events == [])
        }
    }

    @Test("a new size is an event, and the next frame has that size")
    func resized() throws {
        try withScreen { screen, terminal in
            let mailbox = try Mailbox<String>()
            let (_, journal) = try run(screen, mailbox) { _, journal in
                guard journal.entries.last == .painted else { return }
                if journal.count(of: .painted) == 3 { mailbox.post("over") }
                // The second signal comes without a change: no event.
                terminal.resize(columns: 33, rows: 7)
                raise(SIGWINCH)
            }
            #expect(journal.events == [.resized(Size(columns: 33, rows: 7)), .message("over")])
            #expect(screen.size == Size(columns: 33, rows: 7))
        }
    }

    @Test("after the job was stopped and continued the screen is set up again and painted whole")
    func continued() throws {
        try withScreen { screen, terminal in
            var before = terminal.modes
            let mailbox = try Mailbox<String>()
            _ = try run(screen, mailbox) { _, journal in
                guard journal.entries.last == .painted else { return }
                if journal.count(of: .painted) == 2 { return mailbox.post("over") }
                _ = terminal.output()
                // A shell does this to the terminal.
                before = terminal.modes
                var modes = before
                modes.c_lflag |= tcflag_t(ECHO | ICANON)
                tcsetattr(terminal.terminal, TCSANOW, &modes)
                raise(SIGCONT)
            }
            #expect(terminal.modes.c_lflag == before.c_lflag)
            #expect(terminal.output().contains("\u{1B}[?2004h"))
        }
    }

    @Test("the loss of the terminal ends the loop")
    func hangupEnds() throws {
        try withScreen { screen, terminal in
            let (ending, _) = try run(screen, Mailbox()) { _, journal in
                if journal.entries.last == .painted { terminal.hangUp() }
            }
            #expect(ending == .hangup)
            #expect(ending.exitStatus == 129)
        }
    }

    @Test("a watched descriptor is handled whenever it is readable, until `unwatch`")
    func watched() throws {
        try withScreen { screen, _ in
            var ends: [Int32] = [-1, -1]
            pipe(&ends)
            defer { for end in ends { close(end) } }
            let mailbox = try Mailbox<String>()
            var calls = 0
            write(ends[1], "x", 1)
            let (_, journal) = try run(screen, mailbox) { loop in
                loop.watch(ends[0]) {
                    calls += 1
                    if calls == 2 {
                        loop.unwatch(ends[0])
                        mailbox.post("over")
                    }
                }
            } step: { _, _ in
            }
            #expect(calls == 2)
            #expect(journal.events == [.message("over")])
        }
    }

    @Test("before the job stops, messages are handled until the program is ready, for a limited time")
    func stopping() throws {
        try withScreen { screen, _ in
            let mailbox = try Mailbox<String>()
            let loop = try EventLoop(screen: screen, mailbox: mailbox)
            var taken: [String] = []
            var isReady = true
            let program = EventLoop<String>.Program(
                woken: {}, input: { _ in },
                message: {
                    taken.append($0)
                    isReady = taken.count == 2
                }, resized: { _ in }, mayStop: { isReady }, frame: { Frame(size: $0) }, secondsUntilNextTick: { nil })
            loop.waitToStop(program, for: .seconds(60))
            #expect(taken == [])
            isReady = false
            mailbox.post("one")
            Task.detached { mailbox.post("two") }
            loop.waitToStop(program, for: .seconds(60))
            #expect(taken == ["one", "two"])
            isReady = false
            let start = SuspendingClock.now
            loop.waitToStop(program, for: .seconds(0.05))
            #expect(SuspendingClock.now - start >= Duration.seconds(0.05))
            #expect(taken.count == 2)
        }
    }
}
