import Credentials
import Formats
import FoundationEssentials
import Settings

/// What must be done outside: returned by `update`, never started inside it. Whoever carries it out answers with events.
public enum Effect: Sendable, Equatable {
    case createVault(passphrase: Secret)
    case unlock(passphrase: Secret)
    case refresh(UUID)
    /// Many, with `refreshAllProgressed` as they go.
    case refreshMany([UUID])
    /// Cancel the last `refreshMany`, whose end `refreshAllProgressed` tells.
    case stopRefreshing
    case setKeepsFresh([UUID], Bool)
    /// Find where the clients' tokens are revoked; no token is sent for it.
    case findRevocation([UUID])
    case stopFindingRevocation
    /// Revoke the token just as the plan says, and forget it.
    case revoke(RevocationPlan)
    /// Copy the clients' tokens in a format, a line each, fetching those that do not serve.
    case copy([UUID], CopyFormat)
    /// Give up the copies of many clients whose tokens are still being fetched; `copied` tells the end of each.
    case stopCopying
    /// Copy the client's secret itself.
    case copySecret(UUID)
    /// Copy a text that holds no secret.
    case copyText(String, noun: String)
    /// Take what was copied from the clipboard again, if it still holds it.
    case clearClipboard
    case save(ClientDraft)
    /// Look whether the vault's file is there again; `vaultFaults` tells a change.
    case lookAtVault
    case remove([ClientRevision])
    case setTags([UUID], adding: [String], removing: [String])
    case undo
    case discover(issuer: String)
    /// Cancel the request to the issuer.
    case stopDiscovering
    case inspect(UUID)
    case loadTrials(UUID)
    /// Send the request to the API base that is shown with it, and to no other. The answer has the same number.
    case sendTrial(Int, UUID, TrialRequest, apiBase: String)
    /// Keep how the list is shown.
    case remember(ScreenMemory)
    /// Keep what happened.
    case record([ActivityEntry])
    case saveSettings(SettingName, Settings)
    /// Read the settings file again: it had a mistake.
    case readSettings
    /// Tell the user who looks elsewhere, as the settings say.
    case notify(String)
    /// Close the vault, cancel every request, forget every secret.
    case lock
    case quit
    /// Hand the terminal back to the shell until the program is continued.
    case suspend
    /// Paint everything anew, whatever the terminal shows.
    case redraw
}

/// A client as it was when something was decided about it.
public struct ClientRevision: Sendable, Equatable {
    public var id: UUID
    public var revision: Int64

    public init(_ entry: ClientEntry) {
        id = entry.id
        revision = entry.revision
    }
}

/// A client as the form leaves it.
public struct ClientDraft: Sendable, Equatable {
    /// The revision that it was read at; nil for a new client.
    public var revision: Int64?
    /// All but what the vault sets.
    public var profile: ClientProfile
    /// nil keeps the secret there is.
    public var secret: Secret?
    public var previousSecret = PreviousSecret.keep
    /// Whose secret a new client takes over where none was typed: that of the client it was made like.
    public var secretOf: UUID?
}
