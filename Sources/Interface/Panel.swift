import Credentials
import FoundationEssentials

/// A form, a menu or a question: over the main screen, or in its place before the vault is open. A panel is one file: its
/// content, its drawing, its keys with their texts and their actions.
/// `Panels.all` has a line for each.
///
/// A panel changes itself alone. It reads the state, in which it still stands as it was, and answers with an `Outcome`.
protocol Panel: PanelMetatype {
    /// Its keys, a table for each of its modes; most panels have one mode.
    static var tables: [KeyTable<Self>] { get }
    /// The mode that it is in: the context of one of its tables.
    var context: Context { get }

    /// A key that the table has no use for.
    mutating func type(_ key: Key, in state: State) -> Outcome
    /// A paste, with line feeds for line breaks.
    mutating func paste(_ pasted: Secret, in state: State) -> Outcome
    /// Input that could not be read.
    mutating func refuse(_ failure: Failure) -> Outcome
    /// The number of the line at `position`, for `choose`; nil if there is none.
    func line(at position: Position, in state: State) -> Int?
    /// A click on a line.
    mutating func choose(_ line: Int, in state: State) -> Outcome
    /// An event from elsewhere; the state knows of it already.
    mutating func receive(_ event: Event, in state: State) -> Outcome

    /// Seconds after `state.shownNow` at which something that it displays changes by time alone.
    func changes(_ state: State) -> [Double]
    /// True if a secret is in it that is nowhere else: the idle lock waits for it.
    var holdsTypedSecret: Bool { get }
    /// The list that it is, where it is one: the mouse chooses its lines.
    func box(_ state: State) -> ListBox?
    func draw(_ state: State, on canvas: inout Canvas)
}

extension Panel {
    var context: Context { Self.tables[0].context }

    mutating func type(_ key: Key, in state: State) -> Outcome { .say(state.noMeaning(of: key)) }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome { .say(state.noMeaningOfPaste) }

    mutating func refuse(_ failure: Failure) -> Outcome { .say(.failure(failure, isLogged: false)) }

    func line(at position: Position, in state: State) -> Int? {
        box(state)?.below(state.layout.upperEdge).line(at: position, state.size)
    }

    mutating func choose(_ line: Int, in state: State) -> Outcome { .stay }

    mutating func receive(_ event: Event, in state: State) -> Outcome { .stay }

    func changes(_ state: State) -> [Double] { [] }

    var holdsTypedSecret: Bool { false }

    func box(_ state: State) -> ListBox? { nil }

    func draw(_ state: State, on canvas: inout Canvas) { box(state)?.draw(on: &canvas) }
}

#if compiler(>=6.2)
    // The tables' closures carry the panel's type with them.
    typealias PanelMetatype = SendableMetatype
#else
    // Until Swift 6.2 every metatype is Sendable.
    protocol PanelMetatype {}
#endif

/// A panel's answer.
struct Outcome {
    /// The panel's future.
    enum Next {
        case stay, close
        case replace(any Panel)
        /// It closes, and the action of that name is performed where the user is then.
        case perform(String)
    }

    var next = Next.stay
    var effects: [Effect] = []
    var said: [Saying] = []
    /// The client that the list goes to.
    var selected: UUID?
    /// True where nothing is left to be said of the event.
    var isTold = false

    static var stay: Outcome { Outcome() }
    static var close: Outcome { Outcome(next: .close) }
    static func close(_ effects: [Effect]) -> Outcome { Outcome(next: .close, effects: effects) }
    static func replace(_ panel: any Panel) -> Outcome { Outcome(next: .replace(panel)) }
    static func perform(_ name: String) -> Outcome { Outcome(next: .perform(name)) }
    static func select(_ client: UUID) -> Outcome { Outcome(next: .close, selected: client) }
    static func effects(_ effects: [Effect]) -> Outcome { Outcome(effects: effects) }
    static func say(_ saying: Saying) -> Outcome { Outcome(said: [saying]) }
}

