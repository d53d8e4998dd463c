/// A failure with one text for every place that displays it: the command line, the screen, the record of the last
/// attempt.
///
/// A failure never holds a secret. Outside text enters it only through `UntrustedText`.
public struct Failure: Error, Sendable, Equatable {
    /// The kind determines the command line's exit code and `last_error.kind`.
    public enum Kind: String, Sendable, CaseIterable {
        /// The command line is invalid.
        case usage
        /// The vault's content was cut, altered or swapped.
        case vaultDamaged = "vault_damaged"
        case notAVault = "not_a_vault"
        /// A later keyfob wrote the vault, in a format this one cannot read.
        case vaultTooNew = "vault_too_new"
        case noSuchVault = "no_such_vault"
        case noSuchClient = "no_such_client"
        /// The endpoint did not answer, or is temporarily unavailable. Trying again later may help.
        case unreachable
        /// A bug in keyfob.
        case bug
        case vaultExists = "vault_exists"
        case nameTaken = "name_taken"
        /// The record has changed since it was read.
        case conflict
        /// The disk is full or read-only, or permission is missing.
        case cannotWrite = "cannot_write"
        case vaultBusy = "vault_busy"
        /// The server's answer is a permanent refusal.
        case refused
        /// The server's answer holds no usable bearer token.
        case notAToken = "not_a_token"
        case redirected
        case wrongPassphrase = "wrong_passphrase"
        case noPassphrase = "no_passphrase"
        /// Another user could read or replace the vault.
        case looseModes = "loose_modes"
        /// The vault was locked during the operation.
        case locked
        /// The profile cannot be used: an invalid URL, or plain http to another machine.
        case unusableProfile = "unusable_profile"
        /// A name, tag or other field is invalid.
        case unacceptableInput = "unacceptable_input"
        case interrupted
        /// The user answered no.
        case declined
    }

    public var kind: Kind
    /// One line, lower case, no full stop, naming the object: `no client named "billing"`.
    public var summary: String
    /// The next steps, one line each, the most helpful first; may be empty.
    public var hints: [Hint]

    /// The hint for a failure to start a thread.
    public static let threadLimitHint: Hint =
        "end other programs, or raise the limit on processes and threads (ulimit -u)"

    public init(_ kind: Kind, _ summary: String, hints: [Hint] = []) {
        self.kind = kind
        self.summary = summary
        self.hints = hints
    }
}
