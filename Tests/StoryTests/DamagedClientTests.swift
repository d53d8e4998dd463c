import Credentials
import DemoServer
import Foundation
import Storage
import Testing

@Suite("Stories of using a vault that is damaged")
struct DamagedClientTests {
    private let server: DemoServer
    private let billing: ClientProfile
    private let reports: ClientProfile

    init() throws {
        server = try DemoServer.with(
            ["app": .token(lifetime: 3_600), "other": .token(lifetime: 3_600)], recording: true)
        billing = server.profile("Billing", "app")
        reports = server.profile("Reports", "other")
    }

    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    @Test("a client with a damaged profile is reported as damaged, 65; the other client works")
    func profile() async throws {
        let story = try await Story.with([billing, reports])
        try story.damage(1, of: billing)
        let ofBilling = complaint(
            "the vault \(story.vault) is damaged: the profile of client \"BILLING\" is missing or altered",
            "keyfob verify lists the damaged records", "keyfob remove --damaged removes the client")
        for verb in ["show", "token", "header"] {
            #expect(try await story.run(verb, " BILLING") == Story.Outcome(65, complaint: ofBilling), "\(verb)")
            #expect(try await story.run(verb, "reports").status == 0, "\(verb)")
        }
        #expect(try await story.run("remove", "billing", "--yes").status == 65)
        #expect(server.tokenRequests(of: "app") == 0)
        #expect(server.tokenRequests(of: "other") == 1)
    }

    @Test("an unknown name ends with 65 while any profile is damaged, and with 66 if none is")
    func unknownName() async throws {
        let story = try await Story.with([billing, reports])
        let missing = Story.Outcome(
            66, complaint: complaint("no client named \"nobody\"", "keyfob list shows the names"))
        let damaged = Story.Outcome(
            65,
            complaint: complaint(
                "no readable client is named \"nobody\": the vault \(story.vault) is damaged: the profile of a client "
                    + "is missing or altered", "keyfob verify lists the damaged records",
                "keyfob list shows the names that can be read"))
        #expect(try await story.run("token", "nobody") == missing)
        try story.damage(2, of: billing)
        #expect(try await story.run("token", "nobody") == missing, "a damaged secret hides no name")
        try story.damage(1, of: billing)
        for verb in ["show", "token", "header"] { #expect(try await story.run(verb, "nobody") == damaged, "\(verb)") }
        #expect(try await story.run("remove", "nobody", "--yes") == damaged)
        // Its name's record is lost too.
        try story.sql("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE kind = 10")
        let nameless = try await story.run("token", "billing")
        #expect(
            nameless.status == 65 && nameless.complaint.hasPrefix("keyfob: no readable client is named \"billing\": "))
        #expect(try await story.run("token", "Reports").status == 0)
        #expect(try await story.run("remove", "--damaged", "--yes").status == 0)
        #expect(try await story.run("token", "nobody") == missing)
    }

    @Test("a client is found by its name even if the name's record is damaged or moved")
    func nameRecord() async throws {
        for damage in ["sealed = zeroblob(length(sealed))", "sealed = x''", "id = randomblob(16)", "revision = 9"] {
            let story = try await Story.with([billing, reports])
            try story.sql("UPDATE record SET \(damage) WHERE kind = 10")
            #expect(try await story.run("show", "billing").status == 0, "\(damage)")
            #expect(try await story.run("token", "nobody").status == 66, "\(damage)")
        }
    }

    @Test("a second client cannot take a name whose record is damaged")
    func nameTaken() async throws {
        let taken = complaint("a client named \"BILLING\" already exists", "choose another name: case does not matter")
        for damage in ["zeroblob(length(sealed))", "x''", "(SELECT sealed FROM record r WHERE r.kind = 10 LIMIT 1)"] {
            let story = try await Story.with([billing, reports])
            try story.sql("UPDATE record SET sealed = \(damage) WHERE kind = 10")
            let added = try await story.run("add", "BILLING", "--client-id", "x", "--secret-stdin", input: "s")
            #expect(added == Story.Outcome(73, complaint: taken), "\(damage)")
            #expect(try await story.run("add", "Audit", "--client-id", "x", "--secret-stdin", input: "s").status == 0)
            #expect(try await story.run("list").output == "Audit\tnone\t-\nBilling\tnone\t-\nReports\tnone\t-\n")
        }
    }