/// A text in the lowest border, until the next key, and in Activity.
struct Saying {
    /// Housekeeping does not replace an answer that stands; it is in Activity all the same.
    enum Rank {
        /// It answers a key.
        case answer
        /// It happens by itself, or beside what a key asked for.
        case housekeeping
    }

    var text: String
    var kind = ActivityEntry.Kind.note
    /// In which role it is drawn, where that is not the kind's.
    var role: Role?
    /// The name of the client that it is about; empty where it is about none.
    var client = ""
    var isLogged = true
    var rank = Rank.answer

    /// The same, of that rank.
    var housekeeping: Saying {
        var saying = self
        saying.rank = .housekeeping
        return saying
    }

    static func failure(
        _ failure: Failure, client: String = "", prefix: String = "", suffix: String = "", isLogged: Bool = true
    ) -> Saying {
        Saying(
            text: prefix + failure.summary(besideName: client) + suffix, kind: .failure, client: client,
            isLogged: isLogged)
    }

    /// The reason why a key does nothing.
    static func refusal(_ text: String) -> Saying { Saying(text: text, kind: .warning, isLogged: false) }
}

/// The part of the screen that is in front of the user; it decides what the keys mean.
struct Context: Hashable, Sendable {
    /// The heading in the help; no two contexts have the same.
    let title: String
    /// True if printable keys are typed, not pressed.
    var isTyping = false
}

/// The actions of one context.
struct KeyTable<Owner>: Sendable {
    let context: Context
    let actions: [Action<Owner>]

    init(_ context: Context, _ actions: [Action<Owner>]) {
        self.context = context
        self.actions = actions
    }
}

/// One thing that the user can mean: its keys, what is said of it, why it can't be done now, and what it does. The hint
/// bar, the help and the command menu are made from these rows.
struct Action<Owner>: Sendable {
    let binding: Binding
    /// The reason why it can't be done now; nil if it can.
    let disabledReason: @Sendable (Owner, State) -> String?
    /// nil where the key is not meant: it is typed.
    let run: @Sendable (inout Owner, State) -> Outcome?

    /// - Parameter saves: true for an action that ends in a write of the vault.
    init(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = true,
        saves: Bool = false, disabled: @escaping @Sendable (Owner, State) -> String? = { _, _ in nil },
        run: @escaping @Sendable (inout Owner, State) -> Outcome?
    ) {
        binding = Binding(name, keys, label, description, isHinted: isHinted)
        disabledReason = { disabled($0, $1) ?? (saves ? $1.reasonNotToSave : nil) }
        self.run = run
    }
}

extension Panel {
    /// The keys that only close it.
    static func closing(
        _ keys: [Key] = [.escape, .control("c")], _ label: String = "close", _ description: String = "close it"
    ) -> Action<Self> {
        Action("cancel", keys, label, description) { _, _ in .close }
    }

    private var actions: [Action<Self>] { Self.tables.first { $0.context == context }?.actions ?? [] }

    /// The tables without the actions' code.
    static var bindings: [(context: Context, bindings: [Binding])] {
        tables.map { ($0.context, $0.actions.map(\.binding)) }
    }

    func hasAction(for key: Key) -> Bool { actions.contains { $0.binding.keys.contains(key) } }

    mutating func press(_ key: Key, in state: State) -> Outcome {
        if let action = actions.first(where: { $0.binding.keys.contains(key) }),
            let outcome = perform(action, in: state)
        {
            return outcome
        }
        return type(key, in: state)
    }

    /// - Returns: nil where no action has that name.
    mutating func perform(_ name: String, in state: State) -> Outcome? {
        actions.first { $0.binding.name == name }.flatMap { perform($0, in: state) }
    }

    func disabledReason(_ name: String, in state: State) -> String? {
        actions.first { $0.binding.name == name }?.disabledReason(self, state)
    }

    private mutating func perform(_ action: Action<Self>, in state: State) -> Outcome? {
        if let reason = action.disabledReason(self, state) {
            return Outcome(effects: state.effects(ofRefusal: reason), said: [.refusal(reason)])
        }
        return action.run(&self, state)
    }
}
