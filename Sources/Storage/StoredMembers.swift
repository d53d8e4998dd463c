import FoundationEssentials

/// The JSON of one kind of record. The coding keys are the members that this keyfob knows.
protocol StoredRecord: Codable {
    associatedtype Member: CodingKey & CaseIterable
}

/// The members of a record that this keyfob does not know: a later keyfob wrote them, and they are kept.
struct UnknownMembers<Stored: StoredRecord>: Decodable {
    let members: [MemberName: JSONValue]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: MemberName.self)
        let known = Set(Stored.Member.allCases.map(\.stringValue))
        var members: [MemberName: JSONValue] = [:]
        for name in container.allKeys where !known.contains(name.stringValue) {
            members[name] = try container.decode(JSONValue.self, forKey: name)
        }
        self.members = members
    }
}

/// The known and the unknown members of a record, as one JSON object.
struct RecordMembers<Stored: StoredRecord>: Encodable {
    let known: Stored
    let unknown: UnknownMembers<Stored>?

    func encode(to encoder: any Encoder) throws {
        try known.encode(to: encoder)
        guard let unknown, !unknown.members.isEmpty else { return }
        var container = encoder.container(keyedBy: MemberName.self)
        for (name, value) in unknown.members { try container.encode(value, forKey: name) }
    }
}

struct MemberName: CodingKey, Hashable {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Any JSON value. A whole number of 64 bits is exact, any other number is a Double.
enum JSONValue: Codable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
