import Foundation

/// The programs that read keyfob's output.
enum Program {
    static func path(of name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func isThere(_ name: String) -> Bool { path(of: name) != nil }

    /// A separate folder for each test, removed with this value.
    final class Folder: Sendable {
        let url: URL

        init() throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent("keyfob-formats-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        @discardableResult
        func write(_ name: String, _ content: Data, mode: Int = 0o600) throws -> String {
            let path = url.appendingPathComponent(name).path
            try content.write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            return path
        }

        /// A program with that name that prints its name and its arguments, each followed by a NUL, then another NUL.
        func standIn(for name: String) throws {
            try write(name, Data("#!/bin/sh\nprintf '%s\\0' \"${0##*/}\" \"$@\"; printf '\\0'\n".utf8), mode: 0o700)
        }

        /// The output of `name` for a file with `script`; programs of this folder come first in the PATH.
        func run(_ name: String, _ options: [String] = [], script: Data) async throws -> Data {
            guard let path = Program.path(of: name) else { throw CocoaError(.fileNoSuchFile) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = options + [try write("script", script)]
            process.environment = [
                "PATH": "\(url.path):/usr/bin:/bin", "HOME": url.path, "LC_ALL": "C.UTF-8", "PYTHONPATH": url.path,
                "PYTHONDONTWRITEBYTECODE": "1",
            ]
            let output = try write("output", Data())
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle(forWritingAtPath: output)
            let status: Int32 = try await withCheckedThrowingContinuation { continuation in
                process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
                do {
                    try process.run()
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            guard status == 0 else { throw CocoaError(.executableRuntimeMismatch) }
            return try Data(contentsOf: URL(fileURLWithPath: output))
        }
    }
}

/// Text with which shells and languages are known to have problems.
enum NastyText {
    /// Every printable ASCII character alone, in the middle and doubled; pairs of quotes and backslashes; beginnings of
    /// expansions; line breaks, tabs, and non-ASCII letters, including typographic quotes.
    static let samples: [String] = {
        let printable = (0x20...0x7E).map { String(Unicode.Scalar(UInt8($0))) }
        let special = [
            "", "'", "''", "\\", "\\\\", "\\'", "'\\", "'\\''", "\"", "\\\"", "\\n", "\\x41", "$HOME", "${HOME}",
            "$(id)",
            "`id`", "!!", "!x", "it's !x", "~", "~root", "*", "{a,b}", "a;b", "a&b", "a|b", "a\nb", "a!x\nb!x", "\n",
            "\t",
            "a  b", " a ", "#a", "-n", "--", "%PATH%", "^", "héé", "日本語", "🔑", "‘’‚‛“”", "a’; id; ‘", "%s%n", "{{a}}",
            "</script>", "\u{2028}",
        ]
        var generator = Seeded(state: 42)
        let alphabet = Array("'\\\"$`!(){}[]<>;&|#~*? \n\taé’n0x")
        let random = (0..<150).map { _ in
            String(
                (0..<Int.random(in: 1...24, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "'"
                })
        }
        return printable + printable.map { "a\($0)b\($0)" } + [printable.joined()] + special + random
    }()

    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        /// SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}

extension Data {
    /// The texts before each NUL.
    var strings: [String] {
        split(separator: 0, omittingEmptySubsequences: false).dropLast().map { String(decoding: $0, as: UTF8.self) }
    }
}
