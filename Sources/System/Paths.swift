import Credentials
import Files
import Glibc

/// The paths of the vault and the settings file.
public enum Paths {
    /// The vault's path: `option`, else `KEYFOB_VAULT`, else the default. A relative path stays relative.
    /// - Throws: as `defaultVault`; `Failure` of kind `usage` if the environment's path is not UTF-8.
    public static func vault(option: String?, environment: [String: String]) throws(Failure) -> String {
        if let option { return option }
        let isNamed = !environment["KEYFOB_VAULT", default: ""].isEmpty
        let path = try isNamed ? environment["KEYFOB_VAULT", default: ""] : defaultVault(environment: environment)
        // U+FFFD replaces bytes that are not UTF-8: the path would be another one.
        guard !path.contains("\u{FFFD}") else {
            throw Failure(
                .usage, "\(isNamed ? "KEYFOB_VAULT" : "the home folder's path") is not UTF-8",
                hints: ["create a symbolic link to the vault, and name the link with --vault PATH"])
        }
        return path
    }

    /// `$XDG_DATA_HOME/keyfob/vault.db`; if XDG_DATA_HOME is unset, `~/.local/share/keyfob/vault.db`. A relative
    /// XDG_DATA_HOME is ignored (XDG Base Directory Specification). The home folder is HOME, else that of the password
    /// database.
    /// - Throws: `Failure` of kind `usage` if there is no home folder.
    public static func defaultVault(environment: [String: String]) throws(Failure) -> String {
        guard let folder = base("XDG_DATA_HOME", else: "/.local/share", environment) else {
            throw Failure(
                .usage, "cannot find the default vault: no home folder",
                hints: ["name the vault with --vault PATH or KEYFOB_VAULT"])
        }
        return folder + "/keyfob/vault.db"
    }

    /// `$XDG_CONFIG_HOME/keyfob/config.json`; if XDG_CONFIG_HOME is unset or relative, `~/.config/keyfob/config.json`.
    /// nil if there is no home folder: the defaults apply.
    public static func settingsFile(environment: [String: String]) -> String? {
        base("XDG_CONFIG_HOME", else: "/.config", environment).map { $0 + "/keyfob/config.json" }
    }

    /// The home folder, for a message, if `path` lies in it and it belongs to another user: sudo(8) may leave HOME
    /// unchanged, and files created there would be root's. nil if files may be created at `path`.
    public static func foreignHome(holding path: String, environment: [String: String]) -> String? {
        guard var home = home(environment).map({ $0.isEmpty ? "/" : $0 }) else { return nil }
        var status = stat()
        var isMissing = false
        while stat(home, &status) != 0, home != "/" {
            isMissing = true
            home = FilePath.folder(of: home)
        }
        // A missing home folder is created in its parent folder; /home and /tmp are root's.
        guard status.st_uid != geteuid(), !isMissing || status.st_uid != 0, let realHome = FilePath.real(home) else {
            return nil
        }
        // The file and its folders need not exist.
        var place = FilePath.folder(of: path)
        while FilePath.real(place) == nil, place != "/", place != "." { place = FilePath.folder(of: place) }
        guard let realPlace = FilePath.real(place), (realPlace + "/").hasPrefix(realHome == "/" ? "/" : realHome + "/")
        else {
            return nil
        }
        return UntrustedText.line(home, limit: 400)
    }

    /// The names of a file's owner and of this process's user, if they are two users; nil also without a file.
    public static func otherOwner(of path: String) -> (owner: String, user: String)? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_uid != geteuid() else { return nil }
        func name(_ user: uid_t) -> String {
            account(of: user).map { UntrustedText.line($0.name, limit: 40) } ?? "\(user)"
        }
        return (name(status.st_uid), name(geteuid()))
    }

    /// The path for a message: `~` for the home folder, without control characters.
    public static func printable(_ path: String, environment: [String: String]) -> String {
        let home = home(environment).map { $0 + "/" }
        let isInHome = home.map { $0 != "/" && path.hasPrefix($0) } ?? false
        return UntrustedText.line(isInHome ? "~/" + path.dropFirst(home?.count ?? 0) : path, limit: 400)
    }

    /// A base folder of the XDG Base Directory Specification: a relative one is ignored.
    private static func base(_ variable: String, else folder: String, _ environment: [String: String]) -> String? {
        absolute(environment[variable]) ?? home(environment).map { $0 + folder }
    }

    private static func home(_ environment: [String: String]) -> String? {
        absolute(environment["HOME"]) ?? homeOfRecord
    }

    private static func absolute(_ path: String?) -> String? {
        guard var path, path.hasPrefix("/") else { return nil }
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static var homeOfRecord: String? { absolute(account(of: getuid())?.home) }

    private static func account(of user: uid_t) -> (name: String, home: String)? {
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(user, &record, &buffer, buffer.count, &found) == 0, let name = found?.pointee.pw_name,
            let home = found?.pointee.pw_dir
        else { return nil }
        return (String(cString: name), String(cString: home))
    }
}
