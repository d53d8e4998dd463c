import Credentials

/// A secret being typed or pasted, in locked memory. The screen shows only its length.
///
/// A class, because its bytes must exist once: copying the state does not copy them.
final class SecretField {
    static let capacity = 4_096

    // nil if the system has no lockable memory left: the field then refuses text with a message.
    private let buffer = SecretBuffer(capacity: capacity)
    /// The number of typed characters.
    private(set) var characterCount = 0

    init() {}

    var isEmpty: Bool { characterCount == 0 }
    /// The reason why the field accepts no text; nil if it does.
    var refusal: String? { buffer == nil ? "no lockable memory is left (ulimit -l shows the limit)" : nil }

    /// - Returns: false if the field does not use the key.
    func handle(_ key: Key) -> Bool {
        switch key {
        case .character(let character):
            var text = String(character)
            text.withUTF8 { _ = insert(UnsafeRawBufferPointer($0)) }
        case .backspace: removeLast()
        case .control("u"): wipe()
        case .left, .right, .home, .end, .delete: break
        default: return false
        }
        return true
    }

    /// Accepts a whole paste: a client secret without white space at its ends, a passphrase without its last line
    /// break. A paste with a line break or another control character inside is refused: no prompt and no file could
    /// repeat it.
    /// - Returns: the change to the paste, or the reason for its refusal, in words; nil if it was accepted unchanged.
    func paste(_ pasted: Secret, isPassphrase: Bool) -> String? {
        let trimmed = isPassphrase ? pasted.withoutLineBreak() : pasted.trimmed()
        guard !trimmed.withBytes({ $0.contains { $0 < 0x20 || $0 == 0x7F } }) else {
            return "the paste was refused: it has more than one line, or a control character"
        }
        guard trimmed.withBytes(insert) else {
            return refusal ?? "the paste was refused: it is longer than \(Self.capacity) bytes"
        }
        return isPassphrase || trimmed.count == pasted.count ? nil : "white space around the paste was removed"
    }

    /// Replaces the content with a client secret; if the secret is refused, the content stays.
    /// - Returns: the same as `paste`.
    func replace(with secret: Secret) -> String? {
        let before = self.secret()
        wipe()
        let notice = paste(secret, isPassphrase: false)
        if isEmpty { _ = before.withBytes(insert) }
        return notice
    }

    /// The content, with white space at its ends.
    func secret() -> Secret { buffer?.secret() ?? Secret([]) }

    func wipe() {
        buffer?.wipe()
        characterCount = 0
    }

    private func insert(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let buffer, buffer.insert(bytes, at: buffer.count) else { return false }
        recount()
        return true
    }

    private func removeLast() {
        guard let buffer, !buffer.isEmpty else { return }
        let start = buffer.withBytes { bytes in
            var start = bytes.count - 1
            while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
            return start
        }
        buffer.remove(start..<buffer.count)
        recount()
    }

    private func recount() {
        characterCount = buffer?.withBytes { $0.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } } ?? 0
    }
}
