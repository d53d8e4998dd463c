import CLinux
import Credentials
import Files
import Glibc

/// The program that the arguments after the first `--` name, with its environment: the environment that keyfob was
/// started with, and the given variables. The variables' memory is wiped when this object goes.
public final class Command {
    /// A variable of the program's environment.
    public struct Variable: Sendable {
        public var name: String
        /// nil removes an inherited variable.
        public var value: Secret?

        public init(_ name: String, _ value: Secret?) {
            self.name = name
            self.value = value
        }
    }

    /// The program's end.
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// The number of arguments after the first `--`, the program's name included.
    public static var wordCount: Int { CommandLineArguments.afterTerminator.count }

    /// Looks for the program without starting it, so that its absence is known before any other work.
    /// - Parameter path: the PATH of the program's environment; nil means the PATH that keyfob was started with.
    /// - Returns: the error number with which `become` would fail; nil if there is a file that may be started. Starting
    ///   it may still fail.
    public static func problem(path: Secret?) -> Int32? {
        guard let name = CommandLineArguments.afterTerminator.first else { return nil }
        let text = path.map { path in
            Secret.written { text in
                text.append(path)
                text.append(0)
            }
        }
        let code = clinux_find_program(name, text?.address?.assumingMemoryBound(to: CChar.self))
        return withExtendedLifetime(text) { code == 0 ? nil : code }
    }

    private let arguments: [UnsafeMutablePointer<CChar>?]
    private var environment: [UnsafeMutablePointer<CChar>?] = []
    /// The texts `NAME=VALUE`, each with a zero byte, to which `environment` points.
    private let variables: [Secret]

    /// - Parameter variables: each name once; no name has a `=`, and no value a zero byte.
    public init(_ variables: [Variable]) {
        // execve(2) does not change the arguments.
        arguments = CommandLineArguments.afterTerminator.map { UnsafeMutablePointer(mutating: $0) } + [nil]
        self.variables = variables.compactMap { variable in
            variable.value.map { value in
                Secret.written { text in
                    text.append(variable.name + "=")
                    text.append(value)
                    text.append(0)
                }
            }
        }
        let names = Set(variables.map(\.name))
        var index: Int32 = 0
        while let entry = clinux_kept_environment_entry(index) {
            index += 1
            let name = UnsafeRawBufferPointer(start: entry, count: strlen(entry)).prefix { $0 != UInt8(ascii: "=") }
            if !names.contains(String(decoding: name, as: UTF8.self)) {
                environment.append(UnsafeMutablePointer(mutating: entry))
            }
        }
        environment += self.variables.map { variable in
            variable.address.map { UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: CChar.self)) }
        }
        environment.append(nil)
    }

    /// Replaces keyfob by the program in the same process (execve(2)), with the signals, the limit on core files and the
    /// descriptors that keyfob was started with. The program is found as by execvp(3), in the new environment's PATH.
    /// - Returns: the error number if that fails.
    public func become() -> Int32 { clinux_become(arguments, &environment) }

    /// Starts the program in a child of the same process group.
    fileprivate func start() throws(SystemError) -> pid_t {
        var child: pid_t = -1
        let problem = clinux_start_command(&child, arguments, &environment)
        guard problem == 0 else { throw SystemError(code: problem) }
        return child
    }
}

/// Runs a command in keyfob's process group and terminal, as a shell does, while keyfob still has work to do.
///
/// The terminal sends its signals to both, and if the command stops, keyfob stops too, so that the shell notices. The
/// other signals that would end keyfob are passed on to the command, apart from SIGQUIT and the signals of a crash. A
/// signal that a process sends to the whole process group reaches the command twice: keyfob cannot tell it from its own.
/// A signal that was ignored when keyfob was started stays ignored.
@MainActor
public final class CommandRun {
    private static let passedOn: [Int32] =
        [SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO, SIGPWR, SIGSTKFLT]
        + Array(__libc_current_sigrtmin()...__libc_current_sigrtmax())
    private static let watched = [SIGCHLD, SIGCONT, SIGTSTP]

    private let signals: Descriptor
    private var child: pid_t = -1
    private var watches: [(descriptor: Int32, isReadable: () -> Void)] = []

    /// From here on no signal ends keyfob before the command. Call on the main thread, the only one that receives
    /// signals.
    /// - Throws: `Failure` of kind `bug` if no descriptor is left.
    public init() throws(Failure) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in Self.watched { sigaddset(&set, signal) }
        for signal in Self.passedOn where clinux_kept_ignored(signal) == 0 { sigaddset(&set, signal) }
        // Other threads would receive a blocked SIGQUIT: they have the signals of a crash unblocked.
        signal(SIGQUIT, SIG_IGN)
        // A child of a process that ignores SIGCHLD leaves no status (wait(2)).
        signal(SIGCHLD, SIG_DFL)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let number = clinux_signalfd(&set)
        guard number >= 0 else { throw Failure(.bug, "cannot wait for a command: \(errorText(errno))") }
        signals = Descriptor(owning: number)
    }

    /// Calls `isReadable` on the main thread whenever `descriptor` is readable while the command runs.
    public func watch(_ descriptor: Int32, _ isReadable: @escaping () -> Void) {
        watches.append((descriptor, isReadable))
    }

    /// Starts the command, which is no longer needed after that.
    /// - Throws: `SystemError` if the command cannot be started.
    public func start(_ command: Command) throws(SystemError) { child = try command.start() }

    /// Waits for the end of the started command. Blocks the main thread.
    public func wait() -> Command.Ending {
        while true {
            var events = ([signals.number] + watches.map(\.descriptor)).map { number in
                pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            }
            poll(&events, nfds_t(events.count), -1)
            for (event, watch) in zip(events.dropFirst(), watches) where event.revents != 0 { watch.isReadable() }
            let isContinued = passOnSignals()
            var status: Int32 = 0
            guard waitpid(child, &status, WNOHANG | WUNTRACED) == child else { continue }
            // wait(2)'s macros, which Swift does not import.
            switch status & 0x7F {
            case 0: return .exited(status >> 8 & 0xFF)
            // A SIGCONT that has arrived meanwhile continues the command.
            case 0x7F: if !isContinued { stop(like: status >> 8 & 0xFF) }
            case let signal: return .signalled(signal)
            }
        }
    }

    /// - Returns: true if the job was continued.
    private func passOnSignals() -> Bool {
        var isContinued = false
        while true {
            var isFromKernel: Int32 = 0
            let signal = clinux_read_signal(signals.number, &isFromKernel)
            if signal == 0 { return isContinued }
            if signal == SIGCONT { isContinued = true }
            if isFromKernel != 0, Self.isOfTerminal(signal) { continue }
            if signal == SIGCONT || Self.passedOn.contains(signal) { kill(child, signal) }
        }
    }

    /// True for a signal that the terminal sends to the command too. If the terminal hangs up, its session's leader alone
    /// gets the first SIGHUP.
    private static func isOfTerminal(_ signal: Int32) -> Bool {
        signal == SIGINT || signal == SIGHUP && getsid(0) != getpid()
    }

    /// Stops keyfob if a shell waits for the job. Another process may stop and continue the command alone: without a
    /// shell, nothing would continue keyfob.
    private func stop(like signal: Int32) {
        let terminal = Descriptor(opening: "/dev/tty", O_RDWR)
        let isInForeground = terminal.map { tcgetpgrp($0.number) == getpgrp() } ?? false
        if signal == SIGTSTP || isInForeground { kill(getpid(), SIGSTOP) }
    }
}
