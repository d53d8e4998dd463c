import Credentials
import Files
import Glibc
import Settings
import System

/// The user's settings file. Reading and writing block until the disk has answered.
struct SettingsFile: Sendable {
    /// nil if there is no home folder.
    let path: String?
    // Most users have no settings file. Without a settings file these two are never computed.
    private let knownActions: @Sendable () -> Set<String>
    private let indispensableKeys: @Sendable () -> [String: [String]]
    private let environment: [String: String]
    let isKeyName: @Sendable (String) -> Bool

    /// - Parameters: the same as those of `Settings.read`.
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

    /// The path for a message.
    var name: String { path.map { Paths.printable($0, environment: environment) } ?? "config.json" }

    /// The settings in the file; the defaults if the file is missing.
    /// - Throws: `Failure` of kind `unacceptableInput`, which names the unreadable file or the line with the mistake.
    func read() throws(Failure) -> Settings { try settings(in: try text()) }

    func result() -> Result<Settings, Failure> {
        do throws(Failure) { return .success(try read()) } catch { return .failure(error) }
    }

    /// Copies the value of `setting` from `settings` into the file. The rest of the file stays as it is on the disk. If
    /// another program writes the file between this method's read and its rename(2), that change is lost.
    /// - Returns: the settings in the new file.
    /// - Throws: the failures of `read`; `Failure` of kind `cannotWrite`. The file is then unchanged.
    func write(_ setting: SettingName, asIn settings: Settings) throws(Failure) -> Settings {
        let text = try text()
        _ = try self.settings(in: text)
        let changed: String
        do { changed = try SettingsDocument(text).setting(setting, asIn: settings) } catch { throw failure(error) }
        let result = try self.settings(in: changed)
        guard setting.fileText(in: result) == setting.fileText(in: settings) else {
            throw Failure(
                .bug, "cannot change \(setting.rawValue) in \(name)", hints: ["edit \(name) by hand"])
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
        // O_NONBLOCK: opening a FIFO would otherwise wait for a writer.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return "" }
            throw unreadable(errorText(errno))
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unreadable(errorText(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw unreadable("it is not a file") }

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
            .unacceptableInput, "cannot read \(name): \(reason)",
            hints: ["make \(name) a readable file, or move it away: without a settings file the defaults are used"])
    }

    // MARK: - Writing

    /// Replaces the file by a file that holds `text`, completely or not at all. The new file has the old file's mode. A
    /// symbolic link to the file stays.
    private func replace(by text: String) throws(Failure) {
        guard let path else {
            throw Failure(
                .cannotWrite, "cannot save the settings: no home folder",
                hints: ["set HOME or XDG_CONFIG_HOME"])
        }
        if let home = Paths.foreignHome(holding: path, environment: environment) {
            throw Failure(
                .cannotWrite, "cannot write \(name): the home folder \(home) belongs to another user",
                hints: ["run keyfob with sudo -H, or set XDG_CONFIG_HOME to another folder"])
        }
        do throws(SystemError) { try makeFolder(FilePath.folder(of: path)) } catch { throw unwritable(error.code) }
        var (target, mode) = (path, mode_t(0o600))
        var status = stat()
        if lstat(path, &status) == 0 {
            guard let real = FilePath.real(path), stat(real, &status) == 0 else {
                throw Failure(
                    .cannotWrite, "\(name) is a symbolic link to a missing file",
                    hints: ["remove the link, or create the file that it points to"])
            }
            // rename(2) does not check this permission.
            guard access(real, W_OK) == 0 else { throw unwritable(errno) }
            (target, mode) = (real, status.st_mode & 0o7777)
        }
        do throws(SystemError) { try replaceFile(target, by: text, mode: mode) } catch { throw unwritable(error.code) }
    }

    private func unwritable(_ code: Int32) -> Failure {
        Failure(
            .cannotWrite, "cannot write \(name): \(errorText(code))",
            hints: ["check that the disk has room and that the file and its folder are writable; nothing was changed"])
    }
}
