import CSodium

/// A keyed BLAKE2b hash that compares two secrets without keeping them (crypto_generichash(3)). The key is random and
/// lives as long as the process. Without the key a fingerprint reveals nothing, not even a guessable secret. Never
/// stored.
public struct Fingerprint: Sendable, Equatable {
    private let bytes: [UInt8]

    init(of secret: Secret) {
        var bytes = [UInt8](repeating: 0, count: 32)
        secret.withBytes { content in
            Self.key.withBytes { key in
                let input = content.bindMemory(to: UInt8.self)
                let problem = crypto_generichash(
                    &bytes, bytes.count, input.baseAddress, UInt64(input.count),
                    key.bindMemory(to: UInt8.self).baseAddress, key.count)
                precondition(problem == 0, "BLAKE2b takes any input and a key of 32 bytes")
            }
        }
        self.bytes = bytes
    }

    private static let key = {
        var bytes = [UInt8](repeating: 0, count: 32)
        randombytes_buf(&bytes, bytes.count)
        return Secret(bytes)
    }()
}

extension Secret {
    public var fingerprint: Fingerprint { Fingerprint(of: self) }
}
