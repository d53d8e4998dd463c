import Credentials
import Files
import Foundation
import Testing

@testable import System

@Suite(.timeLimit(.minutes(5)))
struct SubprocessTests {
    private func shell(
        _ script: String, input: Secret? = nil, capture: Int = 4_096, timeout: Double = 60,
        environment: [String: String] = ["PATH": "/usr/bin:/bin"]
    ) async -> Subprocess.Result {
        await Subprocess.run(
            ["sh", "-c", script], environment: environment, input: input, capture: capture, timeout: timeout)
    }

    @Test("the exit status and the output are returned")
    func exitStatus() async {
        let result = await shell("echo out; echo err >&2; exit 3")
        #expect(result.ending == .exited(3))
        #expect(!result.succeeded)
        #expect(result.output == Secret(utf8: "out\n"))
    }

    @Test("standard error belongs to the output if requested")
    func errors() async {
        let result = await Subprocess.run(
            ["sh", "-c", "echo out; echo err >&2"], environment: ["PATH": "/usr/bin:/bin"], capture: 4_096,
            withErrors: true, timeout: 60)
        #expect(result.output == Secret(utf8: "out\nerr\n"))
    }

    @Test("a death by signal is distinguished from an exit")
    func signalled() async {
        #expect(await shell("kill -TERM $$").ending == .signalled(SIGTERM))
    }

    @Test("a program that is not in PATH is not found, and relative folders in PATH are skipped")
    func notFound() async throws {
        let stage = try Stage()
        await stage.program("tool", "exit 0")
        #expect(await Subprocess.run(["no-such-tool"], environment: stage.environment).ending == .notFound)
        #expect(await Subprocess.run(["tool"], environment: stage.environment).succeeded)
        #expect(Subprocess.locate("tool", path: "/nonexistent:\(stage.folder)") == "\(stage.folder)/tool")
        #expect(Subprocess.locate("tool", path: ".::tmp") == nil)
        try stage.write("", to: "plain")
        #expect(Subprocess.locate("plain", path: stage.folder) == nil)
        #expect(Subprocess.locate(FilePath.name(of: stage.folder), path: FilePath.folder(of: stage.folder)) == nil)
    }

    @Test("a program that the system cannot start is reported with the reason")
    func notStarted() async throws {
        let stage = try Stage()
        await stage.program("tool", "", interpreter: "/nonexistent/interpreter")
        #expect(
            await Subprocess.run(["tool"], environment: stage.environment).ending == .notStarted(ENOENT))
    }

    @Test("the child gets exactly the given environment")
    func environment() async {
        let result = await Subprocess.run(["/usr/bin/env"], environment: ["A": "1 2"], capture: 100)
        #expect(result.output == Secret(utf8: "A=1 2\n"))
    }

    @Test("input larger than a pipe's buffer is written completely")
    func largeInput() async {
        let secret = Secret(Array(repeating: UInt8(ascii: "x"), count: 300_000))
        #expect(await shell("wc -c", input: secret).output == Secret(utf8: "300000\n"))
    }

    @Test("without input the program reads end-of-file at once")
    func noInput() async {
        #expect(await shell("cat; echo end").output == Secret(utf8: "end\n"))
    }

    @Test("a program may ignore or close its input")
    func untakenInput() async {
        let secret = Secret(Array(repeating: 0, count: 300_000))
        #expect(await shell("exit 0", input: secret).succeeded)
        #expect(await shell("exec <&-; while read line; do :; done; exit 4", input: secret).ending == .exited(4))
    }

    @Test("output beyond the limit is dropped, and does not block the program")
    func boundedOutput() async {
        let result = await shell("head -c 300000 /dev/zero; exit 5", capture: 10)
        #expect(result.ending == .exited(5))
        #expect(result.output.count == 10)
    }

    @Test("at the time limit the program and its children are killed")
    func timeout() async throws {
        let stage = try Stage()
        await stage.program("tool", "/bin/sleep 600 &\necho $! > $HERE/started\nwait")
        let result = await Subprocess.run(["tool"], environment: stage.environment, timeout: 3)
        #expect(result.ending == .timedOut)
        let started = try #require(
            stage.text(of: "started").flatMap { pid_t($0.trimmingCharacters(in: .newlines)) })
        await eventually("what the program had started still runs") { hasEnded(started) }
    }

    /// True if the process is gone, or dead and not yet reaped by init.
    private func hasEnded(_ process: pid_t) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
        return status.contains(") Z ")
    }

    @Test("a child that is left behind with open pipes is not waited for")
    func leftBehind() async throws {
        let stage = try Stage()
        await stage.program("tool", "/bin/cat > $HERE/taken\n/bin/sleep 600 &\necho $! > $HERE/left\necho done")
        let result = await Subprocess.run(
            ["tool"], environment: stage.environment, input: Secret(utf8: "text"), capture: 100, timeout: 60)
        #expect(result.succeeded)
        #expect(result.output == Secret(utf8: "done\n"))
        #expect(stage.text(of: "taken") == "text")
        let left = try #require(stage.text(of: "left").flatMap { pid_t($0.trimmingCharacters(in: .newlines)) })
        #expect(kill(left, SIGKILL) == 0, "it must still run")
    }

    @Test("no descriptor but 0 to 2 is inherited")
    func noDescriptors() async throws {
        // Inheritable, and with a high number, so that nothing else has it.
        let open = fcntl(0, F_DUPFD, 500)
        try #require(open >= 500)
        defer { close(open) }
        let result = await shell("ls /proc/self/fd", input: Secret(utf8: "x"))
        // 3 is ls's own descriptor of the folder.
        #expect(result.output == Secret(utf8: "0\n1\n2\n3\n"))
    }

    @Test("the child has its own session, and no blocked or ignored signal")
    func cleanSignals() async throws {
        let result = await shell("grep -E '^Sig(Blk|Ign):' /proc/self/status; cut -d' ' -f6 /proc/$$/stat; echo $$")
        let lines = result.output.unwipeableText().split(separator: "\n")
        try #require(lines.count == 4)
        #expect(lines[0].hasSuffix("0000000000000000"))
        // The C library uses signals 32 and 33.
        let ignored = try #require(UInt64(lines[1].suffix(16), radix: 16))
        #expect(ignored & ~0x1_8000_0000 == 0)
        #expect(lines[2] == lines[3])
    }

    @Test("many at once each get their own output")
    func manyAtOnce() async {
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    await self.shell("cat; echo \(number)", input: Secret(utf8: "in ")).output
                        == Secret(utf8: "in \(number)\n")
                }
            }
            for await right in group { #expect(right) }
        }
    }
}
