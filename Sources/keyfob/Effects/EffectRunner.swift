import Credentials
import FoundationEssentials
import Interface
import Model
import Settings
import Storage
import System
import Terminal

/// A message from an effect's work to the main thread.
enum Message: Sendable {
    /// An event of a session; dropped if the session has ended.
    case event(Event, of: Session)
    /// An event of no session: it also arrives after a lock.
    case lasting(Event)
    case opened(CredentialManager, of: Session, Opening)
    /// An OSC sequence for the terminal.
    case write(Secret, of: Session)
    /// The list's state, or activity, could not be written.
    case recordFailed(Failure, of: Session)
    /// The content of the settings file after a change, which may have failed; the changes are numbered.
    case settings(Result<Settings, Failure>, afterChange: Int)
    /// A task of `EffectRunner.unfinished` is done.
    case finished(Int)
}

/// The circumstances under which a vault was opened.
struct Opening: Sendable {
    /// True if the user has just created the vault.
    var isNew = false
    /// Clients to fetch a token for at once.
    var refreshing: [UUID] = []
}

/// Carries out the effects of `update` on other threads, and answers with messages.
///
/// A session ends at a lock. The effects on tokens, clients and the clipboard are in the files beside this one.
@MainActor
final class EffectRunner {
    let location: VaultLocation
    let mailbox: Mailbox<Message>
    let settingsFile: SettingsFile
    let environment: [String: String]
    let clipboardLimits: Clipboard.Limits
    private(set) var session: Session
    /// Tasks that quitting waits for, by number: vaults being created and closed, copies and clearings. If the vault is
    /// locked, Ctrl-Z waits for these tasks too. After the session's end none of them waits for the network.
    private var unfinished: [Int: Task<Void, Never>] = [:]
    /// The task number of the last discovery.
    private var lastDiscovery: Int?
    private var lastNumber = 0
    let copies = Copies()
    /// The task number of the last refresh of many clients, which Esc stops.
    var lastRefreshOfMany: Int?
    /// The task number of the last search for revocation endpoints, which Esc stops.
    var lastRevocationSearch: Int?
    /// The number of copies requested so far.
    var lastCopy = 0
    /// The numbers of the copies of many clients since the last stop.
    var copiesOfMany: [Int] = []
    /// The last write of the list's state or of activity. Each write waits for the write before it.
    private(set) var lastRecord: Task<Void, Never>?
    /// The session that has already reported an unsaved record. Such a failure has no line below the header.
    private var sessionOfRecordFailure: Session?
    private var lastSetting: Task<Void, Never>?
    private var lastChangeOfSettings = 0

    /// - Parameter environment: decides which clipboard is used.
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

