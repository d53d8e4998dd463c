import Credentials
import Formats

/// An action of the client list: like `Action`, but on the whole state.
struct ListAction: Sendable {
    private(set) var binding: Binding
    /// The reason why the action is disabled; nil if it is enabled.
    let disabledReason: @Sendable (State) -> String?
    let run: @Sendable (inout State) -> [Effect]

    /// An action on the targets.
    init(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = true,
        saves: Bool = false, targets: @escaping @Sendable (State) -> String?,
        run: @escaping @Sendable (inout State) -> [Effect]
    ) {
        self.init(name, keys, label, description, isHinted: isHinted, saves: saves, disabled: targets, run: run)
        binding.isOfTargets = true
    }

    /// - Parameter saves: true for an action that ends in a write of the vault.
    init(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = true,
        saves: Bool = false, disabled: @escaping @Sendable (State) -> String? = { _ in nil },
        run: @escaping @Sendable (inout State) -> [Effect]
    ) {
        binding = Binding(name, keys, label, description, isHinted: isHinted)
        disabledReason = { disabled($0) ?? (saves ? $0.reasonNotToSave : nil) }
        self.run = run
    }

    /// An action that only changes the list's view.
    init(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = false,
        disabled: @escaping @Sendable (State) -> String? = { $0.reasonWithoutClients },
        change: @escaping @Sendable (inout State) -> Void
    ) {
        self.init(name, keys, label, description, isHinted: isHinted, disabled: disabled) { state in
            change(&state)
            return []
        }
    }
}

/// The list's keys: the source of the hint bar, the help, the command menu, README's table and the names in the
/// settings. `ListDeeds.swift` has the actions that take more than a line.
enum ListKeys {
    static let actions: [ListAction] = mostUsed + rarer + moving + leaving

    /// The list's actions and the general ones by name: the hint bar looks up a dozen at every frame.
    static let named: [String: ListAction] = (actions + GeneralKeys.actions).reduce(into: [:]) { named, action in
        named[action.binding.name] = action
    }

    private static let mostUsed: [ListAction] = [
        ListAction(
            "refresh", ["r"], "refresh", "fetch a new token, for each marked client or the selected one",
            targets: { $0.reasonNotToRefresh }, run: { $0.refreshTargets() }),
        ListAction(
            "copy_header", ["c"], "copy header",
            "copy `Authorization: Bearer …`, with a new token if none is valid",
            targets: { $0.reasonWithoutTarget }, run: { $0.copy(.header) }),
        ListAction(
            "copy_token", ["C"], "copy token", "copy the bare token, a new one if none is valid",
            isHinted: false,
            targets: { $0.reasonWithoutTarget }, run: { $0.copy(.token) }),
        ListAction(
            "copy_menu", ["y"], "copy as", "choose a format to copy: curl, fetch, export …",
            targets: { $0.reasonWithoutTarget }, run: { $0.present(CopyMenu($0.clients.targets)) }),
        ListAction(
            "filter", ["/"], "filter", "filter as you type: words, `#tag`, `!valid` `!expired` `!failed`",
            isHinted: true, change: { $0.beginFilter() }),
        ListAction(
            "add", ["a"], "add", "add a client", saves: true,
            run: { $0.present(ServiceMenu($0.clients)) }),
        ListAction(
            "edit", ["e"], "edit", "edit the selected client; an untouched secret is kept", saves: true,
            disabled: { $0.reasonWithoutSelection },
            run: { state in state.presentForSelected { ClientForm(editing: $0) } }),
        ListAction(
            "try_request", [.enter], "try", "send a request to the client's API with its token",
            disabled: { $0.reasonNotToTry }, run: { $0.tryRequest() }),
        ListAction(
            "inspect", ["i"], "inspect", "show the last token request, its answer, and the token's content",
            disabled: { $0.reasonWithoutSelection },
            run: { state in state.presentForSelected({ Inspector(of: $0.id) }, effect: { .inspect($0.id) }) }),
        ListAction(
            "keep_fresh", ["f"], "keep fresh",
            "renew the token automatically while unlocked; again to stop", saves: true,
            targets: { $0.reasonWithoutTarget }, run: { $0.turnKeepFresh() }),
        ListAction(
            "refresh_all", ["R"], "refresh all", "fetch a new token for every client",
            disabled: { $0.reasonNotToRefreshAll }, run: { $0.refreshMany($0.clients.entries) }),
        ListAction(
            "mark", [" "], "mark",
            "mark the client; {refresh}, {copy_header}, {copy_menu}, {keep_fresh}, {delete}, {revoke} and {edit_tags} work on "
                + "the marked clients",
            isHinted: true, disabled: { $0.reasonWithoutTarget }, change: { $0.markSelected() }),
    ]

