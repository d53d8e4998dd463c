import Credentials
import Files
import FoundationEssentials
import Glibc

/// A folder for this user alone (mode 0700, mkdtemp(3)) and for files that need not outlive the process: the vault of
/// `keyfob demo`.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// Makes it in XDG_RUNTIME_DIR (memory of this user's own, gone at logout), else in TMPDIR, else in /tmp.
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
            .cannotWrite, "can't make a temporary folder: \(errorText(errno))", hints: ["set TMPDIR to a folder"])
    }

    deinit { remove() }

    /// Removes the folder and its content; a second call does nothing. A process that is killed leaves the folder behind.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
