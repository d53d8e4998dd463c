import DemoServer
import Foundation
import Testing

@Suite("Stories of the copy formats")
struct FormatStoryTests {
    private static let names = [
        "header", "token", "curl", "httpie", "wget", "powershell", "fetch", "python", "bash", "fish", "powershell-env",
        "json", "postman", "http", "headers-json", "curl-config", "github-actions", "exec-credential",
        "client-id",
    ]

    private static let usingAPIBase: Set = [
        "curl", "httpie", "wget", "powershell", "fetch", "python", "postman", "http",
    ]
    private static let noBase = """
        keyfob: client "billing" has no API base: https://api.example.com/ is used instead
          hint: keyfob edit --set api_base=URL billing sets it

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
        let workflow = story.folder.path + "/github_env"
        for name in Self.names {
            let said = try await story.run(
                "header", "billing", "--format", name, environment: ["GITHUB_ENV": workflow])
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

    @Test("headers-json is a flat object, curl takes curl-config from a pipe, postman-environment is postman")
    func forPrograms() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.with([server.profile("billing", "app")])
        let token = try await story.run("token", "billing").output.trimmingCharacters(in: .newlines)
        #expect(
            try await story.run("header", "billing", "--format", "headers-json")
                == Story.Outcome(0, output: #"{"Authorization":"Bearer \#(token)"}"# + "\n"))
        #expect(
            try await story.run("header", "billing", "--format", "curl-config")
                == Story.Outcome(0, output: #"header = "Authorization: Bearer \#(token)""# + "\n"))
        let postman = try await story.run("header", "billing", "--format", "postman")
        #expect(postman.status == 0)
        #expect(try await story.run("header", "billing", "--format", "postman-environment") == postman)
        let json = try await story.run("token", "billing", "--json").output
        let members = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let date = try Date(try #require(members["expires_at"] as? String), strategy: .iso8601)
        #expect(members["expires_on"] as? Int == Int(date.timeIntervalSince1970))
    }

    @Test("github-actions prints the mask and appends to the file of GITHUB_ENV; without one no token is fetched")
    func workflow() async throws {
        let body = #"{"access_token":"a%b=<<c","token_type":"Bearer","expires_in":3600}"#
        let server = try DemoServer.with(["app": .json(body)], recording: true)
        let story = try await Story.with([server.profile("billing", "app")])
        let arguments = ["header", "billing", "--format", "github-actions"]
        #expect(
            try await story.run(arguments, input: "", environment: [:])
                == Story.Outcome(
                    64,
                    complaint: """
                        keyfob: GITHUB_ENV names no file
                          hint: the format github-actions is for a step of GitHub Actions

                        """))
        #expect(server.requests.isEmpty)
        let file = story.folder.appendingPathComponent("github_env")
        try Data("A=b\n".utf8).write(to: file)
        let said = try await story.run(arguments, input: "", environment: ["GITHUB_ENV": file.path])
        #expect(said.status == 0 && said.output == "::add-mask::a%25b=<<c\n")
        #expect(try String(contentsOf: file, encoding: .utf8) == "A=b\nACCESS_TOKEN=a%b=<<c\n")
        let nowhere = try await story.run(arguments, input: "", environment: ["GITHUB_ENV": story.folder.path])
        #expect(nowhere.status == 73 && nowhere.output == "::add-mask::a%25b=<<c\n")
        #expect(
            nowhere.complaint
                == "keyfob: could not append to \(story.folder.path), the file of GITHUB_ENV: is a directory\n")
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
