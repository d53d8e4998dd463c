import CNCurses
import Credentials
import Glibc
import Interface

/// Decodes the terminal's bytes into keys, pastes and mouse events.
///
/// Not ncurses' `wget_wch`: that function keeps the last 137 typed characters in a queue that cannot be wiped, costs a
/// read(2) for every byte of a paste, and blocks while it waits for the rest of an escape sequence. Here typed bytes
/// are wiped as soon as they are decoded.
///
/// Keys come in the old form and, if another program has left a keyboard protocol on, in the forms that `KeyReport`
/// reads. Unknown escape sequences (other modifiers, the terminal's answers, mouse reports of the old form) are skipped
/// whole. So is Alt with a key: read as Esc and the key, Alt-B would close a half-filled form.
final class KeyDecoder {
    /// The most bytes of a paste; a longer paste is refused.
    static let longestPaste = 1 << 20
    /// Seconds after which an escape character without a following byte was the Esc key.
    static let escapeDelay = 0.025
    /// Seconds to wait for the rest of a sequence that no person types byte by byte.
    static let sequenceDelay = 1.0

    private enum Mode {
        case keys
        /// Between the brackets of a paste.
        case paste
        /// In an answer of the terminal (OSC, DCS and the like), which ends with BEL or ST.
        case answer
    }

    private enum Step {
        case key(Key, length: Int)
        case mouse(MouseEvent, length: Int)
        case scalar(Unicode.Scalar, length: Int)
        /// The characters of a `KeyReport`.
        case text([Unicode.Scalar], length: Int)
        case ignored(length: Int)
        case notInLocale(length: Int)
        case pasteBegins(length: Int)
        case answerBegins(length: Int)
        /// The last of the awaited answers.
        case answersEnd(length: Int)
        case unfinished
    }

    private let sequences: () -> KeySequences
    private lazy var known = sequences()
    private let isUTF8: Bool
    private let pending = WipedBytes()
    private let pasted = WipedBytes()
    private var pasteIsTooLong = false
    private var mode = Mode.keys
    /// True while the terminal owes answers: an unfinished answer is waited for.
    var isOwed = false
    /// The content of the answer being read, up to a limit; nil if the answer is skipped.
    private var answer: [UInt8]?
    private(set) var background: BackgroundReport?

    /// - Parameter sequences: called at the first escape character, not at start.
    init(isUTF8: Bool, sequences: @escaping () -> KeySequences) {
        self.isUTF8 = isUTF8
        self.sequences = sequences
    }

    /// Seconds to wait for more bytes before `finish()`; nil if nothing is unfinished, or only a paste.
    var patience: Double? {
        switch mode {
        case .paste: nil
        case .answer: isOwed ? Self.sequenceDelay : Self.escapeDelay
        case .keys where pending.isEmpty: nil
        case .keys where isOwed: Self.sequenceDelay
        case .keys: pending.count <= 2 && pending[0] == Self.escape ? Self.escapeDelay : Self.sequenceDelay
        }
    }

    /// Decodes `bytes`, together with the pending ones.
    ///
    /// A paste without an end must not swallow all later keys, and a slow line must not turn the rest of a paste into
    /// keys. So the whole paste is dropped if, after a second of silence, about one key's bytes come.
    ///
    /// - Parameter silence: seconds since the previous bytes.
    func decode(_ bytes: UnsafeRawBufferPointer, afterSilence silence: Double = 0) -> [Input] {
        let before = pending.count
        pending.append(bytes)
        if isOwed, mode == .keys, before == 1, pending[0] == Self.escape, silence >= Self.escapeDelay,
            let next = bytes.first, next != UInt8(ascii: "]"), next != UInt8(ascii: "[")
        {
            // Esc, held back while an answer was awaited, and then another key.
            pending.removeFirst(1)
            return [.key(.escape)] + decodePending(isLast: false)
        }
        guard mode == .paste, silence >= Self.sequenceDelay, bytes.count <= 8,
            !pending.all.contains(sequence: Self.pasteEnd)
        else { return decodePending(isLast: false) }
        pending.removeFirst(before)
        endPaste()
        let failure = Failure(
            .unacceptableInput, "the paste did not end and was dropped", hints: ["paste it again"])
        return [.refused(failure)] + decodePending(isLast: false)
    }

    /// Decodes the unfinished bytes, after `patience` has passed without more.
    func finish() -> [Input] {
        if mode == .answer {
            mode = .keys
            pending.removeAll()
        }
        return decodePending(isLast: true)
    }

