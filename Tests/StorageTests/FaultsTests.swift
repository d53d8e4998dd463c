import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("Lasting faults of an open vault")
struct FaultsTests {
    /// The next change of the faults; awaited only if a change must have come.
    private func next(_ faults: inout AsyncStream<VaultFaults>.Iterator) async -> VaultFaults? { await faults.next() }

    @Test(
        "The next check or write reports once that the file is gone, and once that it is back", arguments: [0, 1])
    func removed(kind: Int) async throws {
        let (folder, vault) = try await Folder.withVault()
        var faults = vault.faults.makeAsyncIterator()
        let away = folder.vault + ".away"
        let look: () async throws(Failure) -> Void = { () throws(Failure) in
            if kind == 0 { _ = try await vault.changedElsewhere() } else { _ = try await vault.snapshot() }
        }
        try await look()
        try FileManager.default.moveItem(atPath: folder.vault, toPath: away)
        let failure = await failure(look)
        #expect(failure == .replaced(folder.vault))
        #expect(await next(&faults) == VaultFaults(file: failure))
        let written = await StorageTests.failure { () throws(Failure) in
            try await vault.append([ActivityEntry(at: Date(), text: "a")])
        }
        #expect(written == failure)
        try FileManager.default.moveItem(atPath: away, toPath: folder.vault)
        try await look()
        #expect(await next(&faults) == VaultFaults())
        await vault.close()
        #expect(await next(&faults) == nil)
    }

    @Test("A failed write on a full disk is reported until a write succeeds", .enabled(if: MountedDisk.isPermitted))
    func full() async throws {
        let disk = try MountedDisk(kilobytes: 512)
        let vault = try await Vault.create(at: disk.path + "/vault.db", passphrase: passphrase, cost: cheap)
        var faults = vault.faults.makeAsyncIterator()
        disk.fill()
        let failure = await failure { () throws(Failure) in
            _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        }
        #expect(failure.summary.hasSuffix("the disk is full"))
        #expect(await next(&faults) == VaultFaults(writing: failure))
        _ = try await vault.snapshot()
        disk.free()
        _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        #expect(await next(&faults) == VaultFaults(), "a check in between has reported nothing")
        await vault.close()
    }

    @Test(
        "A vault opened read-only reports the reason from the beginning",
        .enabled(if: MountedDisk.isPermitted))
    func readOnly() async throws {
        let disk = try MountedDisk(kilobytes: 512)
        let path = disk.path + "/vault.db"
        await (try await Vault.create(at: path, passphrase: passphrase, cost: cheap)).close()
        disk.makeReadOnly()
        let vault = try await Vault.open(at: path, passphrase: passphrase)
        var faults = vault.faults.makeAsyncIterator()
        let because = try #require(try await vault.readOnlyBecause())
        #expect(await next(&faults) == VaultFaults(writing: because))
        await vault.close()
        #expect(await next(&faults) == nil)
    }
}
