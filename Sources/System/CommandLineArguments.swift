import CLinux
import Credentials

/// The arguments of this process, without the program's name.
public enum CommandLineArguments {
    /// - Throws: `Failure` of kind `usage` if an argument is not UTF-8: a repaired argument would name something else.
    public static func read() throws(Failure) -> [String] {
        var arguments: [String] = []
        for index in 1..<max(Int(clinux_argument_count()), 1) {
            guard let bytes = clinux_argument(Int32(index)) else { break }
            guard let argument = String(validatingCString: bytes) else {
                throw Failure(
                    .usage, "argument \(index) is not UTF-8",
                    hints: ["names and paths must be UTF-8: for a file of another name, create a symbolic link"])
            }
            arguments.append(argument)
        }
        return arguments
    }
}
