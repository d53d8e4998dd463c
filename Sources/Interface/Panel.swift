import Credentials
import FoundationEssentials

/// A form, a menu or a question: over the main screen, or in place of the main screen while the vault is locked. One
/// file has the panel's content, drawing, keys and actions. `Panels` lists all panels.
///
/// A panel changes only itself. It reads the state, which still has the unchanged panel, and answers with an `Outcome`.
protocol Panel: PanelMetatype {
    /// The keys, one table for each mode; most panels have one mode.
    static var tables: [KeyTable<Self>] { get }
    /// The present mode: the context of one of the tables.
    var context: Context { get }

    /// Handles a key that the table does not use.
    mutating func type(_ key: Key, in state: State) -> Outcome
    /// Handles a paste, whose line breaks are line feeds.
    mutating func paste(_ pasted: Secret, in state: State) -> Outcome
    /// Handles input that could not be read.
    mutating func refuse(_ failure: Failure) -> Outcome
    /// The number of the line at `position`, for `choose`; nil if there is none.
    func line(at position: Position, in state: State) -> Int?
    /// Handles a click on a line.
    mutating func choose(_ line: Int, in state: State) -> Outcome
    /// Handles an event that has already updated the state.
    mutating func receive(_ event: Event, in state: State) -> Outcome

    /// The moments, in seconds after `state.shownNow`, at which time alone changes the panel's display.
    func changes(_ state: State) -> [Double]
    /// True if the panel holds a typed secret that is stored nowhere else: the idle lock waits for the panel.
    var holdsTypedSecret: Bool { get }
    /// The panel's list, whose lines the mouse chooses; nil for a panel without a list.
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
    /// The fate of the panel.
    enum Next {
        case stay, close
        case replace(any Panel)
        /// Close the panel, then perform the action with this name in the context below.
        case perform(String)
    }

    var next = Next.stay
    var effects: [Effect] = []
    var sayings: [Saying] = []
    /// The client to select in the list.
    var selected: UUID?
    /// True if the event needs no further message.
    var isReported = false

    static var stay: Outcome { Outcome() }
    static var close: Outcome { Outcome(next: .close) }
    static func close(_ effects: [Effect]) -> Outcome { Outcome(next: .close, effects: effects) }
    static func replace(_ panel: any Panel) -> Outcome { Outcome(next: .replace(panel)) }
    static func perform(_ name: String) -> Outcome { Outcome(next: .perform(name)) }
    static func select(_ client: UUID) -> Outcome { Outcome(next: .close, selected: client) }
    static func effects(_ effects: [Effect]) -> Outcome { Outcome(effects: effects) }
    static func say(_ saying: Saying) -> Outcome { Outcome(sayings: [saying]) }
}

/// A text in the lowest border, until the next key, and in Activity.
struct Saying {
    /// Housekeeping does not replace an answer on the screen; it still goes to Activity.
    enum Rank {
        /// Answers a key.
        case answer
        /// Answers no key.
        case housekeeping
    }

    var text: String
    var kind = ActivityEntry.Kind.note
    /// The role to draw the message in; nil means the kind's role.
    var role: Role?
    /// The name of the client that the message is about; empty for no client.
    var client = ""
    var isLogged = true
    var rank = Rank.answer

    /// The same message as housekeeping.
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
    /// True if printable keys are text.
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

/// An action of the user: keys, texts, the reason why it is disabled, and its effect. The hint bar, the help and the
/// command menu are made from these rows.
struct Action<Owner>: Sendable {
    let binding: Binding
    /// The reason why the action is disabled; nil if it is enabled.
    let disabledReason: @Sendable (Owner, State) -> String?
    /// Performs the action; nil means that the key is typed instead.
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
    /// An action that only closes the panel.
    static func closing(
        _ keys: [Key] = [.escape, .control("c")], _ label: String = "close", _ description: String = "close this"
    ) -> Action<Self> {
        Action("cancel", keys, label, description) { _, _ in .close }
    }

    /// The first action of the panel's context that `matches`.
    private func action(_ matches: (Binding) -> Bool) -> Action<Self>? {
        // By index: for an array whose element is a panel's own type, first(where:) and for-in look up types at run time,
        // which takes 5 % of the time to the first frame.
        let tables = Self.tables
        var table = 0
        while table < tables.count, tables[table].context != context { table += 1 }
        guard table < tables.count else { return nil }
        let actions = tables[table].actions
        var index = 0
        while index < actions.count, !matches(actions[index].binding) { index += 1 }
        return index < actions.count ? actions[index] : nil
    }

    /// The tables without the actions' code.
    static var bindings: [(context: Context, bindings: [Binding])] {
        tables.map { ($0.context, $0.actions.map(\.binding)) }
    }

    func hasAction(for key: Key) -> Bool { action { $0.keys.contains(key) } != nil }

    mutating func press(_ key: Key, in state: State) -> Outcome {
        if let action = action({ $0.keys.contains(key) }), let outcome = perform(action, in: state) { return outcome }
        return type(key, in: state)
    }

    /// - Returns: nil if no action has this name.
    mutating func perform(_ name: String, in state: State) -> Outcome? {
        action { $0.name == name }.flatMap { perform($0, in: state) }
    }

    func disabledReason(_ name: String, in state: State) -> String? {
        action { $0.name == name }?.disabledReason(self, state)
    }

    private mutating func perform(_ action: Action<Self>, in state: State) -> Outcome? {
        if let reason = action.disabledReason(self, state) {
            return Outcome(effects: state.effects(ofRefusal: reason), sayings: [.refusal(reason)])
        }
        return action.run(&self, state)
    }
}
