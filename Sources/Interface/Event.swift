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

    case vaultCreated
    case vaultCreationFailed(Failure)
    case unlocked
    case unlockFailed(Failure)
    case clientsLoaded([ClientEntry])
    case clientChanged(ClientEntry)
    case clientRemoved(UUID)
    /// What the vault says no more: it could not be read again after a change by another program.
    case vaultUnreadable(Failure)
    /// How the list was shown last, and what happened before.
    case remembered(ScreenMemory?, [ActivityEntry])

    /// A request for a token succeeded; the client's new state comes as `clientChanged`.
    case refreshed(UUID, seconds: Double, warnings: [String])
    case refreshFailed(UUID, Failure)
    case refreshAllProgressed(RefreshAllProgress)
    /// It could not even begin.
    case refreshAllFailed(Failure)
    /// A token was renewed by itself.
    case renewed(UUID, seconds: Double)
    /// `next`: seconds until it is tried again; nil: not before somebody asks.
    case renewalFailed(UUID, Failure, next: Double?)
    /// A token that is kept fresh has not long to live and no other came.
    case aboutToExpire(UUID)
    /// The places where the clients' tokens are revoked; a client that is gone has no plan.
    case revocationFound([UUID], [RevocationPlan])
    case revocationNotFound([UUID], Failure)
    /// `reason`: why the server was not asked.
    case revoked(UUID, atServer: Bool, reason: String?)
    case revokeFailed(UUID, Failure)

    case copied([UUID], noun: String, Copied)
    case copyFailed([UUID], Failure)
    case clipboardCleared(ClipboardClearing)

    case saved(ClientEntry, isNew: Bool)
    /// Of the client whose draft had this ID.
    case saveFailed(UUID, Failure)
    case removeFailed(Failure)
    /// Whether the last delete or edit can be taken back.
    case canUndo(Bool)
    /// The vault is as it was before the last delete or edit of these clients.
    case undone([ClientEntry])
    case undoFailed(Failure)
    case discovered(issuer: String, DiscoveredURLs)
    case discoverFailed(issuer: String, Failure)

    case inspected(UUID, Inspection)
    case trialsLoaded(UUID, [TrialRequest])
    case trialAnswered(UUID, TrialRequest, TrialAnswer)
    case trialFailed(UUID, TrialRequest, Failure)
    /// Something else that must be said.
    case trouble(Failure)
}

/// How far refreshing many clients is.
public struct RefreshAllProgress: Sendable, Equatable {
    public var done: Int
    /// Those that failed, in the order in which they did.
    public var failed: [UUID]
    public var total: Int

    public init(done: Int, failed: [UUID], total: Int) {
        self.done = done
        self.failed = failed
        self.total = total
    }

    var isFinished: Bool { done == total }
}

/// How a copy went.
public struct Copied: Sendable, Equatable {
    /// Where it went, in words: `copied by xclip`.
    public var destination: String
    /// Of the token that was copied, where it was one.
    public var facts: TokenFacts?
    /// Whether it has a secret or a token in it.
    public var isSecret: Bool
    /// Whether it can be taken from there again.
    public var canBeCleared: Bool
    /// What clearing can't reach, in words; nil where it reaches everything.
    public var beyondClearing: String?
    /// Of several clients, those of whom there is nothing in it.
    public var failed: [UUID]

    public init(
        destination: String, facts: TokenFacts?, isSecret: Bool, canBeCleared: Bool, beyondClearing: String? = nil,
        failed: [UUID] = []
    ) {
        self.destination = destination
        self.facts = facts
        self.isSecret = isSecret
        self.canBeCleared = canBeCleared
        self.beyondClearing = beyondClearing
        self.failed = failed
    }
}

/// What became of the wish to clear the clipboard.
public enum ClipboardClearing: Sendable, Equatable {
    case cleared
    case holdsSomethingElse
    case couldNotTell
}

/// What an issuer publishes of itself.
public struct DiscoveredURLs: Sendable, Equatable {
    public var tokenURL: String
    public var revocationURL: String?
    public var supportsBasicOnly: Bool

    public init(tokenURL: String, revocationURL: String?, supportsBasicOnly: Bool) {
        self.tokenURL = tokenURL
        self.revocationURL = revocationURL
        self.supportsBasicOnly = supportsBasicOnly
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
