import Credentials
import DemoServer
import Foundation
import Testing

@testable import Storage

@Suite("Stories of one request for a client between all processes")
struct SharedRequestTests {
    private static let rootAlone: Comment = "reads another process's open files: needs root"

    /// A vault with one client, and the client's token, which has expired.
    private func expired(_ profile: ClientProfile) async throws -> Story {
        let story = try await Story.with([profile])
        let vault = try await open(story)
        let past = Moment(wall: Date() - 7_200, boot: 0, bootID: "")
        let token = AccessToken(
            value: Secret(utf8: "expired"),
            facts: TokenFacts(requested: past, obtained: past, lifetime: 3_600, characterCount: 7))
        try #require(try await vault.store(token, for: profile.id, credentialsID: profile.credentialsID))
        await vault.close()
        return story
    }

    private func open(_ story: Story) async throws -> Vault {
        try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
    }

    /// Starts `count` processes that all wait for the client's lock, which the test holds until then: each process
    /// has read the vault before any of them sends a request.
    private func gathered(
        _ count: Int, _ story: Story, _ profile: ClientProfile, _ arguments: String...
    ) async throws -> [Story.Outcome] {
        let vault = try await open(story)
        try #require(vault.lockRequest(for: profile.id) == .locked)
        let programs = try (0..<count).map { _ in
            try RunningProgram.start(story, "token", profile.name, options: arguments)
        }
        try await wait(for: "\(count) processes at the lock") {
            programs.allSatisfy { $0.hasOpen(story.vault + "-lock") }
        }
        await vault.close()
        return try await outcomes(of: programs)
    }

    private func outcomes(of programs: [RunningProgram]) async throws -> [Story.Outcome] {
        var outcomes: [Story.Outcome] = []
        for program in programs { outcomes.append(try await program.outcome()) }
        return outcomes
    }

    @Test("200 processes at once with an expired token send one request, and all print the new token")
    func expiredToken() async throws {
        let server = try DemoServer.with(["app": .slow(seconds: 0.5, lifetime: 3_600)], recording: true)
        let story = try await expired(server.profile("billing", "app"))
        let programs = try (0..<200).map { _ in try RunningProgram.start(story, "token", "billing") }
        let outcomes = try await outcomes(of: programs)
        #expect(server.tokenRequests(of: "app") == 1)
        #expect(outcomes[0].output.hasPrefix("ey"))
        #expect(Set(outcomes.map(\.output)).count == 1)
        #expect(outcomes.allSatisfy { $0.status == 0 && $0.complaint.isEmpty })
    }

