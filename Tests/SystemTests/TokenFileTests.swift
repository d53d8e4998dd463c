import Credentials
import Files
import Foundation
import Testing

@testable import System

struct TokenFileTests {
    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(TokenFile.prefix) }
    }

    private func places(_ runtimeFolder: String?, _ sharedMemory: String = "/nowhere") throws -> [String] {
        try TokenFile.places(runtimeFolder: runtimeFolder, sharedMemory: sharedMemory)
    }

    @Test("the file holds the bare token, for this user alone, and is replaced as a whole")
    func replaced() throws {
        let stage = try Stage(in: "/dev/shm")
        let file = try TokenFile(in: places(stage.folder), holding: Secret(utf8: "one"))
        #expect(file.path.hasPrefix("\(stage.folder)/keyfob-exec-") && file.path.hasSuffix("/token"))
        #expect(mode(FilePath.folder(of: file.path)) == 0o700)
        #expect(mode(file.path) == 0o600)
        let old = try #require(Descriptor(opening: file.path, O_RDONLY))
        try file.write(Secret(utf8: "two"))
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "two")
        var bytes = [UInt8](repeating: 0, count: 9)
        #expect(read(old.number, &bytes, 9) == 3 && bytes.starts(with: "one".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: FilePath.folder(of: file.path)) == ["token"])
        file.remove()
        file.remove()
        #expect(try names(stage.folder) == [])
        #expect(throws: Failure.self) { try file.write(Secret(utf8: "three")) }
    }

    @Test("a folder that others can enter is not used; /dev/shm is, if it is in memory; else there is a refusal")
    func choice() throws {
        let stage = try Stage(in: "/dev/shm")
        #expect(try places(stage.folder, "/dev/shm") == [stage.folder, "/dev/shm"])
        let open = try Stage(in: "/dev/shm")
        #expect(chmod(open.folder, 0o750) == 0)
        let disk = try Stage(in: "/var/tmp")
        #expect(try places(disk.folder, "/dev/shm") == [disk.folder, "/dev/shm"])
        for folder in [open.folder, "", "relative", "/nowhere", "/dev/null", nil] {
            #expect(try places(folder, "/dev/shm") == ["/dev/shm"], "\(folder ?? "unset")")
        }
        // A disk, a file system without files, and no folder.
        for shared in [disk.folder, "/proc", "/nowhere"] {
            #expect(
                throws: Failure(
                    .cannotWrite, "there is no folder for the token's file",
                    hints: ["set XDG_RUNTIME_DIR to a folder of your own with mode 700, best in memory (tmpfs)"])
            ) { try places(open.folder, shared) }
        }
    }

    @Test("without room in the first place the file is in the next, and without room in both the reasons are named")
    func nextPlace() throws {
        let stage = try Stage(in: "/dev/shm")
        let file = try TokenFile(in: ["/proc", stage.folder], holding: Secret(utf8: "one"))
        #expect(file.path.hasPrefix("\(stage.folder)/keyfob-exec-"))
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "one")
        #expect(
            throws: Failure(
                .cannotWrite,
                "cannot create the token's file in /proc: no such file or directory, "
                    + "in /nowhere: no such file or directory",
                hints: [
                    "make room there, or set XDG_RUNTIME_DIR to a folder of your own with mode 700, best in memory (tmpfs)"
                ])
        ) { try TokenFile(in: ["/proc", "/nowhere"], holding: Secret(utf8: "one")) }
    }

    @Test("without a free descriptor the message says so, and no folder is left")
    func noDescriptor() async throws {
        if let folder = ChildProcess.part {
            var failure: Failure?
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let before = limit
            limit.rlim_cur = 3
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            do throws(Failure) {
                _ = try TokenFile(
                    in: TokenFile.places(runtimeFolder: folder, sharedMemory: "/nowhere"), holding: Secret(utf8: "one"))
            } catch { failure = error }
            var rest = before
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &rest)
            let text = [failure?.summary ?? "", failure?.hints.first?.text ?? ""].joined(separator: "\n")
            try text.write(toFile: folder + "/report", atomically: true, encoding: .utf8)
            return
        }
        let stage = try Stage(in: "/dev/shm")
        let result = await Subprocess.run(
            try ChildProcess.arguments(for: "TokenFileTests.noDescriptor"),
            environment: ChildProcess.environment(stage.folder), timeout: 60)
        #expect(result.ending == .exited(0))
        #expect(
            stage.text(of: "report")
                == "cannot create the token's file in \(stage.folder): too many open files\n"
                + "raise the limit on open files (ulimit -n)")
        #expect(try names(stage.folder) == [])
    }

    @Test("in every place the folders of processes that have ended are removed, others' are kept")
    func swept() throws {
        let stage = try Stage(in: "/dev/shm")
        let other = try Stage(in: "/dev/shm")
        let left = "\(stage.folder)/keyfob-exec-dead00"
        let leftInOther = "\(other.folder)/keyfob-exec-dead00"
        for folder in [left, leftInOther, "\(stage.folder)/keyfob-abcdef", "\(stage.folder)/other"] {
            #expect(mkdir(folder, 0o700) == 0)
        }
        try stage.write("token", to: "keyfob-exec-dead00/token")
        symlink("other", "\(stage.folder)/keyfob-exec-link")
        let first = try TokenFile(in: [stage.folder, other.folder], holding: Secret(utf8: "one"))
        #expect(mode(left) == nil && mode(leftInOther) == nil)
        let second = try TokenFile(in: [stage.folder], holding: Secret(utf8: "two"))
        #expect(first.path != second.path)
        #expect(try String(contentsOfFile: first.path, encoding: .utf8) == "one")
        #expect(mode("\(stage.folder)/other") != nil && mode("\(stage.folder)/keyfob-abcdef") != nil)
        #expect(mode("\(stage.folder)/keyfob-exec-link") != nil)
    }
}

