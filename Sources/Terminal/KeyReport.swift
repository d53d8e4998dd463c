import Credentials
import Interface

/// A key in the forms that carry its modifiers: kitty's keyboard protocol (CSI code u), xterm's modifyOtherKeys
/// (CSI 27 ; modifiers ; code ~), and cursor and function keys with modifiers (CSI 1 ; modifiers A).
///
/// keyfob switches both protocols off, but a key may come earlier, or from a terminal that ignores this.
struct KeyReport {
    enum Meaning: Equatable {
        case key(Key)
        case text([Unicode.Scalar])
        /// A release, a modifier alone, a combination without a meaning here.
        case nothing
    }

    private struct Modifiers: OptionSet {
        let rawValue: Int
        static let shift = Modifiers(rawValue: 1)
        static let control = Modifiers(rawValue: 4)
        static let capsLock = Modifiers(rawValue: 64)
        static let numLock = Modifiers(rawValue: 128)
    }

    /// Each parameter's parts; a missing part is nil.
    private let parameters: [[Int?]]
    private let final: UInt8

    /// - Parameter sequence: a whole control sequence, from its escape character to its final byte.
    /// - Returns: nil if the sequence is not a report of a key.
    init?(_ sequence: UnsafeRawBufferPointer) {
        guard sequence.count > 3, let final = sequence.last else { return nil }
        let inner = sequence[2..<(sequence.count - 1)]
        guard inner.allSatisfy({ 0x30...0x3B ~= $0 }) else { return nil }
        self.final = final
        parameters = inner.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { parameter in
            parameter.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
                // No meaning has such a large number.
                $0.isEmpty ? nil : Int(String(decoding: $0, as: UTF8.self)) ?? Int.max
            }
        }
    }

    /// The key or text; nil if the sequence is not a report of a key.
    var meaning: Meaning? {
        let first = part(0) ?? 1
        switch final {
        case UInt8(ascii: "u"): return meaning(ofCode: first, modifiers: part(1), isXterm: false)
        case UInt8(ascii: "~") where first == 27 && parameters.count == 3:
            return part(2).map { meaning(ofCode: $0, modifiers: part(1), isXterm: true) }
        case UInt8(ascii: "~"): return Self.numbered[first].map(unmodified)
        default: return first == 1 ? Self.lettered[final].map(unmodified) : nil
        }
    }

    private func part(_ parameter: Int, _ part: Int = 0) -> Int? {
        guard parameters.indices.contains(parameter), parameters[parameter].indices.contains(part) else { return nil }
        return parameters[parameter][part]
    }

    /// Kitty's third kind of event.
    private var isRelease: Bool { part(1, 1) == 3 }

    private static func modifiers(_ number: Int?) -> Modifiers { Modifiers(rawValue: max((number ?? 1) - 1, 0)) }

    /// A cursor or function key, which has no meaning here with a modifier.
    private func unmodified(_ key: Key) -> Meaning {
        let held = Self.modifiers(part(1)).subtracting([.capsLock, .numLock])
        return isRelease || !held.isEmpty ? .nothing : .key(key)
    }

    private func meaning(ofCode code: Int, modifiers number: Int?, isXterm: Bool) -> Meaning {
        guard !isRelease else { return .nothing }
        let all = Self.modifiers(number)
        let held = all.subtracting([.capsLock, .numLock])
        // Alt, Super and the like are ignored, like Alt without the protocol.
        guard held.isSubset(of: [.shift, .control]) else { return .nothing }
        switch code {
        case 8, 127: return .key(.backspace)
        case 9: return .key(held.contains(.shift) ? .backTab : .tab)
        case 10, 13: return .key(.enter)
        case 27: return .key(.escape)
        default: break
        }
        if let key = Self.keypad[code] { return held.isEmpty ? key : .nothing }
        if 57_376...57_398 ~= code { return held.isEmpty ? .key(.function(code - 57_363)) : .nothing }
        if held.contains(.control) { return control(code) }
        if !isXterm, parameters.count > 2 {
            let text = parameters[2].compactMap { $0.flatMap(Self.printable) }
            if !text.isEmpty { return .text(text) }
        }
        return character(code, all, isXterm: isXterm)
    }

    /// A character that comes without its text.
    private func character(_ code: Int, _ modifiers: Modifiers, isXterm: Bool) -> Meaning {
        let isShifted = modifiers.contains(.shift)
        if isShifted, !isXterm, let shifted = part(0, 1).flatMap(Self.printable) { return .text([shifted]) }
        guard let scalar = Self.printable(code) else { return .nothing }
        let upper = scalar.properties.uppercaseMapping.unicodeScalars
        // xterm's code is already that of the shifted character.
        guard !isXterm, isShifted != modifiers.contains(.capsLock), upper.count == 1 else { return .text([scalar]) }
        return .text(Array(upper))
    }

    private static func printable(_ code: Int) -> Unicode.Scalar? {
        guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init), !UntrustedText.isControl(scalar) else {
            return nil
        }
        return scalar
    }

    /// The key of the control character that terminals send without the protocol. On a keyboard of another script, the
    /// key at the same place on a Latin keyboard.
    private func control(_ code: Int) -> Meaning {
        let latin = code < 128 ? code : part(0, 2) ?? code
        switch latin {
        case 0x40...0x5F, 0x61...0x7A: return .key(KeyDecoder.control(UInt8(latin & 0x1F)))
        case 0x20, 0x32: return .key(KeyDecoder.control(0))
        case 0x33...0x37: return .key(KeyDecoder.control(UInt8(latin - 0x33 + 0x1B)))
        case 0x2F: return .key(KeyDecoder.control(0x1F))
        case 0x38, 0x3F: return .key(.backspace)
        default: return .nothing
        }
    }

    private static let lettered: [UInt8: Key] = [
        UInt8(ascii: "A"): .up, UInt8(ascii: "B"): .down, UInt8(ascii: "C"): .right, UInt8(ascii: "D"): .left,
        UInt8(ascii: "H"): .home, UInt8(ascii: "F"): .end, UInt8(ascii: "P"): .function(1),
        UInt8(ascii: "Q"): .function(2), UInt8(ascii: "S"): .function(4),
    ]

    private static let numbered: [Int: Key] = [
        1: .home, 2: .insert, 3: .delete, 4: .end, 5: .pageUp, 6: .pageDown, 7: .home, 8: .end,
        11: .function(1), 12: .function(2), 13: .function(3), 14: .function(4), 15: .function(5), 17: .function(6),
        18: .function(7), 19: .function(8), 20: .function(9), 21: .function(10), 23: .function(11), 24: .function(12),
    ]

    /// Kitty's codes for the numeric keypad.
    private static let keypad: [Int: Meaning] = {
        var keypad: [Int: Meaning] = [:]
        for (index, character) in "0123456789./*-+".unicodeScalars.enumerated() {
            keypad[57_399 + index] = .text([character])
        }
        keypad[57_414] = .key(.enter)
        keypad[57_415] = .text(["="])
        keypad[57_416] = .text([","])
        let keys: [Key] = [.left, .right, .up, .down, .pageUp, .pageDown, .home, .end, .insert, .delete]
        for (index, key) in keys.enumerated() { keypad[57_417 + index] = .key(key) }
        return keypad
    }()
}
