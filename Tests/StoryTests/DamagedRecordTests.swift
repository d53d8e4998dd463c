import Credentials
import DemoServer
import Foundation
import Storage
import Testing

@Suite("Stories of damaged records")
struct DamagedRecordTests {
    private static let kinds = [
        1: "profile", 2: "secret", 3: "token", 4: "last failed request", 5: "previous secret", 6: "last use",
        7: "list of tried requests", 8: "activity", 9: "state of the screen", 10: "record of a name",
    ]

    private let billing = ClientProfile(name: "Billing", clientID: "app", created: Date())
    private let reports = ClientProfile(name: "Reports", clientID: "other", created: Date())

    /// A vault with two clients and a record of every kind.
    private func furnished() async throws -> Story {
        let story = try await Story.with([billing, reports])
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        let edited = try await vault.update(billing, from: 1, secret: Secret(utf8: "another"), at: Date()).entry
        let credentials = [edited.profile, reports].map { ($0.id, $0.credentialsID) }
        for (id, credentialsID) in credentials {
            #expect(try await vault.store(Self.token, for: id, credentialsID: credentialsID))
        }
        let attempt = FailedAttempt(failure: Failure(.refused, "refused"), at: Self.now)
        #expect(try await vault.store(attempt, for: billing.id, credentialsID: edited.profile.credentialsID))
        try await vault.noteUse(of: billing.id, at: Date())
        try await vault.store(TrialRequest(path: "/health"), for: billing.id)
        try await vault.append([ActivityEntry(at: Date(), text: "noted")])
        try await vault.store(ScreenMemory(filter: "eu"))
        await vault.close()
        return story
    }

    private static let now = Moment(wall: Date(), boot: 0, bootID: "")
    private static let token = AccessToken(
        value: Secret(utf8: "held-token"),
        facts: TokenFacts(requested: now, obtained: now, lifetime: 3_600, characterCount: 10))

    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    private func damaged(_ count: Int, of total: Int, _ story: Story, isNoLoss: Bool = false) -> String {
        let summary = "\(count) of \(total) records of the vault \(story.vault) are damaged"
        guard !isNoLoss else {
            return complaint(summary, "keyfob remove --damaged removes the damaged records; nothing else is lost")
        }
        return complaint(
            summary, "restore an earlier copy of the vault, if you have a copy",
            "keyfob remove --damaged removes the damaged records permanently")
    }

