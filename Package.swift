// swift-tools-version: 6.0
// The imports that each module may have: docs/architecture.md describes them, Tests/HouseTests checks them.
import PackageDescription

let package = Package(
    name: "keyfob",
    products: [.executable(name: "keyfob", targets: ["keyfob"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
    ],
    targets: [
        // The command line and the wiring: the only module that imports all others.
        .executableTarget(
            name: "keyfob",
            dependencies: [
                "CTaskThreads", "CWipedHeap", "Credentials", "DemoServer", "Files", "Formats", "Interface", "Model",
                "OAuth", "Settings", "Storage", "System", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            // Bound at start: otherwise the first call of a function saves the vector registers on the stack, and with
            // them the bytes copied last, perhaps a token (ld.so(8), LD_BIND_NOW).
            linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]),
        .target(
            name: "Terminal", dependencies: ["CLinux", "CNCurses", "Credentials", "Files", "Interface", "Settings"]),
        .target(name: "Interface", dependencies: ["CWideText", "Credentials", "Formats", "Settings"]),
        .target(name: "DemoServer", dependencies: ["CMicrohttpd", "Credentials"]),
        .target(name: "System", dependencies: ["CLinux", "Credentials", "Files", "Threads"]),
        .target(name: "Model", dependencies: ["Credentials", "OAuth", "Storage"]),
        .target(name: "OAuth", dependencies: ["CCurl", "Credentials", "Threads"]),
        .target(name: "Storage", dependencies: ["CLinux", "CSQLite", "CSodium", "Credentials", "Files", "Threads"]),
        .target(name: "Formats", dependencies: ["Credentials"]),
        .target(name: "Settings", dependencies: ["Credentials"]),
        .target(name: "Credentials", dependencies: ["CSodium"]),
        .target(name: "Files", dependencies: ["CLinux"]),
        .target(name: "Threads", dependencies: ["CLinux"]),

        // One module for each system library. libcurl, libmicrohttpd and SQLite are loaded at first use, not linked.
        .systemLibrary(name: "CNCurses"),
        .systemLibrary(name: "CSodium"),
        .systemLibrary(name: "CWideText"),
        .target(name: "CCurl"),
        .target(name: "CMicrohttpd"),
        .target(name: "CSQLite"),
        .target(name: "CLinux"),
        // libdispatch is part of Swift; a hook of the runtime runs its main queue.
        .target(name: "CTaskThreads", dependencies: ["CLinux"], linkerSettings: [.linkedLibrary("dispatch")]),
        .target(name: "CWipedHeap"),

        .testTarget(name: "CredentialsTests", dependencies: ["Credentials"]),
        .testTarget(name: "FilesTests", dependencies: ["Files"]),
        .testTarget(name: "FormatsTests", dependencies: ["Credentials", "Formats"]),
        .testTarget(name: "SettingsTests", dependencies: ["Credentials", "Settings"]),
        .testTarget(name: "OAuthTests", dependencies: ["Credentials", "OAuth"]),
        .testTarget(
            name: "StorageTests", dependencies: ["CSQLite", "CSodium", "Credentials", "Storage"],
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(name: "ModelTests", dependencies: ["Credentials", "Model", "OAuth", "Storage"]),
        .testTarget(name: "SystemTests", dependencies: ["CLinux", "Credentials", "Files", "System"]),
        .testTarget(name: "DemoServerTests", dependencies: ["Credentials", "DemoServer", "OAuth"]),
        .testTarget(
            name: "InterfaceTests", dependencies: ["Credentials", "Formats", "Interface", "Settings"],
            exclude: ["Goldens"]),
        .testTarget(
            name: "TerminalTests", dependencies: ["CNCurses", "Credentials", "Interface", "Settings", "Terminal"]),
        // Stories run the real binary: on the command line, in tmux, against real servers.
        .testTarget(
            name: "StoryTests",
            dependencies: [
                "CLinux", "CSQLite", "CSodium", "Credentials", "DemoServer", "Files", "Formats", "Interface", "OAuth",
                "Settings", "Storage", "System", "keyfob",
            ],
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(name: "HouseTests", dependencies: ["Interface"]),
    ],
    swiftLanguageModes: [.v6]
)

// `make bench` fills its vaults through Storage: `keyfob add` would derive the key again for each client.
if Context.environment["KEYFOB_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fill-vault", dependencies: ["Credentials", "Storage", "System"], path: "Tests/FillVault"))
}
