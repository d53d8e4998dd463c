import Credentials

extension Context {
    static let unlock = Context(title: "Unlocking", isTyping: true)
}

/// The form for the vault's passphrase.
struct UnlockForm: Panel {
    private let passphrase = SecretField()
    /// The moment since which the vault is being opened; nil while it is not.
    private var workingSince: Moment?
    private var failure: Failure?
    /// The reason why the vault was locked; nil if the user knows it.
    var notice: String?
    /// True if clients were kept fresh until the vault was locked.
    var keepsNothingFresh = false

    private var isWorking: Bool { workingSince != nil }

    init(workingSince: Moment? = nil) { self.workingSince = workingSince }

    static let tables = [
        KeyTable<Self>(
            .unlock,
            [
                Action("submit", [.enter], "unlock", "open the vault") { $0.submit(in: $1) },
                Action("quit", [.escape, .control("c")], "quit", "quit") { _, _ in .effects([.quit]) },
            ])
    ]

    private mutating func submit(in state: State) -> Outcome {
        guard !isWorking else { return .stay }
        guard !passphrase.isEmpty else {
            failure = Failure(.unacceptableInput, "type the vault's passphrase, then Enter")
            return .stay
        }
        let typed = passphrase.secret()
        passphrase.wipe()
        failure = nil
        workingSince = state.now
        return .effects([.unlock(passphrase: typed)])
    }

    mutating func type(_ key: Key, in state: State) -> Outcome {
        if !isWorking, passphrase.handle(key) { failure = passphrase.refusal.map { Failure(.bug, $0) } }
        return .stay
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        guard !isWorking else { return .stay }
        failure = passphrase.paste(pasted, isPassphrase: true).map { Failure(.unacceptableInput, $0) }
        return .stay
    }

    mutating func refuse(_ failure: Failure) -> Outcome {
        self.failure = failure
        return .stay
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        switch event {
        case .unlocked(.failure(let failure)):
            workingSince = nil
            self.failure = failure
        case .suspending where isWorking:
            self = UnlockForm()
            notice = "unlocking was cancelled by Ctrl-Z"
            return .effects([.lock])
        default: break
        }
        return .stay
    }

    func changes(_ state: State) -> [Double] { state.changes(since: workingSince) }

    func draw(_ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(canvas.frame.size, atMost: 56)
        var lines = DialogLine.wrapped("Vault: \(state.vaultPath)", columns, .muted)
        if let notice = notice { lines += DialogLine.wrapped(notice, columns, .expiring) }
        if keepsNothingFresh {
            lines += DialogLine.wrapped("no token is kept fresh while the vault is locked", columns, .muted)
        }
        lines.append(.blank)
        lines.append(SecretLine.field("Passphrase", passphrase, isFocused: !isWorking, state))
        var footer: [DialogLine] = []
        if let since = workingSince {
            footer.append(SecretLine.working("opening the vault", since, state))
        } else if failure == nil {
            if state.isDemo { footer.append(.text("this is the demo: its passphrase is demo", .muted)) }
            footer.append(.text("Enter opens the vault", .muted))
        }
        footer += DialogLine.failure(failure, columns, state)
        if let clipboard = state.clipboard { footer.append(.text(clipboard.text(at: state.shownNow), .expiring)) }
        if let message = state.message { footer += DialogLine.wrapped(message.text, columns, message.role) }
        DialogBox(title: "keyfob", lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}
