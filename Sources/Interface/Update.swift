import Credentials
import Settings

/// Changes the state for an event and returns the effects to carry out. `settle` follows, once for all events that came
/// together, before they are drawn.
public func update(_ state: inout State, _ event: Event) -> [Effect] {
    let before = state.isOpen ? state.memory : nil
    var effects = state.handle(event)
    if state.isOpen {
        if let before, state.screen?.hasMemory == true, !event.isMemory, state.memory != before {
            effects.append(.remember(state.memory))
        }
        let happened = state.screen?.activity.removeUnrecorded() ?? []
        if !happened.isEmpty { effects.append(.record(happened)) }
    }
    return effects
}

/// Updates the rows of the list and the layout, which `view` and the next events use. It costs as much as drawing, so
/// it runs once a frame.
public func settle(_ state: inout State) { state.settle() }

extension State {
    mutating func settle() {
        screen?.clients.settle()
        // The selection may have changed.
        followClock()
        layout = Layout(for: self)
        let rows = layout.clients.rows
        screen?.clients.scroll(rows: rows)
    }

    private mutating func followClock() {
        displayClock.follow(now, token: clients.selected?.token)
        let now = shownNow
        screen?.clients.timePassed(to: now)
    }

    fileprivate mutating func handle(_ event: Event) -> [Effect] {
        switch event {
        case .time(let moment, let offset):
            now = moment
            utcOffset = offset
            followClock()
            return due()
        case .wokenFromSuspension: return lock("locked, because the machine was suspended")
        case .lockedElsewhere: return lock("locked, because the unlocked key is gone")
        // Nothing can be read or saved any more. A typed secret has no other place: the form stays.
        case .vaultFaults(let faults) where faults.hasOldKey && !holdsTypedSecret:
            return lock("locked, because another keyfob has replaced the data key: the new passphrase opens the vault")
        case .unlockedUntil(let end): if isOpen { keyEnd = end }
        case .suspending:
            guard settings.locksOnSuspend else { return [] }
            guard isOpen else { return receiveInPanel(event).effects }
            forget(saying: "locked by Ctrl-Z")
            return [.lock]
        case .settingsChanged(let new): settingsChanged(new)
        case .settingsBroken(let failure):
            settingsBroken(failure)
            return receiveInPanel(event).effects
        case .resized(let newSize): size = newSize
        case .key(let key):
            lastUse = now
            screen?.clients.settle()
            return answering { $0.press(key) }
        case .mouse(let mouse):
            lastUse = now
            screen?.clients.settle()
            return use(mouse)
        case .paste(let pasted):
            lastUse = now
            // All code after this expects line feeds; some terminals send CR.
            return answering { $0.paste(pasted.withLineFeeds()) }
        case .inputRefused(let failure): return refuse(failure)
        case .unwatched(let watched, let failure): watchChanged(watched, failure)
        default: return answer(event)
        }
        return []
    }

    /// Locks an open vault for a reason outside the program. An open form does not delay this lock.
    private mutating func lock(_ reason: String) -> [Effect] {
        guard isOpen else { return [] }
        forget(saying: reason + (holdsTypedSecret ? "; the unsaved secret in the form was wiped" : ""))
        return [.lock]
    }

    /// The effects that are due by now.
    private mutating func due() -> [Effect] {
        var effects: [Effect] = []
        if let clipboard, now.seconds(since: clipboard.clears) >= 0 {
            self.clipboard = nil
            effects.append(.clearClipboard)
        }
        if let due = lockDue, now.seconds(since: lastUse) >= due {
            forget(saying: "locked after \(SettingName.lockAfterMinutes.value(in: settings)) without a keypress")
            effects.append(.lock)
        }
        if let keyEnd, now.seconds(since: keyEnd) >= 0 {
            effects += lock("locked, because the time of keyfob unlock is over")
        }
        return effects
    }

    // MARK: - Keys

    private mutating func press(_ key: Key) -> [Effect] {
        if isEarly(key) {
            earlyKeys.append(key)
            return []
        }
        let context = context
        if context == .list {
            if let name = keymap.action(for: key) { return performInList(name) }
            say(noMeaning(of: key))
            return []
        }
        let isOwn =
            commands?.hasAction(for: key) ?? panel?.hasAction(for: key)
            ?? FilterKeys.actions.contains { $0.binding.keys.contains(key) }
        if !isOwn, let general = GeneralKeys.action(for: key, isTyping: context.isTyping) { return general.run(&self) }
        if var front {
            let outcome = front.press(key, in: self)
            return apply(outcome, of: front)
        }
        if let action = FilterKeys.actions.first(where: { $0.binding.keys.contains(key) }) { return action.run(&self) }
        typeFilter(key)
        return []
    }

    /// Performs the action with this name in the present context, for the command menu or a click.
    mutating func perform(_ name: String) -> [Effect] {
        if let general = GeneralKeys.actions.first(where: { $0.binding.name == name }) { return general.run(&self) }
        if context == .list { return performInList(name) }
        if var front {
            let outcome = front.perform(name, in: self) ?? .stay
            return apply(outcome, of: front)
        }
        return FilterKeys.actions.first { $0.binding.name == name }?.run(&self) ?? []
    }

