import Credentials
import FoundationEssentials
import Interface
import Model
import Settings
import Storage
import System
import Terminal

/// What comes back to the main thread from the work of effects.
enum Message: Sendable {
    /// An event of a session; dropped when that has ended.
    case event(Event, of: Session)
    /// An event that is of no session: it comes after a lock as well.
    case lasting(Event)
    case opened(CredentialManager, of: Session, Opening)
    /// Bytes for the terminal itself: an OSC sequence.
    case write(Secret, of: Session)
    /// The list's state, or activity, could not be written.
    case notKept(Failure, of: Session)
    /// What the settings file holds after a change of it, which may have failed; the changes are counted.
    case settings(Result<Settings, Failure>, afterChange: Int)
    /// One of what `EffectRunner.unfinished` waits for is done.
    case finished(Int)
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
/// It begins a session and ends it at a lock. What is done to tokens, to clients and to the clipboard stands in files of
/// its own beside this one.
@MainActor
final class EffectRunner {
    let location: VaultLocation
    let mailbox: Mailbox<Message>
    let settingsFile: SettingsFile
    let environment: [String: String]
    let clipboardLimits: Clipboard.Limits
    private(set) var session: Session
    /// What quitting waits for, and stopping where the vault is locked, by number: vaults being made and closed, copies
    /// and clearings. Once the session is over, none of it waits for the network.
    private var unfinished: [Int: Task<Void, Never>] = [:]
    /// The number of the last question to an issuer.
    private var lastDiscovery: Int?
    private var lastNumber = 0
    let copies = Copies()
    /// The refresh of many clients, which Esc stops.
    var lastRefreshOfMany: Int?
    /// The search for revocation endpoints, which Esc ends.
    var lastRevocationSearch: Int?
    /// How many copies have been asked for.
    var lastCopy = 0
    /// Writes of the list's state and of activity, one after another.
    private(set) var lastRecord: Task<Void, Never>?
    /// The session in which such a failed write was said, which has no standing line.
    private var sessionOfNotKept: Session?
    private var lastSetting: Task<Void, Never>?
    private var lastChangeOfSettings = 0

    /// - Parameter environment: tells where the clipboard is.
    init(
        location: VaultLocation, mailbox: Mailbox<Message>, settingsFile: SettingsFile,
        environment: [String: String] = Surroundings.environment, clipboardLimits: Clipboard.Limits = .init()
    ) {
        self.clipboardLimits = clipboardLimits
        self.location = location
        self.mailbox = mailbox
        session = Session(mailbox)
        self.settingsFile = settingsFile
        self.environment = environment
    }

    /// All effects but those that are the terminal's own: quit, suspend, redraw, notify.
    func perform(_ effect: Effect) {
        switch effect {
        case .createVault(let passphrase):
            open(isNew: true) { location throws(Failure) in try await location.create(passphrase) }
        case .unlock(let passphrase):
            open(isNew: false) { location throws(Failure) in try await location.open(passphrase) }
        case .refresh(let id): refresh(id)
        case .refreshMany(let ids): refresh(ids)
        case .stopRefreshing: stop(lastRefreshOfMany)
        case .setKeepsFresh(let ids, let isOn):
            edit { (manager) throws(Failure) in try await manager.setKeepsFresh(isOn, for: ids) }
        case .setTags(let ids, let adding, let removing):
            work(
                answer: { .tagsSet(ids, adding: adding, removing: removing, $0) },
                by: { manager throws(Failure) in
                    try await manager.setTags(adding: adding, removing: removing, for: ids)
                })
        case .findRevocation(let ids): findRevocation(of: ids)
        case .stopFindingRevocation: stop(lastRevocationSearch)
        case .revoke(let plan): revoke(as: plan)
        case .copy(let ids, let format): copy(ids, format)
        case .copySecret(let id): copySecret(of: id)
        case .copyText(let text, let noun): copy(text: text, noun: noun)
        case .clearClipboard: clearClipboard()
        case .save(let draft): save(draft)
        case .remove(let revisions): remove(revisions)
        case .undo: undo()
        case .discover(let issuer):
            stop(lastDiscovery)
            lastDiscovery = discover(issuer)
        case .stopDiscovering: stop(lastDiscovery)
        case .inspect(let id): inspect(id)
        case .loadTrials(let id): loadTrials(of: id)
        case .sendTrial(let number, let id, let trial, let apiBase): send(trial, number: number, of: id, at: apiBase)
        case .remember(let memory): record { (manager) throws(Failure) in try await manager.remember(memory) }
        case .record(let entries): record { (manager) throws(Failure) in try await manager.append(entries) }
        case .saveSettings(let name, let settings):
            changeSettings { (file) throws(Failure) in try file.write(name, asIn: settings) }
        case .readSettings: changeSettings { (file) throws(Failure) in try file.read() }
        case .lock: lock()
        case .quit, .suspend, .redraw, .notify: break
        }
    }

