import CSodium

/// Tells whether two secrets are the same without keeping either of them: BLAKE2b under a random key that lives as long
/// as the process (crypto_generichash(3)). Without that key it says nothing of the secret, not even of one that could be
/// guessed; it is compared within one process and never stored.
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
