import Credentials
import Settings

/// The one place where the state changes: what happened goes in, what must be done comes out. `settle` follows, once for
/// all the events that came together, before they are drawn.
public func update(_ state: inout State, _ event: Event) -> [Effect] {
    let before = state.isOpen ? state.memory : nil
    var effects = state.handle(event)
    if state.isOpen {
        // While a filter is typed it is not kept at every letter.
        if let before, state.hasMemory, !event.isMemory, state.memory != before || state.owesMemory {
            state.owesMemory = state.isFiltering
            if !state.isFiltering { effects.append(.remember(state.memory)) }
        }
        let happened = state.activity.takeUnrecorded()
        if !happened.isEmpty { effects.append(.record(happened)) }
    }
    return effects
}

/// Brings up to date what depends on all that has happened: the rows of the list and the layout, which `view` and the
/// next events work with. It costs as much as drawing, so it comes once a frame.
public func settle(_ state: inout State) { state.settle() }

extension State {
    mutating func settle() {
        clients.settle()
        // The selection may be another.
        followClock()
        layout = Layout(for: self)
        if isOpen { clients.scroll(rows: layout.clients.rows) }
    }

    private mutating func followClock() {
        displayClock.follow(now, token: clients.selected?.token)
        clients.timePassed(to: shownNow)
    }

    fileprivate mutating func handle(_ event: Event) -> [Effect] {
        switch event {
        case .time(let moment, let offset):
            now = moment
            utcOffset = offset
            followClock()
            return due()
        case .wokenFromSuspension:
            guard isOpen else { return [] }
            let lost = holdsTypedSecret ? "; the secret in the form was wiped with it" : ""
            forget(saying: "locked, because the machine was suspended\(lost)")
            return [.lock]
        case .suspending:
            guard settings.locksOnSuspend else { return [] }
            if case .locked(let form) = stage, form.isWorking {
                forget(saying: "opening the vault was given up by going back to the shell")
                return [.lock]
            }
            guard isOpen else { return [] }
            forget(saying: "locked by going back to the shell")
            return [.lock]
        case .settingsChanged(let new): settingsChanged(new)
        case .settingsBroken(let failure): settingsBroken(failure)
        case .resized(let newSize): size = newSize
        case .key(let key):
            lastUse = now
            clients.settle()
            return press(key)
        case .mouse(let mouse):
            lastUse = now
            clients.settle()
            return use(mouse)
        case .paste(let pasted):
            lastUse = now
            // The one place where a paste comes in: nothing behind it knows of CR.
            paste(pasted.withLineFeeds())
        case .inputRefused(let failure): refuseInput(failure)
        default: return answer(event)
        }
        return []
    }

    /// What time alone brings about.
    private mutating func due() -> [Effect] {
        var effects: [Effect] = []
        if let clipboard, now.seconds(since: clipboard.clears) >= 0 {
            self.clipboard = nil
            effects.append(.clearClipboard)
        }
        if let due = lockDue, now.seconds(since: lastUse) >= due {
            forget(saying: "locked after \(SettingName.lockAfterMinutes.value(in: settings)) without a key")
            effects.append(.lock)
        }
        return effects
    }

    private mutating func press(_ key: Key) -> [Effect] {
        message = nil
        return perform(keymap.action(for: key, in: context), key)
    }

    /// Does what a key or an entry of the command menu means where the user is.
    /// - Parameter key: nil where it was no key.
    mutating func perform(_ action: Action?, _ key: Key? = nil) -> [Effect] {
        switch action {
        case .help:
            commands = CommandMenu(isHelp: true)
            return []
        case .commands:
            commands = CommandMenu(isHelp: false)
            return []
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        default: break
        }
        return switch context {
        case .help, .commands: pressInCommands(action, key)
        case .list: pressInList(action)
        case .filter: pressInFilter(action, key)
        case .newVault: pressInNewVault(action, key)
        case .unlock: pressInUnlock(action, key)
        case .form: pressInForm(action, key)
        case .pasting: pressInPasteDialog(action)
        case .tags: pressInTags(action, key)
        case .copyMenu: pressInCopyMenu(action, key)
        case .trial: pressInTrial(action, key)
        case .inspector: pressInInspector(action)
        case .activity: pressInActivity(action, key)
        case .settings: pressInSettings(action)
        case .report: pressInReport(action)
        case .deleteQuestion: pressInDeleteQuestion(action)
        case .findingRevocation: pressWhileFindingRevocation(action)
        case .revokeQuestion: pressInRevokeQuestion(action)
        case .discardQuestion: pressInDiscardQuestion(action)
        case .moveQuestion: pressInMoveQuestion(action)
        }
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
        case .pasting: takePastedClient(pasted)
        case .filter:
            if let said = filter.paste(pasted) { say(said, .expiring, isLogged: false) }
            clients.filter(filter.text)
        case .trial:
            guard case .trial(var form) = dialog, form.sent == nil else { return }
            form.paste(pasted)
            dialog = .trial(form)
        case .tags:
            guard case .tags(var form) = dialog else { return }
            form.notice = form.field.paste(pasted)
            dialog = .tags(form)
        default:
            say(
                "a paste has no meaning here: \(key(.paste)) makes a client of one, \(key(.add)) adds a client",
                .expiring, isLogged: false)
        }
    }

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
