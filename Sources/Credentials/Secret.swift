import CSodium

/// Bytes that must not be seen: a client secret, an access token, a passphrase, a derived key.
///
/// The bytes are wiped when the last reference goes. A `Secret` is never `Codable` and never printed: every
/// description and mirror of it says `<redacted>`.
///
/// Accepted weakness: the memory is ordinary heap memory. It is not locked against swapping (a locked page per secret
/// costs 700 times as much and runs out at a few thousand); `SecretBuffer` is the locked kind, for keys and passphrases.
public final class Secret: Sendable {
    // The memory is written once, in `init`, and only read until `deinit` wipes it.
    private nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

    /// Makes a secret of exactly `count` bytes, filled in place by `fill`; if `fill` throws, the bytes are wiped.
    public init<Problem: Error>(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Problem) -> Void
    ) throws(Problem) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        do {
            try fill(memory)
        } catch {
            // `bytes` is not set yet: else `deinit` would free it a second time.
            sodium_memzero(memory.baseAddress, count)
            memory.deallocate()
            throw error
        }
        bytes = memory
    }

    /// Copies `source`; wiping the original is the caller's part.
    public convenience init(copying source: UnsafeRawBufferPointer) {
        self.init(count: source.count) { $0.copyMemory(from: source) }
    }

    /// Copies the text's UTF-8. The `String` itself cannot be wiped: for text that is not secret yet is handled as if
    /// it were (a test's value, an environment variable already in the process), never for a typed secret.
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

    /// Lends the bytes for the time of the call. What `body` copies out of them is `body`'s to wipe.
    public func withBytes<Result, Problem: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Problem) -> Result
    ) throws(Problem) -> Result {
        try body(UnsafeRawBufferPointer(bytes))
    }

    /// The address of the bytes, for a C library that reads them after the call that it is given in. It is valid as long as
    /// this object, which the caller must keep.
    public var address: UnsafeRawPointer? { UnsafeRawPointer(bytes.baseAddress) }

    /// The bytes as UTF-8 text, invalid sequences repaired: only for what is printed or shown on purpose. The `String`
    /// is an unwipeable copy.
    public func unwipeableText() -> String {
        withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes from `range` as a secret of their own.
    public func slice(_ range: Range<Int>) -> Secret {
        Secret(copying: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[range]))
    }
}

extension Secret: Equatable {
    /// Compares in a time that depends on the lengths alone.
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
    /// Without the line break that it may end with.
    public func withoutLineBreak() -> Secret {
        let kept = withBytes { bytes in
            var kept = bytes[...]
            if kept.last == 0x0A { kept.removeLast() }
            if kept.last == 0x0D { kept.removeLast() }
            return kept.count
        }
        return kept == count ? self : slice(0..<kept)
    }

    /// With LF for every line break: terminals send CR for those of a paste, files may have CRLF.
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

    /// Without ASCII white space at its ends: what a paste brings along and no server gives out.
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
