import Credentials
import Files
import Glibc
import Settings
import System

/// The file with the user's settings. Reading and writing it block for as long as the disk does.
struct SettingsFile: Sendable {
    /// nil if there is no home folder for it.
    let path: String?
    // Most users have no such file: without one these two are never made.
    private let knownActions: @Sendable () -> Set<String>
    private let indispensableKeys: @Sendable () -> [String: [String]]
    private let environment: [String: String]
    let isKeyName: @Sendable (String) -> Bool

    /// - Parameters: as `Settings.read` has them.
    init(
        environment: [String: String], knownActions: @autoclosure @escaping @Sendable () -> Set<String>,
        indispensableKeys: @autoclosure @escaping @Sendable () -> [String: [String]] = [:],
        isKeyName: @escaping @Sendable (String) -> Bool
    ) {
        self.environment = environment
        path = Paths.settingsFile(environment: environment)
        self.knownActions = knownActions
        self.indispensableKeys = indispensableKeys
        self.isKeyName = isKeyName
    }

    /// As a message shows it.
    var name: String { path.map { Paths.printable($0, environment: environment) } ?? "config.json" }

    /// The settings in the file; a missing file sets nothing.
    /// - Throws: `Failure` of kind `unacceptableInput` if it can't be read, naming it, or if something in it is
    ///   wrong, naming its line.
    func read() throws(Failure) -> Settings { try settings(in: try text()) }

    /// The same as `read`, with the failure as a value.
    func result() -> Result<Settings, Failure> {
        do throws(Failure) { return .success(try read()) } catch { return .failure(error) }
    }

    /// Gives `setting` in the file the value that it has in `settings`. All else stays as another program may have left it
    /// until then; a change by such a program between this reading and the rename(2) would be lost.
    /// - Returns: the settings in the new file.
    /// - Throws: as `read`, then nothing is written; `Failure` of kind `cannotWrite`, then the file is as it was.
    func write(_ setting: SettingName, asIn settings: Settings) throws(Failure) -> Settings {
        let text = try text()
        _ = try self.settings(in: text)
        let changed: String
        do { changed = try SettingsDocument(text).setting(setting, asIn: settings) } catch { throw failure(error) }
        let result = try self.settings(in: changed)
        guard setting.fileText(in: result) == setting.fileText(in: settings) else {
            throw Failure(
                .bug, "\(name) would not be read as \(setting.rawValue) was set", hints: ["set it there by hand"])
        }
        try replace(by: changed)
        return result
    }

    private func settings(in text: String) throws(Failure) -> Settings {
        guard !text.isEmpty else { return Settings() }
        do {
            return try Settings.read(
                text, knownActions: knownActions(), indispensableKeys: indispensableKeys(), isKeyName: isKeyName)
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ mistake: SettingsMistake) -> Failure {
        Failure(
            .unacceptableInput, "\(name), line \(mistake.line): \(mistake.text)",
            hints: ["correct that line or remove it: until then nothing in the file is used"])
    }

    // MARK: - Reading

    private func text() throws(Failure) -> String {
        guard let path else { return "" }
        // Not blocking: the open of a FIFO would wait for a writer.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return "" }
            throw unreadable(errorText(errno))
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unreadable(errorText(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw unreadable("it is no file") }

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= Settings.longestFile {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { break }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw unreadable(errorText(errno)) }
            bytes += buffer[..<count]
        }
        guard bytes.count <= Settings.longestFile else { throw unreadable("it is larger than 1 MiB") }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw failure(SettingsMistake(line: line + 1, column: 1, text: "this is not UTF-8"))
    }

    private func unreadable(_ reason: String) -> Failure {
        Failure(
            .unacceptableInput, "can't read \(name): \(reason)",
            hints: ["make it a file that you can read, or move it away: without one the defaults hold"])
    }

    // MARK: - Writing

    /// Puts a file with `text` in its place, whole or not at all. The new file has the mode of the old one; if that is
    /// behind a symbolic link, the link stays.
    private func replace(by text: String) throws(Failure) {
        guard let path else {
            throw Failure(
                .cannotWrite, "there is no home folder to keep the settings in", hints: ["set HOME or XDG_CONFIG_HOME"])
        }
        if let home = Paths.foreignHome(holding: path, environment: environment) {
            throw Failure(
                .cannotWrite, "can't write \(name): the home folder \(home) belongs to another user",
                hints: ["sudo -H keyfob has settings of its own; XDG_CONFIG_HOME names another folder"])
        }
        do throws(SystemError) { try makeFolder(FilePath.folder(of: path)) } catch { throw unwritable(error.code) }
        var (target, mode) = (path, mode_t(0o600))
        var status = stat()
        if lstat(path, &status) == 0 {
            guard let real = FilePath.real(path), stat(real, &status) == 0 else {
                throw Failure(
                    .cannotWrite, "\(name) is a symbolic link to nothing",
                    hints: ["remove the link, or make the file that it names"])
            }
            // rename(2) does not ask for this permission.
            guard access(real, W_OK) == 0 else { throw unwritable(errno) }
            (target, mode) = (real, status.st_mode & 0o7777)
        }
        do throws(SystemError) { try replaceFile(target, by: text, mode: mode) } catch { throw unwritable(error.code) }
    }

    private func unwritable(_ code: Int32) -> Failure {
        Failure(
            .cannotWrite, "can't write \(name): \(errorText(code))",
            hints: ["it is as it was: see that there is room, and that it and its folder can be written"])
    }
}
