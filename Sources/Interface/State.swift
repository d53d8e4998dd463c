import Credentials
import FoundationEssentials
import Settings

/// Everything that the screen shows, as one value. It reads no clock and has no side effects.
public struct State {
    /// The text in the lowest border until the next key.
    struct Message: Equatable {
        var text: String
        var role: Role
        var rank = Saying.Rank.answer
    }

    /// The exact time, for decisions.
    public internal(set) var now: Moment
    var displayClock: DisplayClock
    /// The time for display.
    var shownNow: Moment { displayClock.shown }
    var utcOffset: Int
    public internal(set) var size: Size
    /// The layout of the frame, which `settle` updates.
    var layout = Layout(Size(columns: 0, rows: 0)) { _ in 0 }
    public let glyphs: Glyphs
    /// The vault's path for display: one line without control characters.
    let vaultPath: String
    /// The option that names the vault in a command, for a shell, with a blank before it; empty if none is needed.
    let vaultOption: String
    let isDemo: Bool
    public internal(set) var settings: Settings
    /// The settings last read from the file. A change on the screen is part of them once the file has it.
    var settingsInFile: Settings
    /// The reason why the settings file is not in force; nil if it is.
    var settingsMistake: Failure?
    /// True once the settings file was read without a mistake: those settings stay in force after a later mistake.
    var areSettingsRead: Bool
    var keymap: Keymap

    /// The content of the open vault; nil while the vault is locked.
    var screen: OpenScreen?
    /// The form that creates or unlocks the vault.
    var gate: any Panel
    /// The command menu or the help, over everything else; nil while closed.
    var commands: (any Panel)?
    var message: Message?
    /// The message to show again when the command menu closes; nil while the menu is closed.
    var heldMessage: Message?
    /// The failures of watches, while they last.
    var unwatched: [Watched: Failure] = [:]
    /// The copied secret that is to be cleared; it outlives a lock.
    var clipboard: CopiedSecret?
    /// True while the vault opens without a passphrase typed here.
    var opensAutomatically: Bool
    /// The time at which the vault locks because its unlocked key ends; nil if the vault was opened without this key.
    var keyEnd: Moment?
    /// Keys pressed before the clients were loaded.
    var earlyKeys: [Key] = []
    /// The time of the last key, paste or mouse event.
    var lastUse: Moment

    /// The state at the start.
    public enum Start: Sendable {
        /// There is no vault yet.
        case newVault
        case locked
        /// The passphrase came from elsewhere, and the vault is being opened.
        case unlocking
    }

    public init(
        _ start: Start, vaultPath: String, vaultOption: String = "", isDemo: Bool = false, glyphs: Glyphs, size: Size,
        now: Moment,
        utcOffset: Int, settings: Settings = Settings(), settingsMistake: Failure? = nil
    ) {
        self.now = now
        displayClock = DisplayClock(now)
        self.utcOffset = utcOffset
        self.size = size
        self.glyphs = glyphs
        self.vaultPath = UntrustedText.line(vaultPath, limit: 400)
        self.vaultOption = vaultOption
        self.isDemo = isDemo
        self.settings = settings
        settingsInFile = settings
        self.settingsMistake = settingsMistake
        areSettingsRead = settingsMistake == nil
        keymap = Keymap.with(settings.keys)
        lastUse = now
        opensAutomatically = start == .unlocking
        gate =
            switch start {
            case .newVault: NewVaultForm()
            case .locked: UnlockForm()
            case .unlocking: UnlockForm(workingSince: now)
            }
        settle()
    }

    /// The context in front of the user.
    var context: Context { commands?.context ?? contextBelowCommands }

    var contextBelowCommands: Context { panel?.context ?? (isFiltering ? .filter : .list) }

    /// Drops the vault's content and asks for the passphrase.
    mutating func forget(saying notice: String? = nil) {
        var form = UnlockForm()
        form.keepsNothingFresh = clients.entries.contains(where: \.profile.keepsFresh)
        form.notice = notice
        screen = nil
        gate = form
        commands = nil
        // A message may name a client.
        message = nil
        heldMessage = nil
        opensAutomatically = false
        earlyKeys = []
        keyEnd = nil
    }

