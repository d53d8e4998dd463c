import Credentials

extension Context {
    static let newVault = Context(title: "A new vault", isTyping: true)
}

/// The form for a new vault: the passphrase, twice.
struct NewVaultForm: Panel {
    private enum Field { case passphrase, repeated }

    private let passphrase = SecretField()
    private let repeated = SecretField()
    private var focus = Field.passphrase
    private var workingSince: Moment?
    private var failure: Failure?
    /// The weakness that was shown; Enter then accepts the passphrase.
    private var namedWeakness: String?

    private var isWorking: Bool { workingSince != nil }
    private var focused: SecretField { focus == .passphrase ? passphrase : repeated }

    static let tables = [
        KeyTable<Self>(
            .newVault,
            [
                Action("submit", [.enter], "continue", "create the vault") { $0.submit(in: $1) },
                Action("next_field", [.tab, .down], "next field", "next field") { form, _ in form.moveFocus() },
                Action("previous_field", [.backTab, .up], "previous field", "previous field", isHinted: false) {
                    form, _ in form.moveFocus()
                },
                Action("quit", [.escape, .control("c")], "quit", "quit") { _, _ in .effects([.quit]) },
            ])
    ]

    private mutating func moveFocus() -> Outcome {
        if !isWorking { focus = focus == .passphrase ? .repeated : .passphrase }
        return .stay
    }

    private mutating func submit(in state: State) -> Outcome {
        guard !isWorking else { return .stay }
        failure = nil
        guard !passphrase.isEmpty else {
            focus = .passphrase
            failure = Failure(.unacceptableInput, "the passphrase is empty", hints: ["type a passphrase"])
            return .stay
        }
        guard !repeated.isEmpty else {
            focus = .repeated
            return .stay
        }
        let typed = passphrase.secret()
        guard typed == repeated.secret() else {
            repeated.wipe()
            focus = .repeated
            failure = Failure(.unacceptableInput, "the two passphrases differ", hints: ["type the second one again"])
            return .stay
        }
        if let weakness = Passphrase.weakness(of: typed), namedWeakness != weakness {
            namedWeakness = weakness
            return .stay
        }
        passphrase.wipe()
        repeated.wipe()
        workingSince = state.now
        return .effects([.createVault(passphrase: typed)])
    }

    mutating func type(_ key: Key, in state: State) -> Outcome {
        if !isWorking, focused.handle(key) {
            failure = focused.refusal.map { Failure(.bug, $0) }
            namedWeakness = nil
        }
        return .stay
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        guard !isWorking else { return .stay }
        failure = focused.paste(pasted, isPassphrase: true).map { Failure(.unacceptableInput, $0) }
        namedWeakness = nil
        return .stay
    }

    mutating func refuse(_ failure: Failure) -> Outcome {
        self.failure = failure
        return .stay
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        if case .vaultCreated(.failure(let failure)) = event {
            workingSince = nil
            self.failure = failure
        }
        return .stay
    }

    func changes(_ state: State) -> [Double] { state.changes(since: workingSince) }

    func draw(_ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(canvas.frame.size)
        var lines = DialogLine.wrapped("There is no vault yet. keyfob will create \(state.vaultPath)", columns)
        lines.append(.blank)
        lines += DialogLine.wrapped(
            "Choose a passphrase. There is no recovery: without the passphrase the vault cannot be opened. You can then "
                + "only create a new secret for each client, at its service.", columns)
        lines.append(.blank)
        let isAsking = !isWorking
        lines.append(
            SecretLine.field("Passphrase", passphrase, isFocused: isAsking && focus == .passphrase, state))
        lines.append(
            SecretLine.field("Again", repeated, isFocused: isAsking && focus == .repeated, state))
        var footer: [DialogLine] = []
        if let since = workingSince {
            footer.append(SecretLine.working("creating the vault", since, state))
        } else if let weakness = namedWeakness {
            footer += DialogLine.wrapped("this passphrase is weak: \(weakness)", columns, .expiring)
            footer += DialogLine.wrapped("press Enter again to use it, or type a better one", columns)
        } else if failure == nil {
            footer.append(.text("Enter continues", .muted))
        }
        footer += DialogLine.failure(failure, columns, state)
        DialogBox(title: "keyfob: a new vault", lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}
