import Credentials
import Formats

/// The one place where the state changes: what happened goes in, what must be done comes out.
public func update(_ state: inout State, _ event: Event) -> [Effect] {
    let effects = state.handle(event)
    if state.isOpen { state.clients.scroll(rows: Layout(for: state).clients.rows) }
    return effects
}

extension State {
    fileprivate mutating func handle(_ event: Event) -> [Effect] {
        switch event {
        case .time(let moment, let offset):
            now = moment
            utcOffset = offset
            clients.timePassed(to: now)
        case .resized(let newSize): size = newSize
        case .key(let key): return press(key)
        case .paste(let pasted): paste(pasted)
        case .inputRefused(let failure): refuseInput(failure)
        default: answer(event)
        }
        return []
    }

    private mutating func press(_ key: Key) -> [Effect] {
        message = nil
        let context = context
        let action = Keymap.action(for: key, in: context)
        switch action {
        case .help:
            helpTop = 0
            return []
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        default: break
        }
        return switch context {
        case .help: pressInHelp(action)
        case .list: pressInList(action)
        case .newVault: pressInNewVault(action, key)
        case .unlock: pressInUnlock(action, key)
        case .form: pressInForm(action, key)
        case .deleteQuestion: pressInDeleteQuestion(action)
        case .discardQuestion: pressInDiscardQuestion(action)
        }
    }

    private mutating func pressInHelp(_ action: Action?) -> [Effect] {
        guard let top = helpTop else { return [] }
        let page = HelpDialog.rows(size)
        switch action {
        case .moveDown: helpTop = top + 1
        case .moveUp: helpTop = top - 1
        case .pageDown: helpTop = top + page
        case .pageUp: helpTop = top - page
        case .moveToFirst: helpTop = 0
        case .moveToLast: helpTop = .max / 2
        case .cancel:
            helpTop = nil
            return []
        default: break
        }
        helpTop = HelpDialog.clamped(helpTop ?? 0, self)
        return []
    }

    private mutating func paste(_ pasted: Secret) {
        message = nil
        switch context {
        case .newVault:
            guard case .newVault(var form) = stage, !form.isWorking else { return }
            form.failure = form.focused.paste(pasted, isPassphrase: true).map { Failure(.unacceptableInput, $0) }
            form.namedWeakness = nil
            stage = .newVault(form)
        case .unlock:
            guard case .locked(var form) = stage, !form.isWorking else { return }
            form.failure = form.passphrase.paste(pasted, isPassphrase: true).map { Failure(.unacceptableInput, $0) }
            stage = .locked(form)
        case .form:
            guard case .form(var form) = dialog, !form.isSaving else { return }
            form.paste(pasted)
            dialog = .form(form)
        default: say("a paste has no meaning here: a adds a client, e edits one", .expiring, isLogged: false)
        }
    }
}

extension State {
    private mutating func refuseInput(_ failure: Failure) {
        switch (stage, dialog) {
        case (.newVault(var form), _):
            form.failure = failure
            stage = .newVault(form)
        case (.locked(var form), _):
            form.failure = failure
            stage = .locked(form)
        case (.open, .form(var form)):
            form.failure = failure
            dialog = .form(form)
        default: say(failure.summary, .failed, isLogged: false)
        }
    }
}

// MARK: - The list

extension State {
    /// Why `action` can't be done now, in words; nil where it can.
    func disabledReason(_ action: Action) -> String? {
        switch action {
        case .refresh, .copyHeader, .copyToken, .edit, .delete:
            guard let selected = clients.selected else { return "there is no client yet: a adds one" }
            if action == .refresh, case .refreshing = selected.attempt {
                return "\"\(selected.profile.name)\" is being refreshed already"
            }
        case .refreshAll:
            if clients.entries.isEmpty { return "there is no client yet: a adds one" }
            if refreshAll != nil { return "all clients are being refreshed already" }
        case .moveDown, .moveUp, .pageDown, .pageUp, .moveToFirst, .moveToLast:
            if contextBelowHelp == .list, clients.entries.isEmpty { return "there is no client yet: a adds one" }
        default: break
        }
        return nil
    }

    private mutating func pressInList(_ action: Action?) -> [Effect] {
        guard let action else { return [] }
        if let reason = disabledReason(action) {
            say(reason, .expiring, isLogged: false)
            return []
        }
        let page = max(Layout(for: self).clients.rows - 1, 1)
        switch action {
        case .moveDown: clients.select(clients.selection + 1)
        case .moveUp: clients.select(clients.selection - 1)
        case .pageDown: clients.select(clients.selection + page)
        case .pageUp: clients.select(clients.selection - page)
        case .moveToFirst: clients.select(0)
        case .moveToLast: clients.select(clients.entries.count - 1)
        case .refresh: return clients.selected.map { [.refresh($0.id)] } ?? []
        case .refreshAll:
            refreshAll = RefreshAllProgress(done: 0, failed: 0, total: clients.entries.count)
            return [.refreshAll]
        case .copyHeader: return copy(.header)
        case .copyToken: return copy(.token)
        case .add: dialog = .form(ClientForm(adding: clients.entries.isEmpty))
        case .edit: dialog = clients.selected.map { .form(ClientForm(editing: $0)) }
        case .delete: dialog = clients.selected.map { .deleteQuestion($0, isWorking: false) }
        case .lock:
            forget()
            return [.lock]
        case .quit: return [.quit]
        default: break
        }
        return []
    }

