import Credentials

/// The commands in a paste, each with its words and its assignments, parsed in the shell's own dialect. References to
/// known variables are replaced. Nothing is executed.
struct ShellCommands {
    struct Command {
        var words: [Secret] = []
        var assignments: [Assignment] = []
    }

    struct Assignment {
        let name: String
        var value: Secret
        /// The index of the section or object that contains it.
        var section = 0
        /// True for an unquoted value after a colon.
        var isPlain = false
    }

    let commands: [Command]

    /// - Parameter text: a paste cleaned by `PastedText`.
    init(_ text: Secret, in dialect: ShellDialect) {
        var pieces: [ShellLexer.Piece] = []
        let written = Secret.written { writer in
            text.withBytes { bytes in
                var lexer = ShellLexer(bytes, writer)
                lexer.read(dialect)
                pieces = lexer.pieces
            }
        }
        var commands: [Command] = []
        var number: Int?
        for piece in pieces {
            if piece.command != number { commands.append(Command()) }
            number = piece.command
            let value = written.slice(piece.range)
            if let name = piece.name {
                commands[commands.count - 1].assignments.append(
                    Assignment(name: name, value: value, section: piece.section, isPlain: piece.isPlain))
            } else {
                commands[commands.count - 1].words.append(value)
            }
        }
        self.commands = commands.map(\.withReadingsThatDiffer)
    }

    var assignments: [Assignment] { commands.flatMap(\.assignments) }
}

extension ShellCommands.Command {
    /// `NAME=a b` sets NAME to `a b` in a .env file, but in a shell to `a` for the command `b`. Scopes often look like
    /// this.
    fileprivate var withReadingsThatDiffer: Self {
        var command = self
        command.assignments += requestAssignments
        guard let first = words.first, !first.isCurl else { return command }
        if first.isWord("declare", "typeset", "setx", "setenv", "set", "unset") || first.contains("+=") {
            command.assignments += unreadAssignments
        } else if let last = assignments.indices.last {
            if ["SCOPE", "SCOPES"].contains(where: assignments[last].name.uppercased().hasSuffix) {
                let scopes = words.prefix { !$0.contains("=") }
                command.assignments[last].value = scopes.reduce(assignments[last].value) {
                    ("\($0) \($1)" as SecretText).secret
                }
                command.assignments += Self.unread(words.dropFirst(scopes.count), as: .words)
            } else if last == 0 || !first.isProgram {
                command.assignments[last].value = Unread.words.secret
            }
        }
        return command
    }

    /// The URL and the form of PowerShell's request commands.
    private var requestAssignments: [ShellCommands.Assignment] {
        var found: [ShellCommands.Assignment] = []
        for (option, value) in zip(words, words.dropFirst()) {
            if option.isWord("-Uri") { found.append(ShellCommands.Assignment(name: "URL", value: value)) }
            if option.isWord("-Body"), value.contains("client_id=") {
                found += FormText.members(value).map { ShellCommands.Assignment(name: $0.name, value: $0.value) }
            }
        }
        return found
    }

    /// The names that commands such as `declare -x NAME=value` and `setx NAME value` set.
    private var unreadAssignments: [ShellCommands.Assignment] {
        if words[0].contains("+=") { return Self.unread(words[...], as: .statement) }
        let rest = words.dropFirst().filter { !$0.hasPrefix("-") }
        // fish and csh put the value into the next word, which may contain `=`.
        if words[0].isWord("set"), let first = rest.first, !first.contains("=") {
            return Self.unread([first], as: .statement)
        }
        let named = rest.filter { $0.contains("=") }
        if !named.isEmpty { return Self.unread(named[...], as: .statement) }
        return Self.unread(words[0].isWord("unset") ? rest[...] : rest.prefix(1), as: .statement)
    }

    private static func unread(_ words: ArraySlice<Secret>, as reason: Unread) -> [ShellCommands.Assignment] {
        words.compactMap { word in
            var name = FormText.split(word, at: UInt8(ascii: "=")).0
            if name.withBytes({ $0.last == UInt8(ascii: "+") }) { name = name.slice(0..<name.count - 1) }
            guard name.count <= 200, name.withBytes({ $0.allSatisfy(AssignmentHead.isNameByte) }) else { return nil }
            return ShellCommands.Assignment(name: name.line, value: reason.secret)
        }
    }
}

extension Secret {
    /// True if the text is one of `words`, ignoring case.
    func isWord(_ words: String...) -> Bool {
        withBytes { bytes in
            words.contains { word in
                bytes.count == word.utf8.count && zip(bytes, word.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
            }
        }
    }

    /// True for a path, and for programs that usually have variables set before them. Any other word may belong to an
    /// unquoted value.
    fileprivate var isProgram: Bool {
        contains("/")
            || isWord(
                "node", "npm", "npx", "yarn", "pnpm", "deno", "bun", "python", "python3", "ruby", "php", "java", "mvn",
                "go", "cargo", "dotnet", "docker", "make", "bash", "sh", "http")
    }

    /// True for `curl`, `curl.exe`, or a path to either. After a no-break space more text may follow in the same word.
    var isCurl: Bool {
        withBytes { bytes in
            let word = bytes.prefix { $0 != Unread.byte }
            let name = word.split(omittingEmptySubsequences: false) { "/\\".utf8.contains($0) }.last
            return name.map { $0.elementsEqual("curl".utf8) || $0.elementsEqual("curl.exe".utf8) } ?? false
        }
    }
}
