import Credentials
import Files
import FoundationEssentials
import Glibc

/// A folder that only this user can access (mode 0700, mkdtemp(3)), for files that need not outlive the process: the
/// vault of `keyfob demo`.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// Creates the folder in XDG_RUNTIME_DIR (this user's own memory, cleared at logout), else in TMPDIR, else in /tmp.
    /// - Throws: `Failure` of kind `cannotWrite`.
    public init(environment: [String: String]) throws(Failure) {
        let candidates = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"].compactMap { $0 }
        for folder in candidates where folder.hasPrefix("/") {
            var template = Array("\(folder)/keyfob-XXXXXX".utf8CString)
            if mkdtemp(&template) != nil {
                path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
                return
            }
        }
        throw Failure(
            .cannotWrite, "cannot create a temporary folder: \(errorText(errno))", hints: ["set TMPDIR to a folder"])
    }

    deinit { remove() }

    /// Removes the folder and its content; a second call does nothing. A process that is killed leaves the folder behind.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
