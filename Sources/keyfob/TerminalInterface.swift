import Credentials
import FoundationEssentials
import Interface
import Model
import Settings
import System
import Terminal

/// The terminal interface: connects the event loop, the interface's state and the effects.
@MainActor
final class TerminalInterface {
    /// Opens a vault without asking the user for a passphrase.
    typealias Preparation = @Sendable () async throws(Failure) -> (CredentialManager, refreshing: [UUID])

    private let screen: Screen
    private let loop: EventLoop<Message>
    private let runner: EffectRunner
    private let location: VaultLocation
    private let environment: [String: String]
    private var suspensions: SuspendWatch?
    private var state: State
    private var watch: FolderWatch?
    /// The vault's ID as long as it is open by the unlocked key, whose removal locks this screen too.
    private var unlockedID: [UInt8]?

    /// Runs the interface on the chosen vault to its end. Without a passphrase file or a key file, the interface asks
    /// for the passphrase, or creates a missing vault.
    static func open(_ choice: VaultChoice) async throws(Failure) {
        let location = try choice.location()
        let isMissing = try location.isMissing()
        if isMissing { try location.checkHome() }
        var start: State.Start = isMissing ? .newVault : .locked
        // A passphrase file implies an existing vault. A mistyped path must not create a new vault.
        let unlockedID = isMissing || choice.namesSecretByOption ? nil : location.unlockedID
        // An unlocked key comes before the environment, also before a mistake in it.
        let keyFile = unlockedID == nil ? try choice.namedKeyFile() : nil
        if isMissing, keyFile != nil || choice.namedPassphraseFile != nil { try location.inspect() }
        // The key is read when it is used: held here, it would be in memory until the end.
        var preparation: Preparation? = unlockedID == nil ? nil : location.openedByKey
        if unlockedID != nil {
            start = .unlocking
        } else if let keyFile {
            start = .unlocking
            preparation = location.opening(with: .fileKey(try KeyFile.read(keyFile), file: keyFile))
        } else if !isMissing, choice.namesPassphrase {
            start = .unlocking
            preparation = location.opening(with: .passphrase(try await choice.passphrase(of: location)))
        }
        // Not earlier: Ctrl-C must be able to interrupt the wait for a passphrase from a pipe.
        Signals.block()
        let interface = try TerminalInterface(start, location: location, vaultOption: ShellCommand.vault(choice))
        interface.unlockedID = unlockedID
        let ending = await interface.run(preparing: preparation)
        guard ending == .asked else { Program.end(ending.exitStatus) }
    }

    /// Starts the screen on the terminal. `Signals.block()` must be called before, and before the first other thread.
    init(
        _ start: State.Start, location: VaultLocation, vaultOption: String,
        settingsFile: SettingsFile = Surroundings.settingsFile, isDemo: Bool = false
    ) throws(Failure) {
        environment = Surroundings.environment
        var settings = Settings()
        var settingsMistake: Failure?
        switch settingsFile.result() {
        case .success(let read): settings = read
        case .failure(let failure): settingsMistake = failure
        }
        let isUTF8 = CharacterEncoding.adopt()
        let mailbox = try Mailbox<Message>()
        self.location = location
        let screen = try Screen(type: environment["TERM"], theme: .resolved(settings.theme, in: environment))
        do throws(Failure) {
            loop = try EventLoop(screen: screen, mailbox: mailbox)
        } catch {
            screen.stop()
            throw error
        }
        self.screen = screen
        runner = EffectRunner(location: location, mailbox: mailbox, settingsFile: settingsFile)
        let now = Clocks.now()
        state = State(
            start, vaultPath: location.path, vaultOption: vaultOption, isDemo: isDemo,
            glyphs: isUTF8 ? .unicode : .ascii, size: screen.size,
            now: now, utcOffset: Clocks.utcOffset(at: now.wall), settings: settings,
            settingsMistake: settingsMistake)
    }

    /// Runs until the user quits or a signal arrives, then restores the terminal.
    func run(preparing preparation: Preparation?) async -> Ending {
        let restoration = screen.restoration
        CrashGuard.arm(
            terminal: restoration.fileDescriptor, restoring: restoration.sequence, saved: restoration.modes)
        if let preparation { runner.prepare(preparation) }
        let ending = loop.run(
            EventLoop.Program(
                woken: { self.tellTime() }, input: { self.receive($0) }, message: { self.receive($0) },
                resized: { self.handle(.resized($0)) }, suspending: { self.handle(.suspending) },
                mayStop: { self.runner.mayStop }, frame: { _ in self.frame() },
                secondsUntilNextTick: { self.state.nextTick }))
        screen.stop()
        CrashGuard.disarm()
        await runner.finish(clearsCopies: clearsCopies)
        return ending
    }

