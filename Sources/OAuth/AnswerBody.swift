import Credentials

/// The kind and the parsed content of an answer's body without a token.
enum AnswerBody {
    case empty
    case json(JSONValue)
    /// A form with an error, as servers older than RFC 6749 send it.
    case form([String: JSONValue])
    case markup(Markup)
    case text
    /// The name of the coding. Requests do not ask for compression.
    case compressed(String)
    case binary

    /// The maximum number of bytes searched for error texts; JSON is read completely.
    private static let limit = 64 << 10

    init(_ response: HTTPResponse) {
        let bytes = response.utf8Body.withBytes { Array($0) }
        guard let first = bytes.first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else {
            self = .empty
            return
        }
        // JSON comes first: a server may declare a compression that it has not applied.
        if let value = Self.json(RepairedText(bytes).text) {
            self = .json(value)
            return
        }
        let beginning = Array(bytes.prefix(Self.limit))
        let repaired = RepairedText(beginning, isCut: bytes.count > beginning.count)
        if let coding = Self.coding(of: response, beginning) {
            self = .compressed(coding)
        } else if repaired.isRepaired, BodyText.lines(of: repaired) == nil {
            self = .binary
        } else if first == UInt8(ascii: "<") || beginning.starts(with: [0xEF, 0xBB, 0xBF, UInt8(ascii: "<")])
            || Self.saysPage(response),
            let markup = Markup(repaired.text, isPage: Self.saysPage(response))
        {
            self = .markup(markup)
        } else if let form = Self.form(repaired.text) {
            self = .form(form)
        } else {
            self = .text
        }
    }

    /// The body as part of a message.
    var summary: String {
        switch self {
        case .empty: "an empty body"
        case .json(.object), .form: "no error code"
        case .json, .text: "a body that is not a JSON object"
        case .markup(let markup): markup.isHTML ? "a web page" : "an XML document"
        case .compressed(let coding): "a body that is compressed with \(coding), which keyfob did not ask for"
        case .binary: "a body that is not text"
        }
    }

    /// The coding of a body that is not text; nil if unknown.
    static func coding(of response: HTTPResponse, _ bytes: [UInt8]) -> String? {
        let said = response.header("Content-Encoding")?.lowercased().split { $0 == "," || $0.isWhitespace } ?? []
        let known = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"]
        if bytes.starts(with: [0x1F, 0x8B]) { return "gzip" }
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return "zstd" }
        if bytes.starts(with: [0x1F, 0x9D]) { return "compress" }
        guard String(validating: bytes, as: UTF8.self) == nil || bytes.contains(where: { $0 < 0x09 }) else {
            return nil
        }
        if let coding = said.last(where: { known.contains(String($0)) }) { return String(coding) }
        // RFC 1950 §2.2: deflate with a 32 KiB window, and a checksum over both bytes.
        guard bytes.count > 2, bytes[0] == 0x78, (Int(bytes[0]) << 8 + Int(bytes[1])) % 31 == 0 else { return nil }
        return "zlib"
    }

    /// True if the server declares the body as HTML.
    static func saysPage(_ response: HTTPResponse) -> Bool {
        response.header("Content-Type")?.lowercased().hasPrefix("text/html") == true
    }

    /// Parses plain JSON, JSONP, JSON after an anti-script prefix, or the first of several lines.
    private static func json(_ text: String) -> JSONValue? {
        if let value = JSONValue(text) { return value }
        guard let start = text.utf8.prefix(128).firstIndex(where: { $0 == UInt8(ascii: "{") }) else { return nil }
        let before = ClientName.trimmed(String(text[..<start]))
        if before.isEmpty { return text.split(whereSeparator: \.isNewline).first.flatMap { JSONValue(String($0)) } }
        let isGuard = [")]}'", ")]}',", "while(1);", "for(;;);"].contains(before)
        guard isGuard || before.hasSuffix("(") && !before.contains(where: \.isWhitespace),
            let end = text.lastIndex(of: "}"), start < end
        else { return nil }
        return JSONValue(String(text[start...end]))
    }

    private static func form(_ text: String) -> [String: JSONValue]? {
        var members: [String: JSONValue] = [:]
        for member in ClientName.trimmed(text).split(separator: "&").prefix(64) {
            let parts = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].contains(where: \.isWhitespace) else { return nil }
            let (name, value) = (PercentEncoding.decoded(parts[0].utf8), PercentEncoding.decoded(parts[1].utf8))
            members[RepairedText(name).text] = .text(RepairedText(value).text)
        }
        return members.keys.contains { LooseMembers.key($0).hasPrefix("err") } ? members : nil
    }
}
