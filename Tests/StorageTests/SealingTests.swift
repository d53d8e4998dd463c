import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A sealed record opens only in its own place")
struct SealingTests {
    private let label = RecordLabel(
        vaultID: Array(0..<16), kind: .token, id: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)),
        revision: 7)
    private let json = Data(#"{"type":"Bearer"}"#.utf8)

    private func key() throws -> SecretBuffer { try KeySlot.newDataKey() }

    private func open(_ sealed: [UInt8], _ label: RecordLabel, _ key: SecretBuffer) -> RecordContent? {
        sealed.withUnsafeBytes { Sealing.open($0, as: label, with: key) }
    }

    @Test(
        "Content of any length opens again, padded to a multiple of 256",
        arguments: [0, 1, 234, 235, 236, 5000])
    func roundTrip(length: Int) throws {
        let key = try key()
        let secret = Secret((0..<length).map { UInt8(truncatingIfNeeded: $0) })
        let sealed = Sealing.seal(json: json, secret: secret, as: label, with: key)
        #expect((sealed.count - 24 - 16) % 256 == 0)
        #expect(sealed.count - 24 - 16 > 4 + json.count + length)
        #expect(sealed.count - 24 - 16 <= 4 + json.count + length + 256)
        let content = try #require(open(sealed, label, key))
        #expect(content.json == json)
        #expect(content.secret == secret)
        #expect(content.secretCount == length)
    }

    @Test("The same record sealed twice has nothing in common")
    func freshNonce() throws {
        let key = try key()
        let first = Sealing.seal(json: json, secret: nil, as: label, with: key)
        let second = Sealing.seal(json: json, secret: nil, as: label, with: key)
        #expect(first[..<24] != second[..<24])
        #expect(first[24...] != second[24...])
    }

    @Test("A flipped, missing or added byte is detected")
    func everyByte() throws {
        let key = try key()
        let sealed = Sealing.seal(json: json, secret: Secret(utf8: "s"), as: label, with: key)
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 1
            #expect(open(altered, label, key) == nil, "byte \(index)")
            #expect(open(Array(sealed[..<index]), label, key) == nil, "cut at \(index)")
        }
        #expect(open(sealed + [0], label, key) == nil)
        #expect(open(sealed, label, key) != nil)
    }

    @Test("A record does not open under another vault, kind, ID, revision or key")
    func relabelled() throws {
        let key = try key()
        let sealed = Sealing.seal(json: json, secret: nil, as: label, with: key)
        var other = label
        other.vaultID[15] ^= 1
        #expect(open(sealed, other, key) == nil)
        for kind in RecordKind.known where kind != label.kind {
            other = label
            other.kind = kind
            #expect(open(sealed, other, key) == nil, "\(kind)")
        }
        other = label
        other.id = UUID()
        #expect(open(sealed, other, key) == nil)
        for revision: Int64 in [6, 8, 0, -7] {
            other = label
            other.revision = revision
            #expect(open(sealed, other, key) == nil, "revision \(revision)")
        }
        #expect(open(sealed, label, try self.key()) == nil)
        #expect(open(sealed, label, key) != nil)
    }

    @Test("A content with inconsistent lengths is refused even if its seal is valid")
    func malformedContent() throws {
        let key = try key()
        func content(_ bytes: [UInt8]) -> RecordContent? {
            let sealed = Sealing.seal(Secret(bytes), authenticating: label.associatedData, with: key)
            return open(sealed, label, key)
        }
        let zeros = [UInt8](repeating: 0, count: 250)
        #expect(content([1, 0, 0, 0, 0x7B, 0x80] + zeros)?.json == Data("{".utf8))
        #expect(content([2, 0, 0, 0, 0x7B, 0x80] + zeros) == nil, "the JSON is longer than the content")
        #expect(content([0xFF, 0xFF, 0xFF, 0xFF, 0x7B, 0x80] + zeros) == nil)
        #expect(content([1, 0, 0, 0x80] + zeros + [0, 0]) == nil, "no room for a length")
        #expect(content([1, 0, 0, 0, 0x7B, 0] + zeros) == nil, "no padding mark")
        #expect(content([]) == nil)
    }
}

@Suite("A key slot distinguishes damage, an excessive cost and a wrong passphrase")
struct KeySlotTests {
    private let vaultID: [UInt8] = Array(100..<116)

    private func slot(_ key: SecretBuffer, cost: KeyDerivationCost = cheap) throws -> KeySlot {
        try KeySlot(wrapping: key, passphrase: passphrase, cost: cost, vaultID: vaultID)
    }

