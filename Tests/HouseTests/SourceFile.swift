import Foundation

/// A source file for the checks of the house.
struct SourceFile {
    /// The path from the package's folder: `Sources/OAuth/TokenRequest.swift`.
    let path: String
    let text: String
    /// The text with comments and string literals blanked, line for line; interpolated code stays.
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = Self.blanked(text)
    }

    /// The file's folder under `Sources` or `Tests`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The imported modules, `import struct A.B` and `public import A` included.
    var imports: [String] {
        codeLines.compactMap { line in
            let words = line.split { $0 == " " || $0 == ";" }
            guard let at = words.firstIndex(of: "import"),
                words[..<at].allSatisfy({ $0.hasPrefix("@") || Self.accessLevels.contains($0) }), at + 1 < words.count
            else { return nil }
            let isKind = Self.importKinds.contains(words[at + 1]) && at + 2 < words.count
            return words[isKind ? at + 2 : at + 1].split(separator: ".").first.map(String.init)
        }
    }

    /// Each call that looks like a free function's (`print(` in `print(1)`, not in `list.print(1)`), and
    /// each used name, with its line.
    var names: [(name: Substring, isFreeCall: Bool, line: Int)] {
        var found: [(name: Substring, isFreeCall: Bool, line: Int)] = []
        for (number, line) in codeLines.enumerated() {
            var rest = line[...]
            while let start = rest.firstIndex(where: \.isPartOfName) {
                let name = rest[start...].prefix(while: \.isPartOfName)
                let isMember = start > line.startIndex && line[line.index(before: start)] == "."
                let isCall = name.endIndex < line.endIndex && line[name.endIndex] == "("
                found.append((name, isCall && !isMember, number + 1))
                rest = rest[name.endIndex...]
            }
        }
        return found
    }

    private static let accessLevels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    private static let importKinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]

    /// The package's folder.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// All files in the package's `folder` that end with one of `suffixes`.
    static func all(in folder: String, suffixes: [String] = [".swift"]) throws -> [SourceFile] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
        return try paths.filter { path in suffixes.contains { path.hasSuffix($0) } }.sorted().map { path in
            let whole = "\(folder)/\(path)"
            return SourceFile(path: whole, text: try String(contentsOf: root.appending(path: whole), encoding: .utf8))
        }
    }

    /// Reads the text once. The stack holds what encloses the position: a string's closing mark or, inside an
    /// interpolation, the number of open parentheses.
    private static func blanked(_ text: String) -> String {
        enum Inside {
            case string(close: [UInt8], escape: [UInt8])
            case interpolation(open: Int)
        }
        let bytes = Array(text.utf8)
        var result = bytes
        var stack: [Inside] = []
        var at = 0

        func found(_ mark: [UInt8]) -> Bool { bytes[at...].starts(with: mark) }
        func blank(_ count: Int) {
            for index in at..<min(at + count, bytes.count) where bytes[index] != UInt8(ascii: "\n") {
                result[index] = UInt8(ascii: " ")
            }
            at += count
        }

        while at < bytes.count {
            if case .string(let close, let escape)? = stack.last {
                if found(escape + Array("(".utf8)) {
                    blank(escape.count + 1)
                    stack.append(.interpolation(open: 1))
                } else if found(escape) {
                    blank(escape.count + 1)
                } else if found(close) {
                    at += close.count
                    stack.removeLast()
                } else {
                    blank(1)
                }
                continue
            }
            if found(Array("//".utf8)) {
                blank(bytes[at...].prefix { $0 != UInt8(ascii: "\n") }.count)
            } else if found(Array("/*".utf8)) {
                var depth = 0
                repeat {
                    if found(Array("/*".utf8)) {
                        depth += 1
                        blank(2)
                    } else if found(Array("*/".utf8)) {
                        depth -= 1
                        blank(2)
                    } else {
                        blank(1)
                    }
                } while depth > 0 && at < bytes.count
            } else if bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "#") {
                let hashes = Array(bytes[at...].prefix { $0 == UInt8(ascii: "#") })
                let quotes = Array(bytes[(at + hashes.count)...].prefix { $0 == UInt8(ascii: "\"") }.prefix(3))
                guard !quotes.isEmpty else {
                    at += hashes.count
                    continue
                }
                // Two quotes are an empty string: the first opens the string, the second closes it.
                let mark = quotes.count == 3 ? quotes : [UInt8(ascii: "\"")]
                at += hashes.count + mark.count
                stack.append(.string(close: mark + hashes, escape: [UInt8(ascii: "\\")] + hashes))
            } else {
                if case .interpolation(let open)? = stack.last {
                    let change = bytes[at] == UInt8(ascii: "(") ? 1 : bytes[at] == UInt8(ascii: ")") ? -1 : 0
                    stack.removeLast()
                    if open + change > 0 { stack.append(.interpolation(open: open + change)) }
                }
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension Character {
    var isPartOfName: Bool { isLetter || isNumber || self == "_" }
}
