import CSodium
import Credentials
import FoundationEssentials

/// The kind of a record: a number in the file and in the associated data. Kinds that this keyfob does not know are kept
/// (docs/vault-format.md, "What a later keyfob may add").
struct RecordKind: RawRepresentable, Hashable, Sendable {
    let rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    static let profile = RecordKind(rawValue: 1)
    static let secret = RecordKind(rawValue: 2)
    static let token = RecordKind(rawValue: 3)
    static let attempt = RecordKind(rawValue: 4)
    static let previousSecret = RecordKind(rawValue: 5)
    static let usage = RecordKind(rawValue: 6)
    static let trials = RecordKind(rawValue: 7)
    static let activity = RecordKind(rawValue: 8)
    static let screenMemory = RecordKind(rawValue: 9)
    static let name = RecordKind(rawValue: 10)

    static let known: [RecordKind] = (1...10).map(RecordKind.init(rawValue:))
    /// The known kinds that belong to a client: the record's ID is the client's.
    static let ofClient = ofCredentials + [.usage, .trials]
    /// The profile, and the kinds that are bound to the profile's credentials.
    static let ofCredentials: [RecordKind] = [.profile, .secret, .token, .attempt, .previousSecret]

    /// Kinds of a later keyfob that belong to a client. Greater kinds belong to the vault.
    static let unknownOfClient: ClosedRange<Int64> = 11...127
    /// One byte of the associated data; 0 is not a kind.
    static let all: ClosedRange<Int64> = 1...255

    /// True if the content can be requested again or is no loss: the next write replaces a damaged record.
    var isReplaceable: Bool { [.token, .attempt, .usage, .trials, .screenMemory, .name].contains(self) }

    /// True if the client cannot be used without the record: removing the record removes the client.
    var isIndispensable: Bool { [.profile, .secret].contains(self) }

    /// True if the record belongs to the vault, not to a client.
    var isOfVault: Bool { [.activity, .screenMemory, .name].contains(self) }

    /// The description of a damaged record: `the token of client "a" is missing or altered`.
    /// - Parameter client: the name of the record's client; nil if the name cannot be read.
    func damage(ofClient client: String?) -> String {
        let owner = isOfVault ? "" : client.map { " of client \"\($0)\"" } ?? " of a client"
        return "the \(noun)\(owner) is missing or altered"
    }

    /// The noun for the kind in a message: `token`.
    var noun: String {
        switch self {
        case .profile: "profile"
        case .secret: "secret"
        case .token: "token"
        case .attempt: "last failed request"
        case .previousSecret: "previous secret"
        case .usage: "last use"
        case .trials: "list of tried requests"
        case .activity: "activity"
        case .screenMemory: "state of the screen"
        case .name: "record of a name"
        default: "record of kind \(rawValue)"
        }
    }
}

/// A record's place and revision, to which its sealing is bound: sealed bytes that were moved to another place, or kept
/// from another revision, do not open.
struct RecordLabel {
    var vaultID: [UInt8]
    var kind: RecordKind
    var id: UUID
    var revision: Int64

    /// 16 bytes of name, 16 of vault ID, 1 of kind, 16 of ID, 8 of revision (little-endian).
    var associatedData: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(57)
        bytes += "keyfob record v1".utf8
        bytes += vaultID
        bytes.append(UInt8(truncatingIfNeeded: kind.rawValue))
        withUnsafeBytes(of: id.uuid) { bytes += $0 }
        withUnsafeBytes(of: revision.littleEndian) { bytes += $0 }
        return bytes
    }
}

/// A record as stored in the file.
struct SealedRow: Sendable {
    var revision: Int64
    var sealed: [UInt8]
}

/// A record's content: JSON and, for a secret or token, its bytes, kept out of the JSON so that no decoder copies them.
struct RecordContent {
    private let bytes: Secret
    private let secretStart: Int
    private let end: Int

