import Credentials
import Glibc

/// Where things are.
public enum Paths {
    /// The vault's path: `option`, else `KEYFOB_VAULT`, else the default. As it was given: a relative path stays one.
    /// - Throws: as `defaultVault`.
    public static func vault(option: String?, environment: [String: String]) throws(Failure) -> String {
        if let option { return option }
        if let path = environment["KEYFOB_VAULT"], !path.isEmpty { return path }
        return try defaultVault(environment: environment)
    }

    /// `$XDG_DATA_HOME/keyfob/vault.db`, where XDG_DATA_HOME is unset `~/.local/share/keyfob/vault.db`. A relative
    /// XDG_DATA_HOME is ignored (XDG Base Directory Specification). The home folder is HOME's, else the password
    /// database's.
    /// - Throws: `Failure` of kind `usage` where there is no home folder.
    public static func defaultVault(environment: [String: String]) throws(Failure) -> String {
        try dataHome(environment) + "/keyfob/vault.db"
    }

    /// The folder that holds the file: `.` for a bare name.
    public static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last part of the path.
    public static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The file's absolute path, all symbolic links followed (realpath(3)); nil where it can't be found.
    static func real(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static func dataHome(_ environment: [String: String]) throws(Failure) -> String {
        if let folder = absolute(environment["XDG_DATA_HOME"]) { return folder }
        if let home = absolute(environment["HOME"]) ?? homeOfRecord { return home + "/.local/share" }
        throw Failure(
            .usage, "there is no home folder to keep the vault in",
            hints: ["say where it is with --vault PATH or KEYFOB_VAULT"])
    }

    private static func absolute(_ path: String?) -> String? {
        guard var path, path.hasPrefix("/") else { return nil }
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static var homeOfRecord: String? {
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(getuid(), &record, &buffer, buffer.count, &found) == 0, let home = found?.pointee.pw_dir
        else { return nil }
        return absolute(String(cString: home))
    }
}
