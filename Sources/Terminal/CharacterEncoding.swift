import Glibc

/// The character encoding of the terminal, as the environment tells it.
public enum CharacterEncoding {
    /// Takes LC_CTYPE from the environment for the whole process: to be called once at start, before the first
    /// `Screen` and before the width of any text is asked for. The other categories stay those of C.
    ///
    /// Where the environment names a UTF-8 locale that this machine does not have (often so over ssh, and in small
    /// containers), C.UTF-8 serves.
    ///
    /// - Returns: whether it is UTF-8. Where not, only ASCII should be drawn.
    public static func adopt() -> Bool {
        if setlocale(LC_CTYPE, "") == nil, environmentNamesUTF8 { setlocale(LC_CTYPE, "C.UTF-8") }
        return isUTF8
    }

    static var isUTF8: Bool {
        guard let name = nl_langinfo(nl_item(CODESET)) else { return false }
        return strcmp(name, "UTF-8") == 0
    }

    /// By the first of the three variables that is set, as setlocale(3) does.
    private static var environmentNamesUTF8: Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = getenv(name), value.pointee != 0 else { continue }
            let text = String(cString: value).lowercased()
            return text.contains("utf-8") || text.contains("utf8")
        }
        return false
    }
}
