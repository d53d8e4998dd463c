import Credentials
import Formats
import FoundationEssentials
import Settings

/// An input, a change, or the answer to an effect.
public enum Event: Sendable {
    /// The time, and the local zone's offset from UTC in seconds; comes before every batch of other events.
    case time(Moment, utcOffset: Int)
    /// The machine woke up after a suspension.
    case wokenFromSuspension
    /// The settings file's content, if it differs from the settings in force.
    case settingsChanged(Settings)
    /// The settings file cannot be used: the settings last read from it stay in force, without later changes on the
    /// screen.
    case settingsBroken(Failure)
    /// The unlocked key that opened this vault is gone: `keyfob lock` or another screen removed it, or its idle time
    /// ended before.
    case lockedElsewhere
    /// After a lock: the unlocked key is still there, or screens that it opened stay open.
    case lockIncomplete(Failure)
    /// The end of the unlocked key that opened this vault (`keyfob unlock --for`).
    case unlockedUntil(Moment)
    /// Ctrl-Z or SIGTSTP: the terminal is about to return to the shell.
    case suspending
    case resized(Size)
    case key(Key)
    case mouse(MouseEvent)
    /// A whole paste.
    case paste(Secret)
    /// A paste that could not be read as a whole, or an unreadable character.
    case inputRefused(Failure)

    case vaultCreated(Result<Void, Failure>)
    case unlocked(Result<Void, Failure>)
    case clientsLoaded([ClientEntry])
    case clientChanged(ClientEntry)
    case clientRemoved(UUID)
    /// The vault could not be read again after a change by another process.
    case vaultUnreadable(Failure)
    /// The stored arrangement of the list, and the stored entries of Activity.
    case remembered(ScreenMemory?, [ActivityEntry])

    /// A request for a token has ended; the client's new state comes as `clientChanged`.
    case refreshed(UUID, Result<NewToken, Failure>)
    case refreshAllProgressed(RefreshProgress)
    /// The refresh of several clients could not begin.
    case refreshAllFailed(Failure)
    /// An automatic renewal has ended; a success has the seconds that it took.
    /// - `next`: seconds until the next try; nil means no try before the user refreshes.
    case renewed(UUID, Result<Double, Failure>, next: Double?)
    /// A token that is kept fresh is about to expire, and no new token has come.
    case aboutToExpire(UUID)
    /// The plans to revoke the clients' tokens; a removed client has no plan.
    case revocationFound([UUID], Result<[RevocationPlan], Failure>)
    case revoked(UUID, Result<Revoked, Failure>)

    case copied([UUID], noun: String, Result<Copied, Failure>)
    case clipboardCleared(ClipboardClearing)

    /// Saving the draft with this ID has ended.
    case saved(isNew: Bool, UUID, Result<ClientEntry, Failure>)
    case removeFailed(Failure)
    case tagsSet([UUID], adding: [String], removing: [String], Result<Void, Failure>)
    /// True if the last delete or edit can be undone.
    case canUndo(Bool)
    /// The clients that an undo has restored. `failure` is the reason why others were not restored.
    case undone([ClientEntry], failure: Failure?)
    case discovered(issuer: String, Result<DiscoveredEndpoints, Failure>)

    case inspected(UUID, Inspection)
    case trialsLoaded(UUID, [TrialRequest])
    /// The request with this number has ended.
    case trialAnswered(Int, Result<TrialAnswer, Failure>)
    /// The failure of a key's action.
    case trouble(Failure)
    /// A failure that answers no key.
    case noticed(Failure)
    /// All present faults of the open vault.
    case vaultFaults(VaultFaults)
    /// A watch has failed; nil means that it works again.
    case unwatched(Watched, Failure?)
}

/// A thing outside that is watched while a vault is open.
public enum Watched: Sendable, CaseIterable {
    /// The machine's suspension.
    case suspension
    /// The vault's folder.
    case folder
}

/// The result of a request that brought a new token.
public struct NewToken: Sendable, Equatable {
    /// The duration of the request.
    public var seconds: Double
    public var warnings: [String]

    public init(seconds: Double, warnings: [String] = []) {
        self.seconds = seconds
        self.warnings = warnings
    }
}

/// The result of a copy.
public struct Copied: Sendable, Equatable {
    /// The destination in words: `copied by xclip`.
    public var destination: String
    /// A clause about the destination that the screen may cut off; nil for none.
    public var remark: String?
    /// The facts of the copied token; nil for several clients, or without a token.
    public var facts: TokenFacts?
    /// True if the copied text contains a secret or a token.
    public var isSecret: Bool
    /// True if keyfob can clear the destination.
    public var canBeCleared: Bool
    /// The copies that clearing cannot reach, in words; nil for none.
    public var beyondClearing: String?
    /// The clients that are missing in a copy of several.
    public var failed: [RefreshProgress.Failed]

    public init(
        destination: String, remark: String? = nil, facts: TokenFacts?, isSecret: Bool, canBeCleared: Bool,
        beyondClearing: String? = nil, failed: [RefreshProgress.Failed] = []
    ) {
        self.destination = destination
        self.remark = remark
        self.facts = facts
        self.isSecret = isSecret
        self.canBeCleared = canBeCleared
        self.beyondClearing = beyondClearing
        self.failed = failed
    }
}

/// The inspector's content for a client.
public struct Inspection: Sendable {
    /// The last request for a token since the vault was opened.
    public var exchange: HTTPExchange?
    /// The content of a token that is a JWT; nil for any other token.
    public var token: JSONWebToken?
    public var hasToken: Bool
    /// The exchange as text for a support ticket.
    public var bundle: String

    public init(exchange: HTTPExchange?, token: JSONWebToken?, hasToken: Bool, bundle: String) {
        self.exchange = exchange
        self.token = token
        self.hasToken = hasToken
        self.bundle = bundle
    }
}

extension Event {
    /// True for the stored arrangement, which need not be stored again.
    var isMemory: Bool { if case .remembered = self { true } else { false } }
}
