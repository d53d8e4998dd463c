import Foundation
import Synchronization

/// openssl's TLS server on 127.0.0.1 with a certificate of a test authority. It gives the same answer to every request,
/// on any number of connections, one after another.
final class SecureServer: Sendable {
    struct Problem: Error {
        let said: String
    }

    /// nil if openssl(1) is not installed.
    static let program = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let url: String
    /// The file of the authority that signed the certificate.
    let authority: String
    private let folder: URL
    private let process: Process

    /// - Parameter answer: the bytes of every answer.
    init(answer: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keyfob-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder
        authority = folder.appending(path: "authority.pem").path
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try Self.run(
            ["req", "-x509"] + key + ["-keyout", "authority.key", "-out", "authority.pem", "-days", "2"]
                + ["-subj", "/O=keyfob tests/CN=A test authority"], in: folder)
        try Self.run(
            ["req"] + key + ["-keyout", "server.key", "-out", "server.csr", "-subj", "/O=keyfob tests/CN=127.0.0.1"],
            in: folder)
        try Data("subjectAltName=IP:127.0.0.1\n".utf8).write(to: folder.appending(path: "names"))
        try Self.run(
            ["x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key"]
                + ["-CAcreateserial", "-out", "server.pem", "-days", "1", "-extfile", "names"], in: folder)

        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(filePath: Self.program ?? "")
        process.currentDirectoryURL = folder
        process.arguments = ["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        // openssl prints its port, then the clients' data; its input goes to the client.
        let printed = Self.text(output, until: { $0.contains(#/ACCEPT \S+:\d+\n/#) })
        guard let port = printed.firstMatch(of: #/ACCEPT \S+:(\d+)\n/#)?.output.1 else {
            Self.end(process)
            throw Problem(said: printed)
        }
        url = "https://127.0.0.1:\(port)/token"
        Thread.detachNewThread {
            while true {
                let request = Self.text(output, until: { $0.contains("\r\n\r\n") })
                guard request.contains("\r\n\r\n") else { return }
                guard (try? input.fileHandleForWriting.write(contentsOf: Data(answer.utf8))) != nil else { return }
            }
        }
    }

    deinit {
        Self.end(process)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Not SIGTERM, which is blocked in processes started from a thread of libdispatch.
    private static func end(_ process: Process) {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static func text(_ pipe: Pipe, until isEnough: (String) -> Bool) -> String {
        var text = ""
        while !isEnough(text) {
            let data = pipe.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            text += String(decoding: data, as: UTF8.self)
        }
        return text
    }

    private static func run(_ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(filePath: program ?? "")
        process.currentDirectoryURL = folder
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Problem(said: "openssl \(arguments[0]) failed") }
    }
}
