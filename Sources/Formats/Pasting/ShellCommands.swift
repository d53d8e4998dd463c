import Credentials

/// A paste as the commands of the shell that it was written for, each with its words and the variables that the command
/// sets. Known variables are put into the words. Nothing is run.
struct ShellCommands {
    struct Command {
        var words: [Secret] = []
        var assignments: [Assignment] = []
    }

    struct Assignment {
        let name: String
        var value: Secret
    }

    let commands: [Command]

    /// - Parameter text: a paste that `PastedText` has cleaned.
    init(_ text: Secret, in dialect: ShellDialect) {
        var pieces: [ShellLexer.Piece] = []
        // A mark has two bytes and may stand for one byte.
        let written = Secret.written(atMost: 2 * text.count + ShellLexer.longestExpansion) { writer in
            text.withBytes { bytes in
                var lexer = ShellLexer(bytes, writer)
                lexer.read(dialect)
                pieces = lexer.pieces
                writer = lexer.writer
            }
        }
        var commands: [Command] = []
        var number: Int?
        for piece in pieces {
            if piece.command != number { commands.append(Command()) }
            number = piece.command
            let value = written.slice(piece.range)
            if let name = piece.name {
                commands[commands.count - 1].assignments.append(Assignment(name: name, value: value))
            } else {
                commands[commands.count - 1].words.append(value)
            }
        }
        self.commands = commands.map(\.withReadingsThatDiffer)
    }

    /// In their order.
    var assignments: [Assignment] { commands.flatMap(\.assignments) }
}

extension ShellCommands.Command {
    /// `NAME=a b` sets NAME to `a b` in a .env file, and to `a` for the command `b` in a shell. Scopes are such words.
    fileprivate var withReadingsThatDiffer: Self {
        var command = self
        if let first = words.first, first.isWord("declare", "typeset", "setx", "setenv", "set") {
            command.assignments += unreadAssignments
        } else if assignments.count == 1, let first = words.first, !first.isCurl {
            if ["SCOPE", "SCOPES"].contains(where: assignments[0].name.uppercased().hasSuffix) {
                command.assignments[0].value = words.reduce(assignments[0].value) {
                    ("\($0) \($1)" as SecretText).secret
                }
            } else {
                command.assignments[0].value = Unread.words.secret
            }
        }
        return command
    }

    /// The names that `declare -x NAME=value` and `setx NAME value` set.
    private var unreadAssignments: [ShellCommands.Assignment] {
        let rest = words.dropFirst().filter { !$0.hasPrefix("-") }
        let named = rest.filter { $0.contains("=") }
        return (named.isEmpty ? Array(rest.prefix(1)) : named).compactMap { word in
            let name = FormText.split(word, at: UInt8(ascii: "=")).0
            guard name.count <= 200, name.withBytes({ $0.allSatisfy(AssignmentHead.isNameByte) }) else { return nil }
            return ShellCommands.Assignment(name: name.line, value: Unread.statement.secret)
        }
    }
}

extension Secret {
    /// True if it is one of `words`, in any case.
    func isWord(_ words: String...) -> Bool {
        withBytes { bytes in
            words.contains { word in
                bytes.count == word.utf8.count && zip(bytes, word.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
            }
        }
    }

    /// True for `curl`, `curl.exe`, or a path to either. A no-break space may glue more to it.
    var isCurl: Bool {
        withBytes { bytes in
            let word = bytes.prefix { $0 != Unread.byte }
            let name = word.split(omittingEmptySubsequences: false) { "/\\".utf8.contains($0) }.last
            return name.map { $0.elementsEqual("curl".utf8) || $0.elementsEqual("curl.exe".utf8) } ?? false
        }
    }
}
