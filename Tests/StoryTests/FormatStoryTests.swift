import DemoServer
import Foundation
import Testing

@Suite("Stories of the copy formats")
struct FormatStoryTests {
    private static let names = [
        "header", "token", "curl", "httpie", "wget", "powershell", "fetch", "python", "bash", "fish", "powershell-env",
        "json", "postman", "http", "client-id",
    ]

    private static let usingAPIBase: Set = [
        "curl", "httpie", "wget", "powershell", "fetch", "python", "postman", "http",
    ]
    private static let noBase = """
        keyfob: client "billing" has no API base: https://api.example.com/ is used instead
          hint: enter the client's API base: edit the client in the terminal interface

        """

    @Test("header --format prints the stored token in every format, without another request")
    func formats() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.withVault()
        try await story.add("billing", "app", at: server)
        let first = try await story.run("token", "billing")
        let token = first.output.trimmingCharacters(in: .newlines)
        try #require(first.status == 0 && token.count > 100)
        let requests = server.requests.count
        for name in Self.names {
            let said = try await story.run("header", "billing", "--format", name)
            let usesAPIBase = Self.usingAPIBase.contains(name)
            #expect(
                said.status == 0 && said.complaint == (usesAPIBase ? Self.noBase : ""), "\(name): \(said.complaint)")
            #expect(said.output.hasSuffix("\n"))
            #expect(said.output.contains(token) == (name != "client-id"), "\(name)")
        }
        #expect(server.requests.count == requests)
        #expect(
            try await story.run("header", "billing", "--format", "curl")
                == Story.Outcome(
                    0, output: "curl -H 'Authorization: Bearer \(token)' 'https://api.example.com/'\n",
                    complaint: Self.noBase))
        let plain = try await story.run("header", "billing")
        #expect(try await story.run("header", "billing", "--format", "header") == plain)
        let json = try await story.run("header", "billing", "--format", "json").output
        let members = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(members["access_token"] as? String == token)
        let left = try #require(members["expires_in"] as? Int)
        #expect((3_400...3_600).contains(left))
    }

    @Test("the format client_id needs no token and sends no request")
    func clientID() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.withVault()
        try await story.add("billing", "app", at: server)
        #expect(
            try await story.run("header", "billing", "--format", "client-id") == Story.Outcome(0, output: "app\n"))
        #expect(server.requests.isEmpty)
        #expect(try await story.run("header", "other", "--format", "client-id").status == 66)
    }

    @Test("for an unknown format, the message lists the formats and does not repeat the typed value")
    func unknownFormat() async throws {
        let story = try Story()
        #expect(
            try await story.run("header", "billing", "--format", "s3cret")
                == Story.Outcome(
                    64,
                    complaint: """
                        keyfob: the value for '--format <format>' is not valid
                          hint: one of \(Self.names.joined(separator: ", "))
                          hint: keyfob header --help lists its options

                        """))
    }

    @Test("the help of header lists all formats")
    func help() async throws {
        let help = try await Story().run("header", "--help").output.split { $0 == " " || $0 == "\n" }.joined(
            separator: " ")
        #expect(help.contains("(values: \(Self.names.joined(separator: ", ")); default: header)"))
    }
}
