import Credentials
import Formats

// The reasons why actions on clients are disabled.
extension State {
    /// nil if there are clients.
    var reasonWithoutClients: String? {
        guard clients.entries.isEmpty else { return nil }
        return clients.isLoaded
            ? "no client yet: \(keymap.key("add")) adds one" : "the vault is still being read"
    }

    var reasonWithoutSelection: String? {
        if let reason = reasonWithoutClients { return reason }
        if let group = clients.selectedGroup { return "\(group.title) is a group: select one of its clients" }
        return clients.selected == nil ? "no client is selected" : nil
    }

    /// Deleting and revoking need clients that were chosen one by one, not a group's heading.
    private var reasonWithGroup: String? {
        guard clients.marks.isEmpty, let group = clients.selectedGroup else { return nil }
        return "\(group.title) is a group: mark its clients first (\(keymap.key("mark")))"
    }

    var reasonNotToDelete: String? { reasonWithoutTarget ?? reasonWithGroup }

    var reasonWithoutTarget: String? {
        reasonWithoutClients ?? (clients.firstTarget == nil ? "no client is selected" : nil)
    }

    var reasonNotToRefresh: String? {
        if let reason = reasonWithoutTarget { return reason }
        guard clients.targetCount == 1 else { return refreshAll == nil ? nil : Self.isRefreshing }
        return clients.firstTarget.flatMap(Self.reasonNotToRefresh)
    }

    static func reasonNotToRefresh(_ entry: ClientEntry) -> String? {
        if case .refreshing = entry.attempt { "\"\(entry.profile.name)\" is being refreshed already" } else { nil }
    }

    var reasonNotToRefreshAll: String? { reasonWithoutClients ?? (refreshAll == nil ? nil : Self.isRefreshing) }

    private static var isRefreshing: String { "clients are being refreshed already" }

    var reasonNotToRevoke: String? {
        if let reason = reasonNotToDelete { return reason }
        guard !clients.someTarget(where: { $0.token != nil }) else { return nil }
        guard clients.targetCount == 1, let first = clients.firstTarget else {
            return "none of these clients has a token"
        }
        return "\"\(first.profile.name)\" has no token"
    }

    var reasonNotToTry: String? {
        if let reason = reasonWithoutClients { return reason }
        // On a heading the key folds.
        guard let selected = clients.selected else { return clients.rows.isEmpty ? "no client is selected" : nil }
        guard selected.profile.apiBase.isEmpty else { return nil }
        return "\"\(selected.profile.name)\" has no API base for requests: \(keymap.key("edit")) edits the client"
    }

    var reasonWithoutGroups: String? {
        clients.isGrouped ? nil : "the list is not grouped: \(keymap.key("group_by_tag")) groups it by tag"
    }

    /// `l` once was the key that locks, so the reason names the present key.
    var reasonNotToUnfold: String? {
        let lock = "\(keymap.key("lock")) locks"
        if let reason = reasonWithoutGroups { return "\(reason), \(lock)" }
        return clients.canUnfold ? nil : "nothing is folded here: \(lock)"
    }

    var reasonWithoutFailures: String? {
        reasonWithoutClients ?? (clients.tally.failed > 0 ? nil : "no client's refresh has failed")
    }

    var reasonNotToGroup: String? {
        clients.isGrouped || clients.hasTags
            ? nil : "no client has a tag: \(keymap.key("edit_tags")) adds tags"
    }
}

// The actions of the list.
extension State {
    mutating func present(_ panel: any Panel) -> [Effect] {
        self.panel = panel
        return []
    }

    mutating func presentForSelected(
        _ panel: (ClientEntry) -> any Panel, effect: (ClientEntry) -> Effect? = { _ in nil }
    ) -> [Effect] {
        guard let selected = clients.selected else { return [] }
        self.panel = panel(selected)
        return effect(selected).map { [$0] } ?? []
    }

    mutating func tryRequest() -> [Effect] {
        guard clients.selected != nil else {
            screen?.clients.fold(nil)
            return []
        }
        return presentForSelected({ TrialForm($0) }, effect: { .loadTrials($0.id) })
    }

    mutating func refreshTargets() -> [Effect] {
        let targets = clients.targets
        return targets.count == 1 ? [.refresh(targets[0].id)] : refreshMany(targets)
    }

    mutating func showReport() -> [Effect] {
        if let progress = screen?.lastReport?.progress { panel = Report(progress, clients) }
        return []
    }

    mutating func refreshMany(_ entries: [ClientEntry]) -> [Effect] {
        screen?.refreshAll = RefreshProgress(done: 0, total: entries.count)
        return [.refreshMany(entries.map(\.id))]
    }

