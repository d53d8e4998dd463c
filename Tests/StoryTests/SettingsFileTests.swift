import Credentials
import Files
import Foundation
import Settings
import System
import Testing

@testable import keyfob

@Suite("The settings file")
struct SettingsFileTests {
    private let temporary: TemporaryFolder
    private var home: String { temporary.path }
    private var path: String { "\(home)/.config/keyfob/config.json" }

    init() throws { temporary = try TemporaryFolder(environment: ["TMPDIR": "/tmp"]) }

    private var file: SettingsFile {
        SettingsFile(environment: ["HOME": home], knownActions: ["refresh"]) { $0 == "F5" }
    }

    private var darkTheme: Settings {
        var settings = Settings()
        settings.theme = .dark
        return settings
    }

    /// Creates the file.
    private func put(_ content: Data, mode: Int = 0o600) throws {
        try FileManager.default.createDirectory(
            atPath: FilePath.folder(of: path), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
        )
        try content.write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func failure(_ work: () throws(Failure) -> Settings) -> Failure? {
        do { _ = try work() } catch { return error }
        return nil
    }

    @Test("without a file the defaults are used, and reading creates no file")
    func missing() throws {
        #expect(try file.read() == Settings())
        #expect(try names(in: home) == [])
    }

    @Test("its settings are read, with comments in the file")
    func read() throws {
        try put(Data("{ theme: 'dark', /* mine */ keys: { refresh: 'F5' } }".utf8))
        var expected = darkTheme
        expected.keys = ["refresh": ["F5"]]
        #expect(try file.read() == expected)
    }

    @Test("a mistake is reported with the file and the line, and the file is not overwritten")
    func mistake() throws {
        let content = "{\n  theme: 'dark',\n  colour: 'red',\n}"
        try put(Data(content.utf8))
        let expected = Failure(
            .unacceptableInput, "~/.config/keyfob/config.json, line 3: \"colour\" is not a setting",
            hints: ["correct that line or remove it: until then nothing in the file is used"])
        #expect(failure(file.read) == expected)
        #expect(failure { () throws(Failure) in try file.write(.theme, asIn: darkTheme) } == expected)
        #expect(try text() == content)
    }

    @Test("text that is not UTF-8 is reported with its line")
    func notUTF8() throws {
        try put(Data("{}\n// caf".utf8) + [0xE9, 0x0A])
        #expect(failure(file.read)?.summary == "~/.config/keyfob/config.json, line 2: this is not UTF-8")
    }

    @Test("a file above 1 MiB is refused, a file of 1 MiB is read")
    func length() throws {
        try put(Data("{}".utf8) + Data(repeating: 0x20, count: Settings.longestFile - 2))
        #expect(try file.read() == Settings())
        try put(Data("{}".utf8) + Data(repeating: 0x20, count: Settings.longestFile - 1))
        #expect(failure(file.read)?.summary == "cannot read ~/.config/keyfob/config.json: it is larger than 1 MiB")
    }

    @Test("a change that would make the file too long is refused")
    func tooLongThen() throws {
        let content = Data("{}".utf8) + Data(repeating: 0x20, count: Settings.longestFile - 2)
        try put(content)
        #expect(failure { () throws(Failure) in try file.write(.theme, asIn: darkTheme) }?.kind == .unacceptableInput)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
    }

    @Test("a folder, a pipe or a loop of links in its place is reported without a wait")
    func noFile() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let summary = "cannot read ~/.config/keyfob/config.json: it is not a file"
        #expect(failure(file.read)?.summary == summary)
        #expect(failure { () throws(Failure) in try file.write(.theme, asIn: darkTheme) }?.summary == summary)
        #expect(rmdir(path) == 0 && mkfifo(path, 0o600) == 0)
        #expect(failure(file.read)?.summary == summary)
        #expect(unlink(path) == 0 && symlink("config.json", path) == 0)
        #expect(
            failure(file.read)?.summary
                == "cannot read ~/.config/keyfob/config.json: too many levels of symbolic links")
    }

    @Test("a file that this user may not read is reported")
    func noPermission() async throws {
        if try await OtherUser.runs("SettingsFileTests.noPermission") { return }
        try put(Data("{}".utf8), mode: 0)
        #expect(failure(file.read)?.summary == "cannot read ~/.config/keyfob/config.json: permission denied")
    }

    @Test("a file that this user may not write is not changed")
    func readOnly() async throws {
        if try await OtherUser.runs("SettingsFileTests.readOnly") { return }
        try put(Data("{}".utf8), mode: 0o400)
        let problem = failure { () throws(Failure) in try file.write(.theme, asIn: darkTheme) }
        #expect(problem?.kind == .cannotWrite)
        #expect(problem?.summary == "cannot write ~/.config/keyfob/config.json: permission denied")
        #expect(try text() == "{}")
    }

    @Test("the first setting creates the file and its folders, for this user only")
    func first() throws {
        #expect(try file.write(.theme, asIn: darkTheme) == darkTheme)
        #expect(try file.read() == darkTheme)
        #expect(try mode("\(home)/.config") == 0o700)
        #expect(try mode(FilePath.folder(of: path)) == 0o700)
        #expect(try mode(path) == 0o600)
        #expect(try names(in: FilePath.folder(of: path)) == ["config.json"])
    }

    @Test("a change keeps comments, other settings, a meanwhile edited setting, and the file's mode")
    func change() throws {
        try put(Data("// mine\n{\n  lock_after_minutes: 5, // short\n}\n".utf8), mode: 0o640)
        let result = try file.write(.theme, asIn: darkTheme)
        #expect(result.lockAfterMinutes == 5 && result.theme == .dark)
        #expect(try text() == "// mine\n{\n  lock_after_minutes: 5, // short\n  theme: \"dark\",\n}\n")
        #expect(try mode(path) == 0o640)
        #expect(try names(in: FilePath.folder(of: path)) == ["config.json"])
    }

    @Test("a symbolic link stays, and its target is changed")
    func link() throws {
        try put(Data())
        let real = "\(home)/dotfiles.json"
        try Data("{ theme: 'light' }".utf8).write(to: URL(fileURLWithPath: real))
        #expect(unlink(path) == 0 && symlink("../../dotfiles.json", path) == 0)
        _ = try file.write(.theme, asIn: darkTheme)
        #expect(try String(contentsOfFile: real, encoding: .utf8) == "{ theme: \"dark\" }")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "../../dotfiles.json")
        #expect(try names(in: home) == [".config", "dotfiles.json"])
    }

    @Test("a symbolic link to a missing file sets nothing and is not overwritten")
    func danglingLink() throws {
        try put(Data())
        #expect(unlink(path) == 0 && symlink("nothing", path) == 0)
        #expect(try file.read() == Settings())
        let problem = failure { () throws(Failure) in try file.write(.theme, asIn: darkTheme) }
        #expect(problem?.kind == .cannotWrite)
        #expect(problem?.summary == "~/.config/keyfob/config.json is a symbolic link to a missing file")
        #expect(try names(in: FilePath.folder(of: path)) == ["config.json"])
    }

    @Test("a folder that cannot be created is reported")
    func noFolder() throws {
        try Data().write(to: URL(fileURLWithPath: "\(home)/.config"))
        #expect(try file.read() == Settings())
        let problem = failure { () throws(Failure) in try file.write(.theme, asIn: darkTheme) }
        #expect(problem?.kind == .cannotWrite)
        #expect(problem?.summary == "cannot write ~/.config/keyfob/config.json: not a directory")
    }
}
