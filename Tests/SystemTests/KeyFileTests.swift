import Credentials
import Files
import Foundation
import Testing

@testable import System

struct KeyFileTests {
    private static let bytes = Array(UInt8(1)...32)
    private static let line = "keyfob-key-1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
    private let key = Secret(Self.bytes)

    private func pipe(holding text: String) throws -> (path: String, reading: Descriptor) {
        let (reading, writing) = try #require(Descriptor.pipe())
        writeAll(text, to: writing.number)
        return ("/dev/fd/\(reading.number)", reading)
    }

    private func refusal(_ path: String) async -> Failure? { await thrown { try KeyFile.read(path) } }

    private let makes: Failure.Hint = "keyfob slot add file PATH makes a key file"

    @Test("a new key file is one line with a prefix, only for its owner, and holds the key")
    func create() throws {
        let stage = try Stage()
        let path = "\(stage.folder)/ci.key"
        try KeyFile.create(path, holding: key)
        #expect(stage.text(of: "ci.key") == Self.line + "\n")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode == S_IFREG | 0o600)
        #expect(try KeyFile.read(path) == key)
        KeyFile.remove(path)
        #expect(access(path, F_OK) != 0)
    }

    @Test("nothing is overwritten: no file, no link, no link without a target, no folder")
    func existing() async throws {
        let stage = try Stage()
        try stage.write("old", to: "file")
        #expect(symlink("file", "\(stage.folder)/link") == 0)
        #expect(symlink("nowhere", "\(stage.folder)/broken") == 0)
        #expect(mkdir("\(stage.folder)/folder", 0o700) == 0)
        for name in ["file", "link", "broken", "folder"] {
            let path = "\(stage.folder)/\(name)"
            #expect(
                await thrown { try KeyFile.create(path, holding: key) }
                    == Failure(
                        .vaultExists, "the file \(path) already exists",
                        hints: ["choose another file: a key file overwrites nothing"]))
        }
        #expect(stage.text(of: "file") == "old" && access("\(stage.folder)/nowhere", F_OK) != 0)
        #expect(
            await thrown { try KeyFile.create("\(stage.folder)/none/file", holding: key) }
                == Failure(
                    .cannotWrite,
                    "cannot create the key file \(stage.folder)/none/file: no such file or directory"))
    }

    @Test(
        "any number of line ends may follow, also those of another system; a byte order mark is not part of the key",
        arguments: ["", "\n", "\r\n", "\n\n", "\r", "\r\n\r\n", "\n\n\n\r\n"])
    func lineEnds(_ end: String) throws {
        let stage = try Stage()
        for mark in ["", "\u{FEFF}"] {
            try stage.write(mark + Self.line + end, to: "key")
            #expect(try KeyFile.read("\(stage.folder)/key") == key)
        }
    }

    private static let altered: [String] = [
        "keyfob-key-1:", String(line.dropLast()), String(line.dropLast(4)), line + "A", line + "=", line + " ",
        String(line.dropLast()) + "*", line + "\0",
    ]
    private static let strange: [String] = [
        "keyfob-key-2:" + String(line.dropFirst(13)), String(line.dropFirst(13)), " " + line, line.uppercased(),
        "correct horse battery",
    ]
    private static let several: [String] = [
        line + "\n" + line + "\n", "\n" + line, line + "\n \n", line + "\r" + line,
    ]
    private static let long: [String] = [
        String(repeating: "x", count: 1_000), line + String(repeating: "A", count: 100),
    ]
    private static let holdingNoKey: [(contents: [String], reason: String)] = [
        (["", "\n", "\r\n", "\n\n\r\n", "\u{FEFF}"], "it is empty"), (altered, "the key is cut or altered"),
        (strange, "it does not begin with keyfob-key-1:"), (several, "it has more than one line"),
        (long, "it is too long"),
    ]

    @Test(
        "a file that holds no key is refused with the reason, and nothing of its content is told",
        arguments: holdingNoKey)
    func malformed(_ contents: [String], _ reason: String) async throws {
        let stage = try Stage()
        let path = "\(stage.folder)/key"
        for content in contents {
            try stage.write(content, to: "key")
            let told = Failure(.noPassphrase, "the key file \(path) holds no key: \(reason)", hints: [makes])
            #expect(await refusal(path) == told)
            let (descriptor, reading) = try pipe(holding: content)
            #expect(await refusal(descriptor)?.summary == "the key file \(descriptor) holds no key: \(reason)")
            withExtendedLifetime(reading) {}
        }
    }

    @Test("UTF-16 is refused")
    func wide() async throws {
        let stage = try Stage()
        let bytes = try #require("\u{FEFF}\(Self.line)\n".data(using: .utf16LittleEndian))
        try stage.write("", to: "wide")
        try bytes.write(to: URL(fileURLWithPath: "\(stage.folder)/wide"))
        #expect(await refusal("\(stage.folder)/wide") != nil)
    }

    @Test(
        "a file that others may read, write or run is refused; 400 is fine",
        arguments: [0o640, 0o604, 0o620, 0o610, 0o601, 0o644, 0o666])
    func modes(_ mode: mode_t) async throws {
        let stage = try Stage()
        let path = "\(stage.folder)/a key"
        try stage.write(Self.line, to: "a key", mode: mode)
        #expect(
            await refusal(path)
                == Failure(
                    .looseModes, "other users may read or write the key file \(path)", hints: ["chmod 600 '\(path)'"]))
        #expect(symlink("a key", "\(stage.folder)/link") == 0)
        #expect(await refusal("\(stage.folder)/link")?.kind == .looseModes, "the link's target counts")
        let open = try #require(Descriptor(opening: path, O_RDONLY))
        #expect(
            await refusal("/dev/fd/\(open.number)")
                == Failure(
                    .looseModes, "other users may read or write the key file /dev/fd/\(open.number)",
                    hints: ["set the file's mode to 600 or 400"]))
        #expect(chmod(path, 0o400) == 0)
        #expect(try KeyFile.read("\(stage.folder)/link") == key)
        #expect(try KeyFile.read("/dev/fd/\(open.number)") == key)
    }

    @Test("a file of another user is refused; root's own is not", .enabled(if: geteuid() == 0, "needs root"))
    func owners() async throws {
        let stage = try Stage()
        let path = "\(stage.folder)/key"
        try stage.write(Self.line, to: "key")
        #expect(try KeyFile.read(path) == key)
        #expect(chown(path, 65_534, 0) == 0)
        #expect(
            await refusal(path)
                == Failure(
                    .looseModes, "the key file \(path) belongs to another user",
                    hints: ["use a key file that is your own or root's"]))
    }

    @Test("a folder, a device and a closed descriptor are refused")
    func strange() async throws {
        let stage = try Stage()
        for path in [stage.folder, "/dev/null", "/dev/zero"] {
            #expect(
                await refusal(path)
                    == Failure(
                        .looseModes, "the key file \(path) is neither a regular file nor a pipe",
                        hints: ["name the file that keyfob slot add file made"]))
        }
        #expect(
            await refusal("\(stage.folder)/none")
                == Failure(
                    .noPassphrase, "cannot read the key file \(stage.folder)/none: no such file or directory",
                    hints: ["check --key-file and KEYFOB_KEY_FILE"]))
        #expect(
            await refusal("/dev/fd/1999999")?.summary
                == "cannot read the key file /dev/fd/1999999: bad file descriptor")
        let folder = try #require(Descriptor(opening: stage.folder, O_RDONLY))
        #expect(await refusal("/dev/fd/\(folder.number)")?.kind == .looseModes)
    }

    @Test("a pipe and a file without a name are read by their descriptor, whatever their modes are")
    func descriptors() throws {
        let (path, reading) = try pipe(holding: Self.line + "\n")
        #expect(try KeyFile.read(path) == key)
        withExtendedLifetime(reading) {}
        let stage = try Stage()
        try stage.write(Self.line + "\n", to: "key", mode: 0o666)
        let removed = try #require(Descriptor(opening: "\(stage.folder)/key", O_RDONLY))
        #expect(unlink("\(stage.folder)/key") == 0)
        #expect(try KeyFile.read("/dev/fd/\(removed.number)") == key)
    }

    @Test("a named pipe is read if it is closed to others")
    func namedPipe() async throws {
        let stage = try Stage()
        let path = "\(stage.folder)/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        async let isWritten = OwnThread.run {
            Descriptor(opening: path, O_WRONLY).map { writeAll(Self.line + "\n", to: $0.number) }
        }
        #expect(await OwnThread.run { Result { () throws(Failure) in try KeyFile.read(path) } } == .success(key))
        #expect(await isWritten == true)
        #expect(chmod(path, 0o644) == 0)
        // Open for both ends, so that no opening waits.
        let both = try #require(Descriptor(opening: path, O_RDWR))
        #expect(await refusal(path)?.kind == .looseModes)
        withExtendedLifetime(both) {}
    }
}
