import Credentials
import FoundationEssentials

// A new data key: an older copy of the vault no longer helps to read the vault.
extension Vault {
    /// The slots that a new data key drops: all but the passphrase's.
    /// - Throws: `.vaultDamaged` if a record cannot be read, because `replaceKey` would lose the record.
    public func slotsLostWithKey() async throws(Failure) -> [KeySlotFacts] {
        try await read { (vault) throws(Failure) in
            try vault.checkEveryRecord()
            return try vault.slotsLostWithKey()
        }
    }

    /// Seals every record, also records of kinds that this keyfob does not know, with a new data key, which only `new`
    /// opens, and drops all other slots. Other processes that have the vault open find out at their next read or write.
    /// - Parameter slots: the dropped slots, as `slotsLostWithKey` gave them.
    /// - Throws: `.unacceptableInput` if `new` is empty; `.conflict` if another process has changed a slot meanwhile;
    ///   `.vaultDamaged` as `slotsLostWithKey`. Nothing is changed then. `.cannotWrite` as for `changePassphrase`.
    public func replaceKey(
        passphrase new: Secret, dropping slots: [KeySlotFacts], cost: KeyDerivationCost = .standard
    ) async throws(Failure) {
        try Self.check(new, cost)
        // Slow: outside of the transaction, so that other processes can write.
        let (before, key, slot) = try await thread.read { (vault) throws(Failure) in
            try vault.newKey(passphrase: new, cost: cost)
        }
        try await write(ifUncertain: .passphraseUncertaintyHint) { (vault) throws(Failure) in
            guard try Schema.keySlots(in: vault.connection) == before, try vault.slotsLostWithKey() == slots else {
                throw .slotsChangedMeanwhile
            }
            try vault.checkEveryRecord()
            try vault.reseal(with: key, in: slot)
        }
    }
}

extension OpenVault {
    /// The current slots, and a new data key with its slot.
    fileprivate func newKey(
        passphrase: Secret, cost: KeyDerivationCost
    ) throws(Failure) -> (before: [KeySlotRow], key: Secret, slot: KeySlot) {
        let before = try Schema.keySlots(in: connection)
        do throws(KeySlot.Problem) {
            let key = try KeySlot.newDataKey()
            let slot = try KeySlot(wrapping: key, passphrase: passphrase, cost: cost, vaultID: vaultID)
            return (before, key.secret(), slot)
        } catch {
            throw .keySlot(error, of: path)
        }
    }

    fileprivate func slotsLostWithKey() throws(Failure) -> [KeySlotFacts] {
        try keySlots().filter { $0.kind != .passphrase }
    }

    /// Throws if a record cannot be read.
    fileprivate func checkEveryRecord() throws(Failure) {
        let count = try verify().damaged.count
        guard count == 0 else { throw .damagedKeepsKey(path, count) }
    }

    /// Seals every record with `new`, its revision unchanged. A name's record moves to its hash under `new`.
    /// - Parameter slot: replaces all slots.
    fileprivate func reseal(with key: Secret, in slot: KeySlot) throws(Failure) {
        let new: SecretBuffer
        do throws(KeySlot.Problem) { new = try KeySlot.locked(key) } catch { throw .keySlot(error, of: path) }
        try resealRecords(with: new)
        try connection.run("DELETE FROM key_slot")
        try Schema.insert(slot, in: connection)
        use(new, in: [slot.row])
        // Another process tells by the records that the key is new.
        if try connection.integer("SELECT kind FROM record LIMIT 1") == nil {
            try write(.screenMemory, of: .zero, StoredScreenMemory(ScreenMemory()))
        }
    }

    private func resealRecords(with new: SecretBuffer) throws(Failure) {
        var places: [(kind: RecordKind, id: UUID)] = []
        try connection.query("SELECT kind, \(Connection.idColumn) FROM record") { (row) throws(Failure) in
            guard let id = UUID(bytes: row.bytes(1)) else { throw .strayRecord(path) }
            places.append((RecordKind(rawValue: row.integer(0)), id))
        }
        for (kind, id) in places {
            guard let row = try sealedRow(kind, of: id) else { throw .strayRecord(path) }
            let content = try open(row, kind: kind, id: id)
            var newID = id
            if kind == .name {
                let name = try decode(StoredName.self, from: content, kind, of: id).name
                newID = NameHash.id(of: name, vaultID: vaultID, dataKey: new)
                try delete(kind, of: id)
            }
            let sealed = content.sealed(as: label(kind, of: newID, revision: row.revision), with: new)
            try put(SealedRow(revision: row.revision, sealed: sealed), kind, of: newID)
        }
    }
}
