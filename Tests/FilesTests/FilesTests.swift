import Foundation
import Testing

@testable import Files

@Suite("Files")
final class FilesTests {
    let folder = NSTemporaryDirectory() + "files-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func mode(_ name: String) -> mode_t {
        var status = stat()
        return stat("\(folder)/\(name)", &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    private var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } }

    @Test("a folder and its missing parents are created for this user only, and an existing one stays unchanged")
    func makesFolders() throws {
        chmod(folder, 0o755)
        try makeFolder(folder + "/a/b//c/")
        #expect(mode("") == 0o755)
        #expect(["a", "a/b", "a/b/c"].map(mode) == [0o700, 0o700, 0o700])
        try makeFolder(folder + "/a/b/c", isDurable: true)
        try makeFolder(folder + "/a/d", isDurable: true)
        #expect(mode("a/d") == 0o700)
    }

    @Test("a folder that cannot be created is named, with the reason")
    func namesFolder() throws {
        try Data().write(to: URL(fileURLWithPath: folder + "/file"))
        do throws(SystemError) {
            try makeFolder(folder + "/file/a/b")
            Issue.record("made a folder in a file")
        } catch {
            #expect(error == SystemError(code: ENOTDIR, path: folder + "/file/a/"))
        }
    }

    @Test("a file is replaced atomically, with the requested mode, and no draft stays behind")
    func replaces() throws {
        try replaceFile(folder + "/a", by: "one", mode: 0o600)
        try replaceFile(folder + "/a", by: "two", mode: 0o640)
        #expect(try text("a") == "two")
        #expect(mode("a") == 0o640)
        #expect(try names == ["a"])
    }

    @Test("a file that cannot be replaced stays unchanged, and no draft stays behind")
    func cannotReplace() throws {
        try FileManager.default.createDirectory(atPath: folder + "/a/b", withIntermediateDirectories: true)
        do throws(SystemError) {
            try replaceFile(folder + "/a", by: "one", mode: 0o600)
            Issue.record("replaced a folder")
        } catch {
            #expect(error == SystemError(code: EISDIR, path: folder + "/a"))
        }
        #expect(try names == ["a"])
        do throws(SystemError) {
            try replaceFile(folder + "/c/d", by: "one", mode: 0o600)
            Issue.record("replaced a file in no folder")
        } catch {
            #expect(error.code == ENOENT)
        }
    }

    @Test("all bytes are written, even to a non-blocking pipe")
    func writesAll() async throws {
        let (reading, writing) = try #require(Descriptor.pipe())
        let count = 1 << 20
        // On a separate thread, because a blocked task would delay the other tests.
        async let isWritten = withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: writeAll(String(repeating: "a", count: count), to: writing.number))
            }
        }
        var total = 0
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while total < count {
            var event = pollfd(fd: reading.number, events: Int16(POLLIN), revents: 0)
            poll(&event, 1, -1)
            let got = read(reading.number, &buffer, buffer.count)
            guard got > 0 else { break }
            total += got
        }
        #expect(total == count)
        #expect(await isWritten)
    }

    @Test("an error ends the writing")
    func writeFails() throws {
        let file = try #require(Descriptor(opening: "/dev/null", O_RDONLY))
        #expect(!writeAll("a", to: file.number))
        #expect(errno == EBADF)
    }

    @Test("a path has a folder and a name, and its real path follows all links")
    func paths() throws {
        #expect(FilePath.folder(of: "/a/b/vault.db") == "/a/b")
        #expect(FilePath.folder(of: "/vault.db") == "/")
        #expect(FilePath.folder(of: "vault.db") == ".")
        #expect(FilePath.name(of: "/a/b/vault.db") == "vault.db")
        #expect(FilePath.name(of: "vault.db") == "vault.db")
        try replaceFile(folder + "/a", by: "", mode: 0o600)
        symlink("a", folder + "/b")
        #expect(FilePath.real(folder + "/b") == FilePath.real(folder).map { $0 + "/a" })
        #expect(FilePath.real(folder + "/c") == nil)
    }
}