    private var clearsCopies: Bool { state.settings.clearClipboardSeconds > 0 }

    private func frame() -> Frame {
        settle(&state)
        return view(state)
    }

    private func tellTime() {
        let now = Clocks.now()
        handle(.time(now, utcOffset: Clocks.utcOffset(at: now.wall)))
    }

    private func receive(_ input: Input) {
        switch input {
        case .key(let key): handle(.key(key))
        case .mouse(let mouse): handle(.mouse(mouse))
        case .paste(let pasted): handle(.paste(pasted))
        case .refused(let failure): handle(.inputRefused(failure))
        }
    }

    private func receive(_ message: Message) {
        if case .write(let bytes, let session) = message, !session.hasEnded { screen.writeRaw(bytes) }
        guard let event = runner.receive(message, clearsCopies: clearsCopies) else { return }
        // Only the passphrase can open the vault now.
        if case .unlocked(.failure) = event { unlockedID = nil }
        handle(event)
        // The last event of opening a vault.
        if case .remembered = event { Footprint.trim() }
        if case .opened(_, _, let opening) = message {
            watchFolder()
            // A lock before there was a watch.
            followUnlockedKey()
            watchSuspensions()
            for id in opening.refreshing { perform(.refresh(id)) }
        }
    }

    private func handle(_ event: Event) {
        let theme = state.settings.theme
        for effect in update(&state, event) { perform(effect) }
        if state.settings.theme != theme { screen.use(.resolved(state.settings.theme, in: environment)) }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .lock:
            unlockedID = nil
            runner.perform(effect)
        case .quit: loop.end()
        case .suspend: loop.suspend()
        case .notify(let text):
            guard let kind = state.settings.notification.kind else { break }
            screen.writeRaw(
                Secret(
                    TerminalNotification.sequence(kind: kind, title: "keyfob", text: text, environment: environment)))
        case .redraw: loop.redraw()
        default: runner.perform(effect)
        }
    }

    /// Locks the vault when the machine wakes up. If suspension cannot be watched, a message says so, and the time in
    /// suspension counts as time without a keypress.
    private func watchSuspensions() {
        guard suspensions == nil else { return }
        do throws(Failure) {
            let suspensions = try SuspendWatch()
            self.suspensions = suspensions
            loop.watch(suspensions.fileDescriptor) {
                let wasSuspended = suspensions.drain()
                self.runner.clockJumped()
                if wasSuspended { self.handle(.wokenFromSuspension) }
            }
            handle(.unwatched(.suspension, nil))
        } catch {
            handle(.unwatched(.suspension, error))
        }
    }

    /// Looks whether the key that opened the vault was removed, or replaced by `keyfob unlock`.
    private func followUnlockedKey() {
        guard let unlockedID else { return }
        let now = Clocks.now()
        if let left = try? KernelKeyring.secondsLeft(ofVault: unlockedID, now: now) {
            handle(.unlockedUntil(now.advanced(by: left)))
        } else {
            handle(.lockedElsewhere)
        }
    }

    /// The failure to watch the folder, from which a screen that was opened by the unlocked key learns of the key's end.
    private static func unreached(_ failure: Failure) -> Failure {
        Failure(
            failure.kind, "keyfob lock does not lock this screen: \(failure.summary)",
            hints: ["press L in this screen"] + failure.hints)
    }

    /// Watches for writes by other programs. If the folder cannot be watched, a message says so and all else works.
    private func watchFolder() {
        guard watch == nil else { return }
        do throws(Failure) {
            let watch = try FolderWatch(vault: location.path)
            self.watch = watch
            loop.watch(watch.fileDescriptor) {
                if watch.drain() { self.runner.vaultMayHaveChanged() }
                if watch.sawLockFile { self.followUnlockedKey() }
            }
            handle(.unwatched(.folder, nil))
        } catch {
            handle(.unwatched(.folder, unlockedID == nil ? error : Self.unreached(error)))
        }
    }
}

extension Settings.Notification {
    /// The kind of sequence to send to the terminal; nil means that no sequence is sent.
    fileprivate var kind: TerminalNotification.Kind? {
        switch self {
        case .off: nil
        case .bell: .bell
        case .osc9: .osc9
        case .osc777: .osc777
        }
    }
}

extension Theme {
    fileprivate static func resolved(_ setting: Settings.Theme, in environment: [String: String]) -> Theme {
        resolved(
            setting, colorfgbg: environment["COLORFGBG"], noColor: !environment["NO_COLOR", default: ""].isEmpty)
    }
}