    private func decodePending(isLast: Bool) -> [Input] {
        var inputs: [Input] = []
        var text = String.UnicodeScalarView()
        var used = 0
        decoding: while used < pending.count {
            let rest = pending.bytes(used..<pending.count)
            switch mode {
            case .keys: break
            case .paste:
                used += appendPaste(rest, &inputs)
                if mode == .paste { break decoding }
                continue
            case .answer:
                used += skipAnswer(rest)
                if mode == .answer { break decoding }
                continue
            }
            let step = step(rest, isLast: isLast)
            if case .scalar(let scalar, let length) = step {
                if !UntrustedText.isControl(scalar) { text.append(scalar) }
                used += length
                continue
            }
            if case .text(let scalars, let length) = step {
                text.append(contentsOf: scalars)
                used += length
                continue
            }
            inputs += Self.characters(text)
            text = String.UnicodeScalarView()
            switch step {
            case .key(let key, let length):
                inputs.append(.key(key))
                used += length
            case .mouse(let event, let length):
                inputs.append(.mouse(event))
                used += length
            case .scalar(_, let length), .text(_, let length), .ignored(let length):
                used += length
            case .notInLocale(let length):
                inputs.append(.refused(Self.strangeCharacter))
                used += length
            case .pasteBegins(let length):
                mode = .paste
                used += length
            case .answerBegins(let length):
                mode = .answer
                answer = rest[1] == UInt8(ascii: "]") ? [] : nil
                used += length
            case .answersEnd(let length):
                isOwed = false
                used += length
            case .unfinished:
                break decoding
            }
        }
        pending.removeFirst(used)
        return inputs + Self.characters(text)
    }

    static let strangeCharacter = Failure(
        .unacceptableInput, "the terminal's locale does not have the typed character",
        hints: ["start keyfob in a UTF-8 locale: LANG=C.UTF-8 keyfob"])

    private static func characters(_ text: String.UnicodeScalarView) -> [Input] {
        // No script has so many marks on one character: they would only attack the drawing code.
        String(text).map { .key(.character(Character(String(String.UnicodeScalarView($0.unicodeScalars.prefix(16)))))) }
    }

    // MARK: - Keys

    private static let escape: UInt8 = 0x1B

    private func step(_ bytes: UnsafeRawBufferPointer, isLast: Bool) -> Step {
        let step: Step =
            switch bytes[0] {
            case Self.escape: sequence(bytes)
            case ..<0x20, 0x7F: .key(Self.control(bytes[0]), length: 1)
            default: scalar(bytes)
            }
        guard isLast, case .unfinished = step else { return step }
        return bytes.allSatisfy { $0 == Self.escape } ? .key(.escape, length: 1) : .ignored(length: bytes.count)
    }

    static func control(_ byte: UInt8) -> Key {
        switch byte {
        case 0x08, 0x7F: .backspace
        case 0x09: .tab
        case 0x0A, 0x0D: .enter
        case escape: .escape
        case 0x01...0x1A: .control(Character(UnicodeScalar(byte + 0x60)))
        default: .control(Character(UnicodeScalar(byte + 0x40)))
        }
    }

    private func scalar(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard isUTF8 else { return scalarOfLocale(bytes) }
        let length: Int
        switch bytes[0] {
        case ..<0x80: return .scalar(UnicodeScalar(bytes[0]), length: 1)
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return .ignored(length: 1)
        }
        let encoded = bytes.prefix(length)
        guard encoded.dropFirst().allSatisfy({ 0x80...0xBF ~= $0 }) else { return .ignored(length: 1) }
        guard encoded.count == length else { return .unfinished }
        guard let scalar = String(validating: encoded, as: UTF8.self)?.unicodeScalars.first else {
            return .ignored(length: length)
        }
        return .scalar(scalar, length: length)
    }

    private func scalarOfLocale(_ bytes: UnsafeRawBufferPointer) -> Step {
        var character: wchar_t = 0
        var state = mbstate_t()
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        switch mbrtowc(&character, start, bytes.count, &state) {
        case Int(bitPattern: UInt.max - 1): return .unfinished
        case let length where length > 0 && length <= bytes.count:
            // The C library's wide characters are Unicode's scalars (__STDC_ISO_10646__).
            guard let scalar = Unicode.Scalar(UInt32(bitPattern: character)) else { return .ignored(length: length) }
            return .scalar(scalar, length: length)
        default: return .notInLocale(length: 1)
        }
    }

    // MARK: - Escape sequences

