import Credentials
import Files
import FoundationEssentials
import Glibc

/// A folder that nobody else can look into (mode 0700, mkdtemp(3)), for what need not outlive the process: the vault of
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

    /// Removes it and what is in it; once more does nothing. A process that is killed leaves it behind.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
