import Credentials

/// A mistake in a settings file, with its place.
public struct SettingsMistake: Error, Sendable, Equatable {
    /// From 1, as editors count: LF, CR and CRLF each end a line.
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int
    /// Lower case, no full stop: names the setting and its accepted values. Quotes from the file went through
    /// `UntrustedText`.
    public var text: String

    public init(line: Int, column: Int, text: String) {
        self.line = line
        self.column = column
        self.text = text
    }
}

/// A piece of the file, quoted for a message.
func quoted(_ text: String) -> String { "\"\(UntrustedText.line(text, limit: 60))\"" }

/// `; did you mean "theme"?` if one of `names` differs from `name` by a few typing mistakes, else an empty text.
func suggestion(for name: String, among names: some Sequence<String>) -> String {
    guard name.unicodeScalars.count <= 60 else { return "" }
    let meant = names.map { (edits: edits(from: name.lowercased(), to: $0.lowercased()), name: $0) }.min { $0 < $1 }
    guard let meant, meant.edits <= max(1, name.count / 3) else { return "" }
    return "; did you mean \"\(meant.name)\"?"
}

/// The number of characters to add, drop, replace or swap with their neighbour to turn `a` into `b` (optimal string
/// alignment distance).
private func edits(from a: String, to b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
