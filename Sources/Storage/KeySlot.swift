import CSodium
import Credentials

/// The cost of deriving a key from the passphrase: Argon2id (RFC 9106), one lane.
public struct KeyDerivationCost: Sendable, Equatable {
    /// Passes over the memory (Argon2's t).
    public var passes: UInt64
    public var memoryBytes: Int

    public init(passes: UInt64, memoryBytes: Int) {
        self.passes = passes
        self.memoryBytes = memoryBytes
    }

    /// 3 passes over 64 MiB: RFC 9106's second recommended option, on one lane. About 70 ms.
    public static let standard = KeyDerivationCost(passes: 3, memoryBytes: 64 << 20)

    /// True if keyfob accepts the cost, also from a file: another person's file must not make keyfob compute for an
    /// hour or use up the machine's memory.
    var isAcceptable: Bool {
        (1...8).contains(passes) && (8192...(256 << 20)).contains(memoryBytes) && memoryBytes % 1024 == 0
    }
}

/// The data key, wrapped by a key from the passphrase. A slot distinguishes three problems: damage (the checksum is
/// wrong), an unacceptable cost, and a wrong passphrase.
///
/// Accepted: the checksum has no key, so it detects damage but stops no attacker. An attacker who alters the slot and
/// corrects the checksum makes the right passphrase look wrong; the sealing authenticates every parameter.
struct KeySlot: Sendable, Equatable {
    enum Problem: Error {
        case damaged
        /// The slot asks for more time or memory than keyfob accepts, or for too little.
        case unacceptableCost(KeyDerivationCost)
        case wrongPassphrase
        case notEnoughMemory
    }

    static let number: Int64 = 1
    static let derivation = "argon2id"

    let cost: KeyDerivationCost
    let salt: [UInt8]
    let sealedKey: [UInt8]
    private(set) var checksum: [UInt8]

    /// Wraps `key` under a fresh salt.
    init(
        wrapping key: SecretBuffer, passphrase: Secret, cost: KeyDerivationCost, vaultID: [UInt8]
    ) throws(Problem) {
        guard cost.isAcceptable else { throw .unacceptableCost(cost) }
        self.cost = cost
        salt = Sealing.randomBytes(Int(crypto_pwhash_SALTBYTES))
        let parameters = Self.parameters(cost: cost, salt: salt, vaultID: vaultID)
        let derived = try Self.derivedKey(from: passphrase, salt: salt, cost: cost)
        sealedKey = Sealing.seal(key.secret(), authenticating: parameters, with: derived)
        checksum = Self.checksum(of: parameters + sealedKey)
    }

    /// The slot read from a file.
    /// - Returns: nil if the values do not have the form that `init(wrapping:)` writes.
    init?(_ row: KeySlotRow) {
        guard row.number == Self.number else { return nil }
        self.init(
            derivation: row.derivation, passes: row.passes, memoryBytes: row.memoryBytes, salt: row.salt,
            sealedKey: row.sealedKey, checksum: row.checksum)
    }

    init?(
        derivation: String, passes: Int64, memoryBytes: Int64, salt: [UInt8], sealedKey: [UInt8], checksum: [UInt8]
    ) {
        guard derivation == Self.derivation, salt.count == Int(crypto_pwhash_SALTBYTES),
            sealedKey.count == Sealing.nonceBytes + Sealing.keyBytes + Sealing.tagBytes
        else { return nil }
        guard let passes = UInt64(exactly: passes), memoryBytes >= 0 else { return nil }
        cost = KeyDerivationCost(passes: passes, memoryBytes: Int(memoryBytes))
        self.salt = salt
        self.sealedKey = sealedKey
        self.checksum = checksum
    }

    var row: KeySlotRow {
        KeySlotRow(
            number: Self.number, derivation: Self.derivation, passes: Int64(cost.passes),
            memoryBytes: Int64(cost.memoryBytes), salt: salt, sealedKey: sealedKey, checksum: checksum)
    }

    /// The same slot with the checksum of its values.
    func withChecksumMended(vaultID: [UInt8]) -> KeySlot {
        var mended = self
        mended.checksum = Self.checksum(of: Self.parameters(cost: cost, salt: salt, vaultID: vaultID) + sealedKey)
        return mended
    }

    /// The data key, in locked memory.
    func dataKey(passphrase: Secret, vaultID: [UInt8]) throws(Problem) -> SecretBuffer {
        guard self == withChecksumMended(vaultID: vaultID) else { throw .damaged }
        guard cost.isAcceptable else { throw .unacceptableCost(cost) }
        let parameters = Self.parameters(cost: cost, salt: salt, vaultID: vaultID)
        let derived = try Self.derivedKey(from: passphrase, salt: salt, cost: cost)
        let opened = sealedKey.withUnsafeBytes { Sealing.open($0, authenticating: parameters, with: derived) }
        guard let opened else { throw .wrongPassphrase }
        return try Self.locked(opened)
    }

    /// A new random data key, in locked memory.
    static func newDataKey() throws(Problem) -> SecretBuffer {
        try locked(Secret(count: Sealing.keyBytes) { randombytes_buf($0.octets, $0.count) })
    }

    /// `key` in locked memory. Its ordinary memory is wiped when `key` is released.
    static func locked(_ key: Secret) throws(Problem) -> SecretBuffer {
        guard key.count == Sealing.keyBytes else { throw .damaged }
        guard let buffer = SecretBuffer(capacity: Sealing.keyBytes) else { throw .notEnoughMemory }
        guard key.withBytes({ buffer.insert($0, at: 0) }) else { throw .damaged }
        return buffer
    }

    private static func derivedKey(
        from passphrase: Secret, salt: [UInt8], cost: KeyDerivationCost
    ) throws(Problem) -> SecretBuffer {
        let derived = try Secret(count: Sealing.keyBytes) { (buffer) throws(Problem) in
            let code = passphrase.withBytes { passphrase in
                crypto_pwhash(
                    buffer.octets, UInt64(buffer.count),
                    UnsafeRawPointer(passphrase.octets).assumingMemoryBound(to: CChar.self), UInt64(passphrase.count),
                    salt, cost.passes, cost.memoryBytes, crypto_pwhash_ALG_ARGON2ID13)
            }
            // The parameters are within bounds, so only a lack of memory can make it fail.
            guard code == 0 else { throw .notEnoughMemory }
        }
        return try locked(derived)
    }

    private static func parameters(cost: KeyDerivationCost, salt: [UInt8], vaultID: [UInt8]) -> [UInt8] {
        parameters([UInt64(Self.number), cost.passes, UInt64(cost.memoryBytes)], salt: salt, vaultID: vaultID)
    }

    /// 16 bytes of name, 16 of vault ID, the slot's number, passes and memory (8 bytes each, little-endian), the salt.
    static func parameters(_ numbers: [UInt64], salt: [UInt8], vaultID: [UInt8]) -> [UInt8] {
        var bytes = Array("keyfob keyslot 1".utf8) + vaultID
        for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        return bytes + salt
    }

    /// BLAKE2b, 16 bytes.
    static func checksum(of bytes: [UInt8]) -> [UInt8] {
        var sum = [UInt8](repeating: 0, count: 16)
        // BLAKE2b fails only if a length is out of bounds.
        _ = crypto_generichash(&sum, sum.count, bytes, UInt64(bytes.count), nil, 0)
        return sum
    }
}
