/// The table itself: a new key is a row here.
enum KeyTable {
    /// Dialogs that are read, not typed in.
    private static let reading: [Context] = [.inspector, .report]
    private static let menus: [Context] = [.copyMenu, .commands, .settings, .help]

    static let bindings: [Binding] = [
        Binding(
            .refresh, in: [.list], ["r"], "refresh", "fetch a new token, for each marked client or the selected one"),
        Binding(
            .copyHeader, in: [.list], ["c"], "copy header",
            "copy `Authorization: Bearer …`; fetches a token first if none lives"),
        Binding(
            .copyToken, in: [.list], ["C"], "copy token", "copy the bare token; fetches one first if none lives",
            isHinted: false),
        Binding(.copyMenu, in: [.list], ["y"], "copy as", "copy as curl, fetch, export … from a menu"),
        Binding(
            .filter, in: [.list], ["/"], "filter", "filter as you type: words, `#tag`, `!valid` `!expired` `!failed`"),
        Binding(.add, in: [.list], ["a"], "add", "add a client"),
        Binding(.edit, in: [.list], ["e"], "edit", "edit the selected client; an untouched secret is kept"),
        Binding(.tryRequest, in: [.list], [.enter], "try", "send a request to the client's API with its token"),
        Binding(
            .inspect, in: [.list], ["i"], "inspect", "what the last token request sent and got; what is in the token"),
        Binding(
            .keepFresh, in: [.list], ["f"], "keep fresh",
            "renew the token by itself before it runs out, while the vault is open; again to stop"),
        Binding(.refreshAll, in: [.list], ["R"], "refresh all", "fetch a new token for every client"),
        Binding(.mark, in: [.list], [" "], "mark", "mark the client; r, c, y, f, d, x and # work on what is marked"),
        Binding(.markAll, in: [.list], ["*"], "mark all", "mark all that are shown, or none of them", isHinted: false),
        Binding(
            .nextOrder, in: [.list], ["s"], "sort", "sort by name, soonest expiry, last used, status", isHinted: false),
        Binding(.groupByTag, in: [.list], ["t"], "group", "group by tag, or not", isHinted: false),
        Binding(.fold, in: [.list], [.left], "fold", "fold the group", isHinted: false),
        Binding(.unfold, in: [.list], [.right], "unfold", "unfold the group", isHinted: false),
        Binding(.editTags, in: [.list], ["#"], "tags", "add and remove tags", isHinted: false),
        Binding(.delete, in: [.list], ["d"], "delete", "delete the client, after a question", isHinted: false),
        Binding(.undo, in: [.list], ["u"], "undo", "undo the last delete or edit", isHinted: false),
        Binding(.duplicate, in: [.list], ["D"], "duplicate", "a new client like the selected one", isHinted: false),
        Binding(
            .paste, in: [.list], ["p"], "paste", "make a client from a pasted curl command or .env block",
            isHinted: false),
        Binding(
            .revoke, in: [.list], ["x"], "revoke",
            "revoke the token and forget it, after a question that shows where", isHinted: false),
        Binding(.activity, in: [.list], ["A"], "activity", "the last 1,000 things that happened", isHinted: false),
        Binding(.settings, in: [.list], [","], "settings", "the settings", isHinted: false),
        Binding(.clear, in: [.list], [.escape], "clear", "clear the filter, then the marks", isHinted: false),
        Binding(.moveDown, in: [.list], [.down, "j"], "down", "next client", isHinted: false),
        Binding(.moveUp, in: [.list], [.up, "k"], "up", "previous client", isHinted: false),
        Binding(.pageDown, in: [.list], [.pageDown, .control("f")], "page down", "a page down", isHinted: false),
        Binding(.pageUp, in: [.list], [.pageUp, .control("b")], "page up", "a page up", isHinted: false),
        Binding(.moveToFirst, in: [.list], [.home, "g"], "first", "first client", isHinted: false),
        Binding(.moveToLast, in: [.list], [.end, "G"], "last", "last client", isHinted: false),

        Binding(.submit, in: [.filter], [.enter], "keep", "keep the filter and go back to the list"),
        Binding(.clear, in: [.filter], [.escape, .control("c")], "clear", "show all clients again"),
        Binding(.moveDown, in: [.filter], [.down], "down", "next client", isHinted: false),
        Binding(.moveUp, in: [.filter], [.up], "up", "previous client", isHinted: false),

        Binding(.submit, in: [.form], [.enter], "save", "save the client"),
        Binding(.submit, in: [.tags], [.enter], "save", "save the tags"),
        Binding(.submit, in: [.unlock], [.enter], "unlock", "open the vault"),
        Binding(.submit, in: [.newVault], [.enter], "continue", "take the passphrase"),
        Binding(.nextField, in: [.form, .newVault, .trial], [.tab, .down], "next field", "next field"),
        Binding(
            .previousField, in: [.form, .newVault, .trial], [.backTab, .up], "previous field", "previous field",
            isHinted: false),
        Binding(
            .nextChoice, in: [.form, .trial], [.right, " "], "change", "next choice, in a field that has choices",
            isHinted: false),
        Binding(
            .previousChoice, in: [.form, .trial], [.left], "change back",
            "previous choice, in a field that has choices",
            isHinted: false),
        Binding(.discover, in: [.form], [.control("o")], "discover", "fill in the endpoints that the issuer publishes"),
        Binding(
            .cancel, in: [.form], [.escape, .control("c")], "cancel",
            "close the form; asks first if something was typed"),
        Binding(.cancel, in: [.tags, .pasting], [.escape, .control("c")], "cancel", "close it; nothing is changed"),

        Binding(.submit, in: [.trial], [.enter], "send", "send the request"),
        Binding(.olderRequest, in: [.trial], [.control("p")], "older", "the request before, of the last ten"),
        Binding(.newerRequest, in: [.trial], [.control("n")], "newer", "the request after", isHinted: false),
        Binding(.copyAll, in: [.trial], [.control("y")], "copy", "copy what came, as text"),
        Binding(.pageDown, in: [.trial], [.pageDown], "page down", "the answer, a page down", isHinted: false),
        Binding(.pageUp, in: [.trial], [.pageUp], "page up", "the answer, a page up", isHinted: false),
        Binding(
            .cancel, in: [.trial], [.escape, .control("c")], "close",
            "close it; an answer that is waited for is dropped"),

        Binding(.submit, in: [.copyMenu], [.enter], "copy", "copy it so"),
        Binding(.submit, in: [.commands, .help], [.enter], "run", "do it"),
        Binding(.filter, in: [.help], ["/"], "filter", "show what matches"),
        Binding(.nextChoice, in: [.settings], [.right, " ", .enter], "change", "the next value; it is stored at once"),
        Binding(.previousChoice, in: [.settings], [.left], "change back", "the value before", isHinted: false),
        Binding(
            .copyAll, in: [.inspector], ["y", "c"], "copy", "copy it as text for a support ticket: no secret is in it"),
        Binding(.refresh, in: [.inspector], ["r"], "refresh", "fetch a new token and look at that"),
        Binding(.moveDown, in: [.settings, .help] + reading, [.down, "j"], "down", "down"),
        Binding(.moveUp, in: [.settings, .help] + reading, [.up, "k"], "up", "up"),
        Binding(.moveDown, in: [.copyMenu, .commands, .activity], [.down], "down", "down"),
        Binding(.moveUp, in: [.copyMenu, .commands, .activity], [.up], "up", "up"),
        Binding(.pageDown, in: [.help] + reading, [.pageDown, " "], "page down", "a page down", isHinted: false),
        Binding(
            .pageDown, in: [.copyMenu, .commands, .activity], [.pageDown], "page down", "a page down", isHinted: false),
        Binding(
            .pageUp, in: [.help, .copyMenu, .commands, .activity] + reading, [.pageUp], "page up", "a page up",
            isHinted: false),
        Binding(.moveToFirst, in: [.help] + reading, [.home, "g"], "first", "to the beginning", isHinted: false),
        Binding(.moveToLast, in: [.help] + reading, [.end, "G"], "last", "to the end", isHinted: false),
        Binding(.cancel, in: [.help], [.escape, "q", "?", .function(1), .control("c")], "close", "close the help"),
        Binding(.cancel, in: [.settings] + reading, [.escape, "q", .control("c")], "close", "close it"),
        Binding(.cancel, in: [.copyMenu, .commands, .activity], [.escape, .control("c")], "close", "close it"),

        Binding(.confirm, in: [.deleteQuestion], ["y"], "delete", "delete the client, its secret and its token"),
        Binding(.cancel, in: [.deleteQuestion], ["n", .escape, .control("c")], "keep", "keep the client"),
        Binding(
            .cancel, in: [.findingRevocation], [.escape, .control("c")], "stop", "stop asking; nothing is revoked"),
        Binding(.confirm, in: [.revokeQuestion], ["y"], "revoke", "revoke the token where the question says"),
        Binding(.cancel, in: [.revokeQuestion], ["n", .escape, .control("c")], "keep", "keep the token"),
        Binding(.moveDown, in: [.revokeQuestion], [.down, "j"], "down", "down", isHinted: false),
        Binding(.moveUp, in: [.revokeQuestion], [.up, "k"], "up", "up", isHinted: false),
        Binding(.pageDown, in: [.revokeQuestion], [.pageDown, " "], "page down", "a page down", isHinted: false),
        Binding(.pageUp, in: [.revokeQuestion], [.pageUp], "page up", "a page up", isHinted: false),
        Binding(.confirm, in: [.discardQuestion], ["y"], "discard", "throw away what was typed"),
        Binding(
            .confirm, in: [.moveQuestion], ["y"], "keep", "save the client with the URLs that stay at other hosts"),
        Binding(.clear, in: [.moveQuestion], ["c"], "clear", "empty these fields and save the client"),
        Binding(
            .cancel, in: [.discardQuestion, .moveQuestion], ["n", .escape, .control("c")], "go on editing",
            "go back to the form"),

        Binding(.lock, in: [.list], ["l"], "lock", "lock the vault and forget every secret"),
        Binding(.quit, in: [.list], ["q", .control("c")], "quit", "quit"),
        Binding(.quit, in: [.unlock, .newVault], [.escape, .control("c")], "quit", "quit"),
        Binding(.commands, in: [.list], [":"], "commands", "find a command by its name and run it", isHinted: false),
        Binding(
            .help,
            in: [
                .list, .pasting, .settings, .deleteQuestion, .findingRevocation, .revokeQuestion, .discardQuestion,
                .moveQuestion,
            ] + reading,
            ["?", .function(1)], "help", "every key there is"),
        Binding(
            .help, in: [.form, .unlock, .newVault, .filter, .tags, .copyMenu, .trial, .activity, .commands],
            [.function(1)], "help", "every key there is"),
        Binding(.redraw, in: Context.allCases, [.control("l")], "redraw", "draw the screen again", isHinted: false),
        Binding(
            .suspend, in: Context.allCases, [.control("z")], "suspend", "back to the shell; `fg` returns",
            isHinted: false),
    ]
}
