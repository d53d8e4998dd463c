import Foundation
import System

/// Bytes that must not be in a process's memory, and their name in messages.
struct Trace: Sendable {
    let name: String
    /// Pieces of 16 bytes, at least one in every 24 bytes: the search also finds parts of a copy.
    let pieces: [[UInt8]]

    init(_ name: String, _ bytes: some Collection<UInt8>) {
        self.name = name
        let bytes = Array(bytes)
        let length = min(bytes.count, 16)
        let last = bytes.count - length
        let count = last / 24 + 1
        pieces = (0...count).map { Array(bytes[(last * $0 / count)...].prefix(length)) }
    }
}

/// The memory of another process, read as root through /proc/PID/mem (proc(5)): pages that the process itself can't
/// touch, guard pages among them, are read as well.
struct ProcessMemory: Sendable {
    struct Region {
        let range: Range<UInt>
        let isWritable: Bool
        /// `[heap]`, `[stack]`, a file; empty for anonymous memory: threads' stacks and large blocks.
        let name: String
    }

    struct Unreadable: Error {}

    let process: Int32

    /// memmem(3), which Swift does not import.
    private static let memmem = unsafeBitCast(
        dlsym(nil, "memmem"),
        to: (@convention(c) (UnsafeRawPointer?, Int, UnsafeRawPointer?, Int) -> UnsafeRawPointer?).self)

    /// The places of the traces' pieces, a line for each kind of place: `[heap]: the token, 3 pieces`.
    func places(of traces: [Trace]) async throws -> [String] {
        // This takes most of a second and would block other tests.
        try await OwnThread.run { Result { try find(traces) } }.get()
    }

    private func find(_ traces: [Trace]) throws -> [String] {
        let memory = open("/proc/\(process)/mem", O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw Unreadable() }
        defer { close(memory) }
        var counts: [String: Int] = [:]
        var read = 0
        for region in try regions() where mayHoldWhatWasRead(region) {
            try eachPiece(of: region, in: memory) { bytes in
                read += bytes.count
                for trace in traces {
                    let found = trace.pieces.count { Self.memmem(bytes.baseAddress, bytes.count, $0, $0.count) != nil }
                    let name = region.name.isEmpty ? "anonymous memory" : region.name
                    if found > 0 { counts["\(name): \(trace.name)", default: 0] += found }
                }
            }
        }
        // A process that has ended has an empty memory: the search would find nothing.
        guard read > 1 << 20 else { throw Unreadable() }
        return counts.map { "\($0.key), \($0.value) pieces" }.sorted()
    }

    /// Pages of a file that the process cannot write have the file's content.
    private func mayHoldWhatWasRead(_ region: Region) -> Bool {
        (region.isWritable || !region.name.hasPrefix("/")) && !["[vvar]", "[vsyscall]", "[vdso]"].contains(region.name)
    }

    private func regions() throws -> [Region] {
        // Foundation takes the first short read for the end of a file.
        guard let maps = fopen("/proc/\(process)/maps", "re") else { throw Unreadable() }
        defer { fclose(maps) }
        var regions: [Region] = []
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        while getline(&line, &room, maps) > 0, let line {
            let parts = String(cString: line).split(separator: " ", maxSplits: 5)
            let ends = parts[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, parts.count > 5 else { throw Unreadable() }
            regions.append(
                Region(
                    range: ends[0]..<ends[1], isWritable: parts[1].contains("w"),
                    name: parts[5].trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        return regions
    }

    /// Pieces overlap, so that none is cut in two. Pieces of zeros are skipped.
    private func eachPiece(
        of region: Region, in memory: Int32, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws {
        let size = 64 << 10
        let overlap = 64
        let start = UnsafeMutableRawPointer.allocate(byteCount: size + overlap, alignment: 8)
        defer { start.deallocate() }
        let buffer = UnsafeMutableRawBufferPointer(start: start, count: size + overlap)
        var place = region.range.lowerBound
        while place < region.range.upperBound {
            let wanted = min(Int(region.range.upperBound - place), buffer.count)
            let got = pread(memory, start, wanted, off_t(place))
            // Unmapped since the list was read, or memory of a device.
            guard got > 0 else { return }
            let isZero = buffer[0] == 0 && memcmp(start, start + 1, got - 1) == 0
            if !isZero { body(UnsafeRawBufferPointer(rebasing: buffer[..<got])) }
            place += UInt(min(got, size))
        }
    }
}
