import Credentials
import Formats

// What keys do in the list of clients.
extension State {
    /// Why nothing can be done to clients where there are none.
    /// The key that does `action` in the list, as a message names it; the command menu does what has none.
    func key(_ action: Action) -> String {
        keymap.bindings(in: .list).first { $0.action == action }?.keys.first?.name ?? ":"
    }

    private var noClient: String {
        clients.isLoaded ? "there is no client yet: \(key(.add)) adds one" : "the vault is still being read"
    }

    /// Why `action` can't be done now, in words; nil where it can.
    func disabledReason(_ action: Action) -> String? {
        guard contextBelowCommands == .list || contextBelowCommands == .inspector else { return nil }
        switch action {
        case .refresh, .copyHeader, .copyToken, .copyMenu, .keepFresh, .revoke, .editTags, .delete:
            if clients.entries.isEmpty { return noClient }
            guard let first = clients.firstTarget else { return "no client is selected" }
            let count = clients.targetCount
            if action == .refresh, count == 1, case .refreshing = first.attempt {
                return "\"\(first.profile.name)\" is being refreshed already"
            }
            if action == .refresh, count > 1, refreshAll != nil { return "clients are being refreshed already" }
            if action == .revoke, !clients.someTarget(where: { $0.token != nil }) {
                return count == 1 ? "\"\(first.profile.name)\" has no token" : "none of them has a token"
            }
        case .edit, .duplicate, .inspect, .mark:
            if clients.entries.isEmpty { return noClient }
            if clients.selected == nil { return "no client is selected" }
        case .tryRequest:
            if clients.entries.isEmpty { return noClient }
            // On a heading the key folds.
            guard let selected = clients.selected else { return clients.rows.isEmpty ? "no client is selected" : nil }
            if selected.profile.apiBase.isEmpty {
                return "\"\(selected.profile.name)\" has no API base to send a request to: \(key(.edit)) edits it"
            }
        case .refreshAll:
            if clients.entries.isEmpty { return noClient }
            if refreshAll != nil { return "clients are being refreshed already" }
        case .moveDown, .moveUp, .pageDown, .pageUp, .moveToFirst, .moveToLast, .filter, .markAll:
            if contextBelowCommands == .list, clients.entries.isEmpty { return noClient }
        case .fold, .unfold:
            if !clients.isGrouped { return "the list is not grouped: \(key(.groupByTag)) groups it by tag" }
        case .groupByTag:
            if !clients.isGrouped, !clients.hasTags { return "no client has a tag: \(key(.editTags)) gives it one" }
        case .undo: if !canUndo { return "there is nothing to undo" }
        default: break
        }
        return nil
    }

    mutating func pressInList(_ action: Action?) -> [Effect] {
        guard let action else { return [] }
        if let reason = disabledReason(action) {
            say(reason, .expiring, isLogged: false)
            return []
        }
        if move(action) || arrange(action) { return [] }
        switch action {
        case .refresh: return refreshTargets()
        case .refreshAll: return refreshMany(clients.entries)
        case .keepFresh: return turnKeepFresh()
        case .revoke: return findRevocation()
        case .copyHeader: return copy(.header, of: clients.targets)
        case .copyToken: return copy(.token, of: clients.targets)
        case .copyMenu: dialog = .copyMenu(CopyMenu(clients.targets))
        case .tryRequest:
            guard let selected = clients.selected else {
                clients.fold(nil)
                return []
            }
            dialog = .trial(TrialForm(selected))
            return [.loadTrials(selected.id)]
        case .inspect:
            guard let selected = clients.selected else { return [] }
            dialog = .inspector(Inspector(of: selected.id))
            return [.inspect(selected.id)]
        case .add: dialog = .form(ClientForm(adding: clients.entries.isEmpty))
        case .edit: dialog = clients.selected.map { .form(ClientForm(editing: $0)) }
        case .duplicate: dialog = clients.selected.map { .form(ClientForm(duplicating: $0, besides: clients)) }
        case .paste: dialog = .pasting(PasteDialog())
        case .editTags: dialog = .tags(TagForm(clients.targets))
        case .delete: dialog = .deleteQuestion(clients.targets, isWorking: false)
        case .undo: return [.undo]
        case .activity: dialog = .activity(ActivityLog())
        case .settings:
            dialog = .settings(SettingsMenu())
            // The file may be mended by now.
            return settingsMistake == nil ? [] : [.readSettings]
        case .lock:
            forget()
            return [.lock]
        case .quit: return [.quit]
        default: break
        }
        return []
    }

    /// - Returns: whether `action` is one that moves the selection.
    private mutating func move(_ action: Action) -> Bool {
        let page = max(layout.clients.rows - 1, 1)
        switch action {
        case .moveDown: clients.select(clients.selection + 1)
        case .moveUp: clients.select(clients.selection - 1)
        case .pageDown: clients.select(clients.selection + page)
        case .pageUp: clients.select(clients.selection - page)
        case .moveToFirst: clients.select(0)
        case .moveToLast: clients.select(clients.rows.count - 1)
        default: return false
        }
        return true
    }

