import CSodium

/// Secret bytes: a client secret, an access token, a passphrase, a derived key.
///
/// The bytes are wiped when the last reference goes. A `Secret` is never `Codable` and never printed: its descriptions
/// and its mirror contain only `<redacted>`.
///
/// Accepted weakness: the memory is ordinary heap memory, not locked against swapping. A locked page per secret costs
/// 700 times as much, and the limit is reached after a few thousand. `SecretBuffer` is locked, for keys and
/// passphrases.
public final class Secret: Sendable {
    // The memory is written only in `init` and read only until `deinit` wipes it.
    private nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

    /// Creates a secret of exactly `count` bytes, filled in place by `fill`; if `fill` throws, the bytes are wiped.
    public init<Problem: Error>(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Problem) -> Void
    ) throws(Problem) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        do {
            try fill(memory)
        } catch {
            // `bytes` is not set yet, so `deinit` does not run and cannot free the memory again.
            sodium_memzero(memory.baseAddress, count)
            memory.deallocate()
            throw error
        }
        bytes = memory
    }

    /// Copies `source`; the caller wipes the original.
    public convenience init(copying source: UnsafeRawBufferPointer) {
        self.init(count: source.count) { $0.copyMemory(from: source) }
    }

    /// Copies the text's UTF-8. The `String` cannot be wiped. Use it only for text that is not secret yet or already in
    /// the process (a test's value, an environment variable), never for a typed secret.
    public convenience init(utf8 text: String) {
        self.init(count: text.utf8.count) { $0.copyBytes(from: text.utf8) }
    }

    /// Copies `array`; the array's own memory is not wiped.
    public convenience init(_ array: [UInt8]) {
        self.init(count: array.count) { $0.copyBytes(from: array) }
    }

    deinit {
        sodium_memzero(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    public var count: Int { bytes.count }
    public var isEmpty: Bool { bytes.isEmpty }

    /// Lends the bytes for the duration of the call. `body` must wipe its copies.
    public func withBytes<Result, Problem: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Problem) -> Result
    ) throws(Problem) -> Result {
        try body(UnsafeRawBufferPointer(bytes))
    }

    /// The address of the bytes, for a C library that reads them after the call. Valid as long as this object, which
    /// the caller must keep alive.
    public var address: UnsafeRawPointer? { UnsafeRawPointer(bytes.baseAddress) }

    /// The bytes as UTF-8 text, invalid sequences repaired: only for output that is meant to contain them. The `String`
    /// is a copy that cannot be wiped.
    public func unwipeableText() -> String {
        withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes in `range` as a separate secret.
    public func slice(_ range: Range<Int>) -> Secret {
        Secret(copying: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[range]))
    }
}

extension Secret: Equatable {
    /// Compares in constant time for a given length.
    public static func == (left: Secret, right: Secret) -> Bool {
        left.count == right.count
            && (left.isEmpty || sodium_memcmp(left.bytes.baseAddress, right.bytes.baseAddress, left.count) == 0)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

extension Secret {
    /// The bytes without one line break at the end.
    public func withoutLineBreak() -> Secret {
        let kept = withBytes { bytes in
            var kept = bytes[...]
            if kept.last == 0x0A { kept.removeLast() }
            if kept.last == 0x0D { kept.removeLast() }
            return kept.count
        }
        return kept == count ? self : slice(0..<kept)
    }

    /// The bytes with LF for every line break: terminals send CR in a paste, and files may have CRLF.
    public func withLineFeeds() -> Secret {
        guard withBytes({ $0.contains(0x0D) }) else { return self }
        return Secret.written { text in
            withBytes { bytes in
                for index in bytes.indices {
                    let isPairEnd = bytes[index] == 0x0A && index > 0 && bytes[index - 1] == 0x0D
                    if !isPairEnd { text.append(bytes[index] == 0x0D ? 0x0A : bytes[index]) }
                }
            }
        }
    }

    /// The bytes without ASCII white space at both ends, which pastes add and servers do not issue.
    public func trimmed() -> Secret {
        let kept = withBytes { bytes -> Range<Int> in
            let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
            guard let first = bytes.firstIndex(where: { !isBlank($0) }),
                let last = bytes.lastIndex(where: { !isBlank($0) })
            else { return 0..<0 }
            return first..<last + 1
        }
        return kept.count == count ? self : slice(kept)
    }
}
