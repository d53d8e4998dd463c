import Foundation
import Glibc
import Testing

/// A file system in memory, if this process may mount one.
final class SmallDisk {
    let folder: URL
    private let isOwnFolder: Bool
    private var isMounted = true

    static let isPermitted: Bool = geteuid() == 0 && (try? SmallDisk(kilobytes: 64)) != nil

    /// - Parameter place: the folder to mount on; nil for a new folder.
    init(kilobytes: Int = 512, at place: URL? = nil) throws {
        isOwnFolder = place == nil
        if let place {
            folder = place
            try #require(mount("tmpfs", place.path, "tmpfs", 0, "size=\(kilobytes)k,mode=700") == 0)
            return
        }
        var template = Array("/tmp/keyfob-disk-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = URL(fileURLWithPath: String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(kilobytes)k,mode=700") == 0 else {
            rmdir(folder.path)
            throw CocoaError(.fileWriteUnknown)
        }
    }

    deinit {
        unmount()
        if isOwnFolder { rmdir(folder.path) }
    }

    func unmount() {
        if isMounted { umount2(folder.path, 2) }
        isMounted = false
    }

    var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? [] }

    func fill() async throws {
        // A removed file uses room until the last process closes it; after that the disk would not be
        // full any more. A disk with such a file cannot be made read-only.
        try await makeReadOnly()
        try #require(mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), "") == 0)
        fillInUse()
    }

    /// The same while a program has files on it open for writing.
    func fillInUse() {
        let descriptor = open(folder.path + "/ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0, count: 4_096)
        // A write may fail for other reasons than a full disk.
        while write(descriptor, block, block.count) == block.count || errno != ENOSPC {
            precondition(descriptor >= 0, "the disk cannot be filled")
        }
    }

    func makeReadOnly() async throws {
        // A process that another test starts has all descriptors until its exec, a descriptor that writes to
        // this disk included.
        let deadline = ContinuousClock.now + .seconds(60)
        while mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") != 0 {
            try #require(errno == EBUSY && ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
