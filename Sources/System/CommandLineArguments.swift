import CLinux
import Credentials

/// The arguments of this process, without the program's name.
public enum CommandLineArguments {
    /// - Parameter verb: the subcommand whose arguments after `--` are another program's and may be any bytes; here
    ///   U+FFFD replaces bytes that are not UTF-8.
    /// - Throws: `Failure` of kind `usage` if another argument is not UTF-8: a repaired argument would name something
    ///   else.
    public static func read(passingOnAfter verb: String) throws(Failure) -> [String] {
        var arguments: [String] = []
        var isPassedOn = false
        for index in 1..<max(Int(clinux_argument_count()), 1) {
            guard let bytes = clinux_argument(Int32(index)) else { break }
            guard let argument = String(validatingCString: bytes) ?? (isPassedOn ? String(cString: bytes) : nil) else {
                throw Failure(
                    .usage, "argument \(index) is not UTF-8",
                    hints: ["names and paths must be UTF-8: for a file of another name, create a symbolic link"])
            }
            isPassedOn = isPassedOn || argument == "--" && arguments.contains(verb)
            arguments.append(argument)
        }
        return arguments
    }

    /// The arguments after the first `--`, byte for byte; they live as long as the process. Empty without `--`.
    static var afterTerminator: [UnsafePointer<CChar>] {
        let all = (0..<clinux_argument_count()).compactMap { clinux_argument($0) }
        guard let terminator = all.dropFirst().firstIndex(where: { String(cString: $0) == "--" }) else { return [] }
        return Array(all[(terminator + 1)...])
    }
}
