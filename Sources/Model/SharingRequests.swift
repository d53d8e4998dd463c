import Credentials
import FoundationEssentials
import Storage

// One request for a client at a time between all processes. A process that has waited for another's takes what came of
// it: the token that was stored since it looked, or the failure.
extension CredentialManager {
    /// Which answers of the server a client's records hold.
    struct LastAnswer: Equatable {
        var obtained: Moment?
        var failed: Moment?

        init(_ entry: ClientEntry?) {
            obtained = entry?.token?.obtained
            if case .failed(let attempt) = entry?.attempt { failed = attempt.at }
        }
    }

    /// Seconds that a request of another process is waited for. A request that is repeated may take longer, and so may a
    /// process that is stopped: then two requests are under way.
    static let longestTurn = 40.0

    /// Waits until no other process asks for this client. Where that takes too long, or nothing can be locked, the
    /// request is sent all the same: asking twice breaks nothing.
    /// - Throws: `interrupted` where the task is cancelled.
    func waitForTurn(_ id: UUID, _ number: UInt64) async throws(Failure) {
        var waited = 0.0
        while waited < Self.longestTurn {
            guard inFlight.isCurrent(number, of: id) else { throw .cancelled }
            switch vault.lockRequest(for: id) {
            case .locked:
                turns[id] = number
                return
            case .unavailable: return
            case .held: break
            }
            let seconds = 0.05 + 0.2 * random()
            do { try await pause(seconds) } catch { throw .cancelled }
            waited += seconds
        }
    }

    /// A request that was aborted may end after the next has begun: it does not let go of that one's lock.
    func endTurn(_ id: UUID, _ number: UInt64) {
        guard turns[id] == number else { return }
        turns[id] = nil
        vault.unlockRequest(for: id)
    }

    /// The token that another process has stored since `last` was read; nil if there is none. An older token that an undo
    /// has brought back does not count, and neither does one that has expired.
    /// - Throws: the failure that another process has stored since.
    func answerOfAnother(_ entry: ClientEntry, since last: LastAnswer) async throws(Failure) -> AccessToken? {
        let now = LastAnswer(entry)
        if Self.isLater(now.obtained, than: last.obtained), entry.token.status(at: clock()) != .expired {
            return try await intactToken(of: entry.id).token
        }
        if Self.isLater(now.failed, than: last.failed), case .failed(let attempt) = entry.attempt {
            throw attempt.failure
        }
        return nil
    }

    private static func isLater(_ moment: Moment?, than other: Moment?) -> Bool {
        guard let moment else { return false }
        return other.map { moment != $0 && moment.seconds(since: $0) >= 0 } ?? true
    }
}
