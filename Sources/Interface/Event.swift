import Credentials
import Formats
import FoundationEssentials
import Settings

/// What happened.
public enum Event: Sendable {
    /// The time, and the local zone's offset from UTC in seconds; comes before every batch of other events.
    case time(Moment, utcOffset: Int)
    /// The machine was suspended and goes on.
    case wokenFromSuspension
    /// What the settings file holds, where that is not what the screen has.
    case settingsChanged(Settings)
    /// The settings file cannot be used: the settings in force stay, without a change that is not in the file.
    case settingsBroken(Failure)
    /// Ctrl-Z, or SIGTSTP: the terminal is about to be handed back.
    case suspending
    case resized(Size)
    case key(Key)
    case mouse(MouseEvent)
    /// What was pasted, as one piece.
    case paste(Secret)
    /// A paste that could not be taken as one piece, or a character that could not be taken at all.
    case inputRefused(Failure)

    case vaultCreated(Result<Void, Failure>)
    case unlocked(Result<Void, Failure>)
    case clientsLoaded([ClientEntry])
    case clientChanged(ClientEntry)
    case clientRemoved(UUID)
    /// The vault could not be read again after a change by another program.
    case vaultUnreadable(Failure)
    /// How the list was shown last, and what happened before.
    case remembered(ScreenMemory?, [ActivityEntry])

    /// A request for a token has ended; the client's new state comes as `clientChanged`.
    case refreshed(UUID, Result<NewToken, Failure>)
    case refreshAllProgressed(RefreshProgress)
    /// It could not even begin.
    case refreshAllFailed(Failure)
    /// A token was renewed by itself, in so many seconds, or could not be.
    /// - `next`: seconds until it is tried again; nil: not before somebody asks.
    case renewed(UUID, Result<Double, Failure>, next: Double?)
    /// A token that is kept fresh has not long to live and no other came.
    case aboutToExpire(UUID)
    /// The places where the clients' tokens are revoked; a client that is gone has no plan.
    case revocationFound([UUID], Result<[RevocationPlan], Failure>)
    case revoked(UUID, Result<Revoked, Failure>)

    case copied([UUID], noun: String, Result<Copied, Failure>)
    case clipboardCleared(ClipboardClearing)

    /// The client whose draft had this ID was saved, or not.
    case saved(isNew: Bool, UUID, Result<ClientEntry, Failure>)
    case removeFailed(Failure)
    case tagsSet([UUID], adding: [String], removing: [String], Result<Void, Failure>)
    /// Whether the last delete or edit can be taken back.
    case canUndo(Bool)
    /// These clients are as they were before the last delete or edit; `failure`: why not all of them, or none, are.
    case undone([ClientEntry], failure: Failure?)
    case discovered(issuer: String, Result<DiscoveredEndpoints, Failure>)

    case inspected(UUID, Inspection)
    case trialsLoaded(UUID, [TrialRequest])
    /// The request of that number has ended.
    case trialAnswered(Int, Result<TrialAnswer, Failure>)
    /// The failure of what a key asked for.
    case trouble(Failure)
    /// A failure that answers no key.
    case noticed(Failure)
    /// The open vault's faults as they are now; faults that are over are left out.
    case vaultFaults(VaultFaults)
    /// Something can't be watched any more; nil: it is watched again.
    case unwatched(Watched, Failure?)
}

/// A thing outside that is watched while a vault is open.
public enum Watched: Sendable, CaseIterable {
    /// The machine's suspension.
    case suspension
    /// The vault's folder.
    case folder
}

/// A token that a request brought.
public struct NewToken: Sendable, Equatable {
    /// How many the request took.
    public var seconds: Double
    public var warnings: [String]

    public init(seconds: Double, warnings: [String] = []) {
        self.seconds = seconds
        self.warnings = warnings
    }
}

/// How a copy went.
public struct Copied: Sendable, Equatable {
    /// Where it went, in words: `copied by xclip`.
    public var destination: String
    /// A clause about the destination that may be cut off; nil: none.
    public var remark: String?
    /// Of the token that was copied, where it was one.
    public var facts: TokenFacts?
    /// Whether it has a secret or a token in it.
    public var isSecret: Bool
    /// Whether it can be taken from there again.
    public var canBeCleared: Bool
    /// What clearing can't reach, in words; nil where it reaches everything.
    public var beyondClearing: String?
    /// Of several clients, those of whom there is nothing in it.
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

/// What the inspector shows of a client.
public struct Inspection: Sendable {
    /// The last request for a token since the vault was opened.
    public var exchange: HTTPExchange?
    /// What is in the token, where it is a JWT.
    public var token: JSONWebToken?
    public var hasToken: Bool
    /// The exchange as it goes into a support ticket.
    public var bundle: String

    public init(exchange: HTTPExchange?, token: JSONWebToken?, hasToken: Bool, bundle: String) {
        self.exchange = exchange
        self.token = token
        self.hasToken = hasToken
        self.bundle = bundle
    }
}

extension Event {
    /// Whether it tells how the list was shown: not to be kept once more.
    var isMemory: Bool { if case .remembered = self { true } else { false } }
}