    /// Turns keep fresh on for all targets; if it is on for all, turns it off.
    mutating func turnKeepFresh() -> [Effect] {
        let targets = clients.targets
        let isOn = !targets.allSatisfy(\.profile.keepsFresh)
        let subject = targets.count == 1 ? "" : "\(targets.count) clients: "
        let hasNoEnd = targets.count == 1 && targets[0].token.map { $0.lifetime == nil } ?? false
        let text =
            !isOn
            ? "no longer kept fresh"
            : hasNoEnd
                ? "keep fresh is on, but the token's expiry is unknown, so it is not renewed automatically"
                : "kept fresh from now on, while keyfob is open and unlocked"
        say(Saying(text: subject + text, client: targets.count == 1 ? targets[0].profile.name : ""))
        return [.setKeepsFresh(targets.filter { $0.profile.keepsFresh != isOn }.map(\.id), isOn)]
    }

    mutating func copy(_ format: CopyFormat) -> [Effect] {
        let (effects, saying) = copying(format, of: clients.targets)
        if let saying { say(saying) }
        for effect in effects { note(effect) }
        return effects
    }

    /// The effects of a copy, and a message if a token must be fetched first.
    func copying(_ format: CopyFormat, of chosen: [ClientEntry]) -> ([Effect], Saying?) {
        // The clients may have changed while a menu was open.
        let targets = chosen.compactMap { clients.entry($0.id) }
        guard let first = targets.first else { return ([], nil) }
        let effects: [Effect] = [.copy(targets.map(\.id), format)]
        let waiting = countToFetch(format, of: targets)
        guard waiting > 0 else { return (effects, nil) }
        let isOne = targets.count == 1
        let text =
            isOne
            ? "\(first.token.reasonToFetch(at: now)): fetching a new token, then copying the \(format.noun)"
            : "fetching \(waiting) of \(targets.count) tokens, then copying"
        return (
            effects, Saying(text: text, role: .refreshing, client: isOne ? first.profile.name : "", isLogged: false)
        )
    }

    /// The number of clients whose tokens are fetched before they are copied.
    func countToFetch(_ format: CopyFormat, of clients: [ClientEntry]) -> Int {
        format.needsToken ? clients.count { !$0.canServe(at: now) } : 0
    }

    mutating func findRevocation() -> [Effect] {
        let targets = clients.targets.filter { $0.token != nil }
        panel = RevocationSearch(targets)
        return [.findRevocation(targets.map(\.id))]
    }

    // MARK: - View

    mutating func moveSelection(by rows: Int) { screen?.clients.moveSelection(by: rows) }

    mutating func moveSelection(byPages pages: Int) { moveSelection(by: pages * max(layout.clients.rows - 1, 1)) }

    mutating func moveSelection(byHalfPages halves: Int) { moveSelection(by: halves * max(layout.clients.rows / 2, 1)) }

    mutating func markSelected() {
        screen?.clients.toggleMarksOfSelected()
        moveSelection(by: 1)
    }

    mutating func sortByNextOrder() {
        let all = ClientOrder.allCases
        let next = all[((all.firstIndex(of: clients.order) ?? 0) + 1) % all.count]
        screen?.clients.sort(by: next)
        say(Saying(text: "sorted by \(next.title)", isLogged: false))
    }

    /// Stops the refresh of many clients, else the copies of many, else clears the filter, else the marks.
    mutating func stopOrClear() -> [Effect] {
        guard refreshAll == nil else { return [.stopRefreshing] }
        guard screen?.copies.isEmpty != false else { return [.stopCopying] }
        if !filter.isEmpty { clearFilter() } else { screen?.clients.clearMarks() }
        return []
    }

    mutating func clearFilter() {
        screen?.filter = TextField()
        screen?.isFiltering = false
        screen?.clients.filter("")
    }

    mutating func beginFilter() {
        screen?.isFiltering = true
        let isKept = !filter.isEmpty
        screen?.replacesFilter = isKept
    }

    mutating func typeFilter(_ key: Key) {
        // A letter replaces the kept filter; any other key edits it.
        if screen?.replacesFilter == true, key.isPrintable { screen?.filter = TextField() }
        screen?.replacesFilter = false
        if key == .backspace, filter.isEmpty { screen?.isFiltering = false }
        guard screen?.filter.handle(key) == true else { return }
        let text = filter.text
        screen?.clients.filter(text)
    }
}

extension ClientList.Group {
    var title: String { tag.map { "#\($0)" } ?? "\"no tag\"" }
}

extension ClientEntry {
    /// True if the token can be copied without a request.
    func canServe(at now: Moment) -> Bool {
        token.map { $0.lifetime == nil || $0.serves(minimumValidity: nil, at: now) } ?? false
    }
}

extension TokenFacts? {
    /// The reason to fetch a token.
    fileprivate func reasonToFetch(at now: Moment) -> String {
        switch status(at: now) {
        case .none: "no token yet"
        case .expired: "the token has expired"
        default: "the token is about to expire"
        }
    }
}

extension ClientOrder {
    /// The order's name on the screen.
    var title: String {
        switch self {
        case .name: "name"
        case .expiry: "soonest expiry"
        case .lastUsed: "last used"
        case .status: "status"
        }
    }
}