    @Test("a damaged secret stops only the commands that need the secret")
    func secret() async throws {
        let story = try await Story.with([billing, reports])
        let token = try await story.run("token", "billing")
        try story.damage(2, of: billing)
        #expect(try await story.run("token", "billing") == token, "the token that is held")
        #expect(try await story.run("show", "billing").status == 0)
        let fresh = try await story.run("token", "billing", "--fresh")
        #expect(fresh.status == 65 && fresh.output.isEmpty)
        #expect(
            fresh.complaint.hasPrefix("keyfob: the vault \(story.vault) is damaged: the secret of "),
            "\(fresh.complaint)")
        #expect(server.tokenRequests(of: "app") == 1)
    }

    @Test(
        "a damaged token is dropped, reported and fetched again: exit 0, and no message the next time",
        arguments: ["zeroblob(length(sealed))", "x'00'", "x''", "zeroblob(5000000)", "substr(sealed, 1, 60)"])
    func token(_ damage: String) async throws {
        let said = complaint("the stored token of client \"Billing\" was damaged and was removed")
        let story = try await Story.with([billing, reports])
        let other = try await story.run("token", "reports")
        var requests = 0
        // Runs take long: one kind of damage is tried with every verb, the other kinds with one verb.
        let verbs =
            damage.hasPrefix("zeroblob(l") ? [["token"], ["header"], ["token", "--fresh"]] : [["token", "--json"]]
        for arguments in verbs {
            #expect(try await story.run("token", "billing", "--fresh").status == 0)
            try story.sql("UPDATE record SET sealed = \(damage) WHERE kind = 3 AND id = x'\(billing.hexID)'")
            let outcome = try await story.run(arguments + ["Billing"], input: "", environment: [:])
            requests += 2
            #expect(outcome.status == 0 && outcome.complaint == said && outcome.output.contains("ey"), "\(arguments)")
            #expect(server.tokenRequests(of: "app") == requests)
            let again = try await story.run("token", "billing")
            #expect(again.status == 0 && again.complaint.isEmpty)
            #expect(outcome.output.contains(again.output.dropLast()))
            #expect(server.tokenRequests(of: "app") == requests)
        }
        #expect(try await story.run("token", "reports") == other)
        #expect(try await story.run("verify").status == 0)
    }

    @Test(
        "a damaged record of a named client is reported after the answer, 65; revoke does not call it no token",
        arguments: [3, 4])
    func named(_ kind: Int) async throws {
        let story = try await Story.with([billing, reports])
        #expect(try await story.run("token", "billing").status == 0)
        if kind == 4 {
            server.stop()
            #expect(try await story.run("token", "billing", "--fresh").status == 69)
        }
        try story.damage(kind, of: billing)
        let said = try await story.run("list").complaint
        #expect(said.contains("\"Billing\" is missing or altered\n"))
        for arguments in [["show", "billing"], ["status", "billing"], ["status", "reports", "billing"]] {
            for option in [[], ["--json"]] {
                let outcome = try await story.run(arguments + option, input: "", environment: [:])
                #expect(outcome.status == 65 && outcome.complaint == said, "\(arguments + option)")
                #expect(outcome.output.contains("Billing"), "\(arguments + option)")
            }
        }
        #expect(try await story.run("status", "reports") == Story.Outcome(0, output: "Reports\tnone\t-\t-\n"))
        #expect(try await story.run("show", "reports").status == 0)
        guard kind == 3 else { return }
        #expect(try await story.run("revoke", "billing", "--yes") == Story.Outcome(65, complaint: said))
        #expect(
            try await story.run("refresh", "billing")
                == Story.Outcome(0, complaint: complaint("refreshed 1 client")), "a new token replaces it")
        #expect(try await story.run("status", "billing").status == 0)
    }

    @Test("20 processes at once on a damaged token send one request, and all print the new token")
    func tokenShared() async throws {
        let story = try await Story.with([billing])
        #expect(try await story.run("token", "billing").status == 0)
        try story.damage(3, of: billing)
        let programs = try (0..<20).map { _ in try RunningProgram.start(story, "token", "billing") }
        var outcomes: [Story.Outcome] = []
        for program in programs { outcomes.append(try await program.outcome()) }
        #expect(server.tokenRequests(of: "app") == 2, "one before it was damaged, one after")
        #expect(Set(outcomes.map(\.output)).count == 1)
        #expect(outcomes.allSatisfy { $0.status == 0 })
    }

    @Test("a refused request leaves no damaged token behind")
    func tokenRefused() async throws {
        let story = try await Story.with([billing])
        #expect(try await story.run("token", "billing").status == 0)
        try story.damage(3, of: billing)
        server.stop()
        #expect(try await story.run("token", "billing").status == 69)
        #expect(try await story.run("verify").status == 0)
    }

    @Test(
        "on the screen, c and r work on a client with a damaged token, and Activity reports the damage",
        arguments: ["c", "r"])
    func screen(_ key: String) async throws {
        let story = try await Story.with([billing, reports])
        #expect(try await story.run("token", "billing").status == 0)
        try story.damage(3, of: billing)
        let terminal = try await TerminalStory.open(story, columns: 140)
        try await terminal.press(key)
        try await terminal.see("● Billing", key == "c" ? "header in tmux's buffer" : "Billing: new token in")
        if key == "c" { #expect(try await terminal.copied.hasPrefix("Authorization: Bearer ey")) }
        try await terminal.press("A", see: "Activity: ", "token of client \"Billing\"")
        #expect(server.tokenRequests(of: "app") == 2)
        #expect(try await story.run("verify").status == 0)
    }
}