    private func sequence(_ bytes: UnsafeRawBufferPointer) -> Step {
        switch known.match(bytes) {
        case .key(let key, let length): return .key(key, length: length)
        case .unfinished: return .unfinished
        case .none: break
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[1...])
        switch rest.first {
        case nil: return .unfinished
        case UInt8(ascii: "["): return controlSequence(bytes)
        case UInt8(ascii: "O"): return singleShift(bytes)
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "X"):
            return .answerBegins(length: 2)
        case Self.escape: return twoEscapes(bytes, after: rest)
        case .some(let byte) where byte < 0x20 || byte == 0x7F: return .ignored(length: 2)
        default:
            switch scalar(rest) {
            case .scalar(_, let length), .ignored(let length): return .ignored(length: length + 1)
            default: return .unfinished
            }
        }
    }

    /// Esc twice, or Alt with a key that sends an escape sequence (rxvt).
    private func twoEscapes(_ bytes: UnsafeRawBufferPointer, after rest: UnsafeRawBufferPointer) -> Step {
        // The second Esc may begin an answer.
        if isOwed || (rest.count > 1 && rest[1] == Self.escape) { return .key(.escape, length: 1) }
        return switch sequence(rest) {
        case .key(_, let length), .ignored(let length): .ignored(length: length + 1)
        case .unfinished: .unfinished
        default: .key(.escape, length: 1)
        }
    }

    /// CSI, parameters, intermediates, a final byte (ECMA-48 §5.4).
    private func controlSequence(_ bytes: UnsafeRawBufferPointer) -> Step {
        var end = 2
        while end < bytes.count, 0x20...0x3F ~= bytes[end], end < 64 { end += 1 }
        guard end < bytes.count else { return .unfinished }
        guard 0x40...0x7E ~= bytes[end] else { return .ignored(length: end) }
        if isOwed, BackgroundReport.endsAnswers(bytes[...end]) { return .answersEnd(length: end + 1) }
        if bytes[..<(end + 1)].elementsEqual(Self.pasteStart) { return .pasteBegins(length: end + 1) }
        if let event = MouseReport.event(UnsafeRawBufferPointer(rebasing: bytes[...end])) {
            return .mouse(event, length: end + 1)
        }
        switch KeyReport(UnsafeRawBufferPointer(rebasing: bytes[...end]))?.meaning {
        case .key(let key): return .key(key, length: end + 1)
        case .text(let scalars): return .text(scalars, length: end + 1)
        case .nothing, nil: break
        }
        // The old mouse report: three more bytes of any value.
        let length = end == 2 && bytes[end] == UInt8(ascii: "M") ? 6 : end + 1
        return length <= bytes.count ? .ignored(length: length) : .unfinished
    }

    /// SS3, optional modifiers, a letter.
    private func singleShift(_ bytes: UnsafeRawBufferPointer) -> Step {
        var end = 2
        while end < bytes.count, 0x30...0x3B ~= bytes[end], end < 8 { end += 1 }
        guard end < bytes.count else { return .unfinished }
        return .ignored(length: 0x40...0x7E ~= bytes[end] ? end + 1 : end)
    }

    /// - Returns: the number of bytes that belong to the answer.
    private func skipAnswer(_ bytes: UnsafeRawBufferPointer) -> Int {
        let end = bytes.firstIndex { $0 == 0x07 || $0 == Self.escape } ?? bytes.count
        // One byte above the limit shows that the answer is too long.
        let room = BackgroundReport.longest + 1 - (answer?.count ?? 0)
        answer?.append(contentsOf: bytes[..<end].prefix(room))
        if end == bytes.count || (bytes[end] == Self.escape && end + 1 == bytes.count) { return end }
        mode = .keys
        let isEnded = bytes[end] == 0x07 || bytes[end + 1] == UInt8(ascii: "\\")
        if isEnded, let report = answer.flatMap({ BackgroundReport($0) }) { background = report }
        answer = nil
        return !isEnded ? end : bytes[end] == 0x07 ? end + 1 : end + 2
    }

    // MARK: - Pastes

    private static let pasteStart = Array("\u{1B}[200~".utf8)
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    /// - Returns: the number of used bytes; the rest may be the start of the paste's end.
    private func appendPaste(_ bytes: UnsafeRawBufferPointer, _ inputs: inout [Input]) -> Int {
        var search = 0
        while let escape = bytes[search...].firstIndex(of: Self.escape) {
            let rest = bytes[escape...]
            if rest.starts(with: Self.pasteEnd) {
                keep(bytes[..<escape])
                inputs.append(
                    pasteIsTooLong
                        ? .refused(
                            Failure(.unacceptableInput, "the paste is longer than 1 MiB", hints: ["nothing was taken"]))
                        : .paste(pasted.secret()))
                endPaste()
                return escape + Self.pasteEnd.count
            }
            if rest.count < Self.pasteEnd.count, Self.pasteEnd.starts(with: rest) {
                keep(bytes[..<escape])
                return escape
            }
            search = escape + 1
        }
        keep(bytes[...])
        return bytes.count
    }

    private func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
        if pasted.count + bytes.count > Self.longestPaste { pasteIsTooLong = true }
        if pasteIsTooLong { pasted.removeAll() } else { pasted.append(UnsafeRawBufferPointer(rebasing: bytes)) }
    }

    private func endPaste() {
        mode = .keys
        pasteIsTooLong = false
        pasted.removeAll()
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func contains(sequence: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: sequence) }
    }
}
