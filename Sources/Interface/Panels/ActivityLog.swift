import Credentials

extension Context {
    static let activity = Context(title: "All activity", isTyping: true)
}

/// All entries of Activity, the newest last as in its pane, filtered by typed words.
struct ActivityLog: FilteredPanel {
    var field = TextField()
    var selection: Int

    /// Chooses the newest entry.
    init(_ state: State) { selection = max(state.activity.entries.count - 1, 0) }

    static let tables = [
        KeyTable<Self>(
            .activity,
            [Action("submit", [.enter], "go to it", "go to the client or the report of the line") { $0.goTo(in: $1) }]
                + choosing() + choosingByPages() + [
                    closing()
                ])
    ]

    mutating func type(_ key: Key, in state: State) -> Outcome {
        guard field.handle(key) else { return .say(state.noMeaning(of: key)) }
        selectNewest(in: state)
        return .stay
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        let outcome = pasteFilter(pasted, in: state)
        selectNewest(in: state)
        return outcome
    }

    private mutating func selectNewest(in state: State) { selection = max(count(state) - 1, 0) }

    mutating func choose(_ line: Int, in state: State) -> Outcome { click(line) ? goTo(in: state) : .stay }

    private func goTo(in state: State) -> Outcome {
        guard let entry = entries(state).dropFirst(selection).first else { return .stay }
        if let report = state.screen?.lastReport, report.entry == entry {
            return .replace(Report(report.progress, state.clients))
        }
        guard let client = state.clients.holder(ofName: entry.client) else {
            return .say(.refusal("this line has no client to go to"))
        }
        return .select(client.id)
    }

    func count(_ state: State) -> Int { entries(state).count }

    private func entries(_ state: State) -> [ActivityEntry] {
        let words = typedWords
        return state.activity.entries.filter { entry in
            words.allSatisfy { word in
                if word.first == "!" { return entry.kind.names.contains { $0.hasPrefix(word.dropFirst()) } }
                return "\(entry.client) \(entry.text)".lowercased().firstRange(of: word) != nil
            }
        }
    }

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 110)
        let entries = entries(state)
        let activity = ActivityLines(entries, columns: columns, state)
        let lines = activity.lines.map { line in
            let name = DisplayWidth.fit(
                line.client, into: activity.clientColumns, ellipsis: state.glyphs.ellipsis)
            let gap = activity.textColumn - activity.clientColumn - DisplayWidth.of(name)
            return ListBox.Line(
                left: line.clock, text: name + String(repeating: " ", count: gap) + line.text, role: line.role)
        }
        // A row may cut its text; the whole text stands below the list.
        let chosen = entries.dropFirst(selection).first
        let text = chosen.map { $0.client.isEmpty ? $0.text : "\($0.client): \($0.text)" } ?? "nothing matches"
        let footer = Array(DialogLine.wrapped(text, columns, chosen == nil ? .muted : .normal).prefix(3))
        return ListBox(
            title: "Activity: \(grouped(entries.count)) of \(grouped(state.activity.entries.count))", field: field,
            lines: lines, selection: selection, mostRows: 400, leftColumns: activity.clientColumn,
            footer: footer + Array(repeating: .blank, count: 3 - footer.count), columns: columns)
    }
}

extension ActivityEntry.Kind {
    /// The words after `!` that find this kind; `!failed` finds a failure, as it does in the client list.
    fileprivate var names: [String] { self == .failure ? [rawValue, "failed"] : [rawValue] }
}
