import CWideText
import Credentials

/// The width of text in columns, by wcwidth(3): ncurses and most terminals use the same table. The table follows
/// LC_CTYPE: in the C locale nothing beyond ASCII has a width.
enum DisplayWidth {
    /// 0 for a combining or invisible scalar, else 1 or 2.
    static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x7F { return scalar.value < 0x20 ? 0 : 1 }
        guard !UntrustedText.isControl(scalar) else { return 0 }
        let width = Int(wcwidth(wchar_t(bitPattern: scalar.value)))
        return width >= 0 || isCombining(scalar) ? max(width, 0) : 1
    }

    /// True if the locale has the scalar; otherwise a `?` of one column replaces it.
    static func isDrawable(_ scalar: Unicode.Scalar) -> Bool { wcwidth(wchar_t(bitPattern: scalar.value)) >= 0 }

    private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: true
        default: false
        }
    }

    static func of(_ text: String) -> Int {
        var width = 0
        for scalar in text.unicodeScalars { width += of(scalar) }
        return width
    }

    /// The longest beginning of `text` that fits into `columns`; cut text ends with `ellipsis`.
    static func fit(_ text: String, into columns: Int, ellipsis: String) -> String {
        guard of(text) > columns else { return text }
        let room = columns - of(ellipsis)
        guard room >= 0 else { return "" }
        var width = 0
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            width += of(scalar)
            if width > room { break }
            kept.append(scalar)
        }
        return String(kept) + ellipsis
    }

    /// `text` broken at spaces into lines of at most `columns`; a longer word is broken anywhere.
    static func wrap(_ text: String, into columns: Int) -> [String] {
        guard columns > 0 else { return [] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ").map(String.init) {
            var word = word
            while of(line) + (line.isEmpty ? 0 : 1) + of(word) > columns {
                if !line.isEmpty {
                    lines.append(line)
                    line = ""
                } else {
                    let head = fit(word, into: columns, ellipsis: "")
                    guard !head.isEmpty else { return lines }
                    lines.append(head)
                    word = String(word.unicodeScalars.dropFirst(head.unicodeScalars.count))
                }
            }
            if !word.isEmpty { line += (line.isEmpty ? "" : " ") + word }
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }
}
