import Credentials
import FoundationEssentials

/// A JSON value of unknown structure from a server, to a limited depth.
enum JSONValue: Decodable, Equatable {
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])
    /// null, a number beyond Double, or a value nested too deeply.
    case nothing

    private static let deepest = 8

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .nothing
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if decoder.codingPath.count >= Self.deepest {
            self = .nothing
        } else if let list = try? container.decode([JSONValue].self) {
            self = .list(list)
        } else if let object = try? container.decode([String: JSONValue].self) {
            self = .object(object)
        } else {
            self = .nothing
        }
    }

    /// - Returns: nil if `text` is not JSON.
    init?(_ text: String) {
        let whole = Self.withoutLoneSurrogates(text)
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(whole.utf8)) else { return nil }
        self = value
    }

    /// `json` with U+FFFD for each `\uD800` to `\uDFFF` that is not part of a pair: the decoder rejects a string or
    /// object that contains one.
    static func withoutLoneSurrogates(_ json: String) -> String {
        let bytes = Array(json.utf8)
        func unit(at index: Int) -> UInt16? {
            guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
            else { return nil }
            return UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
        }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            var length = min(2, bytes.count - index)
            var isLone = false
            if let first = unit(at: index) {
                length = 6
                if UTF16.isLeadSurrogate(first), let second = unit(at: index + 6), UTF16.isTrailSurrogate(second) {
                    length = 12
                } else {
                    isLone = UTF16.isSurrogate(first)
                }
            }
            result += isLone ? Array("\u{FFFD}".utf8)[...] : bytes[index..<index + length]
            index += length
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text of a meaningful scalar; nil for null, 0, "", "0", "0000" and booleans.
    var scalarText: String? {
        switch self {
        case .text(let text): text.allSatisfy { $0 == "0" || $0.isWhitespace } ? nil : text
        case .number(let number): number == 0 ? nil : Int(exactly: number).map(String.init) ?? String(number)
        case .flag, .list, .object, .nothing: nil
        }
    }

    var list: [JSONValue] { if case .list(let values) = self { values } else { [] } }
}

/// The members of a JSON object by normalized name, without case, `_` and `-`: `errorCode`, `ErrorCode` and
/// `error_code` are the same.
struct LooseMembers {
    private(set) var values: [String: JSONValue] = [:]

    init(_ object: [String: JSONValue]) {
        // Lower case comes last and wins, so the result is deterministic.
        for (name, value) in object.sorted(by: { $0.key < $1.key }) where value != .nothing {
            values[Self.key(name)] = value
        }
    }

    static func key(_ name: some StringProtocol) -> String {
        // AWS's `__type` differs from `type`.
        let prefix = name.hasPrefix("__") ? "__" : ""
        return prefix + name.lowercased().filter { $0 != "_" && $0 != "-" }
    }

    subscript(_ name: String) -> JSONValue { values[name] ?? .nothing }

    /// True if the member is an object, a list or a meaningful scalar.
    func holds(_ name: String) -> Bool {
        switch self[name] {
        case .object, .list: true
        case let value: value.scalarText != nil
        }
    }

    func object(_ name: String) -> LooseMembers? {
        if case .object(let object) = self[name] { LooseMembers(object) } else { nil }
    }
}
