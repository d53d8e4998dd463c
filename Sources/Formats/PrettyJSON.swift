import Credentials

/// Formats JSON for reading, one member or element per line.
public enum PrettyJSON {
    /// The maximum number of bytes read.
    public static let byteLimit = 65_536

    /// The formatted lines, indented by two spaces per level. The order of members, the digits of numbers and the
    /// escapes of strings stay unchanged. Every line has passed `UntrustedText` and has at most 2,000 characters.
    /// - Parameter isCut: true if `bytes` lacks the end; the result then ends in `…`. Input beyond `byteLimit` counts
    ///   as cut.
    /// - Returns: nil if `bytes` is not JSON, or is nested more than 64 levels deep.
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
