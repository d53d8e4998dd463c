import Credentials
import Formats
import Foundation
import Testing

/// Every copy format with every byte of a token, run by the installed programs.
@Suite("Copy formats with every byte of a token", .timeLimit(.minutes(5)))
struct TokenBytesTests {
    private static let now = Moment(wall: Date(timeIntervalSince1970: 1_795_442_531), boot: 0, bootID: "")

    /// All bytes, beginning with those that a program may interpret, in descending order, and after backslashes.
    private static let tokens: [String] = {
        let all = (UInt8(0x21)...0x7E).map { Character(Unicode.Scalar($0)) }
        let turned = "!-@=\"'\\$~{:;,%&<".compactMap { first in
            all.firstIndex(of: first).map { String(all[$0...] + all[..<$0]) }
        }
        let escaped = all.map { "\\\($0)" }.joined() + all.map { "\\\\\($0)" }.joined()
        return turned + [String(all.reversed()), escaped, "00Dx!AQ4|^#t+/=="]
    }()

    private func text(_ format: CopyFormat, _ token: String, apiBase: String = "") -> String {
        let profile = ClientProfile(name: "billing", clientID: "app-1", apiBase: apiBase, created: Self.now.wall)
        let facts = TokenFacts(requested: Self.now, obtained: Self.now, lifetime: 60, characterCount: token.utf8.count)
        let token = AccessToken(value: Secret(utf8: token), facts: facts)
        return format.render(CopySubject(profile: profile, token: token, now: Self.now)).unwipeableText()
    }

    /// The headers that a server receives while `program` runs `script`; `tools` are other programs in the script.
    private func sent(
        by program: String, tools: [String] = [], script: (_ url: String) -> String
    ) async throws -> [String] {
        let server = try HeaderServer()
        defer { server.stop() }
        let folder = try Program.Folder()
        for tool in tools {
            guard let path = Program.path(of: tool) else { continue }
            try FileManager.default.createSymbolicLink(
                at: folder.url.appendingPathComponent(tool), withDestinationURL: URL(fileURLWithPath: path))
        }
        _ = try await folder.run(program, script: Data(script(server.url).utf8))
        return server.headers.map { String(decoding: $0, as: UTF8.self) }
    }

    private static let headers = tokens.map { "Bearer \($0)" }

