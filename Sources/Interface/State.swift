import Credentials
import FoundationEssentials
import Settings

/// Everything that the screen shows, as one value. Nothing in it reads a clock or does anything.
public struct State {
    /// Where the vault stands.
    enum Stage {
        case newVault(NewVaultForm)
        case locked(UnlockForm)
        case open
    }

    /// What lies over the main screen.
    enum Dialog {
        case form(ClientForm)
        case pasting(PasteDialog)
        case tags(TagForm)
        case copyMenu(CopyMenu)
        case trial(TrialForm)
        case inspector(Inspector)
        case activity(ActivityLog)
        case settings(SettingsMenu)
        case report(Report)
        case deleteQuestion([ClientEntry], isWorking: Bool)
        /// The issuers of these clients are being asked where tokens are revoked.
        case findingRevocation([ClientEntry])
        case revokeQuestion(RevokeQuestion)
        case discardQuestion(ClientForm)
        case moveQuestion(ClientForm)
    }

    /// What is said in the lowest border until the next key.
    struct Message: Equatable {
        var text: String
        var role: Role
    }

    /// The exact time, by which things are decided.
    public internal(set) var now: Moment
    var displayClock: DisplayClock
    /// The time by which things are displayed.
    var shownNow: Moment { displayClock.shown }
    var utcOffset: Int
    public internal(set) var size: Size
    /// The layout of the last frame, or of the next one: `settle` makes it.
    var layout = Layout(Size(columns: 0, rows: 0)) { _ in 0 }
    public let glyphs: Glyphs
    /// As shown when asking for the passphrase.
    let vaultPath: String
    let isDemo: Bool
    public internal(set) var settings: Settings
    /// The settings as they were read last; a change on the screen counts once it is in the file.
    var settingsInFile: Settings
    /// The reason why the settings file is not in force; nil if it is.
    var settingsMistake: Failure?
    /// True once the settings file was read without a mistake: its settings stay in force when it gets one.
    var areSettingsRead: Bool
    var keymap: Keymap

    var stage: Stage
    var clients = ClientList()
    /// What is typed to filter the list; `isFiltering` while keys go into it.
    var filter = TextField()
    var isFiltering = false
    var dialog: Dialog?
    /// The command menu or the help, over anything; nil where it is closed.
    var commands: CommandMenu?
    var activity = Activity()
    var message: Message?
    var refreshAll: RefreshAllProgress?
    /// What was copied and is to be cleared; it outlives a lock.
    var clipboard: CopiedSecret?
    /// Whether how the list is shown has changed and is not kept yet.
    var owesMemory = false
    /// Whether how the list was shown has come, so that it may be kept anew.
    var hasMemory = false
    /// Whether the last delete or edit can be taken back.
    var canUndo = false
    /// The clients whose deletion was asked for here.
    var removing: Set<UUID> = []
    /// When a key was pressed last, or the mouse used.
    var lastUse: Moment

    /// How it begins.
    public enum Start: Sendable {
        /// There is no vault yet.
        case newVault
        case locked
        /// The passphrase came from elsewhere, and the vault is being opened.
        case unlocking
    }

    public init(
        _ start: Start, vaultPath: String, isDemo: Bool = false, glyphs: Glyphs, size: Size, now: Moment,
        utcOffset: Int, settings: Settings = Settings(), settingsMistake: Failure? = nil
    ) {
        self.now = now
        displayClock = DisplayClock(now)
        self.utcOffset = utcOffset
        self.size = size
        self.glyphs = glyphs
        self.vaultPath = UntrustedText.line(vaultPath, limit: 400)
        self.isDemo = isDemo
        self.settings = settings
        settingsInFile = settings
        self.settingsMistake = settingsMistake
        areSettingsRead = settingsMistake == nil
        keymap = Keymap.standard.with(settings.keys)
        lastUse = now
        stage =
            switch start {
            case .newVault: .newVault(NewVaultForm())
            case .locked: .locked(UnlockForm())
            case .unlocking: .locked(UnlockForm(workingSince: now))
            }
        settle()
    }

    /// What is in front of the user.
    var context: Context {
        if let commands { return commands.isHelp && !commands.isTyping ? .help : .commands }
        return contextBelowCommands
    }

    var contextBelowCommands: Context {
        switch stage {
        case .newVault: return .newVault
        case .locked: return .unlock
        case .open: break
        }
        return switch dialog {
        case nil: isFiltering ? .filter : .list
        case .form: .form
        case .pasting: .pasting
        case .tags: .tags
        case .copyMenu: .copyMenu
        case .trial: .trial
        case .inspector: .inspector
        case .activity: .activity
        case .settings: .settings
        case .report: .report
        case .deleteQuestion: .deleteQuestion
        case .findingRevocation: .findingRevocation
        case .revokeQuestion: .revokeQuestion
        case .discardQuestion: .discardQuestion
        case .moveQuestion: .moveQuestion
        }
    }