    private func problem(_ slot: KeySlot?, _ passphrase: Secret = passphrase, vaultID: [UInt8]? = nil) -> String {
        guard let slot else { return "unreadable" }
        do throws(KeySlot.Problem) {
            _ = try slot.dataKey(passphrase: passphrase, vaultID: vaultID ?? self.vaultID)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    /// The slot with one value changed, and its checksum unchanged or corrected as an attacker would.
    private func altered(
        _ slot: KeySlot, derivation: String = "argon2id", passes: Int64? = nil, memoryBytes: Int64? = nil,
        salt: [UInt8]? = nil, sealedKey: [UInt8]? = nil, checksum: [UInt8]? = nil, mended: Bool = false
    ) -> KeySlot? {
        let altered = KeySlot(
            derivation: derivation, passes: passes ?? Int64(slot.cost.passes),
            memoryBytes: memoryBytes ?? Int64(slot.cost.memoryBytes), salt: salt ?? slot.salt,
            sealedKey: sealedKey ?? slot.sealedKey, checksum: checksum ?? slot.checksum)
        return mended ? altered?.withChecksumMended(vaultID: vaultID) : altered
    }

    @Test("The right passphrase gives the data key; another one or a part of it does not")
    func passphrases() throws {
        let key = try KeySlot.newDataKey()
        let slot = try slot(key)
        #expect(try slot.dataKey(passphrase: passphrase, vaultID: vaultID).secret() == key.secret())
        for wrong in ["", "correct", "correct horse battery stapl", "Correct horse battery staple"] {
            #expect(problem(slot, Secret(utf8: wrong)) == "wrongPassphrase")
        }
    }

    @Test("Any altered byte is damage, not a wrong passphrase")
    func damage() throws {
        let slot = try slot(try KeySlot.newDataKey())
        func flipped(_ bytes: [UInt8], at index: Int) -> [UInt8] {
            var bytes = bytes
            bytes[index] ^= 0x10
            return bytes
        }
        for index in slot.salt.indices {
            #expect(problem(altered(slot, salt: flipped(slot.salt, at: index))) == "damaged")
        }
        for index in slot.sealedKey.indices {
            #expect(problem(altered(slot, sealedKey: flipped(slot.sealedKey, at: index))) == "damaged")
        }
        for index in slot.checksum.indices {
            #expect(problem(altered(slot, checksum: flipped(slot.checksum, at: index))) == "damaged")
        }
        #expect(problem(altered(slot, passes: 2)) == "damaged")
        #expect(problem(altered(slot, memoryBytes: 9216)) == "damaged")
        #expect(problem(slot, vaultID: flipped(vaultID, at: 3)) == "damaged")
        #expect(problem(altered(slot, derivation: "scrypt")) == "unreadable")
        #expect(problem(altered(slot, passes: -1)) == "unreadable")
        #expect(problem(altered(slot, memoryBytes: -1)) == "unreadable")
        #expect(problem(altered(slot, salt: Array(slot.salt.dropLast()))) == "unreadable")
        #expect(problem(altered(slot, sealedKey: [], mended: true)) == "unreadable")
        let longer = slot.sealedKey + [0]
        #expect(problem(altered(slot, sealedKey: longer, mended: true)) == "unreadable")
    }

    @Test("The parameters are authenticated: with a corrected checksum, no passphrase opens the slot")
    func authenticated() throws {
        let slot = try slot(try KeySlot.newDataKey())
        #expect(problem(altered(slot, mended: true)) == "none")
        #expect(problem(altered(slot, passes: 2, mended: true)) == "wrongPassphrase")
        #expect(problem(altered(slot, memoryBytes: 9216, mended: true)) == "wrongPassphrase")
    }

    @Test(
        "A slot with an excessive or zero cost is refused before any derivation",
        arguments: [(0, 8192), (17, 8192), (1 << 40, 8192), (3, 8191), (3, 1 << 31), (3, 8193), (3, 0)]
            as [(Int64, Int64)])
    func bounds(passes: Int64, memoryBytes: Int64) throws {
        let slot = try slot(try KeySlot.newDataKey())
        let cost = KeyDerivationCost(passes: UInt64(passes), memoryBytes: Int(memoryBytes))
        #expect(
            problem(altered(slot, passes: passes, memoryBytes: memoryBytes, mended: true))
                == "\(KeySlot.Problem.unacceptableCost(cost))")
        #expect(throws: KeySlot.Problem.self) { try self.slot(try KeySlot.newDataKey(), cost: cost) }
    }

    @Test("The standard cost is three passes over 64 MiB")
    func standard() {
        #expect(KeyDerivationCost.standard == KeyDerivationCost(passes: 3, memoryBytes: 67_108_864))
        #expect(KeyDerivationCost.standard.isAcceptable)
    }
}

@Suite("A date is restored from the file bit for bit")
struct StoredTimeTests {
    @Test(
        "Any date of a set clock is restored exactly",
        arguments: [0, 1, -1, 0.1, 785_000_000.123456, 785_000_000.9999999, -978_307_200.5, 2.9e9])
    func roundTrip(seconds: Double) throws {
        let date = Date(timeIntervalSinceReferenceDate: seconds)
        let json = try JSONEncoder().encode([StoredTime(date)])
        #expect(try JSONDecoder().decode([StoredTime].self, from: json)[0].date == date)
    }

    @Test("It is whole nanoseconds since 1970")
    func unit() {
        #expect(StoredTime(Date(timeIntervalSince1970: 1_795_000_000.5)).nanoseconds == 1_795_000_000_500_000_000)
        #expect(StoredTime(Date(timeIntervalSince1970: -0.5)).nanoseconds == -500_000_000)
    }

    @Test("A date beyond all clocks is clamped and does not trap")
    func absurd() {
        for date in [Date.distantPast, .distantFuture, Date(timeIntervalSince1970: .infinity)] {
            #expect(abs(StoredTime(date).date.timeIntervalSinceReferenceDate) == 3e9)
        }
    }
}