    /// Performs all effects except the terminal's own: quit, suspend, redraw, notify.
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
        case .stopCopying: stopCopying()
        case .copySecret(let id): copySecret(of: id)
        case .copyText(let text, let noun): copy(text: text, noun: noun)
        case .clearClipboard: clearClipboard()
        case .save(let draft): save(draft)
        case .lookAtVault: vaultMayHaveChanged()
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
        case .removeUnlockedKey: removeUnlockedKey()
        case .quit, .suspend, .redraw, .notify: break
        }
    }

    /// - Returns: the event for the state; nil if `message` is not for the state, or comes too late.
    /// - Parameter clearsCopies: false if the settings say that copied secrets stay in the clipboard.
    func receive(_ message: Message, clearsCopies: Bool) -> Event? {
        switch message {
        case .event(let event, let session):
            if !session.hasEnded { return event }
            // Locked during the copy: the state no longer counts the seconds until the clearing.
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
        case .recordFailed(let failure, let session):
            // A full disk and a missing file are reported as faults of the vault.
            guard !session.hasEnded, ![.cannotWrite, .conflict].contains(failure.kind),
                sessionOfRecordFailure !== session
            else { return nil }
            sessionOfRecordFailure = session
            return .noticed(
                Failure(
                    failure.kind, "activity and list settings are not saved: \(failure.summary)",
                    hints: failure.hints))
        // An earlier result would undo on the screen a later change that is still being written.
        case .settings(let result, let number):
            guard number == lastChangeOfSettings else { return nil }
            return switch result {
            case .success(let settings): .settingsChanged(settings)
            case .failure(let failure): .settingsBroken(failure)
            }
        case .write: return nil
        }
    }

    /// True if Ctrl-Z may stop the process now. An open vault stays open; a locked vault must be closed first.
    var mayStop: Bool { session.manager != nil || unfinished.isEmpty }

    /// Opens a vault without asking the user.
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

    /// Posts the vault's content, and every later change.
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
            // If one of the two is damaged, the other is still shown.
            do throws(Failure) { memory = try await manager.screenMemory() } catch { post(.noticed(error)) }
            do throws(Failure) { activity = try await manager.activity() } catch { post(.noticed(error)) }
            post(.remembered(memory, activity))
        }
    }

    /// Another process may have written the vault.
    func vaultMayHaveChanged() {
        work { manager, _ in await manager.vaultMayHaveChanged() }
    }

    /// The machine was suspended, or its clock was set.
    func clockJumped() {
        work { manager, _ in await manager.clockJumped() }
    }

    /// Removes the open vault's key from the kernel's keyring. A failure is also told after the lock that follows.
    private func removeUnlockedKey() {
        // From the session: the file may be missing, or be another vault by now.
        guard let id = session.manager?.vaultID else { return }
        let (mailbox, location) = (mailbox, location)
        doToTheEnd {
            if let failure = location.lockIfUnlocked(vault: id).failure {
                mailbox.post(.lasting(.lockIncomplete(failure)))
            }
        }
    }

    /// Ends the session: cancels its tasks and every request, wipes the data key, drops late events. Copies, clearings,
    /// record and settings writes that have begun, and a vault that is being created, go on.
    func lock() {
        let ending = session.end(after: lastRecord)
        session = Session(mailbox)
        if let ending { doToTheEnd(ending) }
    }

    /// Cancels a task of the session. Does nothing if the task has finished.
    func stop(_ task: Int?) {
        if let task { session.cancel(task) }
    }

    /// Locks, and returns when everything is closed and the clipboard is cleared. Waits for the disk and the clipboard,
    /// never for the network.
    /// - Parameter clearsCopies: false if the settings say that copied secrets stay in the clipboard.
    func finish(clearsCopies: Bool) async {
        lock()
        // At once, since the disk may be slow; and again below, for a copy that was under way.
        if clearsCopies { _ = await copies.clear() }
        await lastRecord?.value
        await lastSetting?.value
        for task in unfinished.values { await task.value }
        if clearsCopies { _ = await copies.clear() }
    }

    // MARK: -

    /// Runs `body` away from the main thread; quitting waits until `body` has finished.
    /// - Returns: the number of the task.
    @discardableResult
    func doToTheEnd(_ body: @escaping @Sendable () async -> Void) -> Int {
        lastNumber += 1
        let (mailbox, number) = (mailbox, lastNumber)
        unfinished[number] = Task.detached {
            await body()
            mailbox.post(.finished(number))
        }
        return number
    }

    /// Cancels tasks of `doToTheEnd`; finished tasks are ignored.
    func cancel(_ numbers: [Int]) {
        for number in numbers { unfinished[number]?.cancel() }
    }

    /// Runs `body` away from the main thread. Its events are dropped after the session's end.
    /// - Parameter toTheEnd: true if quitting waits for `body`; false if the session's end cancels it.
    /// - Returns: the number of the task; nil if there is no open vault.
    @discardableResult
    func work(
        toTheEnd: Bool = false,
        _ body: @escaping @Sendable (CredentialManager, @Sendable (Event) -> Void) async -> Void
    ) -> Int? {
        guard let manager = session.manager else { return nil }
        let work: @Sendable () async -> Void = { [session] in await body(manager, session.post) }
        return toTheEnd ? doToTheEnd(work) : session.start(work)
    }

    /// The same as `work` above, with the result of `body` as the event `answer`.
    @discardableResult
    func work<Value: Sendable>(
        toTheEnd: Bool = false, answer: @escaping @Sendable (Result<Value, Failure>) -> Event,
        by body: @escaping @Sendable (CredentialManager) async throws(Failure) -> Value
    ) -> Int? {
        work(toTheEnd: toTheEnd) { manager, post in post(answer(await result(of: body, manager))) }
    }

    /// Runs an edit. A success arrives as a change of the clients.
    private func edit(_ body: @escaping @Sendable (CredentialManager) async throws(Failure) -> Void) {
        work { manager, post in
            do throws(Failure) { try await body(manager) } catch { post(.trouble(error)) }
        }
    }

    /// Writes one record after another, in the order of the calls. A failure is reported once a session, or displayed
    /// below the header for as long as it lasts.
    private func record(_ body: @escaping @Sendable (CredentialManager) async throws(Failure) -> Void) {
        guard let manager = session.manager else { return }
        let (mailbox, session, before) = (mailbox, session, lastRecord)
        lastRecord = Task.detached {
            await before?.value
            do throws(Failure) { try await body(manager) } catch {
                mailbox.post(.recordFailed(error, of: session))
            }
        }
    }

    /// - Parameter change: changes the file, and returns the settings in it.
    private func changeSettings(_ change: @escaping @Sendable (SettingsFile) throws(Failure) -> Settings) {
        lastChangeOfSettings += 1
        let (mailbox, file, before, number) = (mailbox, settingsFile, lastSetting, lastChangeOfSettings)
        lastSetting = Task.detached {
            await before?.value
            do throws(Failure) {
                mailbox.post(.settings(.success(try change(file)), afterChange: number))
            } catch {
                mailbox.post(.lasting(.trouble(error)))
                // A change that was not written must not stay on the screen.
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
        // If the process ends during an unlock, nothing is lost.
        if isNew { doToTheEnd(opening) } else { session.start(opening) }
    }
}

/// A separate function: the optimizer of Swift 6.3.1 loses a value that a task's closure returns from a typed `do`.
private func result<Value>(
    of body: (CredentialManager) async throws(Failure) -> Value, _ manager: CredentialManager
) async -> Result<Value, Failure> {
    do throws(Failure) { return .success(try await body(manager)) } catch { return .failure(error) }
}