    @Test(
        "--fresh: processes that begin before an answer is stored share it, and a later process sends a request",
        .enabled(if: geteuid() == 0, rootAlone))
    func fresh() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let profile = server.profile("billing", "app")
        let story = try await Story.with([profile])
        let held = try await story.run("token", "billing")
        let outcomes = try await gathered(20, story, profile, "--fresh")
        #expect(server.tokenRequests(of: "app") == 2)
        #expect(Set(outcomes.map(\.output)).count == 1)
        #expect(outcomes.allSatisfy { $0.status == 0 && $0.complaint.isEmpty && $0.output != held.output })
        let later = try await story.run("token", "billing", "--fresh")
        #expect(later.status == 0 && later.output != outcomes[0].output)
        #expect(server.tokenRequests(of: "app") == 3)
    }

    @Test("20 processes started together with --fresh send fewer than 20 requests")
    func freshTogether() async throws {
        let server = try DemoServer.with(["app": .slow(seconds: 1, lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("billing", "app")])
        let programs = try (0..<20).map { _ in try RunningProgram.start(story, "token", "billing", "--fresh") }
        let outcomes = try await outcomes(of: programs)
        #expect(outcomes.allSatisfy { $0.status == 0 && $0.complaint.isEmpty })
        #expect(server.tokenRequests(of: "app") < 20)
        #expect(Set(outcomes.map(\.output)).count == server.tokenRequests(of: "app"), "each token is printed")
    }

    @Test(
        "a server that refuses gets one request, and 20 processes report the same failure",
        .enabled(if: geteuid() == 0, rootAlone))
    func refused() async throws {
        let server = try DemoServer.with(["app": .refuses], recording: true)
        let profile = server.profile("billing", "app")
        let story = try await expired(profile)
        let outcomes = try await gathered(20, story, profile)
        #expect(server.tokenRequests(of: "app") == 1)
        let refusal = Story.Outcome(
            76,
            complaint: """
                keyfob: the server refused client "billing": invalid_client (401)
                  hint: the server says: Invalid client or client credentials.
                  hint: check the client ID and secret

                """)
        #expect(outcomes == Array(repeating: refusal, count: 20))
    }

    @Test("two clients do not wait for each other")
    func otherClient() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 60), "other": .token(lifetime: 60)], recording: true)
        let profile = server.profile("billing", "app")
        let story = try await Story.with([profile, server.profile("reports", "other")])
        let vault = try await open(story)
        try #require(vault.lockRequest(for: profile.id) == .locked)
        let waiting = try RunningProgram.start(story, "token", "billing")
        #expect(try await story.run("token", "reports").status == 0)
        #expect(server.tokenRequests(of: "other") == 1)
        #expect(server.tokenRequests(of: "app") == 0)
        await vault.close()
        #expect(try await waiting.outcome().status == 0)
    }

    @Test("if a process is killed during its request, the next process sends a request")
    func killedHolder() async throws {
        let server = try hangingOnce()
        let story = try await expired(server.profile("billing", "app"))
        let holder = try RunningProgram.start(story, "token", "billing")
        try await wait(for: "the holder's request") { server.tokenRequests(of: "app") == 1 }
        let next = try RunningProgram.start(story, "token", "billing")
        holder.signal(SIGKILL)
        let outcome = try await next.outcome()
        #expect(outcome.status == 0 && outcome.complaint.isEmpty && outcome.output.hasPrefix("ey"))
        #expect(server.tokenRequests(of: "app") == 2)
        #expect(try await holder.outcome() == Story.Outcome(128 + SIGKILL))
    }

    @Test(
        "if a process is stopped during its request, the next process waits 40 s and then sends a request",
        .timeLimit(.minutes(4)))
    func stoppedHolder() async throws {
        let server = try hangingOnce()
        let story = try await expired(server.profile("billing", "app"))
        let holder = try RunningProgram.start(story, "token", "billing")
        try await wait(for: "the holder's request") { server.tokenRequests(of: "app") == 1 }
        holder.signal(SIGSTOP)
        let began = ContinuousClock.now
        let outcome = try await story.run("token", "billing")
        #expect(ContinuousClock.now - began > .seconds(39), "the holder was waited for")
        #expect(outcome.status == 0 && outcome.complaint.isEmpty && outcome.output.hasPrefix("ey"))
        #expect(server.tokenRequests(of: "app") == 2)
        holder.signal(SIGKILL)
        #expect(try await holder.outcome().status == 128 + SIGKILL)
    }

    /// A server whose first answer never comes.
    private func hangingOnce() throws -> DemoServer {
        try DemoServer.with(
            ["app": .inTurn([.slow(seconds: 600, lifetime: 60), .token(lifetime: 3_600)])], recording: true)
    }

    @Test("two screens that keep a client fresh send one request for each of three renewals", .timeLimit(.minutes(3)))
    func twoScreens() async throws {
        // Each answer takes longer than the random difference between the two screens' renewals.
        let server = try DemoServer.with(["app": .slow(seconds: 0.7, lifetime: 6)], recording: true)
        let profile = server.profile("Billing", "app")
        let story = try await Story.with([profile])
        let terminals = [try await TerminalStory.open(story), try await TerminalStory.open(story)]
        let vault = try await open(story)
        try await terminals[0].press("f")
        var tokens: [TokenFacts] = []
        try await wait(for: "the first token and three renewals") {
            let token = try await vault.entry(profile.id)?.token
            if let token, token != tokens.last { tokens.append(token) }
            return tokens.count == 4
        }
        #expect(server.tokenRequests(of: "app") == 4)
        for (earlier, later) in zip(tokens, tokens.dropFirst()) {
            #expect(later.requested.seconds(since: earlier.requested) > 4, "no two renewals at the same time")
        }
        for terminal in terminals { try await terminal.see("● Billing", "renewed automatically in") }
        await vault.close()
    }
}
