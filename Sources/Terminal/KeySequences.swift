import Interface

/// The byte sequences that keys send: the usual ones, overridden by the terminal database's.
struct KeySequences {
    enum Match: Equatable {
        case key(Key, length: Int)
        /// The bytes so far may become a key.
        case unfinished
        case none
    }

    private final class Node {
        var following: [UInt8: Node] = [:]
        var key: Key?
    }

    private let root = Node()

    /// - Parameter capability: the terminal's string capability of a name; nil if it has none.
    init(capability: (String) -> [UInt8]?) {
        for (text, key) in Self.common { add([0x1B] + Array(text.utf8), key) }
        for (name, key) in Self.capabilities {
            // The decoder handles a single control character itself, so a database entry for it is ignored.
            guard let sequence = capability(name), sequence.count > 1, sequence[0] == 0x1B else { continue }
            add(sequence, key)
        }
    }

    private func add(_ sequence: [UInt8], _ key: Key) {
        var node = root
        for byte in sequence {
            let next = node.following[byte] ?? Node()
            node.following[byte] = next
            node = next
        }
        node.key = key
    }

    /// The longest sequence that `bytes` begin with.
    func match(_ bytes: UnsafeRawBufferPointer) -> Match {
        var node = root
        var found = Match.none
        for (index, byte) in bytes.enumerated() {
            guard let next = node.following[byte] else { return found }
            node = next
            if let key = node.key { found = .key(key, length: index + 1) }
        }
        return found == .none && !node.following.isEmpty ? .unfinished : found
    }

    /// After the escape character: ECMA-48 and the DEC terminals (xterm's ctlseqs), in both cursor key modes; rxvt's
    /// and the Linux console's Home, End and F1 to F5.
    private static let common: [(String, Key)] =
        [
            ("[A", .up), ("[B", .down), ("[C", .right), ("[D", .left),
            ("OA", .up), ("OB", .down), ("OC", .right), ("OD", .left),
            ("[H", .home), ("OH", .home), ("[1~", .home), ("[7~", .home),
            ("[F", .end), ("OF", .end), ("[4~", .end), ("[8~", .end),
            ("[2~", .insert), ("[3~", .delete), ("[5~", .pageUp), ("[6~", .pageDown), ("[Z", .backTab),
            ("OP", .function(1)), ("OQ", .function(2)), ("OR", .function(3)), ("OS", .function(4)),
            ("[[A", .function(1)), ("[[B", .function(2)), ("[[C", .function(3)), ("[[D", .function(4)),
            ("[[E", .function(5)),
            ("[11~", .function(1)), ("[12~", .function(2)), ("[13~", .function(3)), ("[14~", .function(4)),
            ("[15~", .function(5)), ("[17~", .function(6)), ("[18~", .function(7)), ("[19~", .function(8)),
            ("[20~", .function(9)), ("[21~", .function(10)), ("[23~", .function(11)), ("[24~", .function(12)),
        ] + keypad

    /// The numeric keypad, if the terminal sends its application codes (PuTTY with Num Lock on).
    private static let keypad: [(String, Key)] =
        [("OM", .enter)]
        + zip("jklmnopqrstuvwxyX", "*+,-./0123456789=").map { ("O\($0)", .character($1)) }

    private static let capabilities: [(String, Key)] =
        [
            ("kcuu1", .up), ("kcud1", .down), ("kcuf1", .right), ("kcub1", .left), ("khome", .home), ("kend", .end),
            ("kpp", .pageUp), ("knp", .pageDown), ("kich1", .insert), ("kdch1", .delete), ("kcbt", .backTab),
            ("kbs", .backspace), ("kent", .enter),
        ] + (1...63).map { ("kf\($0)", .function($0)) }
}
