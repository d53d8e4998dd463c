public import Credentials

/// The kinds of text that are pasted into a displayed field.
public enum PastedText {
    /// One line without a recognizable secret.
    case line
    /// A block or command that describes a client, or one line with a secret that was read.
    case client(PastedClient)
    /// Several lines, or a line with a secret, that cannot be read.
    case unreadable

    /// The maximum length of a line in bytes; a field accepts less.
    private static let longestLine = 16_384

    public init(_ pasted: Secret) {
        let trimmed = pasted.trimmed()
        let hasLines = trimmed.withBytes { $0.contains(0x0A) }
        guard trimmed.count <= Self.longestLine || hasLines else {
            self = .unreadable
            return
        }
        let client = PastedClient.read(trimmed)
        if let client, client.secret != nil || client.isUndecided {
            self = .client(client)
        } else if hasLines || trimmed.namesSecret {
            self = client.map { .client($0) } ?? .unreadable
        } else {
            self = .line
        }
    }

    /// True for JSON without members whose names suggest a secret.
    public static func isJSONWithoutSecrets(_ pasted: Secret) -> Bool {
        pasted.count <= longestLine && !pasted.namesSecret
            && pasted.withBytes { bytes in
                var scanner = JSONScanner(bytes, makesLines: false)
                return scanner.scan() == .whole
            }
    }

    // MARK: - Cleaning

    /// The paste without a byte order mark and Markdown fences, and without prompts if one of its blocks begins with a
    /// prompt. If a command continues over lines of which every second one is empty, the empty lines are removed: tmux
    /// makes two line breaks from a CRLF.
    static func cleaned(_ pasted: Secret) -> Secret {
        Secret.written { writer in
            pasted.withBytes { bytes in
                let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
                var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
                let isDoubled = stride(from: 1, to: lines.count, by: 2).allSatisfy { lines[$0].isEmpty }
                let goesOn = lines[0].last.map { "\\^`".utf8.contains($0) } ?? false
                if lines.count > 2, isDoubled, goesOn {
                    lines = stride(from: 0, to: lines.count, by: 2).map { lines[$0] }
                }
                // A prompt counts only at the beginning of a block: within quotes such a line is text.
                var mayBegin = true
                var hasPrompts = false
                for (number, line) in lines.enumerated() {
                    if number > 0 { writer.append(0x0A) }
                    let content = line.drop(while: ShellLexer.isBlank)
                    let isBetween = content.isEmpty || content.first == UInt8(ascii: "#") || isFence(content)
                    if mayBegin, !isBetween { hasPrompts = hasPrompts || prompt(content) != nil }
                    mayBegin = isBetween
                    if isFence(content) { continue }
                    let length = hasPrompts ? prompt(content) : nil
                    for byte in length.map({ content.dropFirst($0) }) ?? line { writer.append(byte) }
                }
            }
        }
    }

    private typealias Line = Slice<UnsafeRawBufferPointer>

    private static func isFence(_ line: Line) -> Bool { line.starts(with: "```".utf8) || line.starts(with: "~~~".utf8) }

    /// The length of a shell's prompt; nil if the line has none.
    private static func prompt(_ line: Line) -> Int? {
        for prompt in ["$ ", "% ", "> ", ">> ", "More? "] where line.starts(with: prompt.utf8) {
            return prompt.utf8.count
        }
        if line.count <= 2, line.elementsEqual("$".utf8) || line.elementsEqual(">".utf8) { return line.count }
        if let length = promptOfPowerShell(line) ?? promptOfCMD(line) { return length }
        // user@host:~$
        guard let at = line.firstIndex(of: UInt8(ascii: "@")),
            let end = line.indices.first(where: { index in
                index > at && "$#%".utf8.contains(line[index]) && index + 1 < line.endIndex && line[index + 1] == 0x20
            })
        else { return nil }
        let isWord = !line[..<end].contains(0x20) || line.first == UInt8(ascii: "[")
        return isWord ? end + 2 - line.startIndex : nil
    }

    /// `PS C:\>`
    static func promptOfPowerShell(_ line: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard line.starts(with: "PS".utf8) else { return nil }
        let rest = line.dropFirst(2)
        guard rest.first == UInt8(ascii: ">") || rest.first == 0x20 else { return nil }
        return rest.firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 - line.startIndex }
    }

    /// `C:\Users>`
    static func promptOfCMD(_ line: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard let letter = line.first, (0x61...0x7A).contains(letter | 0x20),
            line.dropFirst().starts(with: ":\\".utf8)
        else { return nil }
        return line.firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 - line.startIndex }
    }

}

extension Secret {
    /// True if a value follows a name that suggests a secret, or a URL contains a password. No copy of the text is
    /// made.
    var namesSecret: Bool {
        withBytes { bytes in
            bytes.indices.contains { index in
                Self.names.contains { Self.isName($0, bytes, index) } || Self.isUserInfo(bytes, index)
            } || Self.isBasic(bytes) || Self.isBearer(bytes) || Self.isUserOption(bytes)
        }
    }

