import Credentials
import FoundationEssentials
import Storage

// One token request for a client at a time, among all processes. A process that has waited for another's request uses
// its result: the token or failure stored since.
extension CredentialManager {
    /// The times of the server's last answers in a client's records.
    struct LastAnswer: Equatable {
        var obtained: Moment?
        var failed: Moment?

        init(_ entry: ClientEntry?) {
            obtained = entry?.token?.obtained
            if case .failed(let attempt) = entry?.attempt { failed = attempt.at }
        }
    }

    /// Seconds to wait for another process's request. A repeated request or a stopped process may take longer: two
    /// requests are under way then.
    static let longestTurn = 40.0

    /// Waits until no other process has a request for this client. If that takes too long, or locking is impossible,
    /// the request is still sent: two requests do no harm.
    /// - Throws: `interrupted` if the task is cancelled.
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

    /// Releases the client's lock. An aborted request may end after the next one has begun: it must not release that
    /// one's lock.
    func endTurn(_ id: UUID, _ number: UInt64) {
        guard turns[id] == number else { return }
        turns[id] = nil
        vault.unlockRequest(for: id)
    }

    /// The token that another process has stored since `last` was read; nil if there is none. An older token that an
    /// undo restored does not count, and neither does an expired one.
    /// - Throws: the failure that another process has stored since.
    func answerOfAnother(_ entry: ClientEntry, since last: LastAnswer) async throws(Failure) -> AccessToken? {
        let now = LastAnswer(entry)
        if Self.isLater(now.obtained, than: last.obtained), entry.token.status(at: clock()) != .expired {
            return try await token(of: entry.id)
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
