/// An action's texts and keys, for the hint bar, the help, the command menu and README.
public struct Binding: Sendable {
    /// The action's name; for an action of the list also its name in the settings.
    public let name: String
    /// The hint bar shows the first key. Empty if the action has no key of its own.
    public internal(set) var keys: [Key]
    /// A word or two, for the hint bar.
    public let label: String
    /// For help and README. In the list's table a name in braces stands for that action's key.
    public internal(set) var description: String
    /// True if the hint bar shows the action when there is room.
    public let isHinted: Bool
    /// True if the list's action applies to all marked clients, or to the selected client or group.
    var isOfTargets = false

    /// The names of all keys, with spaces between them.
    public var keyNames: String { keys.map(\.name).joined(separator: " ") }

    init(_ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = true) {
        self.name = name
        self.keys = keys
        self.label = label
        self.description = description
        self.isHinted = isHinted
    }
}

/// The keys of the client list, which the settings may change. All other keys are fixed.
public struct Keymap: Sendable {
    /// In the order of the table.
    public private(set) var list: [Binding]

    /// The keymap without settings.
    public static let standard = Keymap(table)

    private static let table = ListKeys.actions.map(\.binding) + GeneralKeys.bindings(isTyping: false)

    private init(_ table: [Binding]) {
        list = table.map { binding in
            var named = binding
            named.description = Self.naming(binding.description, in: table)
            return named
        }
    }

    /// The text with each action's name in braces replaced by its key.
    private static func naming(_ text: String, in table: [Binding]) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        var named = ""
        for piece in text.split(separator: "{", omittingEmptySubsequences: false) {
            guard let end = piece.firstIndex(of: "}") else {
                named.append(contentsOf: piece)
                continue
            }
            named += key(String(piece[..<end]), in: table) ?? ":"
            named.append(contentsOf: piece[piece.index(after: end)...])
        }
        return named
    }

    /// The name of the list's action for `key`.
    func action(for key: Key) -> String? { list.first { $0.keys.contains(key) }?.name }

    /// The first key of the list's action with this name; for an action without a key, the command menu's.
    func key(_ name: String) -> String { keyName(name) ?? ":" }

    /// The same as `key(_:)`, but nil if the command menu has no key either.
    func keyName(_ name: String) -> String? { Self.key(name, in: list) }

    private static func key(_ name: String, in table: [Binding]) -> String? {
        let binding = table.first { $0.name == name }
        assert(binding != nil, "the list has no action \(name)")
        return (binding?.keys.first ?? table.first { $0.name == "commands" }?.keys.first)?.name
    }

    /// The names of the actions whose keys the settings may change: the actions of the client list.
    public static let changeableActions = Set(standard.list.map(\.name))

    /// The actions that must keep a key in the client list, with the names of their usual keys: without these actions an
    /// open vault cannot be left.
    public static let indispensableKeys: [String: [String]] = standard.list.reduce(into: [:]) { keys, binding in
        guard ["quit", "lock"].contains(binding.name) else { return }
        keys[binding.name] = (binding.keys + (reserve[binding.name] ?? [])).map(\.name)
    }

    /// Keys for an indispensable action whose usual key the settings give to another action: an older settings file may
    /// follow an older table.
    private static let reserve: [String: [Key]] = ["lock": ["l"]]

    /// The keymap with keys from the settings: an action's name to the names of its keys. A key given to one action is
    /// removed from the others. Unknown actions and keys are ignored.
    public static func with(_ keys: [String: [String]]) -> Keymap {
        var wanted = keys.filter { changeableActions.contains($0.key) }.mapValues {
            $0.compactMap(Key.init(name:))
        }
        guard !wanted.isEmpty else { return standard }
        var given = Set(wanted.values.joined())
        for (name, keys) in reserve where wanted[name] == nil {
            let usual = table.first { $0.name == name }?.keys ?? []
            guard given.isSuperset(of: usual), let free = keys.first(where: { !given.contains($0) }) else { continue }
            wanted[name] = [free]
            given.insert(free)
        }
        return Keymap(
            table.map { binding in
                var changed = binding
                changed.keys = wanted[binding.name] ?? binding.keys.filter { !given.contains($0) }
                return changed
            })
    }
}

extension Context {
    static let list = Context(title: "Clients")
    static let filter = Context(title: "Typing a filter", isTyping: true)
}

extension State {
    typealias KeyRows = (context: Context, bindings: [Binding])

    private static func tables(of panels: [any Panel.Type]) -> [KeyRows] {
        panels.flatMap { $0.bindings }.map(withGeneral)
    }

    private static func withGeneral(_ rows: KeyRows) -> KeyRows {
        (rows.context, rows.bindings + GeneralKeys.bindings(besides: rows.bindings, in: rows.context))
    }

    /// Every context with its keys, `here` first.
    func keyTables(from here: Context) -> [KeyRows] {
        let list: [KeyRows] = [(.list, keymap.list), Self.withGeneral((.filter, FilterKeys.actions.map(\.binding)))]
        let tables = Self.tables(of: Panels.gates) + list + Self.tables(of: Panels.all)
        return [(here, bindings(in: here))] + tables.filter { $0.context != here }
    }

    /// The keys of the list, the filter, or an open panel.
    func bindings(in context: Context) -> [Binding] {
        if context == .list { return keymap.list }
        let panels = [commands, panel].compactMap { $0.map { Swift.type(of: $0) as any Panel.Type } }
        let rows = Self.tables(of: panels).first { $0.context == context }
        return (rows ?? Self.withGeneral((.filter, FilterKeys.actions.map(\.binding)))).bindings
    }
}
