import Credentials

/// JSON laid out to be read, a member or element a line.
public enum PrettyJSON {
    /// In bytes; more is not read.
    public static let byteLimit = 65_536

    /// The lines of what `bytes` say, indented by two blanks a level. Members keep their order, numbers their digits,
    /// strings their escapes; every line went through `UntrustedText` and has 2,000 characters at most.
    /// - Parameter isCut: whether the end is missing: then what is there is laid out, with `…` after it. Bytes beyond
    ///   `byteLimit` are not read, which is the same.
    /// - Returns: nil if it is no JSON, or nested more than 64 levels deep.
    public static func lines(_ bytes: some Collection<UInt8>, isCut: Bool = false) -> [String]? {
        let read = Array(bytes.prefix(byteLimit))
        return read.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, makesLines: true)
            switch scanner.scan() {
            case .whole: return scanner.lines
            case .cut where (isCut || read.count == byteLimit) && !scanner.lines.isEmpty: return scanner.lines + ["…"]
            case .cut, .wrong: return nil
            }
        }
    }
}
