import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("Removing damaged records")
struct RemovingDamageTests {
    @Test("A damaged token is removed; a token stored in its place stays")
    func token() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        try await vault.removeDamagedToken(of: profile.id)
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        try await vault.removeDamagedToken(of: profile.id)
        #expect(try await vault.token(of: profile.id) == newToken())
        try await vault.execute("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE kind = 3")
        #expect(await failure { () throws(Failure) in try await vault.token(of: profile.id) }.kind == .vaultDamaged)
        try await vault.removeDamagedToken(of: profile.id)
        #expect(try await vault.token(of: profile.id) == nil)
        try await vault.removeDamagedToken(of: UUID())
        #expect(try await vault.verify() == Verification(recordCount: 3, damaged: []))
    }

    @Test(
        "A record with an empty, short or long ID is removed like any other",
        arguments: [0, 1, 15, 17, 64, 65, 9_999, 5_000_000])
    func ids(length: Int) async throws {
        let (folder, vault) = try await Folder.withVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        try folder.sql("INSERT INTO record VALUES (3, zeroblob(\(length)), 1, x'00')")
        #expect(try await vault.snapshot().entries.map(\.id) == [profile.id])
        #expect(try await vault.entry(named: profile.name)?.id == profile.id)
        let damaged = try await vault.verify().damaged
        #expect(damaged.map(\.id) == ["-"])
        #expect(try await vault.remove(damaged) == 1)
        #expect(try await vault.verify() == Verification(recordCount: 3, damaged: []))
        #expect(try await vault.remove(damaged) == 0)
    }

    @Test("A vault of an older format is verified, copied and cleared of damage like a current one")
    func olderFormat() async throws {
        let folder = Folder()
        try VersionOne.make(in: folder)
        let vault = try await folder.openVault()
        #expect(try await vault.verify() == Verification(recordCount: 6, damaged: []))
        let copy = folder.path + "/copy.db"
        #expect(try await vault.backup(to: copy) == Verification(recordCount: 6, damaged: []))
        await vault.close()
        #expect(try folder.rows("PRAGMA user_version") == [["1"]], "reading upgrades nothing")
        let copied = try await Vault.open(at: copy, passphrase: passphrase)
        #expect(try await copied.secret(of: VersionOne.full) == Secret(utf8: "s3cr\u{E4}t"))
        await copied.close()

        try folder.sql(
            "UPDATE record SET sealed = zeroblob(length(sealed)) WHERE kind = 1 AND id = x'\(VersionOne.bare.hex)'")
        let again = try await folder.openVault()
        let damaged = try await again.verify().damaged
        #expect(damaged.map(\.id) == [VersionOne.bare.hex])
        #expect(try await again.remove(damaged) == 1)
        #expect(try await again.verify().damaged == [])
        #expect(try await again.snapshot().entries.map(\.id) == [VersionOne.full])
        await again.close()
    }
}