    private static let names = [
        "secret", "passw", "passphrase", "api_key", "apikey", "api-key", "private_key", "privatekey", "access_token",
        "refresh_token", "id_token", "authorization", "assertion", "accesstoken", "refreshtoken", "idtoken", "pwd",
        "pass",
    ].map { Array($0.utf8) }
    /// Names with which other words begin: only the last word of a name counts.
    private static let shortNames: Set<[UInt8]> = [Array("pwd".utf8), Array("pass".utf8)]

    private static func isName(_ name: [UInt8], _ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        guard start + name.count < bytes.count, bytes[start] | 0x20 == name[0],
            zip(bytes[start...].prefix(name.count), name).allSatisfy({ ($0 == 0x5F ? $0 : $0 | 0x20) == $1 })
        else { return false }
        // No real name is longer, and a hostile paste of many such names must not take long.
        let end = bytes[start...].prefix(200).prefix(while: AssignmentHead.isNameByte).endIndex
        let before = bytes[..<start].suffix(200)
        let nameStart = before.lastIndex { !AssignmentHead.isNameByte($0) }.map { $0 + 1 } ?? before.startIndex
        if shortNames.contains(name) {
            let isWord = start == nameStart || bytes[start - 1] == 0x5F || bytes[start - 1] == 0x2D
            guard isWord, end == start + name.count else { return false }
        }
        // Non-ASCII spaces may also separate name and value.
        let behind = bytes[end...].drop { $0 <= 0x20 || $0 >= 0x80 || "\"'`*\\".utf8.contains($0) }
        guard let sign = behind.first else { return false }
        // `key="client_secret" value="s"`, `{"key": "client_secret", "value": "s"}`
        let word = behind.drop { $0 <= 0x20 || "\"',".utf8.contains($0) }.prefix(5)
        if word.count == 5, zip(word, "value".utf8).allSatisfy({ $0 | 0x20 == $1 }) { return true }
        let isAlone = behind.startIndex == end
        let hasValue = behind.dropFirst().contains { $0 > 0x20 }
        switch sign {
        case UInt8(ascii: "="), UInt8(ascii: "|"): return hasValue
        case UInt8(ascii: ":"):
            // A scope such as `secrets:read` is not a secret.
            let next = behind.dropFirst().first ?? 0
            let isClientSecret = bytes[nameStart..<end].count > name.count
            return hasValue
                && (!isAlone || next <= 0x20 || "\"'`*".utf8.contains(next) || isClientSecret && !isScope(bytes, end))
        case UInt8(ascii: ">"): return isAlone && nameStart > 0 && bytes[nameStart - 1] == UInt8(ascii: "<") && hasValue
        default:
            // `--client-secret abc`, `client_secret abc`, `clientSecret abc`, and the cells of a table.
            let word = bytes[nameStart..<end]
            let gap = bytes[end..<behind.startIndex]
            guard let first = gap.first, first <= 0x20 || first >= 0x80 else { return false }
            let isCapitalInside = start > nameStart && bytes[start] < 0x60 && bytes[start - 1] > 0x60
            return word.first == UInt8(ascii: "-") || word.contains(UInt8(ascii: "_")) || isCapitalInside
                || gap.contains(0x09)
        }
    }

    /// True if only lower-case letters follow, as in `client-secrets:read`.
    private static func isScope(_ bytes: UnsafeRawBufferPointer, _ colon: Int) -> Bool {
        let word = bytes[(colon + 1)...].prefix { $0 > 0x20 }
        return word.count <= 12 && word.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2E || $0 == 0x2A }
    }

    /// `://id:secret@`
    private static func isUserInfo(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        guard bytes[start] == UInt8(ascii: ":"), bytes[start...].starts(with: "://".utf8) else { return false }
        let authority = bytes[(start + 3)...].prefix { $0 > 0x20 && !"/?#".utf8.contains($0) }
        return authority.contains(UInt8(ascii: "@")) && authority.contains(UInt8(ascii: ":"))
    }

    /// `Bearer` and a word as long as a token.
    private static func isBearer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 7, zip(bytes.prefix(7), "bearer ".utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else {
            return false
        }
        let rest = bytes[7...]
        return rest.starts(with: "eyJ".utf8) || rest.count >= 16 && rest.allSatisfy { $0 > 0x20 }
    }

    /// curl's `-u id:secret`.
    private static func isUserOption(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let words = bytes.split { $0 <= 0x20 }
        return zip(words, words.dropFirst()).contains { option, value in
            (option.elementsEqual("-u".utf8) || option.elementsEqual("--user".utf8))
                && value.contains(UInt8(ascii: ":"))
        }
    }

    /// `Basic` and base64 of `id:secret`.
    private static func isBasic(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 6, zip(bytes.prefix(6), "basic ".utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else {
            return false
        }
        return Base64.decoded(UnsafeRawBufferPointer(rebasing: bytes[6...]))?.contains(":") ?? false
    }
}
