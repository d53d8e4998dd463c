import Credentials
import Formats
import FoundationEssentials
import Settings

/// Work to do outside the interface: returned by `update`, never started inside it. The answers are events.
public enum Effect: Sendable, Equatable {
    case createVault(passphrase: Secret)
    case unlock(passphrase: Secret)
    case refresh(UUID)
    /// Refresh several clients; `refreshAllProgressed` reports each step.
    case refreshMany([UUID])
    /// Cancel the last `refreshMany`; `refreshAllProgressed` reports its end.
    case stopRefreshing
    case setKeepsFresh([UUID], Bool)
    /// Find the revocation endpoints for the clients' tokens; no token is sent.
    case findRevocation([UUID])
    case stopFindingRevocation
    /// Revoke the token at the plan's destination and delete it from the vault.
    case revoke(RevocationPlan)
    /// Copy the clients' tokens in a format, one line each; fetches missing and expiring tokens first.
    case copy([UUID], CopyFormat)
    /// Stop copies of many clients that are still fetching tokens; `copied` reports the end of each copy.
    case stopCopying
    /// Copy the client secret.
    case copySecret(UUID)
    /// Copy a text that holds no secret.
    case copyText(String, noun: String)
    /// Clear the clipboard if it still holds the copied text.
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
    /// Send the request to `apiBase`, which the user has seen, and to no other base. The answer has the same number.
    case sendTrial(Int, UUID, TrialRequest, apiBase: String)
    /// Store the list's arrangement.
    case remember(ScreenMemory)
    /// Store the entries of Activity.
    case record([ActivityEntry])
    case saveSettings(SettingName, Settings)
    /// Read the settings file again, after a mistake in it.
    case readSettings
    /// Notify a user who does not look at the screen, by the means chosen in the settings.
    case notify(String)
    /// Close the vault, cancel every request, forget every secret.
    case lock
    /// Remove the vault's key from the kernel's keyring, for every program.
    case removeUnlockedKey
    case quit
    /// Hand the terminal back to the shell until the program is continued.
    case suspend
    /// Paint the whole screen again, unchanged cells too.
    case redraw
}

/// The revision of a client that a decision was based on.
public struct ClientRevision: Sendable, Equatable {
    public var id: UUID
    public var revision: Int64

    public init(_ entry: ClientEntry) {
        id = entry.id
        revision = entry.revision
    }
}

/// The content of a form, to be saved.
public struct ClientDraft: Sendable, Equatable {
    /// The client's revision that the form began with; nil for a new client.
    public var revision: Int64?
    /// The profile without the properties that the vault sets.
    public var profile: ClientProfile
    /// The typed secret; nil keeps the stored secret.
    public var secret: Secret?
    public var previousSecret = PreviousSecret.keep
    /// The client that a duplicate was made from: without a typed secret, its secret is copied.
    public var secretOf: UUID?
}
