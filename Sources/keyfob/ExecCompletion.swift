import ArgumentParser
import FoundationEssentials
import System

/// The completions of `exec`: nothing for a client's name, which only the open vault knows; after `--` a command, then
/// files.
enum ExecCompletion {
    /// - Parameters:
    ///   - words: the command line, with the shell's quotes and escapes.
    ///   - index: the place in `words` of the word to complete.
    ///   - typed: that word up to the cursor.
    @Sendable
    static func candidates(_ words: [String], index: Int, typed: String) -> [String] {
        guard let terminator = words.firstIndex(of: "--"), terminator < index else { return [] }
        let typed = unquoted(typed)
        let isCommand = index == terminator + 1 && !typed.contains("/")
        let found = isCommand ? commands(typed) : files(typed)
        return Set(found).sorted().filter { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } }
            .map { CompletionShell.requesting == .bash ? escaped($0) : $0 }
    }

    private static func commands(_ typed: String) -> [String] {
        let folders = Surroundings.environment["PATH", default: ""].split(separator: ":").map(String.init)
        return folders.flatMap { folder in
            names(in: folder).filter { $0.hasPrefix(typed) && isCommand("\(folder)/\($0)") }
        }
    }

    private static func isCommand(_ path: String) -> Bool {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder
            && FileManager.default.isExecutableFile(atPath: path)
    }

    private static func files(_ typed: String) -> [String] {
        let folder = typed[..<(typed.lastIndex(of: "/").map { typed.index(after: $0) } ?? typed.startIndex)]
        let name = typed[folder.endIndex...]
        return names(in: folder.isEmpty ? "." : String(folder)).filter {
            $0.hasPrefix(name) && (name.hasPrefix(".") || !$0.hasPrefix("."))
        }.map { "\(folder)\($0)" }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// `typed` without the shell's quotes. Only a simple word is read right; another word has no completions.
    private static func unquoted(_ typed: String) -> String {
        var text = ""
        var isEscaped = false
        for character in typed {
            if isEscaped || !"\\'\"".contains(character) { text.append(character) }
            isEscaped = !isEscaped && character == "\\"
        }
        return text
    }

    /// bash expands the candidates: a file's name must not become a command.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if character.isASCII, !character.isLetter, !character.isNumber, !"_./+@%,:=-".contains(character) {
                escaped.append("\\")
            }
            escaped.append(character)
        }
        return escaped
    }
}