    /// What `message` means for the state; nil where nothing, or nothing any more.
    /// - Parameter clearsCopies: whether what was copied is to be cleared at all.
    func receive(_ message: Message, clearsCopies: Bool) -> Event? {
        switch message {
        case .event(let event, let session):
            if !session.hasEnded { return event }
            // The lock came while it was copied: nobody counts the seconds until it is to be cleared.
            if clearsCopies, case .copied(_, _, .success(let copied)) = event, copied.isSecret { clearClipboard() }
            return nil
        case .lasting(let event): return event
        case .opened(let manager, let session, let opening):
            guard !session.hasEnded else {
                doToTheEnd {
                    await manager.cancelAll()
                    await manager.close()
                }
                return nil
            }
            session.begin(with: manager)
            follow(manager)
            return opening.isNew ? .vaultCreated(.success(())) : .unlocked(.success(()))
        case .finished(let number):
            unfinished[number] = nil
            return nil
        case .notKept(let failure, let session):
            // A full disk and a file that is gone come as faults of the vault.
            guard !session.hasEnded, ![.cannotWrite, .conflict].contains(failure.kind), sessionOfNotKept !== session
            else { return nil }
            sessionOfNotKept = session
            return .noticed(
                Failure(
                    failure.kind, "what happens and how the list is shown is not kept: \(failure.summary)",
                    hints: failure.hints))
        // What came before a change that is on its way to the file would take that back on the screen.
        case .settings(let result, let number):
            guard number == lastChangeOfSettings else { return nil }
            return switch result {
            case .success(let settings): .settingsChanged(settings)
            case .failure(let failure): .settingsBroken(failure)
            }
        case .write: return nil
        }
    }

    /// Whether the process may be stopped: an open vault stays open then, one that was locked is to be closed.
    var mayStop: Bool { session.manager != nil || unfinished.isEmpty }

    /// Opens a vault without the user's help.
    func prepare(_ preparation: @escaping TerminalInterface.Preparation) {
        let (mailbox, session) = (mailbox, session)
        session.start {
            do throws(Failure) {
                let (manager, refreshing) = try await preparation()
                mailbox.post(.opened(manager, of: session, Opening(refreshing: refreshing)))
            } catch {
                session.post(.unlocked(.failure(error)))
            }
        }
    }

    /// Tells what is in the vault, and all that happens to it.
    private func follow(_ manager: CredentialManager) {
        work { manager, post in
            for await change in await manager.changes() {
                switch change {
                case .loaded(let entries):
                    post(.clientsLoaded(entries))
                    await manager.keepFresh()
                case .entry(let entry): post(.clientChanged(entry))
                case .removed(let id): post(.clientRemoved(id))
                case .failed(let failure): post(.vaultUnreadable(failure))
                case .renewed(let id, let seconds): post(.renewed(id, .success(seconds), next: nil))
                case .renewalFailed(let id, let failure, let next): post(.renewed(id, .failure(failure), next: next))
                case .aboutToExpire(let id): post(.aboutToExpire(id))
                case .undoable(let isUndoable): post(.canUndo(isUndoable))
                }
            }
        }
        work { manager, post in
            for await faults in manager.vaultFaults { post(.vaultFaults(faults)) }
        }
        work { manager, post in
            var memory: ScreenMemory?
            var activity: [ActivityEntry] = []
            // One that is damaged does not keep the other from the screen.
            do throws(Failure) { memory = try await manager.screenMemory() } catch { post(.noticed(error)) }
            do throws(Failure) { activity = try await manager.activity() } catch { post(.noticed(error)) }
            post(.remembered(memory, activity))
        }
    }

    /// Another process may have written the vault.
    func vaultMayHaveChanged() {
        work { manager, _ in await manager.vaultMayHaveChanged() }
    }

    /// The machine was suspended, or somebody has set its clock.
    func clockJumped() {
        work { manager, _ in await manager.clockJumped() }
    }

    /// Ends the session: cancels its tasks and every request, wipes the data key, drops what arrives late. A copy and
    /// its clearing, records and settings that were begun, and a vault that is being created outlive it.
    func lock() {
        let ending = session.end(after: lastRecord)
        session = Session(mailbox)
        if let ending { doToTheEnd(ending) }
    }

    /// Cancels one task of the session; nothing happens if it is done.
    func stop(_ task: Int?) {
        if let task { session.cancel(task) }
    }

