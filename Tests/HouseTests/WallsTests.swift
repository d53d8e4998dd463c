import Testing

/// The walls of docs/architecture.md. SwiftPM checks the imports of our own modules; this file checks the system's
/// modules too, and the functions and types that a module must not use.
struct Walls {
    /// Everything that a target may import, apart from the standard library.
    static let imports: [String: Set<String>] = [
        "Credentials": ["CSodium", "FoundationEssentials", "Swift"],
        "Files": ["CLinux", "Glibc"],
        "Formats": ["Credentials", "FoundationEssentials"],
        "Settings": ["Credentials", "FoundationEssentials"],
        "OAuth": ["CCurl", "Credentials", "FoundationEssentials", "Glibc", "Synchronization", "Threads"],
        "Storage": [
            "CLinux", "CSQLite", "CSodium", "Credentials", "Files", "FoundationEssentials", "Glibc", "Synchronization",
            "Threads",
        ],
        "Model": ["Credentials", "FoundationEssentials", "OAuth", "Storage", "Synchronization"],
        "System": ["CLinux", "Credentials", "Files", "FoundationEssentials", "Glibc", "Synchronization", "Threads"],
        "Threads": ["CLinux"],
        "DemoServer": ["CMicrohttpd", "Credentials", "FoundationEssentials", "Glibc", "Synchronization"],
        "Interface": ["CWideText", "Credentials", "Formats", "FoundationEssentials", "Settings"],
        "Terminal": [
            "CLinux", "CNCurses", "Credentials", "Files", "FoundationEssentials", "Glibc", "Interface", "Settings",
            "Synchronization",
        ],
        "keyfob": [
            "ArgumentParser", "CTaskThreads", "Credentials", "DemoServer", "Files", "Formats", "FoundationEssentials",
            "Glibc", "Interface", "Model", "OAuth", "Settings", "Storage", "Synchronization", "System", "Terminal",
        ],
    ]

    struct Wall {
        let rule: String
        /// The forbidden names: free functions and types.
        var calls: Set<Substring> = []
        var types: Set<Substring> = []
        /// The targets to which the rule does not apply.
        let free: Set<String>
    }

    static let walls: [Wall] = {
        let impure = Set(imports.keys).subtracting(["Credentials", "Formats", "Interface", "Settings"])
            .union(["CLinux", "CCurl", "CMicrohttpd"])
        return [
            Wall(
                rule: "only System spawns",
                calls: [
                    "posix_spawn", "posix_spawnp", "fork", "vfork", "execl", "execlp", "execle", "execv", "execve",
                    "execvp", "execvpe", "popen", "system",
                ],
                types: ["Process"], free: ["System", "CLinux"]),
            Wall(
                rule: "only keyfob prints",
                calls: [
                    "print", "debugPrint", "dump", "puts", "putchar", "putc", "fputc", "fputs", "printf", "fprintf",
                    "vprintf", "vfprintf", "perror", "fwrite",
                ],
                free: ["keyfob"]),
            Wall(
                rule: "a pure module reads no clock", calls: ["clock_gettime", "gettimeofday", "Date"],
                types: ["ContinuousClock", "SuspendingClock"], free: impure),
            Wall(rule: "a pure module starts no task", types: ["Task"], free: impure),
            Wall(
                rule: "only CLinux starts threads", calls: ["pthread_create", "pthread_attr_init"], free: ["CLinux"]),
            Wall(
                rule: "only Files makes folders, follows links and makes files durable",
                calls: ["mkdir", "mkdirat", "realpath", "fsync", "fdatasync"], free: ["Files"]),
            Wall(
                rule: "only Files, Storage, System, Terminal and keyfob open files",
                calls: ["open", "fopen", "openat", "creat", "unlink"],
                types: ["FileManager", "FileHandle"],
                free: ["Files", "Storage", "System", "Terminal", "keyfob", "CLinux"]),
            Wall(
                rule: "only OAuth and DemoServer know of sockets", calls: ["socket", "getaddrinfo"],
                free: ["OAuth", "DemoServer"]),
            Wall(
                rule: "libcurl, libmicrohttpd and SQLite alone are opened at run time", calls: ["dlopen", "dlmopen"],
                free: ["CCurl", "CMicrohttpd", "CSQLite"]),
        ]
    }()

    /// The rules that `file` breaks, a sentence for each.
    static func broken(by file: SourceFile) -> [String] {
        let isSwift = file.path.hasSuffix(".swift")
        let strangers = isSwift ? file.imports.filter { imports[file.target]?.contains($0) != true } : []
        let walls = walls.filter { !$0.free.contains(file.target) }
        return strangers.map { "\(file.path): \(file.target) may not import \($0)" }
            + file.names.flatMap { use in
                walls.filter { $0.types.contains(use.name) || use.isFreeCall && $0.calls.contains(use.name) }
                    .map { "\(file.path):\(use.line): \(use.name): \($0.rule)" }
            }
    }
}

@Suite("The walls of the house")
struct WallsTests {
    @Test("every source file respects its target's walls")
    func walls() throws {
        let files = try SourceFile.all(in: "Sources", suffixes: [".swift", ".c", ".h"])
        let targets = Set(files.filter { $0.path.hasSuffix(".swift") }.map(\.target))
        #expect(targets == Set(Walls.imports.keys))
        #expect(files.flatMap(Walls.broken) == [])
    }

    @Test(
        "the check finds a broken wall",
        arguments: [
            ("Interface", "import Glibc"), ("Interface", "internal import CNCurses"), ("OAuth", "import CSQLite"),
            ("Model", "@preconcurrency import Foundation"), ("Storage", "import struct CCurl.curl_slist"),
            ("Interface", "let now = Date()"), ("Model", "print(1)"), ("Terminal", "if fork() == 0 {}"),
            ("OAuth", "let file = open(path, O_RDONLY)"), ("Storage", "let it = \"\\(dlopen(nil, 0))\""),
            ("Interface", "Task { await it() }"), ("keyfob", "let end = socket(AF_INET, SOCK_STREAM, 0)"),
            ("Storage", "mkdir(folder, 0o700)"), ("OAuth", "pthread_create(&thread, nil, run, nil)"),
        ])
    func brokenWall(target: String, line: String) {
        let file = SourceFile(path: "Sources/\(target)/Some.swift", text: "// some\n\(line)\n")
        #expect(Walls.broken(by: file).count == 1)
    }

    @Test(
        "the check accepts code that only looks like a broken wall",
        arguments: [
            ("Interface", "// import Glibc"), ("Interface", "let help = \"import Glibc\""), ("Model", "list.print()"),
            ("Model", "func blueprint() {}; blueprint()"), ("OAuth", "/* open(path) /* print(1) */ fork() */"),
            ("Interface", "let text = \"\"\"\n    import Glibc\n    print(\"it\")\n    \"\"\""),
            ("Interface", "let text = #\"print(\"it\")\"#"), ("Terminal", "screen.open(it)"),
            ("Interface", "let text = \"\\(it ? \"print(1)\" : \"fork(\")\""), ("keyfob", "print(1)"),
        ])
    func soundWall(target: String, line: String) {
        let file = SourceFile(path: "Sources/\(target)/Some.swift", text: line)
        #expect(Walls.broken(by: file) == [])
    }
}
