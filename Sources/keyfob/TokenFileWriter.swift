import Credentials
import FoundationEssentials
import Model
import System

/// Writes each new token of a client to a file, and reports on stderr if that fails or the renewal ends.
actor TokenFileWriter {
    private let manager: CredentialManager
    private let file: TokenFile
    private let client: UUID
    private let name: String
    private let choice: VaultChoice
    /// The facts of the token in the file.
    private var written: TokenFacts
    /// The credentials of the client's last token in the vault; nil until the vault has held a token.
    private var credentialsID: UUID?
    /// True if the vault may hold a newer token than the file.
    private var isPending = false
    /// Seconds until the next attempt to write, if one fails.
    private var wait = TokenFileWriter.shortestWait
    /// The next attempt to write; nil if none is scheduled.
    private var retry: Task<Void, Never>?
    /// The failures reported since the last new token. A lasting failure is reported once.
    private var reported: Set<String> = []
    /// True if the renewal has ended. Nothing is written or reported then, also by work that is still under way.
    private var hasEnded = false

    private static let shortestWait = 5.0
    private static let longestWait = 60.0

    /// - Parameter token: the facts of the token that the file holds now.
    init(
        of entry: ClientEntry, _ token: TokenFacts, in manager: CredentialManager, to file: TokenFile,
        _ choice: VaultChoice
    ) {
        self.manager = manager
        self.file = file
        client = entry.id
        name = UntrustedText.line(entry.profile.name)
        self.choice = choice
        written = token
    }

    /// Renews the token until the task is cancelled or the renewal ends. Afterwards nothing is written or reported any
    /// more.
    func run() async {
        let changes = await manager.changes()
        await manager.keepFresh(only: client)
        for await change in changes { await handle(change) }
        hasEnded = true
        retry?.cancel()
    }

    /// Ends the renewal with one message, and closes the vault. Does nothing if the renewal has ended.
    func end(_ reason: String, hints: [Failure.Hint] = []) async {
        guard !hasEnded else { return }
        hasEnded = true
        Output.complain(reason, hints: hints)
        await manager.close()
    }

    private func handle(_ change: CredentialManager.Change) async {
        guard !hasEnded else { return }
        switch change {
        case .loaded(let entries):
            if let entry = entries.first(where: { $0.id == client }) { await compare(entry) }
        case .entry(let entry) where entry.id == client: await compare(entry)
        case .renewalFailed(client, let failure, let seconds):
            report("the token of \"\(name)\" was not renewed", failure, nextIn: seconds)
        case .aboutToExpire(client):
            Output.complain("the token of \"\(name)\" is about to expire, and there is no new one")
        case .removed(client): await end("client \"\(name)\" was removed: its token is no longer renewed")
        case .failed(let failure) where failure.needsReopening: await end(by: failure)
        default: if isPending { await write() }
        }
    }

    private func compare(_ entry: ClientEntry) async {
        if let facts = entry.token {
            credentialsID = entry.profile.credentialsID
            isPending = isPending || isNewer(facts)
        } else if credentialsID == entry.profile.credentialsID {
            // A new token would undo the revocation. An edit removes the token too, and changes the credentials.
            return await end("the token of \"\(name)\" was removed: it is no longer renewed")
        }
        if isPending { await write() }
    }

    /// False for a token in the vault that is older than the file's: the file's token could not be stored.
    private func isNewer(_ facts: TokenFacts) -> Bool {
        facts != written && facts.obtained.seconds(since: written.obtained) >= 0
    }

    private func write() async {
        do throws(Failure) {
            let token = try await manager.token(of: client)
            guard !hasEnded else { return }
            if let token, isNewer(token.facts) {
                try file.write(token.value)
                written = token.facts
                reported = []
            }
            isPending = false
            wait = Self.shortestWait
            retry?.cancel()
            retry = nil
        } catch {
            guard !hasEnded, error.kind != .locked else { return }
            guard !error.needsReopening else { return await end(by: error) }
            report("the new token of \"\(name)\" is not in its file", error, nextIn: wait)
            writeLater()
        }
    }

    private func writeLater() {
        guard retry == nil else { return }
        let seconds = wait
        wait = min(2 * wait, Self.longestWait)
        retry = Task {
            do { try await Pause.seconds(seconds) } catch { return }
            await writeAgain()
        }
    }

    private func writeAgain() async {
        retry = nil
        if isPending { await write() }
    }

    private func end(by failure: Failure) async {
        await end(
            "the token of \"\(name)\" is no longer renewed: \(failure.summary)",
            hints: ShellCommand.naming(choice, in: failure).hints)
    }

    private func report(_ what: String, _ failure: Failure, nextIn seconds: Double?) {
        let summary = "\(what): \(failure.summary)"
        guard reported.insert(summary).inserted else { return }
        var hints = ShellCommand.naming(choice, in: failure).hints
        if let seconds {
            // keyfob tries again itself.
            hints.removeAll { $0.remedy == .refresh || $0.text.contains("try again") }
            hints.append("the next attempt is in \(wholeSeconds(left: seconds)) s")
        }
        Output.complain(summary, hints: hints)
    }
}

extension Failure {
    /// True if every later read of the open vault fails too.
    fileprivate var needsReopening: Bool { hints.contains { $0.remedy == .reopen } }
}
