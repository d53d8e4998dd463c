import Credentials
import Files
import Foundation
import Synchronization
import Testing

@testable import System

struct PassphraseSourceTests {
    private func pipe(holding text: String) throws -> (path: String, reading: Descriptor) {
        let (reading, writing) = try #require(Descriptor.pipe())
        writeAll(text, to: writing.number)
        return ("/dev/fd/\(reading.number)", reading)
    }

    @Test("the file is the option's, else KEYFOB_PASSPHRASE_FILE's, else none")
    func order() {
        let environment = ["KEYFOB_PASSPHRASE_FILE": "/env"]
        #expect(PassphraseSource.file(option: "/option", environment: environment) == "/option")
        #expect(PassphraseSource.file(option: nil, environment: environment) == "/env")
        #expect(PassphraseSource.file(option: nil, environment: ["KEYFOB_PASSPHRASE_FILE": ""]) == nil)
        #expect(PassphraseSource.file(option: nil, environment: [:]) == nil)
    }

    @Test(
        "the passphrase is the file's first line, without the line's end",
        arguments: [
            "one": "one", "one\n": "one", "one\r\ntwo\r\n": "one", " a b \nx": " a b ", "ü\n": "ü", "a\r": "a\r",
        ])
    func firstLine(_ content: String, _ expected: String) throws {
        let stage = try Stage()
        try stage.write(content, to: "pass")
        let answer = try PassphraseSource.read(file: "\(stage.folder)/pass", environment: [:], prompt: "?")
        #expect(answer.passphrase == Secret(utf8: expected))
        #expect(answer.warning == nil)
    }

    @Test("a file that others can read or write is used with a warning", arguments: [0o640, 0o604, 0o602, 0o644])
    func openFile(_ mode: mode_t) throws {
        let stage = try Stage()
        try stage.write("one\n", to: "pass", mode: mode)
        let answer = try PassphraseSource.read(fromFile: "\(stage.folder)/pass", prompt: "?")
        #expect(answer.passphrase == Secret(utf8: "one"))
        #expect(
            answer.warning == "other users may access the passphrase file \(stage.folder)/pass; set its mode to 600")
    }

    @Test("a missing file, a folder and an empty first line are reported, and none is an empty passphrase")
    func unusable() async throws {
        let stage = try Stage()
        func failure(_ name: String) async -> Failure? {
            await thrown {
                try PassphraseSource.read(fromFile: "\(stage.folder)/\(name)", prompt: "?")
            }
        }
        let file = stage.folder
        #expect(
            await failure("missing")
                == Failure(
                    .noPassphrase, "cannot read the passphrase file \(file)/missing: no such file or directory",
                    hints: ["check --passphrase-file and KEYFOB_PASSPHRASE_FILE"]))
        #expect(await failure(".")?.summary == "cannot read the passphrase file \(file)/.: is a directory")
        try stage.write("\nsecond\n", to: "empty")
        #expect(await failure("empty")?.summary == "the first line of \(file)/empty is empty")
        #expect(await failure("empty")?.kind == .noPassphrase)
        try stage.write(String(repeating: "x", count: 4_097), to: "long")
        #expect(await failure("long")?.summary == "the first line of \(file)/long is too long")
        try stage.write(String(repeating: "x", count: 4_096) + "\n", to: "longest")
        #expect(
            try PassphraseSource.read(fromFile: "\(file)/longest", prompt: "?").passphrase.count == 4_096)
    }

    @Test("a byte order mark is not part of a passphrase or a secret, and UTF-16 is refused")
    func byteOrderMark() async throws {
        let stage = try Stage()
        try stage.write("\u{FEFF}one\r\ntwo", to: "pass")
        #expect(
            try PassphraseSource.read(fromFile: "\(stage.folder)/pass", prompt: "?").passphrase == Secret(utf8: "one"))
        try stage.write("\u{FEFF}" + String(repeating: "x", count: 4_096) + "\n", to: "longest")
        #expect(
            try PassphraseSource.read(fromFile: "\(stage.folder)/longest", prompt: "?").passphrase.count == 4_096)
        try stage.write("\u{FEFF}\n", to: "empty")
        let empty = await thrown { try PassphraseSource.read(fromFile: "\(stage.folder)/empty", prompt: "?") }
        #expect(empty?.kind == .noPassphrase)
        let (path, reading) = try pipe(holding: "\u{FEFF}pass\nsecret\u{FEFF}")
        #expect(try PassphraseSource.read(fromFile: path, prompt: "?").passphrase == Secret(utf8: "pass"))
        #expect(try StandardInput.rest(of: reading.number) == Secret(utf8: "secret\u{FEFF}"))
        let (_, secret) = try pipe(holding: "\u{FEFF}secret\n")
        #expect(try StandardInput.rest(of: secret.number) == Secret(utf8: "secret"))
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            let bytes = try #require("\u{FEFF}one\n".data(using: encoding))
            try bytes.write(to: URL(fileURLWithPath: "\(stage.folder)/wide"))
            let failure = await thrown { try PassphraseSource.read(fromFile: "\(stage.folder)/wide", prompt: "?") }
            #expect(failure?.summary == "\(stage.folder)/wide is UTF-16, not UTF-8")
        }
    }

    @Test("from an open descriptor only the first line is read; the rest is left for the secret")
    func descriptor() throws {
        let (path, reading) = try pipe(holding: "pass\nsecret line 1\nline 2\n\n")
        #expect(try PassphraseSource.read(fromFile: path, prompt: "?").passphrase == Secret(utf8: "pass"))
        #expect(try StandardInput.rest(of: reading.number) == Secret(utf8: "secret line 1\nline 2\n"))
    }

    @Test("reading waits for a non-blocking descriptor")
    func notBlocking() async throws {
        let (reading, writing) = try #require(Descriptor.pipe())
        let began = Mutex(false)
        let answer = Task {
            await OwnThread.run {
                began.withLock { $0 = true }
                return Result { () throws(Failure) in try StandardInput.line(of: reading.number, named: "x") }
            }
        }
        await eventually("the reader did not begin") { began.withLock { $0 } }
        writeAll("late\n", to: writing.number)
        #expect(await answer.value == .success(Secret(utf8: "late")))
    }

    @Test("a closed descriptor is reported")
    func closedDescriptor() async throws {
        let failure = await thrown {
            _ = try PassphraseSource.read(fromFile: "/dev/fd/1999999", prompt: "?")
        }
        #expect(failure?.summary == "cannot read the passphrase file /dev/fd/1999999: bad file descriptor")
    }

    @Test("a secret on standard input may be at most 65,536 bytes long, plus a newline")
    func longestSecret() async throws {
        let stage = try Stage()
        func rest(_ count: Int, _ end: String) throws -> Secret {
            try stage.write(String(repeating: "x", count: count) + end, to: "secret")
            let file = try #require(Descriptor(opening: "\(stage.folder)/secret", O_RDONLY))
            return try StandardInput.rest(of: file.number)
        }
        #expect(try rest(65_536, "\n").count == 65_536)
        #expect(try rest(65_536, "").count == 65_536)
        #expect(try rest(0, "").isEmpty)
        let failure = await thrown { _ = try rest(65_537, "") }
        #expect(failure?.kind == .unacceptableInput)
        #expect(throws: Failure.self) { _ = try rest(65_536, "\n\n") }
    }
}