    @Test("verify of an undamaged vault prints no line and reports the number of records")
    func whole() async throws {
        let story = try await furnished()
        let before = try story.rows()
        #expect(before.map(\.kind) == [1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 10])
        #expect(
            try await story.run("verify")
                == Story.Outcome(0, complaint: complaint("all 14 records are intact")))
        #expect(
            try await story.run("remove", "--damaged", "--yes")
                == Story.Outcome(0, complaint: complaint("no record is damaged")))
        #expect(try story.rows() == before)
    }

    @Test("each damaged record is reported with its ID and removed, with the records that depend on it and no others")
    func each() async throws {
        let story = try await furnished()
        let whole = try Data(contentsOf: URL(fileURLWithPath: story.vault))
        for row in try story.rows() {
            try whole.write(to: URL(fileURLWithPath: story.vault))
            try story.sql("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE \(row.place)")
            let before = try story.rows().filter { $0.kind != row.kind || $0.id != row.id }
            let kind = try #require(Self.kinds[row.kind])
            let owner = [billing.hexID: "Billing", reports.hexID: "Reports"][row.id]
            let verified = try await story.run("verify")
            #expect(
                verified
                    == Story.Outcome(
                        65, output: "\(row.id)\t\(kind)\t\(owner ?? "-")\n",
                        complaint: damaged(1, of: 14, story, isNoLoss: [3, 4, 6, 7, 9, 10].contains(row.kind))))

            let removed = try await story.run("remove", "--damaged", "--yes")
            let isIndispensable = [1, 2].contains(row.kind)
            let name = owner.map { " of client \"\($0)\"" } ?? ""
            #expect(
                removed
                    == Story.Outcome(
                        0,
                        complaint: complaint(
                            "damaged: the \(kind)\(name) (\(row.id))\(isIndispensable ? "; the client is removed too" : "")"
                        )
                            + complaint("removed 1 damaged record")))
            let after = try story.rows()
            if isIndispensable {
                #expect(after.filter { $0.kind < 8 } == before.filter { $0.kind < 8 && $0.id != row.id })
                #expect(after.count { $0.kind == 10 } == 1, "its name is free")
            } else if row.kind == 5 {
                // The profile said that there is a previous secret.
                #expect(after.filter { $0.kind != 1 } == before.filter { $0.kind != 1 })
            } else {
                #expect(after == before, "\(kind)")
            }
            let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
            #expect(try await vault.verify().damaged == [], "\(kind)")
            await vault.close()
            let listed = try await story.run("list")
            #expect(listed.status == 0 && listed.complaint.isEmpty, "\(kind)")
            let names = listed.output.split(separator: "\n").compactMap {
                $0.split(separator: "\t").first.map(String.init)
            }
            #expect(names == ["Billing", "Reports"].filter { !isIndispensable || $0 != owner }, "\(kind)")
        }
    }

    @Test(
        "a cut record, a record moved to another revision or client, a lost secret and an unknown record are damage too",
        arguments: [
            ("UPDATE record SET sealed = x'00' WHERE kind = 3", 2, ["Billing", "Reports"]),
            ("UPDATE record SET sealed = x'' WHERE kind = 7", 1, ["Billing", "Reports"]),
            ("UPDATE record SET revision = revision + 1 WHERE kind = 2", 2, []),
            (
                "UPDATE record SET sealed = (SELECT sealed FROM record r WHERE r.kind = 1 LIMIT 1) WHERE kind = 1", 1,
                nil
            ),
            ("UPDATE record SET sealed = zeroblob(5000000) WHERE kind = 3", 2, ["Billing", "Reports"]),
            ("DELETE FROM record WHERE kind = 2", 2, []),
            ("DELETE FROM record WHERE kind = 5", 1, ["Billing", "Reports"]),
            ("DELETE FROM record WHERE kind = 1", 10, []),
            ("INSERT INTO record VALUES (3, x'010203', 1, x'00')", 1, ["Billing", "Reports"]),
            ("INSERT INTO record VALUES (3, x'', 1, x'00')", 1, ["Billing", "Reports"]),
            ("INSERT INTO record VALUES (3, zeroblob(100), 1, x'00')", 1, ["Billing", "Reports"]),
            ("INSERT INTO record VALUES (3, zeroblob(1000000), 1, x'00')", 1, ["Billing", "Reports"]),
            ("INSERT INTO record VALUES (999, zeroblob(16), 1, x'00')", 1, ["Billing", "Reports"]),
            ("INSERT INTO record VALUES (-1, zeroblob(16), 1, x'00')", 1, ["Billing", "Reports"]),
        ] as [(String, Int, [String]?)])
    func otherDamage(_ statement: String, count: Int, left: [String]?) async throws {
        let story = try await furnished()
        try story.sql(statement)
        let verified = try await story.run("verify")
        #expect(verified.status == 65)
        #expect(verified.output.split(separator: "\n").count == count, "\(verified.output)")
        #expect(
            verified.output.split(separator: "\n").allSatisfy {
                $0.split(separator: "\t", omittingEmptySubsequences: false).count == 3
            })
        let removed = try await story.run("remove", "--damaged", "--yes")
        #expect(removed.status == 0 && removed.complaint.contains("removed \(count) damaged record"), "\(removed)")
        #expect(try await story.run("verify").status == 0)
        let listed = try await story.run("list")
        #expect(listed.status == 0 && listed.complaint.isEmpty)
        let names = listed.output.split(separator: "\n").compactMap { $0.split(separator: "\t").first.map(String.init) }
        if let left { #expect(names == left) } else { #expect(names.count == 1) }
    }

    @Test(
        "with IDs, only those records are removed, in any spelling of the ID; an ID of no damaged record removes nothing"
    )
    func ids() async throws {
        let story = try await furnished()
        try story.damage(3, of: billing)
        try story.damage(3, of: reports)
        let before = try story.rows()
        for unknown in ["00", "Billing", "\u{1B}[31m"] {
            let outcome = try await story.run("remove", "--damaged", reports.hexID, unknown, "--yes")
            #expect(outcome.status == 66 && outcome.complaint.hasPrefix("keyfob: no damaged record has the ID "))
            #expect(outcome.complaint.hasSuffix("  hint: keyfob verify lists the IDs\n"))
            #expect(!outcome.complaint.contains("\u{1B}"))
        }
        #expect(try story.rows() == before)
        let one = try await story.run("remove", "--damaged", reports.id.uuidString, "--yes")
        #expect(one.status == 0)
        #expect(try story.rows() == before.filter { $0.kind != 3 || $0.id != reports.hexID })
        let other = try await story.run("verify")
        #expect(other.output == "\(billing.hexID)\ttoken\tBilling\n")
        #expect(try await story.run("remove", "--damaged", "--yes", billing.hexID).status == 0)
        #expect(
            try await story.run("remove", "--damaged", "--yes", billing.hexID)
                == Story.Outcome(
                    66,
                    complaint: complaint(
                        "no damaged record has the ID \(billing.hexID)", "keyfob verify lists the IDs")))
        #expect(try await story.run("verify").status == 0)
    }

    @Test("remove asks on a terminal, and needs --yes without a terminal")
    func question() async throws {
        let story = try await furnished()
        try story.damage(1, of: billing)
        let before = try story.rows()
        #expect(
            try await story.run("remove", "--damaged")
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "cannot ask for confirmation: standard input is not a terminal",
                        "keyfob remove --damaged --yes removes without asking")))
        let terminal = try await TerminalStory.start(
            story, "keyfob remove --damaged --passphrase-file passphrase", columns: 120)
        try await terminal.see(
            "damaged: the profile of client \"Billing\" (\(billing.hexID)); the client is removed too",
            "remove these damaged records permanently (1)? [y/N]")
        try await terminal.press("n", "Enter", see: "keyfob: nothing was removed", "exit 1")
        #expect(try story.rows() == before)
        try await terminal.type("clear; keyfob remove --damaged --passphrase-file passphrase; echo exit $?\n")
        try await terminal.see("remove these damaged records permanently (1)? [y/N]")
        try await terminal.press("y", "Enter", see: "keyfob: removed 1 damaged record", "exit 0")
        #expect(try await story.run("list").output.hasPrefix("Reports\t"))
    }

    @Test("remove takes one name, or --damaged")
    func usage() async throws {
        let story = try Story()
        let hint = "keyfob remove --help lists its options"
        #expect(
            try await story.run("remove")
                == Story.Outcome(64, complaint: complaint("missing expected argument '<name>'", hint)))
        #expect(
            try await story.run("remove", "one", "hunter2", "--yes")
                == Story.Outcome(64, complaint: complaint("there are more arguments than expected", hint)))
        #expect(try await story.run("verify", "hunter2").status == 64)
    }
}