    private mutating func performInList(_ name: String) -> [Effect] {
        guard let action = ListKeys.named[name] else { return [] }
        if let reason = action.disabledReason(self) {
            say(.refusal(reason))
            return effects(ofRefusal: reason)
        }
        return action.run(&self)
    }

    /// The reason why the action with this name is disabled; nil if it is enabled.
    func disabledReason(_ name: String, in context: Context) -> String? {
        if context == .list { return ListKeys.named[name]?.disabledReason(self) }
        if let commands, commands.context == context { return commands.disabledReason(name, in: self) }
        return panel?.disabledReason(name, in: self)
    }

    private mutating func paste(_ pasted: Secret) -> [Effect] {
        if var front {
            let outcome = front.paste(pasted, in: self)
            return apply(outcome, of: front)
        }
        guard isFiltering else {
            say(noMeaningOfPaste)
            return []
        }
        if let notice = screen?.filter.paste(pasted) { say(.refusal(notice)) }
        let text = filter.text
        screen?.clients.filter(text)
        return []
    }

    func noMeaning(of key: Key) -> Saying {
        let name = key == " " ? "Space" : key.name
        let help = context.isTyping ? Key.function(1).name : keymap.key("help")
        return .refusal("\(name) does nothing here: \(help) shows the keys")
    }

    // MARK: - Keys before there are clients

    /// True for a move or a filter key while the vault opens automatically or is being read. Only such keys wait for
    /// the clients: any other action needs a visible client.
    private func isEarly(_ key: Key) -> Bool {
        guard screen.map({ !$0.clients.isLoaded && $0.panel == nil }) ?? opensAutomatically, commands == nil,
            earlyKeys.count < 1_000
        else { return false }
        // After the filter's key, a letter is text.
        if earlyKeys.contains(where: { keymap.action(for: $0) == "filter" }), key.isPrintable { return true }
        let moves = [
            "filter", "move_down", "move_up", "page_down", "page_up", "half_page_down", "half_page_up",
            "move_to_first", "move_to_last",
        ]
        return keymap.action(for: key).map(moves.contains) ?? false
    }

    /// Handles the keys that came before the clients.
    mutating func pressEarlyKeys() -> [Effect] {
        let keys = earlyKeys
        earlyKeys = []
        screen?.clients.settle()
        return keys.flatMap { key in answering { $0.press(key) } }
    }

    var noMeaningOfPaste: Saying {
        .refusal(
            "nothing can be pasted here: \(keymap.key("paste")) adds a client from a paste, \(keymap.key("add")) by hand"
        )
    }

    private mutating func refuse(_ failure: Failure) -> [Effect] {
        guard var front else {
            say(.failure(failure, isLogged: false))
            return []
        }
        let outcome = front.refuse(failure)
        return apply(outcome, of: front)
    }

    // MARK: - Panels

    /// The panel that receives keys; nil if the list receives them.
    private var front: (any Panel)? { commands ?? panel }

    /// Passes an event to the panel below the command menu.
    mutating func receiveInPanel(_ event: Event) -> (effects: [Effect], isReported: Bool) {
        guard var below = panel else { return ([], false) }
        let outcome = below.receive(event, in: self)
        return (apply(outcome, of: below, isBelow: true), outcome.isReported)
    }

    /// Stores the changed panel and carries out its outcome.
    /// - Parameter isBelow: true for the panel below the command menu.
    mutating func apply(_ outcome: Outcome, of changed: any Panel, isBelow: Bool = false) -> [Effect] {
        let next: (any Panel)? =
            switch outcome.next {
            case .stay: changed
            case .replace(let other): other
            case .close, .perform: nil
            }
        let isOfCommands = commands != nil && !isBelow
        if isOfCommands { commands = next } else { panel = next }
        if let selected = outcome.selected { screen?.clients.select(id: selected) }
        for saying in outcome.sayings { say(saying, isOfCommands: isOfCommands) }
        for effect in outcome.effects { note(effect) }
        guard case .perform(let name) = outcome.next else { return outcome.effects }
        heldMessage = nil
        return outcome.effects + perform(name)
    }

    /// Updates the state for a panel's effect.
    mutating func note(_ effect: Effect) {
        switch effect {
        case .remove(let revisions): screen?.removing.formUnion(revisions.map(\.id))
        case .copy(let ids, let format):
            if ids.count > 1, countToFetch(format, of: ids.compactMap(clients.entry)) > 0 {
                screen?.copies.append((ids, format.noun))
            }
        case .refreshMany(let ids): screen?.refreshAll = RefreshProgress(done: 0, total: ids.count)
        case .sendTrial: screen?.lastTrial += 1
        case .saveSettings(_, let changed):
            settings = changed
            keymap = Keymap.with(settings.keys)
        default: break
        }
    }
}