    private mutating func copy(_ format: CopyFormat) -> [Effect] {
        guard let selected = clients.selected else { return [] }
        let isLiving = selected.token.map { $0.lifetime == nil || $0.serves(minimumValidity: nil, at: now) } ?? false
        if !isLiving {
            let why =
                switch selected.token.status(at: now) {
                case .none: "no token yet"
                case .expired: "the token has expired"
                default: "the token is about to expire"
                }
            say("\(why): fetching one, then copying the \(format.noun)", .refreshing, client: selected.profile.name)
        }
        return [.copy(selected.id, format)]
    }

    private mutating func pressInDeleteQuestion(_ action: Action?) -> [Effect] {
        guard case .deleteQuestion(let entry, let isWorking) = dialog else { return [] }
        switch action {
        case .confirm where !isWorking:
            dialog = .deleteQuestion(entry, isWorking: true)
            return [.remove(entry.id, revision: clients.entry(entry.id)?.revision ?? entry.revision)]
        case .cancel: dialog = nil
        default: break
        }
        return []
    }
}

// MARK: - Forms

extension State {
    private mutating func pressInUnlock(_ action: Action?, _ key: Key) -> [Effect] {
        guard case .locked(var form) = stage else { return [] }
        defer { if case .locked = stage { stage = .locked(form) } }
        if action == .quit { return [.quit] }
        guard !form.isWorking else { return [] }
        if action == .submit {
            guard !form.passphrase.isEmpty else {
                form.failure = Failure(.unacceptableInput, "type the vault's passphrase, then Enter")
                return []
            }
            let passphrase = form.passphrase.secret()
            form.passphrase.wipe()
            form.failure = nil
            form.workingSince = now
            return [.unlock(passphrase: passphrase)]
        }
        if form.passphrase.handle(key) {
            form.failure = form.passphrase.refusal.map { Failure(.bug, $0) }
        }
        return []
    }

    private mutating func pressInNewVault(_ action: Action?, _ key: Key) -> [Effect] {
        guard case .newVault(var form) = stage else { return [] }
        defer { if case .newVault = stage { stage = .newVault(form) } }
        if action == .quit { return [.quit] }
        guard !form.isWorking else { return [] }
        switch action {
        case .nextField, .previousField: form.focus = form.focus == .passphrase ? .repeated : .passphrase
        case .submit: return submit(&form)
        default:
            if form.focused.handle(key) {
                form.failure = form.focused.refusal.map { Failure(.bug, $0) }
                form.namedWeakness = nil
            }
        }
        return []
    }

    private func submit(_ form: inout NewVaultForm) -> [Effect] {
        form.failure = nil
        guard !form.passphrase.isEmpty else {
            form.focus = .passphrase
            form.failure = Failure(.unacceptableInput, "the passphrase is empty", hints: ["type a new one"])
            return []
        }
        guard !form.repeated.isEmpty else {
            form.focus = .repeated
            return []
        }
        let passphrase = form.passphrase.secret()
        guard passphrase == form.repeated.secret() else {
            form.repeated.wipe()
            form.focus = .repeated
            form.failure = Failure(.unacceptableInput, "the two are not the same", hints: ["type it again"])
            return []
        }
        if let weakness = Passphrase.weakness(of: passphrase), form.namedWeakness != weakness {
            form.namedWeakness = weakness
            return []
        }
        form.passphrase.wipe()
        form.repeated.wipe()
        form.workingSince = now
        return [.createVault(passphrase: passphrase)]
    }

    private mutating func pressInForm(_ action: Action?, _ key: Key) -> [Effect] {
        guard case .form(var form) = dialog else { return [] }
        defer { if case .form = dialog { dialog = .form(form) } }
        // Whoever waits for a busy vault can leave, after the question.
        guard !form.isSaving || action == .cancel else { return [] }
        switch action {
        case .submit:
            guard let draft = form.draft() else { return [] }
            form.isSaving = true
            return [.save(draft)]
        case .cancel: dialog = form.isTouched ? .discardQuestion(form) : nil
        case .nextField: form.moveFocus(by: 1)
        case .previousField: form.moveFocus(by: -1)
        case .nextChoice where form.hasChoices: form.choose(1)
        case .previousChoice where form.hasChoices: form.choose(-1)
        default: _ = form.handle(key)
        }
        return []
    }

    private mutating func pressInDiscardQuestion(_ action: Action?) -> [Effect] {
        guard case .discardQuestion(let form) = dialog else { return [] }
        switch action {
        case .confirm:
            form.secret.wipe()
            dialog = nil
        case .cancel: dialog = .form(form)
        default: break
        }
        return []
    }
}
