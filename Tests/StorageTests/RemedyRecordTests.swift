import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("Remedies in the record of a failed request")
struct RemedyRecordTests {
    /// The record as an older keyfob reads it, with hints as strings.
    private struct EarlierAttempt: Codable {
        var kind: String
        var summary: String
        var hints: [String]?
        var at: StoredMoment
        var credentials: UUID
    }

    private let credentials = UUID()

    private static let hints: [Failure.Hint] = [
        "the server says: no", Failure.Hint("the previous secret still works", .swapSecrets), "check the ID",
        Failure.Hint("the answer was dropped", .refresh),
    ]

    private func json(_ hints: [Failure.Hint]) throws -> Data {
        let attempt = FailedAttempt(failure: Failure(.refused, "refused", hints: hints), at: moment())
        return try JSONEncoder().encode(StoredAttempt(attempt, credentials: credentials))
    }

    private func hints(in json: Data) throws -> [Failure.Hint] {
        try JSONDecoder().decode(StoredAttempt.self, from: json).attempt.failure.hints
    }

    @Test("every remedy is stored and read with its text")
    func kept() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        let hints = Self.hints + Remedy.allCases.map { Failure.Hint("by \($0.rawValue)", $0) }
        let attempt = FailedAttempt(failure: Failure(.refused, "refused", hints: hints), at: moment())
        #expect(try await vault.store(attempt, for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.entry(profile.id)?.attempt == .failed(attempt))
        await vault.close()
        #expect(try await folder.openVault().entry(profile.id)?.attempt == .failed(attempt))
    }

    @Test("an older keyfob that reads only strings gets the texts, without a key in them")
    func readByEarlier() throws {
        let earlier = try JSONDecoder().decode(EarlierAttempt.self, from: try json(Self.hints))
        #expect(
            earlier.hints == [
                "the server says: no", "the previous secret still works", "check the ID", "the answer was dropped",
            ])
        #expect(earlier.kind == "refused" && earlier.summary == "refused" && earlier.credentials == credentials)
    }

    @Test("hints without a remedy are stored in the old form")
    func withoutRemedy() throws {
        for hints: [Failure.Hint] in [[], ["check the secret"]] {
            let json = try json(hints)
            #expect(!String(decoding: json, as: UTF8.self).contains("remedies"))
            #expect(try self.hints(in: json) == hints)
        }
    }

    @Test("a record without remedies keeps its texts")
    func writtenByEarlier() throws {
        let words = "the previous secret, set 2026-11-18, still works: e edits the client and swaps them"
        let earlier = EarlierAttempt(
            kind: "refused", summary: "refused", hints: [words, "check the ID"], at: StoredMoment(moment()),
            credentials: credentials)
        #expect(try hints(in: JSONEncoder().encode(earlier)) == [Failure.Hint(words), "check the ID"])
    }

    @Test("an unknown, missing or extra remedy is no error: the texts stay")
    func unknown() throws {
        let forms: [(String, [Remedy?])] = [
            (#"["reboot","edit"]"#, [nil, .edit]), (#"["edit"]"#, [.edit, nil]), ("[]", [nil, nil]),
            ("null", [nil, nil]), (#"["","","edit"]"#, [nil, nil]),
        ]
        for (form, remedies) in forms {
            let json = try #require(
                String(
                    decoding: try json([Failure.Hint("a", .refresh), Failure.Hint("b", .refresh)]), as: UTF8.self
                ).replacingOccurrences(of: #"["refresh","refresh"]"#, with: form).data(using: .utf8))
            #expect(try hints(in: json).map(\.text) == ["a", "b"], "\(form)")
            #expect(try hints(in: json).map(\.remedy) == remedies, "\(form)")
        }
    }
}
