import Glibc

/// The character encoding of the terminal, from the environment.
public enum CharacterEncoding {
    /// Sets LC_CTYPE from the environment for the whole process. Call once at start, before the first `Screen` and
    /// before the width of any text is measured. The other categories stay those of C.
    ///
    /// If the environment names a UTF-8 locale that this machine does not have (common over ssh and in small
    /// containers), C.UTF-8 is used.
    ///
    /// - Returns: true if the encoding is UTF-8. If not, only ASCII should be drawn.
    public static func adopt() -> Bool {
        if setlocale(LC_CTYPE, "") == nil, environmentNamesUTF8 { setlocale(LC_CTYPE, "C.UTF-8") }
        return isUTF8
    }

    static var isUTF8: Bool {
        guard let name = nl_langinfo(nl_item(CODESET)) else { return false }
        return strcmp(name, "UTF-8") == 0
    }

    /// Decided by the first of the three variables that is set, as in setlocale(3).
    private static var environmentNamesUTF8: Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = getenv(name), value.pointee != 0 else { continue }
            let text = String(cString: value).lowercased()
            return text.contains("utf-8") || text.contains("utf8")
        }
        return false
    }
}
