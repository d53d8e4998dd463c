/// What is in front of the user, and so which keys mean what.
public enum Context: Sendable, Hashable, CaseIterable {
    case newVault, unlock
    case list, filter
    case form, pasting, tags, copyMenu, trial, inspector, activity, settings, report
    case deleteQuestion, findingRevocation, revokeQuestion, discardQuestion, moveQuestion
    case commands, help

    /// As the help and the README head it.
    public var title: String {
        switch self {
        case .newVault: "A new vault"
        case .unlock: "Unlocking"
        case .list: "Clients"
        case .filter: "Typing a filter"
        case .form: "The client form"
        case .pasting: "Pasting a client"
        case .tags: "Tags"
        case .copyMenu: "The copy menu"
        case .trial: "Trying a request"
        case .inspector: "The inspector"
        case .activity: "All activity"
        case .settings: "Settings"
        case .report: "What failed"
        case .deleteQuestion: "Deleting"
        case .findingRevocation: "Asking where tokens are revoked"
        case .revokeQuestion: "Revoking"
        case .discardQuestion: "Discarding a change"
        case .moveQuestion: "Moving the token URL"
        case .commands: "The command menu"
        case .help: "This help"
        }
    }

    /// Where printable keys are typed, not pressed.
    static let typing: Set<Context> = [
        .newVault, .unlock, .filter, .form, .tags, .copyMenu, .trial, .activity, .commands,
    ]
}

/// One row of the key table.
public struct Binding: Sendable {
    public let action: Action
    public let contexts: [Context]
    /// The first is the one shown in the hint bar; empty where the settings took the last one away.
    public internal(set) var keys: [Key]
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

/// Every key there is: the hint bar, the help, the command menu and the README's table are made from this one table.
public struct Keymap: Sendable {
    public private(set) var bindings: [Binding]
    private var actions: [Context: [Key: Action]] = [:]

    /// Without anybody's settings.
    public static let standard = Keymap(KeyTable.bindings)

    private init(_ bindings: [Binding]) {
        self.bindings = bindings
        for binding in bindings {
            for context in binding.contexts {
                for key in binding.keys { actions[context, default: [:]][key] = binding.action }
            }
        }
    }

    public func action(for key: Key, in context: Context) -> Action? { actions[context]?[key] }

    func bindings(in context: Context) -> [Binding] { bindings.filter { $0.contexts.contains(context) } }

    /// The names of the actions whose keys the settings may change: those of the client list, where nothing is typed.
    public static let changeableActions = Set(
        KeyTable.bindings.filter { $0.contexts.contains(.list) }.map(\.action.rawValue))

    /// The actions that must keep a key in the client list, with the names of their usual keys: without these actions an
    /// open vault cannot be left.
    public static let indispensableKeys: [String: [String]] = KeyTable.bindings.reduce(into: [:]) { keys, binding in
        guard binding.contexts.contains(.list), [.quit, .lock].contains(binding.action) else { return }
        keys[binding.action.rawValue] = binding.keys.map(\.name)
    }

    /// The table with other keys in the client list: an action's name to the names of its keys. A key that is given to
    /// one action is taken from the others; what is no name of an action or a key is left out.
    public func with(_ keys: [String: [String]]) -> Keymap {
        let wanted = keys.reduce(into: [Action: [Key]]()) { wanted, pair in
            guard Self.changeableActions.contains(pair.key), let action = Action(rawValue: pair.key) else { return }
            wanted[action] = pair.value.compactMap(Key.init(name:))
        }
        guard !wanted.isEmpty else { return self }
        let taken = Set(wanted.values.joined())
        return Keymap(
            bindings.flatMap { binding -> [Binding] in
                guard binding.contexts.contains(.list) else { return [binding] }
                var inList = binding
                inList.keys = wanted[binding.action] ?? binding.keys.filter { !taken.contains($0) }
                let others = binding.contexts.filter { $0 != .list }
                let here = Binding(
                    binding.action, in: [.list], inList.keys, binding.label, binding.description,
                    isHinted: binding.isHinted)
                guard !others.isEmpty else { return [here] }
                return [
                    here,
                    Binding(
                        binding.action, in: others, binding.keys, binding.label, binding.description,
                        isHinted: binding.isHinted),
                ]
            })
    }
}

extension Key: ExpressibleByExtendedGraphemeClusterLiteral {
    public init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }

    private static let named: [(name: String, key: Key)] = [
        ("Space", .character(" ")), ("Enter", .enter), ("Esc", .escape), ("Tab", .tab), ("Shift-Tab", .backTab),
        ("Backspace", .backspace), ("Del", .delete), ("Ins", .insert), ("Up", .up), ("Down", .down), ("Left", .left),
        ("Right", .right), ("Home", .home), ("End", .end), ("PgUp", .pageUp), ("PgDn", .pageDown),
    ]

    /// As help and README write it.
    public var name: String {
        switch self {
        case .character(let character) where character != " ": String(character)
        case .control(let character): "Ctrl-\(character.uppercased())"
        case .function(let number): "F\(number)"
        default: Self.named.first { $0.key == self }?.name ?? ""
        }
    }

    /// The key of that name, upper and lower case counting as one but in a single character; nil where there is none.
    public init?(name: String) {
        let lowered = name.lowercased()
        if name.count == 1, let character = name.first, !character.isWhitespace {
            self = .character(character)
        } else if let known = Self.named.first(where: { $0.name.lowercased() == lowered }) {
            self = known.key
        } else if lowered.hasPrefix("ctrl-"), name.count == 6, let letter = lowered.last,
            letter.isASCII, letter.isLetter, !"himj".contains(letter)
        {
            self = .control(letter)
        } else if lowered.hasPrefix("f"), let number = Int(lowered.dropFirst()), 1...63 ~= number {
            self = .function(number)
        } else {
            return nil
        }
    }
}
