import Credentials
import FoundationEssentials
import Settings

/// Everything that the screen shows, as one value. Nothing in it reads a clock or does anything.
public struct State {
    /// The text in the lowest border until the next key.
    struct Message: Equatable {
        var text: String
        var role: Role
        var rank = Saying.Rank.answer
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
    /// The option that names the vault in a command, for a shell, with a blank before it; empty if none is needed.
    let vaultOption: String
    let isDemo: Bool
    public internal(set) var settings: Settings
    /// The settings as they were read last; a change on the screen counts once it is in the file.
    var settingsInFile: Settings
    /// The reason why the settings file is not in force; nil if it is.
    var settingsMistake: Failure?
    /// True once the settings file was read without a mistake: its settings stay in force when it gets one.
    var areSettingsRead: Bool
    var keymap: Keymap

    /// What came out of the vault; nil while that is closed.
    var screen: OpenScreen?
    /// The question that leads to an open vault.
    var gate: any Panel
    /// The command menu or the help, over anything; nil where it is closed.
    var commands: (any Panel)?
    var message: Message?
    /// The message that stands again when the commands are closed; nil while they are.
    var heldMessage: Message?
    /// Why something is not watched, for as long as it is not.
    var unwatched: [Watched: Failure] = [:]
    /// What was copied and is to be cleared; it outlives a lock.
    var clipboard: CopiedSecret?
    /// Whether the vault is opened without anything typed here.
    var opensByItself: Bool
    /// Keys that wait for the clients.
    var earlyKeys: [Key] = []
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
        opensByItself = start == .unlocking
        gate =
            switch start {
            case .newVault: NewVaultForm()
            case .locked: UnlockForm()
            case .unlocking: UnlockForm(workingSince: now)
            }
        settle()
    }

    /// What is in front of the user.
    var context: Context { commands?.context ?? contextBelowCommands }

    var contextBelowCommands: Context { panel?.context ?? (isFiltering ? .filter : .list) }

    /// Forgets all that came out of the vault, and asks for the passphrase.
    mutating func forget(saying notice: String? = nil) {
        var form = UnlockForm()
        form.keepsNothingFresh = clients.entries.contains(where: \.profile.keepsFresh)
        form.notice = notice
        screen = nil
        gate = form
        commands = nil
        // They may name a client.
        message = nil
        heldMessage = nil
        opensByItself = false
        earlyKeys = []
    }

    /// Says it in the lowest border unless an answer stands there that it does not replace, and in Activity if it belongs
    /// there or the border has no room for all of it.
    /// - Parameter isOfCommands: it is about the open commands, and goes with them.
    mutating func say(_ saying: Saying, isOfCommands: Bool = false) {
        let text = saying.client.isEmpty ? saying.text : "\(saying.client): \(saying.text)"
        let isCut = DisplayWidth.of(text) > Layout.messageColumns(size)
        let said = Message(
            text: isCut ? withoutPath(text) : text, role: saying.role ?? saying.kind.role, rank: saying.rank)
        let standing = commands == nil ? message : heldMessage
        if saying.rank == .answer || standing?.rank != .answer {
            message = said
            if commands != nil, !isOfCommands { heldMessage = said }
        }
        if saying.isLogged || isCut { log(saying.text, saying.kind, client: saying.client) }
    }

    /// Does what a key, a click or a paste means. It takes the message away; one that stood before the commands were opened
    /// comes back when they are closed.
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

    /// How the list is shown now. A filter is not kept: after a restart it would hide clients unseen.
    var memory: ScreenMemory {
        ScreenMemory(
            order: clients.order, isGroupedByTag: clients.isGrouped, foldedTags: clients.folded.sorted())
    }
}

/// A secret that was copied and is still where it was copied to.
struct CopiedSecret: Equatable {
    /// When it is cleared.
    var clears: Moment

    /// Seconds until it is cleared. A clock set back does not make the wait longer.
    func secondsLeft(at now: Moment) -> Double { max(-now.seconds(since: clears), 0) }

    /// As long as it is there, a second is left at least.
    func text(at now: Moment) -> String { "clipboard clears in \(Durations.text(max(secondsLeft(at: now), 1)))" }
}

extension State {
    /// Seconds until something displayed changes by time alone, or something is due; nil: never. Wakes the loop, and
    /// nothing else does.
    public var nextTick: Double? {
        var exact: [Double] = []
        if let clipboard { exact.append(clipboard.secondsLeft(at: now) + 0.001) }
        if let due = lockDue { exact.append(max(due - now.seconds(since: lastUse), 0) + 0.001) }
        let displayed = changes().min().map { displayClock.wait(untilTickAfter: $0, now: now) }
        return (exact + [displayed].compactMap { $0 }).min()
    }

    /// Seconds after `shownNow` at which something that is displayed changes.
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
