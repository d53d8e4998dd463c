import Credentials
import FoundationEssentials

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
        case deleteQuestion(ClientEntry, isWorking: Bool)
        case discardQuestion(ClientForm)
    }

    /// What is said in the lowest border until the next key.
    struct Message: Equatable {
        var text: String
        var role: Role
    }

    public internal(set) var now: Moment
    var utcOffset: Int
    public internal(set) var size: Size
    public let glyphs: Glyphs
    /// As shown when asking for the passphrase.
    let vaultPath: String
    let isDemo: Bool

    var stage: Stage
    var clients = ClientList()
    var dialog: Dialog?
    /// The first line of the help that is shown; nil where it is closed.
    var helpTop: Int?
    var activity = Activity()
    var message: Message?
    var refreshAll: RefreshAllProgress?

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
        utcOffset: Int
    ) {
        self.now = now
        self.utcOffset = utcOffset
        self.size = size
        self.glyphs = glyphs
        self.vaultPath = UntrustedText.line(vaultPath, limit: 400)
        self.isDemo = isDemo
        stage =
            switch start {
            case .newVault: .newVault(NewVaultForm())
            case .locked: .locked(UnlockForm())
            case .unlocking: .locked(UnlockForm(workingSince: now))
            }
    }

    /// What is in front of the user.
    var context: Context {
        if helpTop != nil { return .help }
        return contextBelowHelp
    }

    var contextBelowHelp: Context {
        switch stage {
        case .newVault: return .newVault
        case .locked: return .unlock
        case .open: break
        }
        return switch dialog {
        case nil: .list
        case .form: .form
        case .deleteQuestion: .deleteQuestion
        case .discardQuestion: .discardQuestion
        }
    }

    var isOpen: Bool { if case .open = stage { true } else { false } }

    /// Forgets all that came out of the vault, and asks for the passphrase.
    mutating func forget() {
        clients = ClientList()
        dialog = nil
        helpTop = nil
        activity = Activity()
        message = nil
        refreshAll = nil
        stage = .locked(UnlockForm())
    }

    /// Says `text` in the lowest border, and in Activity where `client` or `isLogged` says so.
    mutating func say(_ text: String, _ role: Role = .normal, client: String = "", isLogged: Bool = true) {
        message = Message(text: client.isEmpty ? text : "\(client): \(text)", role: role)
        if isLogged { log(text, role, client: client) }
    }

    mutating func log(_ text: String, _ role: Role = .normal, client: String = "") {
        activity.add(Activity.Entry(at: now.wall, client: client, text: text, role: role))
    }
}

extension State {
    /// Seconds until something displayed changes by time alone; nil: never. Wakes the loop, and nothing else does.
    public var nextTick: Double? {
        var waits: [Double] = []
        switch stage {
        case .newVault(let form): waits += Self.working(since: form.workingSince, now)
        case .locked(let form): waits += Self.working(since: form.workingSince, now)
        case .open:
            let layout = Layout(for: self)
            if layout.isTooSmall { return nil }
            for entry in clients.entries.dropFirst(clients.top).prefix(layout.clients.rows) {
                waits += ticks(of: entry)
            }
            if let selected = clients.selected { waits += ticks(of: selected) }
            if let wait = clients.tally.secondsUntilChange(at: now) { waits.append(wait + 0.001) }
        }
        return waits.min()
    }

    private static func working(since start: Moment?, _ now: Moment) -> [Double] {
        start.map { [Durations.untilChange(passed: max(now.seconds(since: $0), 0))] } ?? []
    }

    private func ticks(of entry: ClientEntry) -> [Double] {
        var waits: [Double] = []
        if case .refreshing(let since) = entry.attempt { waits += Self.working(since: since, now) }
        if let token = entry.token {
            if let left = token.secondsLeft(at: now) {
                if left > 0 { waits.append(Durations.untilChange(left: left)) }
            } else {
                waits += Self.working(since: token.requested, now)
            }
            if let change = token.secondsUntilStatusChange(at: now) { waits.append(change) }
        }
        return waits
    }
}
