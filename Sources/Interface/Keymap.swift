/// What is in front of the user, and so which keys mean what.
public enum Context: Sendable, Hashable, CaseIterable {
    case newVault
    case unlock
    case list
    case form
    case deleteQuestion
    case discardQuestion
    case help

    /// As the help and the README head it.
    public var title: String {
        switch self {
        case .newVault: "A new vault"
        case .unlock: "Unlocking"
        case .list: "Clients"
        case .form: "The client form"
        case .deleteQuestion: "Deleting"
        case .discardQuestion: "Discarding a change"
        case .help: "This help"
        }
    }
}

/// One row of the key table.
public struct Binding: Sendable {
    public let action: Action
    public let contexts: [Context]
    /// The first is the one shown in the hint bar.
    public let keys: [Key]
    /// A word or two, for the hint bar.
    public let label: String
    /// What it does, for help and README.
    public let description: String
    /// Whether the hint bar shows it where there is room.
    public let isHinted: Bool

    /// All its keys, as help and README write them.
    public var keyNames: String { keys.map(\.name).joined(separator: " ") }

    init(
        _ action: Action, in contexts: [Context], _ keys: [Key], _ label: String, _ description: String,
        isHinted: Bool = true
    ) {
        self.action = action
        self.contexts = contexts
        self.keys = keys
        self.label = label
        self.description = description
        self.isHinted = isHinted
    }
}

/// Every key there is: the hint bar, the help and the README's table are made from this one table.
public enum Keymap {
    public static let bindings: [Binding] = [
        Binding(.refresh, in: [.list], ["r"], "refresh", "fetch a new token for the selected client"),
        Binding(
            .copyHeader, in: [.list], ["c"], "copy header",
            "copy `Authorization: Bearer …`; fetches a token first if none lives"),
        Binding(
            .copyToken, in: [.list], ["C"], "copy token",
            "copy the bare token; fetches one first if none lives"),
        Binding(.add, in: [.list], ["a"], "add", "add a client"),
        Binding(.edit, in: [.list], ["e"], "edit", "edit the selected client; an untouched secret is kept"),
        Binding(.delete, in: [.list], ["d"], "delete", "delete the selected client, after a question"),
        Binding(.refreshAll, in: [.list], ["R"], "refresh all", "fetch a new token for every client"),
        Binding(.lock, in: [.list], ["l"], "lock", "lock the vault and forget every secret"),
        Binding(.moveDown, in: [.list], [.down, "j"], "down", "next client", isHinted: false),
        Binding(.moveUp, in: [.list], [.up, "k"], "up", "previous client", isHinted: false),
        Binding(.pageDown, in: [.list], [.pageDown, .control("f")], "page down", "a page down", isHinted: false),
        Binding(.pageUp, in: [.list], [.pageUp, .control("b")], "page up", "a page up", isHinted: false),
        Binding(.moveToFirst, in: [.list], [.home, "g"], "first", "first client", isHinted: false),
        Binding(.moveToLast, in: [.list], [.end, "G"], "last", "last client", isHinted: false),

        Binding(.submit, in: [.form], [.enter], "save", "save the client"),
        Binding(.submit, in: [.unlock], [.enter], "unlock", "open the vault"),
        Binding(.submit, in: [.newVault], [.enter], "continue", "take the passphrase"),
        Binding(.nextField, in: [.form, .newVault], [.tab, .down], "next field", "next field"),
        Binding(
            .previousField, in: [.form, .newVault], [.backTab, .up], "previous field", "previous field",
            isHinted: false),
        Binding(
            .nextChoice, in: [.form], [.right, " "], "change", "next choice, in a field that has choices",
            isHinted: false),
        Binding(
            .previousChoice, in: [.form], [.left], "change back", "previous choice, in a field that has choices",
            isHinted: false),
        Binding(
            .cancel, in: [.form], [.escape, .control("c")], "cancel",
            "close the form; asks first if something was typed"),

        Binding(.confirm, in: [.deleteQuestion], ["y"], "delete", "delete the client, its secret and its token"),
        Binding(.cancel, in: [.deleteQuestion], ["n", .escape, .control("c")], "keep", "keep the client"),
        Binding(.confirm, in: [.discardQuestion], ["y"], "discard", "throw away what was typed"),
        Binding(
            .cancel, in: [.discardQuestion], ["n", .escape, .control("c")], "go on editing", "go back to the form"),

        Binding(.moveDown, in: [.help], [.down, "j"], "down", "scroll down"),
        Binding(.moveUp, in: [.help], [.up, "k"], "up", "scroll up"),
        Binding(.pageDown, in: [.help], [.pageDown, " "], "page down", "a page down", isHinted: false),
        Binding(.pageUp, in: [.help], [.pageUp], "page up", "a page up", isHinted: false),
        Binding(.moveToFirst, in: [.help], [.home, "g"], "first", "to the beginning", isHinted: false),
        Binding(.moveToLast, in: [.help], [.end, "G"], "last", "to the end", isHinted: false),
        Binding(.cancel, in: [.help], [.escape, "q", "?", .function(1), .control("c")], "close", "close the help"),

        Binding(.quit, in: [.list], ["q", .control("c")], "quit", "quit"),
        Binding(.quit, in: [.unlock, .newVault], [.escape, .control("c")], "quit", "quit"),
        Binding(
            .help, in: [.list, .deleteQuestion, .discardQuestion], ["?", .function(1)], "help", "every key there is"),
        Binding(.help, in: [.form, .unlock, .newVault], [.function(1)], "help", "every key there is"),
        Binding(.redraw, in: Context.allCases, [.control("l")], "redraw", "draw the screen anew", isHinted: false),
        Binding(
            .suspend, in: Context.allCases, [.control("z")], "suspend", "back to the shell; `fg` returns",
            isHinted: false),
    ]

    private static let actions: [Context: [Key: Action]] = {
        var table: [Context: [Key: Action]] = [:]
        for binding in bindings {
            for context in binding.contexts {
                for key in binding.keys { table[context, default: [:]][key] = binding.action }
            }
        }
        return table
    }()

    public static func action(for key: Key, in context: Context) -> Action? { actions[context]?[key] }

    static func bindings(in context: Context) -> [Binding] { bindings.filter { $0.contexts.contains(context) } }
}

extension Key: ExpressibleByExtendedGraphemeClusterLiteral {
    public init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }

    /// As help and README write it.
    public var name: String {
        switch self {
        case .character(" "): "Space"
        case .character(let character): String(character)
        case .control(let character): "Ctrl-\(character.uppercased())"
        case .enter: "Enter"
        case .escape: "Esc"
        case .tab: "Tab"
        case .backTab: "Shift-Tab"
        case .backspace: "Backspace"
        case .delete: "Del"
        case .insert: "Ins"
        case .up: "Up"
        case .down: "Down"
        case .left: "Left"
        case .right: "Right"
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .function(let number): "F\(number)"
        }
    }
}
