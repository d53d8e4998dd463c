/// An action in keyfob that a hint suggests. A remedy names no key and no command: the screen adds the current key, the
/// command line its own text.
///
/// The vault stores the raw values.
public enum Remedy: String, Sendable, Codable, CaseIterable {
    /// Edit the client.
    case edit
    /// Edit the client and swap its secret with the previous one.
    case swapSecrets = "swap_secrets"
    /// Ask for a new token.
    case refresh
    /// Try a request with the client's token.
    case tryRequest = "try_request"
    /// Lock the vault and unlock it again.
    case reopen
}

extension Failure {
    /// One line about the next step, lower case, no full stop; it may end in a remedy.
    public struct Hint: Sendable, Equatable, ExpressibleByStringInterpolation {
        /// Complete without the remedy.
        public var text: String
        public var remedy: Remedy?

        public init(_ text: String, _ remedy: Remedy? = nil) {
            self.text = text
            self.remedy = remedy
        }

        public init(stringLiteral text: String) { self.init(text) }

        /// The subcommands that take a vault. A hint may begin with one, so that its command can be copied into a shell.
        static let subcommands = [
            "add", "backup", "copy", "edit", "exec", "header", "init", "list", "lock", "log", "passwd", "refresh",
            "remove", "rename", "revoke", "show", "slot", "status", "token", "unlock", "verify",
        ]

        /// The text, its command for the vault that `option` names. A command that has the option keeps it.
        /// - Parameter option: for a shell, with a blank before it; empty if the vault is found without it.
        public func text(withVaultOption option: String) -> String {
            for subcommand in Self.subcommands where text.hasPrefix("keyfob \(subcommand) ") {
                guard !text.contains("\(option) ") else { break }
                return "keyfob \(subcommand)\(option)" + text.dropFirst("keyfob \(subcommand)".count)
            }
            return text
        }
    }
}
