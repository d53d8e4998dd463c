import Credentials
import Formats
import FoundationEssentials
import Interface
import Model
import OAuth
import Storage
import System
import Terminal

/// What comes back to the main thread from the work of effects.
enum Message: Sendable {
    /// An event of a session; dropped when that session is over.
    case event(Event, session: Int)
    case opened(CredentialManager, session: Int, Opening)
    /// Bytes for the terminal itself, an OSC 52 sequence.
    case write(Secret, session: Int)
}

/// How a vault came to be open.
struct Opening: Sendable {
    /// Whether it was made just now, by the user.
    var isNew = false
    /// Clients that a token is fetched for at once.
    var refreshing: [UUID] = []
}

/// Carries out what `update` asks for. It works on threads of others and only ever answers with messages.
///
/// A session is the time between two locks: what belongs to one that is over is dropped when it arrives.
@MainActor
final class EffectRunner {
    private let location: VaultLocation
    private let mailbox: Mailbox<Message>
    private var session = 0
    private var manager: CredentialManager?
    /// What quitting waits for, since it waits for the disk and the key derivation alone: vaults being made and closed.
    private var unfinished: [Task<Void, Never>] = []

    init(location: VaultLocation, mailbox: Mailbox<Message>) {
        self.location = location
        self.mailbox = mailbox
    }

    /// All effects but those that are the terminal's own: quit, suspend, redraw.
    func perform(_ effect: Effect) {
        switch effect {
        case .createVault(let passphrase):
            open(isNew: true) { location throws(Failure) in try await location.create(passphrase) }
        case .unlock(let passphrase):
            open(isNew: false) { location throws(Failure) in try await location.open(passphrase) }
        case .refresh(let id): refresh(id)
        case .refreshAll: refreshAll()
        case .copy(let id, let format): copy(id, format)
        case .save(let draft): save(draft)
        case .remove(let id, let revision): remove(id, revision)
        case .lock: lock()
        case .quit, .suspend, .redraw: break
        }
    }

    func isCurrent(_ session: Int) -> Bool { session == self.session }

    /// What `message` means for the state; nil where nothing, or nothing any more.
    func receive(_ message: Message) -> Event? {
        switch message {
        case .event(let event, let session): return session == self.session ? event : nil
        case .opened(let manager, let session, let opening):
            guard session == self.session else {
                close(manager)
                return nil
            }
            begin(with: manager)
            return opening.isNew ? .vaultCreated : .unlocked
        case .write: return nil
        }
    }

    /// Opens a vault without the user's help.
    func prepare(_ preparation: @escaping TerminalInterface.Preparation) {
        let (mailbox, session) = (mailbox, session)
        Task.detached {
            do throws(Failure) {
                let (manager, refreshing) = try await preparation()
                mailbox.post(.opened(manager, session: session, Opening(refreshing: refreshing)))
            } catch {
                mailbox.post(.event(.unlockFailed(error), session: session))
            }
        }
    }

    private func begin(with manager: CredentialManager) {
        self.manager = manager
        work { manager, post in
            for await change in await manager.changes() {
                switch change {
                case .loaded(let entries): post(.clientsLoaded(entries))
                case .entry(let entry): post(.clientChanged(entry))
                case .removed(let id): post(.clientRemoved(id))
                case .failed(let failure): post(.vaultUnreadable(failure))
                case .renewed, .renewalFailed, .aboutToExpire: break
                }
            }
        }
    }

    /// Another process may have written the vault.
    func vaultMayHaveChanged() {
        work { manager, _ in await manager.vaultMayHaveChanged() }
    }

    /// Ends the session: cancels requests, wipes the data key, drops what arrives late.
    func lock() {
        session += 1
        if let manager { close(manager) }
        manager = nil
    }

    /// Returns when everything is closed. It waits for the disk, never for the network.
    func finish() async {
        lock()
        for task in unfinished { await task.value }
    }

