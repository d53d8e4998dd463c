import Credentials
import FoundationEssentials

/// A JSON value of a server whose form is not known, down to a bounded depth.
enum JSONValue: Decodable, Equatable {
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])
    /// null, a number beyond a Double, or nested too deeply.
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

    /// - Returns: nil if `text` is no JSON.
    init?(_ text: String) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else { return nil }
        self = value
    }

    /// The text of a scalar that says something: not null, 0, "", "0", a boolean.
    var words: String? {
        switch self {
        case .text(let text): text == "0" || text.allSatisfy(\.isWhitespace) ? nil : text
        case .number(let number): number == 0 ? nil : Int(exactly: number).map(String.init) ?? String(number)
        case .flag, .list, .object, .nothing: nil
        }
    }

    var list: [JSONValue] { if case .list(let values) = self { values } else { [] } }
}

/// The members of a JSON object by what their names have in common: no case, no `_` and no `-` in them, so that
/// `errorCode`, `ErrorCode` and `error_code` are one.
struct LooseMembers {
    private(set) var values: [String: JSONValue] = [:]

    init(_ object: [String: JSONValue]) {
        // Lower case comes last and wins: the same object gives the same answer every time.
        for (name, value) in object.sorted(by: { $0.key < $1.key }) where value != .nothing {
            values[Self.key(name)] = value
        }
    }

    static func key(_ name: some StringProtocol) -> String {
        // AWS has a `__type` that is no `type`.
        let prefix = name.hasPrefix("__") ? "__" : ""
        return prefix + name.lowercased().filter { $0 != "_" && $0 != "-" }
    }

    subscript(_ name: String) -> JSONValue { values[name] ?? .nothing }

    func object(_ name: String) -> LooseMembers? {
        if case .object(let object) = self[name] { LooseMembers(object) } else { nil }
    }
}
