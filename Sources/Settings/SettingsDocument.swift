import Credentials

/// The text of a settings file, for changes that keep its comments, order and layout.
public struct SettingsDocument: Sendable {
    private let text: JSON5Text
    private let object: JSON5Object

    /// An empty text stands for a missing file.
    /// - Throws: the first mistake in the syntax. `Settings.read` checks the values.
    public init(_ text: String) throws(SettingsMistake) {
        self.text = try JSON5Text(text)
        object = try self.text.object()
    }

    /// The text with the value of `name` from `settings`, otherwise unchanged: the value is replaced in place, or added
    /// as the last member.
    public func setting(_ name: SettingName, asIn settings: Settings) -> String {
        let value = name.fileText(in: settings)
        if let member = object.members.first(where: { $0.name == name.rawValue }) {
            return replacing(member.value.range, by: value)
        }
        guard let root = text.root else {
            return beginning(with: "\(ShellQuoting.json.quoted(name.rawValue)): \(value)")
        }
        let isBare = object.members.last.map { !["\"", "'"].contains(scalars[$0.nameRange.lowerBound]) } ?? false
        return adding(
            "\(isBare ? name.rawValue : ShellQuoting.json.quoted(name.rawValue)): \(value)",
            before: root.range.upperBound - 1)
    }

    private var scalars: [Unicode.Scalar] { text.scalars }

    private func replacing(_ range: Range<Int>, by replacement: String) -> String {
        scalars.text(in: 0..<range.lowerBound) + replacement + scalars.text(in: range.upperBound..<scalars.count)
    }

    /// The text of a file that was missing or had only comments.
    private func beginning(with member: String) -> String {
        var head = scalars.text(in: 0..<scalars.count)
        if head.allSatisfy(\.isWhitespace) {
            head = "// keyfob's settings, in JSON5: comments and trailing commas are welcome.\n"
        } else if scalars.last != "\n" {
            head += "\n"
        }
        return head + "{\n  \(member)\n}\n"
    }

    /// The text with `member` as the last one: on its own line if the closing bracket at `close` has its own line, else
    /// before the bracket.
    private func adding(_ member: String, before close: Int) -> String {
        let place = startOfBlanks(before: close)
        let isOwnLine = place > 0 && (scalars[place - 1] == "\n" || scalars[place - 1] == "\r")
        let comma = object.endsInComma ? "," : ""
        var addition: String
        if isOwnLine {
            let isCRLF = scalars[place - 1] == "\n" && place > 1 && scalars[place - 2] == "\r"
            let lineEnd = isCRLF ? "\r\n" : String(scalars[place - 1])
            addition = indentation(closing: place..<close) + member + comma + lineEnd
        } else {
            addition = " " + member + comma + (object.members.isEmpty && place == close ? " " : "")
        }
        let added = scalars.text(in: place..<scalars.count)
        guard let last = object.members.last?.value.range.upperBound, !object.endsInComma else {
            return scalars.text(in: 0..<place) + addition + added
        }
        return scalars.text(in: 0..<last) + "," + scalars.text(in: last..<place) + addition + added
    }

    /// The last member's indentation, if the member begins its line; else two blanks more than the closing bracket's.
    private func indentation(closing: Range<Int>) -> String {
        if let name = object.members.last?.nameRange.lowerBound {
            let start = startOfBlanks(before: name)
            if start == 0 || scalars[start - 1] == "\n" || scalars[start - 1] == "\r" {
                return scalars.text(in: start..<name)
            }
        }
        return scalars.text(in: closing) + "  "
    }

    private func startOfBlanks(before end: Int) -> Int {
        var start = end
        while start > 0, scalars[start - 1] == " " || scalars[start - 1] == "\t" { start -= 1 }
        return start
    }
}