    /// Returns when everything is closed and what was copied is cleared. It waits for the disk and the clipboard, never
    /// for the network.
    /// - Parameter clearsCopies: whether what was copied is to be cleared at all.
    func finish(clearsCopies: Bool) async {
        lock()
        // At once, for a disk may take its time; and again when a copy that was under way has landed.
        if clearsCopies { _ = await copies.clear() }
        await lastRecord?.value
        await lastSetting?.value
        for task in unfinished.values { await task.value }
        if clearsCopies { _ = await copies.clear() }
    }

    // MARK: -

    /// Does `body` away from the main thread; quitting waits for it.
    func doToTheEnd(_ body: @escaping @Sendable () async -> Void) {
        lastNumber += 1
        let (mailbox, number) = (mailbox, lastNumber)
        unfinished[number] = Task.detached {
            await body()
            mailbox.post(.finished(number))
        }
    }

    /// Does `body` away from the main thread; what it posts is dropped once the session is over.
    /// - Parameter toTheEnd: quitting waits for it. Otherwise the end of the session cancels it.
    /// - Returns: the number of the session's task; nil if there is none.
    @discardableResult
    func work(
        toTheEnd: Bool = false,
        _ body: @escaping @Sendable (CredentialManager, @Sendable (Event) -> Void) async -> Void
    ) -> Int? {
        guard let manager = session.manager else { return nil }
        let work: @Sendable () async -> Void = { [session] in await body(manager, session.post) }
        guard !toTheEnd else {
            doToTheEnd(work)
            return nil
        }
        return session.start(work)
    }

    /// As `work`; the event tells what came of `body`.
    @discardableResult
    func work<Value: Sendable>(
        toTheEnd: Bool = false, answer: @escaping @Sendable (Result<Value, Failure>) -> Event,
        by body: @escaping @Sendable (CredentialManager) async throws(Failure) -> Value
    ) -> Int? {
        work(toTheEnd: toTheEnd) { manager, post in post(answer(await result(of: body, manager))) }
    }

    /// An edit whose result comes as a change of the clients.
    private func edit(_ body: @escaping @Sendable (CredentialManager) async throws(Failure) -> Void) {
        work { manager, post in
            do throws(Failure) { try await body(manager) } catch { post(.trouble(error)) }
        }
    }

    /// Keeps something, in the order in which it was asked for. A failure is said once a session, or stands for as long as
    /// it lasts.
    private func record(_ body: @escaping @Sendable (CredentialManager) async throws(Failure) -> Void) {
        guard let manager = session.manager else { return }
        let (mailbox, session, before) = (mailbox, session, lastRecord)
        lastRecord = Task.detached {
            await before?.value
            do throws(Failure) { try await body(manager) } catch {
                mailbox.post(.notKept(error, of: session))
            }
        }
    }

    /// - Parameter change: what is done to the file, and returns what the file sets then.
    private func changeSettings(_ change: @escaping @Sendable (SettingsFile) throws(Failure) -> Settings) {
        lastChangeOfSettings += 1
        let (mailbox, file, before, number) = (mailbox, settingsFile, lastSetting, lastChangeOfSettings)
        lastSetting = Task.detached {
            await before?.value
            do throws(Failure) {
                mailbox.post(.settings(.success(try change(file)), afterChange: number))
            } catch {
                mailbox.post(.lasting(.trouble(error)))
                // A change that is not in the file does not hold.
                mailbox.post(.settings(file.result(), afterChange: number))
            }
        }
    }

    private func open(
        isNew: Bool, _ vault: @escaping @Sendable (VaultLocation) async throws(Failure) -> Vault
    ) {
        let (mailbox, session, location) = (mailbox, session, location)
        let opening: @Sendable () async -> Void = {
            do throws(Failure) {
                let manager = Surroundings.manager(of: try await vault(location))
                mailbox.post(.opened(manager, of: session, Opening(isNew: isNew)))
            } catch {
                session.post(isNew ? .vaultCreated(.failure(error)) : .unlocked(.failure(error)))
            }
        }
        // A vault that is only being unlocked loses nothing where the process ends.
        if isNew { doToTheEnd(opening) } else { session.start(opening) }
    }
}

/// A function of its own: the optimizer of Swift 6.3.1 loses a value that a task's closure returns from within a typed
/// `do`.
private func result<Value>(
    of body: (CredentialManager) async throws(Failure) -> Value, _ manager: CredentialManager
) async -> Result<Value, Failure> {
    do throws(Failure) { return .success(try await body(manager)) } catch { return .failure(error) }
}
