import CSodium
import Credentials
public import FoundationEssentials

/// A key slot, without what it holds.
public struct KeySlotFacts: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case passphrase
        /// The slot of a key file.
        case file
        /// A slot of a later keyfob.
        case unknown
    }

    public enum State: String, Sendable {
        case intact, damaged
        /// The slot is of an unknown kind.
        case unknown
    }

    public var number: Int64
    public var kind: Kind
    /// nil if the slot does not hold the time.
    public var made: Date?
    public var state: State
}

// The slots of key files.
extension Vault {
    /// Opens a vault with the bytes in a key file. A failed open leaves the file as it was.
    /// - Parameter file: the key file's name, for messages.
    /// - Throws: the failures of `inspect(at:inOwnFolder:)`; `.wrongPassphrase` if no slot is the key file's.
    public static func open(
        at path: String, fileKey: Secret, file: String, inOwnFolder: Bool = false
    ) async throws(Failure) -> Vault {
        try await open(at: path, .fileKey(fileKey, file: file), inOwnFolder: inOwnFolder)
    }

    /// The random bytes of a new key file.
    public static func newFileKey() -> Secret {
        Secret(count: Sealing.keyBytes) { randombytes_buf($0.octets, $0.count) }
    }

    /// The vault's key slots, by number.
    public func keySlots() async throws(Failure) -> [KeySlotFacts] {
        try await read { (vault) throws(Failure) in try vault.keySlots() }
    }

    /// Adds the slot of a key file.
    /// - Returns: the slot's number.
    /// - Throws: `.unacceptableInput` if there are too many slots.
    public func addSlot(fileKey: Secret, at date: Date) async throws(Failure) -> Int64 {
        try await write(ifUncertain: .slotUncertaintyHint) { (vault) throws(Failure) in
            try vault.addSlot(fileKey: fileKey, at: date)
        }
    }

    /// Removes a slot, even a damaged one.
    /// - Returns: the removed slot.
    /// - Throws: `.noSuchClient` if there is no such slot; `.unacceptableInput` for the passphrase's slot and for the
    ///   last slot that opens the vault.
    public func removeSlot(_ number: Int64) async throws(Failure) -> KeySlotFacts {
        try await write(ifUncertain: .slotUncertaintyHint) { (vault) throws(Failure) in
            let slot = try vault.removableSlot(number)
            try vault.connection.run("DELETE FROM key_slot WHERE number = ?", [.integer(number)])
            return slot
        }
    }

    /// The slot, if `removeSlot` may remove it.
    /// - Throws: as `removeSlot`.
    public func removableSlot(_ number: Int64) async throws(Failure) -> KeySlotFacts {
        try await read { (vault) throws(Failure) in try vault.removableSlot(number) }
    }
}

extension OpenVault {
    func keySlots() throws(Failure) -> [KeySlotFacts] {
        try Schema.keySlots(in: connection).map { $0.facts(vaultID: vaultID) }
    }

    func damagedSlots() throws(Failure) -> [KeySlotFacts] {
        let slots = try keySlots()
        // A later keyfob may leave the passphrase out.
        let lacksPassphrase = !slots.contains { [.passphrase, .unknown].contains($0.kind) }
        let missing = KeySlotFacts(number: KeySlot.number, kind: .passphrase, state: .damaged)
        return (lacksPassphrase ? [missing] : []) + slots.filter { $0.state == .damaged }
    }

    fileprivate func addSlot(fileKey: Secret, at date: Date) throws(Failure) -> Int64 {
        let slots = try Schema.keySlots(in: connection)
        let taken = Set(slots.map(\.number))
        let free = (FileSlot.firstNumber...Int64(Schema.mostSlots)).first { !taken.contains($0) }
        guard let free, slots.count < Schema.mostSlots else { throw .tooManySlots(path) }
        let seconds = min(max(date.timeIntervalSince1970, 0), 1e12)
        let slot: FileSlot
        do throws(KeySlot.Problem) {
            slot = try FileSlot(
                wrapping: key, fileKey: fileKey, number: free, made: UInt64(seconds), vaultID: vaultID)
        } catch {
            throw .keySlot(error, of: path)
        }
        try Schema.insert(slot.row, in: connection)
        return free
    }

    fileprivate func removableSlot(_ number: Int64) throws(Failure) -> KeySlotFacts {
        let slots = try keySlots()
        guard let slot = slots.first(where: { $0.number == number }) else { throw .noSuchSlot(number, of: path) }
        guard slot.kind != .passphrase else { throw .passphraseSlotStays }
        let openers = slots.filter { $0.state == .intact }
        guard openers != [slot] else { throw .lastSlot(number) }
        return slot
    }
}

extension KeySlotRow {
    func facts(vaultID: [UInt8]) -> KeySlotFacts {
        if number == KeySlot.number {
            let slot = KeySlot(self)
            let isIntact = slot.map { $0 == $0.withChecksumMended(vaultID: vaultID) && $0.cost.isAcceptable } ?? false
            return KeySlotFacts(number: number, kind: .passphrase, state: isIntact ? .intact : .damaged)
        }
        guard derivation == FileSlot.derivation else {
            return KeySlotFacts(number: number, kind: .unknown, state: .unknown)
        }
        guard let slot = FileSlot(self, vaultID: vaultID) else {
            return KeySlotFacts(number: number, kind: .file, state: .damaged)
        }
        return KeySlotFacts(
            number: number, kind: .file, made: Date(timeIntervalSince1970: Double(slot.made)), state: .intact)
    }
}