    /// Shows the message in the lowest border, unless housekeeping would replace an answer there. Activity gets the
    /// message too if `isLogged` is true or the border cuts it.
    /// - Parameter isOfCommands: true if the message is about the open command menu and disappears with the menu.
    mutating func say(_ saying: Saying, isOfCommands: Bool = false) {
        let text = saying.client.isEmpty ? saying.text : "\(saying.client): \(saying.text)"
        let isCut = DisplayWidth.of(text) > Layout.messageColumns(size)
        let new = Message(
            text: isCut ? withoutPath(text) : text, role: saying.role ?? saying.kind.role, rank: saying.rank)
        let standing = commands == nil ? message : heldMessage
        if saying.rank == .answer || standing?.rank != .answer {
            message = new
            if commands != nil, !isOfCommands { heldMessage = new }
        }
        if saying.isLogged || isCut { log(saying.text, saying.kind, client: saying.client) }
    }

    /// Handles a key, a click or a paste, which removes the message. A message from before the command menu returns
    /// when the menu closes.
    mutating func answering(_ input: (inout State) -> [Effect]) -> [Effect] {
        let wereOpen = commands != nil
        if !wereOpen { heldMessage = message }
        message = nil
        let effects = input(&self)
        if commands == nil {
            if wereOpen, message == nil { message = heldMessage }
            heldMessage = nil
        }
        return effects
    }

    mutating func log(_ text: String, _ kind: ActivityEntry.Kind = .note, client: String = "") {
        let entry = ActivityEntry(at: now.wall, client: client, text: text, kind: kind)
        screen?.activity.add(entry)
    }

    /// The list's arrangement to store. The filter is not stored: after a restart it would hide clients unnoticed.
    var memory: ScreenMemory {
        ScreenMemory(
            order: clients.order, isGroupedByTag: clients.isGrouped, foldedTags: clients.folded.sorted())
    }
}

/// A copied secret that was not cleared yet.
struct CopiedSecret: Equatable {
    /// The time at which the secret is cleared.
    var clears: Moment

    /// Seconds until the secret is cleared. A clock set back does not make the wait longer.
    func secondsLeft(at now: Moment) -> Double { max(-now.seconds(since: clears), 0) }

    /// The text of the countdown, which shows at least one second.
    func text(at now: Moment) -> String { "clipboard clears in \(Durations.text(max(secondsLeft(at: now), 1)))" }
}

extension State {
    /// Seconds until time alone changes the display, or an effect is due; nil means never. It is the loop's only timer.
    public var nextTick: Double? {
        var exact: [Double] = []
        if let clipboard { exact.append(clipboard.secondsLeft(at: now) + 0.001) }
        if let keyEnd { exact.append(max(-now.seconds(since: keyEnd), 0) + 0.001) }
        if let due = lockDue { exact.append(max(due - now.seconds(since: lastUse), 0) + 0.001) }
        let displayed = changes().min().map { displayClock.wait(untilTickAfter: $0, now: now) }
        return (exact + [displayed].compactMap { $0 }).min()
    }

    /// The moments, in seconds after `shownNow`, at which time alone changes the display.
    private func changes() -> [Double] {
        var waits: [Double] = []
        if let clipboard { waits.append(Durations.untilChange(left: clipboard.secondsLeft(at: shownNow))) }
        if isOpen, layout.isTooSmall { return waits }
        if let panel { waits += panel.changes(self) }
        guard let clients = screen?.clients else { return waits }
        for row in clients.rows.dropFirst(clients.top).prefix(layout.clients.rows) {
            if case .client(let index, _) = row { waits += changes(of: clients.entries[index]) }
        }
        if let selected = clients.selected { waits += changes(of: selected) }
        if let wait = clients.tally.secondsUntilChange(at: shownNow) { waits.append(wait) }
        return waits
    }

    /// Seconds without input before the vault locks; nil means never.
    var lockDue: Double? {
        guard settings.lockAfterMinutes > 0, isOpen else { return nil }
        let seconds = settings.lockAfterMinutes * 60
        return holdsTypedSecret ? max(seconds, Self.longestWaitForForm) : seconds
    }

    /// In seconds.
    static let longestWaitForForm = 3_600.0

    /// True if an open form holds the only copy of a typed secret: a portal shows a secret once, and a lock would lose
    /// it. The idle lock waits an hour for the form; a suspended machine locks at once.
    var holdsTypedSecret: Bool { screen?.panel?.holdsTypedSecret ?? false }

    func changes(since start: Moment?) -> [Double] {
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
