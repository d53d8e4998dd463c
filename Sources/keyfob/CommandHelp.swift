import ArgumentParser

/// The parser's help texts, and the options in them.
enum CommandHelp {
    static let columns = 80

    static var subcommands: [any ParsableCommand.Type] { Keyfob.configuration.subcommands }

    static func text(of command: any ParsableCommand.Type) -> String {
        Keyfob.helpMessage(for: command, columns: columns)
    }

    /// `answer`, set at 80 columns if it is a help text. The parser fills the terminal's width: a narrow terminal would
    /// break the examples' lines, and half of an example, copied, is another command.
    static func atFixedWidth(_ answer: String) -> String {
        let commands = [Keyfob.self] + subcommands
        return commands.first { Keyfob.helpMessage(for: $0) == answer }.map(text) ?? answer
    }

    /// The long options of a command, with their dashes. True means that the option takes a value.
    static func options(of command: any ParsableCommand.Type) -> [String: Bool] {
        var options: [String: Bool] = [:]
        for line in text(of: command).split(separator: "\n") where line.hasPrefix("  -") {
            // The text after two spaces may name other options.
            let names = line.dropFirst(2)
            let label = names[..<(names.firstRange(of: "  ")?.lowerBound ?? names.endIndex)].split(separator: " ")
            for (index, word) in label.enumerated() where word.hasPrefix("--") {
                options[String(word)] = label.dropFirst(index + 1).first?.hasPrefix("<") ?? false
            }
        }
        options["-h"] = false
        return options
    }
}

/// The name that a user probably meant by a mistyped word.
enum NearestWord {
    /// nil if no name is near. At most two letters, and at most half of the word, may be wrong, missing, extra or
    /// swapped.
    static func of(_ word: String, among names: [String]) -> String? {
        let word = word.lowercased()
        // A word longer than every name is near to no name, and takes long to compare.
        guard word.utf8.count <= 40 else { return nil }
        let completions = names.filter { word.count > 1 && $0.hasPrefix(word) }
        if completions.count == 1 { return completions[0] }
        let near = names.map { (name: $0, mistakes: mistakes(from: Array(word), to: Array($0))) }
            .filter { $0.mistakes <= min(2, word.count / 2) }
        return near.min { $0.mistakes < $1.mistakes }?.name
    }

    /// The optimal string alignment distance.
    private static func mistakes(from word: [Character], to name: [Character]) -> Int {
        var rows = [Array(0...name.count)]
        for row in 0..<word.count {
            var next = [row + 1]
            for column in 0..<name.count {
                let isSame = word[row] == name[column]
                var least = min(next[column] + 1, rows[row][column + 1] + 1, rows[row][column] + (isSame ? 0 : 1))
                if row > 0, column > 0, word[row] == name[column - 1], word[row - 1] == name[column] {
                    least = min(least, rows[row - 1][column - 1] + 1)
                }
                next.append(least)
            }
            rows.append(next)
        }
        return rows[word.count][name.count]
    }
}