    var isOpen: Bool { if case .open = stage { true } else { false } }

    /// Forgets all that came out of the vault, and asks for the passphrase.
    mutating func forget(saying notice: String? = nil) {
        var form = UnlockForm()
        form.keepsNothingFresh = clients.entries.contains(where: \.profile.keepsFresh)
        clients = ClientList()
        filter = TextField()
        isFiltering = false
        dialog = nil
        commands = nil
        activity = Activity()
        message = nil
        refreshAll = nil
        canUndo = false
        removing = []
        owesMemory = false
        hasMemory = false
        form.notice = notice
        stage = .locked(form)
    }

    /// Says `text` in the lowest border, and in Activity where `client` or `isLogged` says so.
    mutating func say(_ text: String, _ role: Role = .normal, client: String = "", isLogged: Bool = true) {
        message = Message(text: client.isEmpty ? text : "\(client): \(text)", role: role)
        if isLogged { log(text, role, client: client) }
    }

    mutating func log(_ text: String, _ role: Role = .normal, client: String = "") {
        activity.add(ActivityEntry(at: now.wall, client: client, text: text, kind: ActivityEntry.Kind(role)))
    }

    /// How the list is shown now.
    var memory: ScreenMemory {
        ScreenMemory(
            filter: filter.text, order: clients.order, isGroupedByTag: clients.isGrouped,
            foldedTags: clients.folded.sorted())
    }
}

/// A secret that was copied and is still where it was copied to.
struct CopiedSecret: Equatable {
    /// When it is cleared.
    var clears: Moment

    /// As long as it is there, a second is left at least.
    func words(at now: Moment) -> String {
        "clipboard clears in \(Durations.text(max(clears.seconds(since: now), 1)))"
    }
}

extension State {
    /// Seconds until something displayed changes by time alone, or something is due; nil: never. Wakes the loop, and
    /// nothing else does.
    public var nextTick: Double? {
        var exact: [Double] = []
        if let clipboard { exact.append(max(clipboard.clears.seconds(since: now), 0) + 0.001) }
        if let due = lockDue { exact.append(max(due - now.seconds(since: lastUse), 0) + 0.001) }
        let displayed = changes().min().map { displayClock.wait(untilTickAfter: $0, now: now) }
        return (exact + [displayed].compactMap { $0 }).min()
    }

    /// Seconds after `shownNow` at which something that is displayed changes.
    private func changes() -> [Double] {
        var waits: [Double] = []
        if let clipboard { waits.append(Durations.untilChange(left: clipboard.clears.seconds(since: shownNow))) }
        switch stage {
        case .newVault(let form): waits += changes(since: form.workingSince)
        case .locked(let form): waits += changes(since: form.workingSince)
        case .open:
            if layout.isTooSmall { break }
            for row in clients.rows.dropFirst(clients.top).prefix(layout.clients.rows) {
                if case .client(let index, _) = row { waits += changes(of: clients.entries[index]) }
            }
            if let selected = clients.selected { waits += changes(of: selected) }
            if let wait = clients.tally.secondsUntilChange(at: shownNow) { waits.append(wait) }
            if case .trial(let form) = dialog { waits += changes(since: form.sent?.at) }
        }
        return waits
    }

    /// After how many seconds without a key the vault is locked; nil: not.
    var lockDue: Double? {
        guard settings.lockAfterMinutes > 0, isOpen else { return nil }
        let seconds = settings.lockAfterMinutes * 60
        return holdsTypedSecret ? max(seconds, Self.longestWaitForForm) : seconds
    }

    /// In seconds.
    static let longestWaitForForm = 3_600.0

    /// A secret that is in a form and nowhere else: a portal shows it once. Locking would lose it, so the idle lock
    /// waits an hour for the form, and the suspension of the machine does not.
    var holdsTypedSecret: Bool {
        switch dialog {
        case .form(let form), .discardQuestion(let form), .moveQuestion(let form): !form.secret.isEmpty
        default: false
        }
    }

    private func changes(since start: Moment?) -> [Double] {
        start.map { [Durations.untilChange(passed: shownNow.seconds(since: $0))] } ?? []
    }

    private func changes(of entry: ClientEntry) -> [Double] {
        var waits: [Double] = []
        if case .refreshing(let since) = entry.attempt { waits += changes(since: since) }
        if let token = entry.token {
            if let left = token.secondsLeft(at: shownNow) {
                if left > 0 { waits.append(Durations.untilChange(left: left)) }
            } else {
                waits += changes(since: token.requested)
            }
            if let change = token.secondsUntilStatusChange(at: shownNow) { waits.append(change) }
        }
        return waits
    }
}
