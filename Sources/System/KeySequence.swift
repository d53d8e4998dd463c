/// A control sequence while it is received, and its key, if another program has left on kitty's keyboard protocol (CSI
/// code ; modifiers u) or xterm's modifyOtherKeys (CSI 27 ; modifiers ; code ~).
///
/// Terminal's `KeyReport` reads the same forms for the screen: there a key is an action, and a character may be
/// guessed. Here a key is part of a secret, and a character that would have to be guessed is refused.
struct KeySequence {
    enum Key: Equatable {
        /// The bytes that the terminal sends for the key without the protocol.
        case bytes([UInt8])
        /// A character with Shift: the terminal reports the key without the character.
        case unreadable
        case escape
        case none
    }

    private var parameters: [[Int]] = [[0]]
    private var isPlain = true
    private var length = 0

    mutating func append(_ byte: UInt8) {
        length += 1
        let last = parameters.count - 1
        switch byte {
        case 0x30...0x39:
            let part = parameters[last].count - 1
            parameters[last][part] = min(parameters[last][part], 100_000_000) * 10 + Int(byte - 0x30)
        case UInt8(ascii: ":") where length < 64: parameters[last].append(0)
        case UInt8(ascii: ";") where length < 64: parameters.append([0])
        default: isPlain = false
        }
    }

    func key(final: UInt8) -> Key {
        let isXterm = final == UInt8(ascii: "~") && parameters.count == 3 && parameters[0] == [27]
        guard isPlain, isXterm || final == UInt8(ascii: "u") else { return .none }
        let code = isXterm ? parameters[2][0] : parameters[0][0]
        let modifiers = parameters.count > 1 ? parameters[1] : []
        let held = max((modifiers.first ?? 1) - 1, 0)
        let (shift, control, capsLock) = (held & 1 != 0, held & 4 != 0, held & 64 != 0)
        // A release; Alt, Super and the like.
        guard modifiers.count < 2 || modifiers[1] != 3, held & 0b11_1010 == 0 else { return .none }
        switch code {
        case 13, 57_414: return .bytes([0x0d])
        case 27: return .escape
        case 8, 127: return .bytes([0x7f])
        case 57_399...57_408 where !control: return .bytes([UInt8(0x30 + code - 57_399)])
        case ..<0x20, 0xe000...0xf8ff: return .none
        default: break
        }
        if control {
            // On a keyboard of another script, the key at the same place on a Latin keyboard.
            let latin = code < 128 || parameters[0].count < 3 ? code : parameters[0][2]
            return 0x40...0x5f ~= latin && latin != 0x5b || 0x61...0x7a ~= latin
                ? .bytes([UInt8(latin & 0x1f)]) : .none
        }
        if !isXterm, parameters.count > 2, parameters[2].contains(where: { $0 >= 0x20 }) { return text(parameters[2]) }
        if isXterm || !shift && !capsLock { return text([code]) }
        if shift, parameters[0].count > 1, parameters[0][1] > 0 { return text([parameters[0][1]]) }
        // Kitty sends a letter's key in lower case. With formatOtherKeys=1, xterm sends the typed character instead.
        if 0x41...0x5a ~= code { return text([code]) }
        guard 0x61...0x7a ~= code else { return shift ? .unreadable : text([code]) }
        return text([shift != capsLock ? code - 0x20 : code])
    }

    private func text(_ codes: [Int]) -> Key {
        var bytes: [UInt8] = []
        for code in codes where code >= 0x20 && code != 0x7f {
            guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else { continue }
            bytes += Array(String(Character(scalar)).utf8)
        }
        return .bytes(bytes)
    }
}
