/// A failure in the same words for every place that shows it: the command line, the screen, the vault's record of the
/// last attempt.
///
/// A failure never holds a secret, and text from outside enters it only through `UntrustedText`.
public struct Failure: Error, Sendable, Equatable {
    /// The kind of failure; the command line's exit code and `last_error.kind` follow from it.
    public enum Kind: String, Sendable, CaseIterable {
        /// The command line was not understood.
        case usage
        /// The vault's content is not what was written: cut, altered, swapped.
        case vaultDamaged = "vault_damaged"
        case notAVault = "not_a_vault"
        /// The vault was written in a format of a later keyfob.
        case vaultTooNew = "vault_too_new"
        case noSuchVault = "no_such_vault"
        case noSuchClient = "no_such_client"
        /// The endpoint did not answer, or says that it cannot answer now; another try later may help.
        case unreachable
        /// keyfob itself is wrong.
        case bug
        case vaultExists = "vault_exists"
        case nameTaken = "name_taken"
        /// Another program or person changed the record since it was read.
        case conflict
        /// Disk full, read-only, no permission.
        case cannotWrite = "cannot_write"
        case vaultBusy = "vault_busy"
        /// The server answered, and the answer is a final no.
        case refused
        /// The server answered, and what came is not a usable bearer token.
        case notAToken = "not_a_token"
        case redirected
        case wrongPassphrase = "wrong_passphrase"
        case noPassphrase = "no_passphrase"
        /// Another user could read or replace the vault.
        case looseModes = "loose_modes"
        /// The vault was locked while the work was under way.
        case locked
        /// The profile cannot be used: a bad URL, plain http to another machine.
        case unusableProfile = "unusable_profile"
        /// A name, tag or other field is not acceptable.
        case unacceptableInput = "unacceptable_input"
        case interrupted
        /// The user was asked, and said no.
        case declined
    }

    public var kind: Kind
    /// One line, lower case, no full stop, naming the object: `no client named "billing"`.
    public var summary: String
    /// The next steps, a line each, the most helpful first; may be empty.
    public var hints: [Hint]

    /// The hint if the system has no thread to give.
    public static let threadLimitHint: Hint =
        "ulimit -u shows the limit on processes and threads: end other programs, or raise it"

    public init(_ kind: Kind, _ summary: String, hints: [Hint] = []) {
        self.kind = kind
        self.summary = summary
        self.hints = hints
    }
}
