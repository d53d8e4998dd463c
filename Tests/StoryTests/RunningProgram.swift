import CLinux
import Credentials
import Foundation
import Glibc
import Synchronization
import Testing

/// The real binary, running without a terminal while the test does something else. It is killed when no test
/// waits for it any more.
///
/// Foundation's Process cannot be used: it closes the descriptors that are open when it counts them, so that its child
/// inherits what another test opens a moment later.
final class RunningProgram: Sendable {
    let id: pid_t
    private let output: String
    private let complaint: String
    private let hasEnded = Mutex(false)

    /// Starts `keyfob ARGUMENTS OPTIONS` on the story's vault.
    static func start(
        _ story: Story, _ arguments: String..., options: [String] = [], environment: [String: String] = [:]
    ) throws -> RunningProgram {
        try start(story, arguments + options, environment: environment)
    }

    /// - Parameters:
    ///   - environment: changes the story's variables; an empty value unsets.
    ///   - input: the file that is standard input.
    ///   - program: the program to run, with arguments before keyfob's arguments.
    static func start(
        _ story: Story, _ arguments: [String], environment: [String: String] = [:], input: String = "/dev/null",
        program: [String] = [Story.program.path]
    ) throws -> RunningProgram {
        try RunningProgram(story, program + arguments, environment, input)
    }

    private init(_ story: Story, _ words: [String], _ variables: [String: String], _ input: String) throws {
        let name = story.folder.path + "/" + UUID().uuidString
        (output, complaint) = (name + ".out", name + ".err")
        let descriptors = [
            open(input, O_RDONLY | O_CLOEXEC), open(output, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600),
            open(complaint, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600),
        ]
        defer { for descriptor in descriptors where descriptor >= 0 { close(descriptor) } }
        try #require(descriptors.allSatisfy { $0 >= 0 })
        var id: pid_t = 0
        let arguments = words.map { strdup($0) } + [nil]
        let all = story.environment.merging(variables) { $1 }.filter { !$0.value.isEmpty }
        let environment = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        // Its session has no terminal, so that no question reaches the user who runs the tests.
        try #require(clinux_spawn(&id, arguments, environment, descriptors[0], descriptors[1], descriptors[2]) == 0)
        // Tests that run at the same time have limits of seconds: many processes must not slow them down.
        setpriority(Int32(PRIO_PROCESS.rawValue), id_t(id), 10)
        self.id = id
    }

    deinit {
        guard hasEnded.withLock({ !$0 }) else { return }
        kill(id, SIGKILL)
        var status: Int32 = 0
        waitpid(id, &status, 0)
    }

    /// Waits for the end. After a signal the status is 128 plus the signal's number, like in a shell.
    func outcome() async throws -> Story.Outcome {
        let id = id
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    // Until it is reaped below its number is no other process's, so that a cancellation kills none.
                    var ended = siginfo_t()
                    while waitid(P_PID, id_t(id), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
                    continuation.resume()
                }
            }
        } onCancel: {
            kill(id, SIGKILL)
        }
        var status: Int32 = 0
        waitpid(id, &status, 0)
        hasEnded.withLock { $0 = true }
        let signal = status & 0x7F
        return Story.Outcome(
            signal == 0 ? status >> 8 & 0xFF : 128 + signal,
            output: try String(contentsOfFile: output, encoding: .utf8),
            complaint: try String(contentsOfFile: complaint, encoding: .utf8))
    }

    var outputSoFar: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }
    var complaintSoFar: String { (try? String(contentsOfFile: complaint, encoding: .utf8)) ?? "" }

    func signal(_ number: Int32) { kill(id, number) }

    /// True if the process has this file open. Only root may check this: the program forbids it to its own user.
    func hasOpen(_ file: String) -> Bool {
        let folder = "/proc/\(id)/fd"
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return descriptors.contains {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == file
        }
    }
}

/// Waits until `isTrue` holds, for `seconds` at most.
func wait(
    for wanted: String, within seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation,
    _ isTrue: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !isTrue() {
        try #require(ContinuousClock.now < deadline, "not seen: \(wanted)", sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(15))
    }
}
