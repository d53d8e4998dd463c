import Foundation

/// The TCP connections of a process, according to the kernel.
enum OpenConnections {
    struct Unreadable: Error {}

    /// The number of the process's connections to `port`, in any state. The far end of a connection is not
    /// counted, even if it is of the same process.
    static func count(of process: Int32, to port: UInt16) throws -> Int {
        let folder = "/proc/\(process)/fd"
        let sockets = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
            // A descriptor may be closed by now.
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        }
        // Foundation takes the first short read for the end of a file.
        guard let table = fopen("/proc/\(process)/net/tcp", "re") else { throw Unreadable() }
        defer { fclose(table) }
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        var count = 0
        while getline(&line, &room, table) > 0, let line {
            // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode (proc(5)).
            let fields = String(cString: line).split(separator: " ")
            guard fields.count > 9, let remote = fields[2].split(separator: ":").last else { continue }
            if UInt16(remote, radix: 16) == port, sockets.contains("socket:[\(fields[9])]") { count += 1 }
        }
        return count
    }
}
