import CWideText
import Credentials

/// How many columns text takes, as the C library says it (wcwidth(3)), because ncurses and most terminals ask the same
/// table. It follows LC_CTYPE: in the C locale nothing beyond ASCII has a width.
enum DisplayWidth {
    /// 0 for what combines with the scalar before it or is not shown at all, else 1 or 2.
    static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x7F { return scalar.value < 0x20 ? 0 : 1 }
        guard !UntrustedText.isControl(scalar) else { return 0 }
        let width = Int(wcwidth(wchar_t(bitPattern: scalar.value)))
        return width >= 0 || isCombining(scalar) ? max(width, 0) : 1
    }

    /// Whether the locale has the scalar at all; where not, a `?` of one column stands for it.
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

    /// The longest beginning of `text` that fits into `columns`, with `ellipsis` as its end where something was cut.
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

    /// `text` broken at blanks into lines of at most `columns`; a word that is longer is broken where it must be.
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