    // MARK: -

    private func close(_ manager: CredentialManager) {
        unfinished.append(Task.detached { await manager.close() })
    }

    /// Does `body` away from the main thread; what it posts is dropped once the session is over.
    private func work(_ body: @escaping @Sendable (CredentialManager, @Sendable (Event) -> Void) async -> Void) {
        guard let manager else { return }
        let (mailbox, session) = (mailbox, session)
        Task.detached { await body(manager) { mailbox.post(.event($0, session: session)) } }
    }

    private func open(
        isNew: Bool, _ vault: @escaping @Sendable (VaultLocation) async throws(Failure) -> Vault
    ) {
        let (mailbox, session, location) = (mailbox, session, location)
        let task = Task.detached {
            do throws(Failure) {
                let manager = Surroundings.manager(of: try await vault(location))
                mailbox.post(.opened(manager, session: session, Opening(isNew: isNew)))
            } catch {
                mailbox.post(.event(isNew ? .vaultCreationFailed(error) : .unlockFailed(error), session: session))
            }
        }
        if isNew { unfinished.append(task) }
    }

    private func refresh(_ id: UUID) {
        work { manager, post in
            do throws(Failure) {
                let refreshed = try await manager.refresh(id)
                post(.refreshed(id, seconds: refreshed.seconds, warnings: refreshed.token.facts.warnings))
            } catch {
                post(.refreshFailed(id, error))
            }
        }
    }

    private func refreshAll() {
        work { manager, post in
            do throws(Failure) {
                try await manager.refreshAll { progress in
                    post(
                        .refreshAllProgressed(
                            RefreshAllProgress(done: progress.done, failed: progress.failed, total: progress.total)))
                }
            } catch {
                post(.refreshAllFailed(error))
            }
        }
    }

    private func copy(_ id: UUID, _ format: CopyFormat) {
        let (mailbox, session) = (mailbox, session)
        let clipboard = Clipboard(environment: Surroundings.environment) {
            mailbox.post(.write($0, session: session))
        }
        work { manager, post in
            do throws(Failure) {
                let served = try await manager.token(for: id, minimumValidity: nil, acceptUnknownExpiry: true)
                let subject = CopySubject(profile: served.entry.profile, token: served.token, now: Clocks.now())
                let way = try await clipboard.copy(format.render(subject)).way
                let copied = Copied(
                    destination: way.sentence, wasFetched: served.wasFetched, facts: served.token.facts)
                post(.copied(id, format, copied))
            } catch {
                post(.copyFailed(id, error))
            }
        }
    }

    private func save(_ draft: ClientDraft) {
        work { manager, post in
            do throws(Failure) {
                try TokenURL.check(draft.tokenURL)
                let entry = try await draft.save(in: manager)
                post(.saved(entry, isNew: draft.origin == nil))
            } catch {
                post(.saveFailed(error))
            }
        }
    }

    private func remove(_ id: UUID, _ revision: Int64) {
        work { manager, post in
            do throws(Failure) {
                try await manager.remove(id, from: revision)
            } catch {
                post(.removeFailed(error))
            }
        }
    }
}

extension ClientDraft {
    fileprivate func save(in manager: CredentialManager) async throws(Failure) -> ClientEntry {
        guard let origin else {
            guard let secret else { throw Failure(.bug, "a new client came without a secret") }
            let profile = ClientProfile(
                name: name, clientID: clientID, tokenURL: tokenURL, scope: scope, authentication: authentication,
                basicEncoding: basicEncoding, created: Clocks.now().wall)
            return try await manager.create(profile, secret: secret)
        }
        var profile = origin.profile
        profile.name = name
        profile.clientID = clientID
        profile.tokenURL = tokenURL
        profile.scope = scope
        profile.authentication = authentication
        profile.basicEncoding = basicEncoding
        return try await manager.update(profile, from: origin.revision, secret: secret)
    }
}