    private static let rarer: [ListAction] = [
        ListAction(
            "mark_all", ["*"], "mark all", "mark all listed clients, or unmark them",
            change: { $0.screen?.clients.toggleMarksOfListed() }),
        ListAction(
            "next_order", ["s"], "sort", "sort by name, soonest expiry, last used, status", disabled: { _ in nil },
            change: { $0.sortByNextOrder() }),
        ListAction(
            "group_by_tag", ["t"], "group", "group by tag; again to stop", disabled: { $0.reasonNotToGroup },
            change: { $0.screen?.clients.toggleGrouping() }),
        ListAction(
            "fold", [.left, "h"], "fold", "fold the group", disabled: { $0.reasonWithoutGroups },
            change: { $0.screen?.clients.fold(true) }),
        ListAction(
            "unfold", [.right, "l"], "unfold", "unfold the group", disabled: { $0.reasonNotToUnfold },
            change: { $0.screen?.clients.fold(false) }),
        ListAction(
            "edit_tags", ["#"], "tags", "add and remove tags", isHinted: false, saves: true,
            targets: { $0.reasonWithoutTarget }, run: { $0.present(TagForm($0.clients.targets)) }),
        ListAction(
            "delete", ["d"], "delete", "delete the client; asks first", isHinted: false, saves: true,
            targets: { $0.reasonNotToDelete }, run: { $0.present(DeleteQuestion($0.clients.targets)) }),
        ListAction(
            "undo", ["u"], "undo", "undo the last delete or edit", isHinted: false, saves: true,
            disabled: { $0.canUndo ? nil : "nothing to undo" }, run: { _ in [.undo] }),
        ListAction(
            "duplicate", ["D"], "duplicate", "add a client like the selected one", isHinted: false, saves: true,
            disabled: { $0.reasonWithoutSelection },
            run: { state in
                let clients = state.clients
                return state.presentForSelected { ClientForm(duplicating: $0, besides: clients) }
            }),
        ListAction(
            "paste", ["p"], "paste", "add a client from a pasted curl command or .env block", isHinted: false,
            saves: true,
            run: { $0.present(PasteDialog()) }),
        ListAction(
            "revoke", ["x"], "revoke", "revoke and forget the token; asks first and shows the URL",
            isHinted: false, saves: true, targets: { $0.reasonNotToRevoke }, run: { $0.findRevocation() }),
        ListAction(
            "activity", ["A"], "activity", "show the last 1,000 entries of Activity", isHinted: false,
            run: { $0.present(ActivityLog($0)) }),
        ListAction(
            "show_report", [], "last report", "show the failures of the last refresh of many clients", isHinted: false,
            disabled: { $0.screen?.lastReport == nil ? "no report: no refresh of many clients has failed" : nil },
            run: { $0.showReport() }),
        ListAction(
            "settings", [","], "settings", "change the settings", isHinted: false,
            // The file may be corrected by now.
            run: { $0.present(SettingsMenu()) + ($0.settingsMistake == nil ? [] : [.readSettings]) }),
        ListAction(
            "clear", [.escape], "clear", "stop a refresh or copy of many, else clear filter, else marks",
            isHinted: false, run: { $0.stopOrClear() }),
    ]

    private static let moving: [ListAction] = [
        ListAction("move_down", [.down, "j"], "down", "next client", change: { $0.moveSelection(by: 1) }),
        ListAction("move_up", [.up, "k"], "up", "previous client", change: { $0.moveSelection(by: -1) }),
        ListAction(
            "page_down", [.pageDown, .control("f")], "page down", "a page down",
            change: { $0.moveSelection(byPages: 1) }),
        ListAction(
            "page_up", [.pageUp, .control("b")], "page up", "a page up",
            change: { $0.moveSelection(byPages: -1) }),
        ListAction(
            "half_page_down", [.control("d")], "half down", "half a page down",
            change: { $0.moveSelection(byHalfPages: 1) }),
        ListAction(
            "half_page_up", [.control("u")], "half up", "half a page up",
            change: { $0.moveSelection(byHalfPages: -1) }),
        ListAction(
            "next_failure", ["n"], "next failure", "next client whose refresh has failed",
            disabled: { $0.reasonWithoutFailures }, change: { $0.screen?.clients.selectFailure(forward: true) }),
        ListAction(
            "previous_failure", ["N"], "previous failure", "previous client whose refresh has failed",
            disabled: { $0.reasonWithoutFailures }, change: { $0.screen?.clients.selectFailure(forward: false) }),
        ListAction("move_to_first", [.home, "g"], "first", "first client", change: { $0.screen?.clients.select(0) }),
        ListAction(
            "move_to_last", [.end, "G"], "last", "last client",
            change: { $0.screen?.clients.select(Int.max) }),
    ]

    private static let leaving: [ListAction] = [
        ListAction(
            "lock", ["L"], "lock", "lock the vault and wipe every secret from memory",
            run: { state in
                state.forget()
                return [.removeUnlockedKey, .lock]
            }),
        ListAction("quit", ["q", .control("c")], "quit", "quit", run: { _ in [.quit] }),
        ListAction(
            "commands", [":"], "commands", "find a command by its name and run it", disabled: { _ in nil },
            change: { $0.commands = CommandMenu(isHelp: false) }),
    ]
}

/// The keys while a filter is typed.
enum FilterKeys {
    static let actions: [ListAction] = [
        ListAction(
            "submit", [.enter], "keep", "keep the filter and go back to the list", isHinted: true,
            disabled: { _ in nil }, change: { $0.screen?.isFiltering = false }),
        ListAction(
            "clear", [.escape, .control("c")], "clear", "show all clients again", isHinted: true,
            disabled: { _ in nil }, change: { $0.clearFilter() }),
        ListAction(
            "looser", [.tab], "looser", "list loose matches too (the letters in order, with gaps), or hide them",
            disabled: { _ in nil }, change: { $0.screen?.clients.toggleLoose() }),
        ListAction(
            "move_down", [.down], "down", "next client", disabled: { _ in nil }, change: { $0.moveSelection(by: 1) }),
        ListAction(
            "move_up", [.up], "up", "previous client", disabled: { _ in nil }, change: { $0.moveSelection(by: -1) }),
    ]
}