    /// - Returns: whether `action` is one that says which clients are shown, and how.
    private mutating func arrange(_ action: Action) -> Bool {
        switch action {
        case .filter: isFiltering = true
        case .clear:
            if !filter.isEmpty { clearFilter() } else { clients.clearMarks() }
        case .mark:
            if let selected = clients.selected { clients.toggleMark(selected.id) }
            clients.select(clients.selection + 1)
        case .markAll: clients.toggleMarksOfShown()
        case .nextOrder:
            let all = ClientOrder.allCases
            let next = all[((all.firstIndex(of: clients.order) ?? 0) + 1) % all.count]
            clients.sort(by: next)
            say("sorted by \(next.words)", isLogged: false)
        case .groupByTag: clients.group(!clients.isGrouped)
        case .fold: clients.fold(true)
        case .unfold: clients.fold(false)
        default: return false
        }
        return true
    }

    private mutating func clearFilter() {
        filter = TextField()
        isFiltering = false
        clients.filter("")
    }

    mutating func pressInFilter(_ action: Action?, _ key: Key?) -> [Effect] {
        switch action {
        case .submit: isFiltering = false
        case .clear: clearFilter()
        case .moveDown: clients.select(clients.selection + 1)
        case .moveUp: clients.select(clients.selection - 1)
        default:
            guard let key else { break }
            if key == .backspace, filter.isEmpty { isFiltering = false }
            if filter.handle(key) { clients.filter(filter.text) }
        }
        return []
    }

    // MARK: - What is done to clients

    private mutating func refreshTargets() -> [Effect] {
        let targets = clients.targets
        return targets.count == 1 ? [.refresh(targets[0].id)] : refreshMany(targets)
    }

    private mutating func refreshMany(_ entries: [ClientEntry]) -> [Effect] {
        refreshAll = RefreshAllProgress(done: 0, failed: [], total: entries.count)
        return [.refreshMany(entries.map(\.id))]
    }

    /// Keeps all of them fresh, or where all are kept fresh, none any more.
    private mutating func turnKeepFresh() -> [Effect] {
        let targets = clients.targets
        let isOn = !targets.allSatisfy(\.profile.keepsFresh)
        let what = targets.count == 1 ? "" : "\(targets.count) clients: "
        let hasNoEnd = targets.count == 1 && targets[0].token.map { $0.lifetime == nil } ?? false
        let words =
            !isOn
            ? "no longer kept fresh"
            : hasNoEnd
                ? "kept fresh, but this token's expiry is unknown: such a one is not renewed by itself"
                : "kept fresh from now on, while keyfob is open and unlocked"
        say(what + words, client: targets.count == 1 ? targets[0].profile.name : "")
        return [.setKeepsFresh(targets.filter { $0.profile.keepsFresh != isOn }.map(\.id), isOn)]
    }

    mutating func copy(_ format: CopyFormat, of chosen: [ClientEntry]) -> [Effect] {
        // As they are now: a menu may have been open for a while.
        let targets = chosen.compactMap { clients.entry($0.id) }
        guard let first = targets.first else { return [] }
        if format.needsToken {
            let waiting = targets.filter { !$0.canServe(at: now) }
            if targets.count == 1, !waiting.isEmpty {
                let why = first.token.reasonToFetch(at: now)
                say(
                    "\(why): fetching one, then copying the \(format.noun)", .refreshing, client: first.profile.name,
                    isLogged: false)
            } else if !waiting.isEmpty {
                say("fetching \(waiting.count) of \(targets.count) tokens, then copying", .refreshing, isLogged: false)
            }
        }
        return [.copy(targets.map(\.id), format)]
    }

    // MARK: - Questions

    mutating func pressInDeleteQuestion(_ action: Action?) -> [Effect] {
        guard case .deleteQuestion(let entries, let isWorking) = dialog else { return [] }
        switch action {
        case .confirm where !isWorking:
            dialog = .deleteQuestion(entries, isWorking: true)
            removing.formUnion(entries.map(\.id))
            return [.remove(entries.map { ClientRevision(clients.entry($0.id) ?? $0) })]
        case .cancel: dialog = nil
        default: break
        }
        return []
    }

    mutating func pressInDiscardQuestion(_ action: Action?) -> [Effect] {
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

extension ClientEntry {
    /// Whether its token can be copied as it is.
    func canServe(at now: Moment) -> Bool {
        token.map { $0.lifetime == nil || $0.serves(minimumValidity: nil, at: now) } ?? false
    }
}

extension TokenFacts? {
    /// Why it does not serve.
    fileprivate func reasonToFetch(at now: Moment) -> String {
        switch status(at: now) {
        case .none: "no token yet"
        case .expired: "the token has expired"
        default: "the token is about to expire"
        }
    }
}

extension ClientOrder {
    /// As the screen says it.
    var words: String {
        switch self {
        case .name: "name"
        case .expiry: "soonest expiry"
        case .lastUsed: "last used"
        case .status: "status"
        }
    }
}