    @Test(
        "curl sends them, from any shell, and from the header on its standard input",
        arguments: ["bash", "dash", "zsh", "fish"].filter(Program.isThere))
    func curl(shell: String) async throws {
        #expect(
            try await sent(by: shell) { url in
                Self.tokens.map { text(.curl, $0, apiBase: url) + " -s -o /dev/null\n" }.joined()
            } == Self.headers)
        let quoting = shell == "fish" ? ShellQuoting.fish : .posix
        #expect(
            try await sent(by: shell) { url in
                Self.tokens.map {
                    let header = quoting.quoted(Secret(utf8: text(.header, $0))).unwipeableText()
                    return "printf '%s\\n' \(header) | curl -s -o /dev/null -H @- \(url)\n"
                }.joined()
            } == Self.headers)
    }

    @Test(
        "wget sends them, from any shell", .enabled(if: Program.isThere("wget"), "needs wget"),
        arguments: ["bash", "dash", "zsh", "fish"].filter(Program.isThere))
    func wget(shell: String) async throws {
        #expect(
            try await sent(by: shell) { url in
                Self.tokens.map { text(.wget, $0, apiBase: url) + " > /dev/null\n" }.joined()
            } == Self.headers)
    }

    @Test("HTTPie sends them", .enabled(if: Program.isThere("http"), "needs HTTPie"))
    func httpie() async throws {
        #expect(
            try await sent(by: "bash", tools: ["http"]) { url in
                Self.tokens.map { text(.httpie, $0, apiBase: url) + " --ignore-stdin > /dev/null\n" }.joined()
            } == Self.headers)
    }

    @Test("HTTPie gets a header as an option if an item would lose a backslash")
    func httpieBackslash() {
        #expect(
            text(.httpie, #"a\=b'"#)
                == #"http --auth-type=bearer --auth='a'\\'=b'\'''\'' GET 'https://api.example.com/'"#
                .replacing(#"'\'''\''"#, with: #"'\'''"#))
        #expect(text(.httpie, "a=b:c@d;") == "http GET 'https://api.example.com/' 'Authorization: Bearer a=b:c@d;'")
    }

    @Test("JavaScript sends them", .enabled(if: Program.isThere("node"), "needs node"))
    func fetch() async throws {
        #expect(
            try await sent(by: "node") { url in
                "(async () => {\n" + Self.tokens.map { text(.fetch, $0, apiBase: url) + "\n" }.joined() + "})()\n"
            } == Self.headers)
    }

    @Test("Python's requests sends them", .enabled(if: Program.isThere("python3"), "needs python3"))
    func python() async throws {
        let probe = "import importlib.util\nprint(importlib.util.find_spec('requests') is not None)"
        let isThere = try await Program.Folder().run("python3", script: Data(probe.utf8))
        guard isThere == Data("True\n".utf8) else { return }
        #expect(
            try await sent(by: "python3") { url in
                Self.tokens.map { text(.python, $0, apiBase: url) + "\n" }.joined()
            } == Self.headers)
    }

    @Test("PowerShell sends them", .enabled(if: Program.isThere("pwsh"), "needs PowerShell"))
    func powershell() async throws {
        #expect(
            try await sent(by: "pwsh") { url in
                Self.tokens.map { text(.powershell, $0, apiBase: url) + "\n" }.joined()
            } == Self.headers)
    }

    @Test("PowerShell's rules read them, and its header check is skipped only if it would reject them")
    func powershellRules() {
        for token in Self.tokens {
            let command = text(.powershell, token)
            let start = command.range(of: "@{ Authorization = ")?.upperBound ?? command.endIndex
            let end = command.range(of: " }", options: .backwards)?.lowerBound ?? command.endIndex
            #expect(PowerShell.string(String(command[start..<end])) == "Bearer \(token)")
            let needsOption = token.contains(",") || token.contains("\"")
            #expect(command.hasSuffix(needsOption ? " } -SkipHeaderValidation" : " }"))
            let variable = text(.powershellVariable, token)
            #expect(PowerShell.string(String(variable.dropFirst("$env:ACCESS_TOKEN = ".count))) == token)
        }
    }

    @Test("the variable holds them", arguments: ["bash", "dash", "zsh", "fish"].filter(Program.isThere))
    func variable(shell: String) async throws {
        let format = shell == "fish" ? CopyFormat.fish : .bash
        let history = shell == "bash" ? "set -o history -o histexpand\n" : ""
        let script = Self.tokens.map { text(format, $0) + "\nsh -c 'printf \"%s\\0\" \"$ACCESS_TOKEN\"'\n" }.joined()
        let output = try await Program.Folder().run(shell, script: Data((history + script).utf8))
        #expect(output.strings == Self.tokens)
    }

    @Test("curl sends them from a config on its standard input; headers-json and the workflow's mask hold them")
    func forPrograms() async throws {
        #expect(
            try await sent(by: "bash") { url in
                Self.tokens.map {
                    let config = ShellQuoting.posix.quoted(Secret(utf8: text(.curlConfig, $0))).unwipeableText()
                    return "printf '%s\\n' \(config) | curl -s -o /dev/null --config - \(url)\n"
                }.joined()
            } == Self.headers)
        for token in Self.tokens {
            let json = try JSONSerialization.jsonObject(with: Data(text(.headersJSON, token).utf8))
            #expect(json as? [String: String] == ["Authorization": "Bearer \(token)"])
            #expect(text(.githubActions, token) == "::add-mask::" + token.replacing("%", with: "%25"))
        }
    }

    /// The members that kubectl reads (k8s.io/client-go, pkg/apis/clientauthentication/v1/types.go).
    private struct ExecCredential: Decodable, Equatable {
        struct Status: Decodable, Equatable {
            var token: String
            var expirationTimestamp: Date
        }

        var apiVersion = "client.authentication.k8s.io/v1"
        var kind = "ExecCredential"
        var status: Status
    }

    @Test("an exec credential holds them and the expiry, for a decoder of kubectl's members")
    func execCredential() throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let expiry = Date(timeIntervalSince1970: 1_795_442_591)
        for token in Self.tokens {
            let line = text(.execCredential, token)
            #expect(!line.contains("\n"))
            #expect(
                try decoder.decode(ExecCredential.self, from: Data(line.utf8))
                    == ExecCredential(status: .init(token: token, expirationTimestamp: expiry)))
        }
    }

    @Test("JSON holds them, and header, token and .http lines consist of them")
    func values() throws {
        for token in Self.tokens {
            let json = try JSONSerialization.jsonObject(with: Data(text(.json, token).utf8)) as? [String: Any]
            #expect(json?["access_token"] as? String == token)
            let postman = try JSONSerialization.jsonObject(with: Data(text(.postman, token).utf8)) as? [String: Any]
            let values = postman?["values"] as? [[String: Any]]
            #expect(values?.last?["value"] as? String == token)
            #expect(text(.header, token) == "Authorization: Bearer \(token)")
            #expect(text(.token, token) == token)
            #expect(text(.http, token).split(separator: "\n").last == "Authorization: Bearer \(token)")
        }
    }

    @Test("jq reads the JSON", .enabled(if: Program.isThere("jq"), "needs jq"))
    func jq() async throws {
        let folder = try Program.Folder()
        try folder.write("token.json", Data(Self.tokens.map { text(.json, $0) }.joined(separator: "\n").utf8))
        let script = "jq -j '.access_token + \"\\u0000\"' \"$HOME/token.json\""
        #expect(try await folder.run("sh", script: Data(script.utf8)).strings == Self.tokens)
    }
}
