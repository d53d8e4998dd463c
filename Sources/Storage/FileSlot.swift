import CSodium
import Credentials

/// A row of the table of key slots, of any kind. A text or blob that is too long for a slot of this keyfob is cut, and
/// still too long.
struct KeySlotRow: Sendable, Equatable {
    var number: Int64
    var derivation: String
    var passes: Int64
    var memoryBytes: Int64
    var salt: [UInt8]
    var sealedKey: [UInt8]
    var checksum: [UInt8]
}

/// The data key, wrapped by the random bytes of a key file. These bytes are a key already: no slow derivation protects
/// them.
struct FileSlot: Sendable, Equatable {
    /// The least number of such a slot; 1 is the passphrase's.
    static let firstNumber: Int64 = 2
    static let derivation = "blake2b"
    /// 16 random bytes, then the time when the slot was made (8 bytes, little-endian).
    private static let saltBytes = 24
    /// The end of the year 9999 in seconds since 1970: a later time cannot be printed.
    private static let lastTime: UInt64 = 253_402_300_799

    let number: Int64
    private let salt: [UInt8]
    private let sealedKey: [UInt8]
    private let checksum: [UInt8]

    /// Wraps `key` under a fresh salt.
    /// - Parameters:
    ///   - fileKey: the key file's random bytes.
    ///   - made: the present time in seconds since 1970.
    init(
        wrapping key: SecretBuffer, fileKey: Secret, number: Int64, made: UInt64, vaultID: [UInt8]
    ) throws(KeySlot.Problem) {
        self.number = number
        salt =
            Sealing.randomBytes(16) + withUnsafeBytes(of: min(made, Self.lastTime).littleEndian) { Array($0) }
        let parameters = Self.parameters(number: number, salt: salt, vaultID: vaultID)
        let derived = try Self.derivedKey(from: fileKey, salt: salt, vaultID: vaultID)
        sealedKey = Sealing.seal(key.secret(), authenticating: parameters, with: derived)
        checksum = KeySlot.checksum(of: parameters + sealedKey)
    }

    /// The slot read from a file.
    /// - Returns: nil if the row is another kind of slot, or damaged.
    init?(_ row: KeySlotRow, vaultID: [UInt8]) {
        guard row.number >= Self.firstNumber, row.derivation == Self.derivation, row.passes == 0,
            row.memoryBytes == 0, row.salt.count == Self.saltBytes,
            row.sealedKey.count == Sealing.nonceBytes + Sealing.keyBytes + Sealing.tagBytes
        else { return nil }
        number = row.number
        salt = row.salt
        sealedKey = row.sealedKey
        checksum = row.checksum
        let parameters = Self.parameters(number: number, salt: salt, vaultID: vaultID)
        guard checksum == KeySlot.checksum(of: parameters + sealedKey), made <= Self.lastTime else { return nil }
    }

    var row: KeySlotRow {
        KeySlotRow(
            number: number, derivation: Self.derivation, passes: 0, memoryBytes: 0, salt: salt, sealedKey: sealedKey,
            checksum: checksum)
    }

    /// The time when the slot was made, in seconds since 1970.
    var made: UInt64 { salt[16...].reversed().reduce(0) { $0 << 8 | UInt64($1) } }

    /// The data key, in locked memory; nil if `fileKey` is not the slot's.
    func dataKey(fileKey: Secret, vaultID: [UInt8]) throws(KeySlot.Problem) -> SecretBuffer? {
        let parameters = Self.parameters(number: number, salt: salt, vaultID: vaultID)
        let derived = try Self.derivedKey(from: fileKey, salt: salt, vaultID: vaultID)
        let opened = sealedKey.withUnsafeBytes { Sealing.open($0, authenticating: parameters, with: derived) }
        guard let opened else { return nil }
        return try KeySlot.locked(opened)
    }

    private static func parameters(number: Int64, salt: [UInt8], vaultID: [UInt8]) -> [UInt8] {
        KeySlot.parameters([UInt64(number), 0, 0], salt: salt, vaultID: vaultID)
    }

    /// BLAKE2b, 32 bytes, with the key file's bytes as key.
    private static func derivedKey(
        from fileKey: Secret, salt: [UInt8], vaultID: [UInt8]
    ) throws(KeySlot.Problem) -> SecretBuffer {
        guard fileKey.count == Sealing.keyBytes else { throw .damaged }
        let input = Array("keyfob file key1".utf8) + vaultID + salt
        let derived = Secret(count: Sealing.keyBytes) { output in
            fileKey.withBytes { key in
                // BLAKE2b fails only if a length is out of bounds.
                _ = crypto_generichash(
                    output.octets, output.count, input, UInt64(input.count), key.octets, key.count)
            }
        }
        return try KeySlot.locked(derived)
    }
}