struct EnvironmentFileTests {
    @Test("a descriptor that does not block is read to its end")
    func nonBlocking() throws {
        let (reading, writing) = try #require(Descriptor.pipe())
        let null = try #require(Descriptor(opening: "/dev/null", O_WRONLY))
        // A thread of its own: the reader blocks one of the tests' two threads.
        Thread.detachNewThread {
            for _ in 0..<3 {
                write(writing.number, "A", 1)
                // After its byte the reader finds the pipe empty.
                var count: Int32 = 1
                while ioctl(reading.number, UInt(FIONREAD), &count) == 0, count > 0 { usleep(1_000) }
            }
            dup2(null.number, writing.number)
        }
        #expect(try EnvironmentFile.read("/dev/fd/\(reading.number)") == Secret(utf8: "AAA"))
        withExtendedLifetime((reading, writing, null)) {}
    }

    @Test("only a regular file or an open descriptor is read, of a bounded size")
    func kinds() throws {
        let stage = try Stage()
        try stage.write("A=1\n", to: "env")
        #expect(try EnvironmentFile.read("\(stage.folder)/env") == Secret(utf8: "A=1\n"))
        let open = try #require(Descriptor(opening: "\(stage.folder)/env", O_RDONLY))
        #expect(try EnvironmentFile.read("/dev/fd/\(open.number)") == Secret(utf8: "A=1\n"))
        #expect(mkfifo("\(stage.folder)/fifo", 0o600) == 0)
        try stage.write(String(repeating: "#", count: EnvironmentFile.longest), to: "full")
        #expect(try EnvironmentFile.read("\(stage.folder)/full").count == EnvironmentFile.longest)
        try stage.write(String(repeating: "#", count: EnvironmentFile.longest + 1), to: "long")
        let reasons = [
            "fifo": "it is not a regular file", "": "it is not a regular file", "none": "no such file or directory",
            "long": "it is longer than 1 MiB",
        ]
        for (name, reason) in reasons {
            let path = "\(stage.folder)/\(name)"
            #expect(
                throws: Failure(
                    .unacceptableInput, "cannot read the environment file \(path): \(reason)",
                    hints: ["check --env-file"])
            ) { try EnvironmentFile.read(path) }
        }
        #expect(throws: Failure.self) { try EnvironmentFile.read("/dev/zero") }
        #expect(throws: Failure.self) { try EnvironmentFile.read("/dev/fd/987") }
    }
}
