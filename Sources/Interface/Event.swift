import Credentials
import Formats
import FoundationEssentials

/// What happened.
public enum Event: Sendable {
    /// The time, and the local zone's offset from UTC in seconds; comes before every batch of other events.
    case time(Moment, utcOffset: Int)
    case resized(Size)
    case key(Key)
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

    /// A request for a token succeeded; the client's new state comes as `clientChanged`.
    case refreshed(UUID, seconds: Double, warnings: [String])
    case refreshFailed(UUID, Failure)
    case refreshAllProgressed(RefreshAllProgress)
    /// It could not even begin.
    case refreshAllFailed(Failure)
    case copied(UUID, CopyFormat, Copied)
    case copyFailed(UUID, Failure)
    case saved(ClientEntry, isNew: Bool)
    case saveFailed(Failure)
    case removeFailed(Failure)
    /// Something else that must be said.
    case trouble(Failure)
}

/// How far refreshing all clients is.
public struct RefreshAllProgress: Sendable, Equatable {
    public var done: Int
    public var failed: Int
    public var total: Int

    public init(done: Int, failed: Int, total: Int) {
        self.done = done
        self.failed = failed
        self.total = total
    }

    var isFinished: Bool { done == total }
}

/// How a copy went.
public struct Copied: Sendable, Equatable {
    /// Where it went, in words: `to the clipboard (xclip)`.
    public var destination: String
    /// Whether a token had to be fetched for it.
    public var wasFetched: Bool
    public var facts: TokenFacts

    public init(destination: String, wasFetched: Bool, facts: TokenFacts) {
        self.destination = destination
        self.wasFetched = wasFetched
        self.facts = facts
    }
}
