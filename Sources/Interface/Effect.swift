import Credentials
import Formats
import FoundationEssentials

/// What must be done outside: returned by `update`, never started inside it. Whoever carries it out answers with events.
public enum Effect: Sendable, Equatable {
    case createVault(passphrase: Secret)
    case unlock(passphrase: Secret)
    case refresh(UUID)
    case refreshAll
    /// Copy the client's token in a format, fetching one first where none serves.
    case copy(UUID, CopyFormat)
    case save(ClientDraft)
    case remove(UUID, revision: Int64)
    /// Close the vault, cancel every request, forget every secret.
    case lock
    case quit
    /// Hand the terminal back to the shell until the program is continued.
    case suspend
    /// Paint everything anew, whatever the terminal shows.
    case redraw
}

/// A client as the form leaves it.
public struct ClientDraft: Sendable, Equatable {
    /// What is edited and the revision it was read at; nil for a new client.
    public struct Origin: Sendable, Equatable {
        public var profile: ClientProfile
        public var revision: Int64
    }

    public var origin: Origin?
    public var name: String
    public var clientID: String
    /// nil keeps the secret there is.
    public var secret: Secret?
    public var tokenURL: String
    public var scope: String
    public var authentication: ClientAuthenticationMethod
    public var basicEncoding: BasicEncoding
}