    /// - Returns: nil if `bytes` does not have the form u32 length of the JSON (little-endian) ‖ JSON ‖ secret bytes ‖
    ///   padding (0x80, then zeros: ISO/IEC 7816-4).
    init?(padded bytes: Secret) {
        var end = 0
        let unpadded = bytes.withBytes { sodium_unpad(&end, $0.octets, $0.count, Sealing.padding) }
        guard unpadded == 0, end >= 4 else { return nil }
        let length = bytes.withBytes { Int(UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self))) }
        guard length <= end - 4 else { return nil }
        self.bytes = bytes
        self.secretStart = 4 + length
        self.end = end
    }

    var json: Data { bytes.withBytes { Data($0[4..<secretStart]) } }
    var secret: Secret { bytes.slice(secretStart..<end) }
    var secretCount: Int { end - secretStart }

    func sealed(as label: RecordLabel, with key: SecretBuffer) -> [UInt8] {
        Sealing.seal(bytes, authenticating: label.associatedData, with: key)
    }
}

/// XChaCha20-Poly1305 with a fresh random nonce (libsodium, draft-irtf-cfrg-xchacha): nonce ‖ ciphertext ‖ tag.
enum Sealing {
    /// Contents are padded to a multiple of this number of bytes, so that the file reveals no exact size.
    static let padding = 256
    static let nonceBytes = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
    static let tagBytes = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)
    static let keyBytes = Int(crypto_aead_xchacha20poly1305_ietf_KEYBYTES)

    static func seal(json: Data, secret: Secret?, as label: RecordLabel, with key: SecretBuffer) -> [UInt8] {
        let used = 4 + json.count + (secret?.count ?? 0)
        let content = Secret(count: (used / padding + 1) * padding) { buffer in
            buffer.storeBytes(of: UInt32(json.count).littleEndian, as: UInt32.self)
            json.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[4...]).copyMemory(from: $0) }
            secret?.withBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[(4 + json.count)...]).copyMemory(from: $0)
            }
            buffer[used] = 0x80
            for index in (used + 1)..<buffer.count { buffer[index] = 0 }
        }
        return seal(content, authenticating: label.associatedData, with: key)
    }

    /// - Returns: nil if `sealed` was not sealed under this label.
    static func open(_ sealed: UnsafeRawBufferPointer, as label: RecordLabel, with key: SecretBuffer) -> RecordContent?
    {
        open(sealed, authenticating: label.associatedData, with: key).flatMap(RecordContent.init(padded:))
    }

    static func seal(_ content: Secret, authenticating data: [UInt8], with key: SecretBuffer) -> [UInt8] {
        precondition(key.count == keyBytes)
        let nonce = randomBytes(nonceBytes)
        var sealed = [UInt8](repeating: 0, count: content.count + tagBytes)
        key.withBytes { key in
            content.withBytes { content in
                // Cannot fail.
                _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                    &sealed, nil, content.octets, UInt64(content.count), data, UInt64(data.count), nil, nonce,
                    key.octets)
            }
        }
        return nonce + sealed
    }

    /// - Returns: nil if the bytes, the associated data or the key differ from those of the sealing.
    static func open(
        _ sealed: UnsafeRawBufferPointer, authenticating data: [UInt8], with key: SecretBuffer
    ) -> Secret? {
        precondition(key.count == keyBytes)
        guard sealed.count >= nonceBytes + tagBytes else { return nil }
        var opened = false
        let content = Secret(count: sealed.count - nonceBytes - tagBytes) { buffer in
            key.withBytes { key in
                opened =
                    crypto_aead_xchacha20poly1305_ietf_decrypt(
                        buffer.octets, nil, nil, sealed.octets + nonceBytes, UInt64(sealed.count - nonceBytes),
                        data, UInt64(data.count), sealed.octets, key.octets) == 0
            }
        }
        return opened ? content : nil
    }

    static func randomBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}

// libsodium accepts no null pointer. Only a buffer without memory has a null pointer, and no such buffer comes here: a
// Secret has memory even when it is empty, and a blob's length is checked first.
extension UnsafeRawBufferPointer {
    // See above: never null.
    var octets: UnsafePointer<UInt8> { baseAddress!.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    // See above: never null.
    var octets: UnsafeMutablePointer<UInt8> { baseAddress!.assumingMemoryBound(to: UInt8.self) }
}

extension UUID {
    var bytes: [UInt8] { withUnsafeBytes(of: uuid) { Array($0) } }

    /// nil unless there are 16 bytes.
    init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}
