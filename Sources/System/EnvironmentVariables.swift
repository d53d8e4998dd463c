import CLinux

/// The environment of this process (environ(7)).
public enum EnvironmentVariables {
    /// All variables by name. Bytes that are not UTF-8 become U+FFFD. If two entries have one name, the first counts,
    /// as in getenv(3).
    ///
    /// Not FoundationEssentials' ProcessInfo: its first use takes 5 % of the time to the first frame.
    public static func read() -> [String: String] {
        // Room for most environments: growing in steps takes three times as long.
        var variables = [String: String](minimumCapacity: 96)
        var index: Int32 = 0
        while let entry = clinux_environment_entry(index) {
            index += 1
            let text = String(cString: entry)
            guard let end = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(text[..<end])
            guard variables[name] == nil else { continue }
            variables[name] = String(text[text.utf8.index(after: end)...])
        }
        return variables
    }
}
