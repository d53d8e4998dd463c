import Credentials
import Settings

extension Context {
    static let settings = Context(title: "Settings")
}

/// Every setting with its value, changed in place.
struct SettingsMenu: ChosenPanel {
    var selection = 0

    static let tables = [
        KeyTable<Self>(
            .settings,
            [
                Action("next_choice", [.right, " ", .enter], "change", "next value, stored at once") {
                    $0.change(by: 1, in: $1)
                },
                Action("previous_choice", [.left], "change back", "previous value", isHinted: false) {
                    $0.change(by: -1, in: $1)
                },
            ] + choosing([.down, "j"], [.up, "k"]) + [
                closing([.escape, "q", .control("c")])
            ])
    ]

    private func change(by step: Int, in state: State) -> Outcome {
        // A file with a mistake is not overwritten: the user may want its settings. It may also be corrected by now.
        guard state.settingsMistake == nil else { return .effects([.readSettings]) }
        let name = SettingName.allCases[selection]
        let changed = name.next(after: state.settings, step: step)
        return changed == state.settings ? .stay : .effects([.saveSettings(name, changed)])
    }

    mutating func choose(_ line: Int, in state: State) -> Outcome { click(line) ? change(by: 1, in: state) : .stay }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        guard case .settingsBroken(let failure) = event else { return .stay }
        let prefix = "no setting changes until the settings file is corrected: "
        return .say(.failure(failure, prefix: prefix, isLogged: false))
    }

    func count(_ state: State) -> Int { SettingName.allCases.count }

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 76)
        let lines = SettingName.allCases.map { name in
            let value = name.value(in: state.settings)
            let isChoice = name.next(after: state.settings, step: 1) != state.settings
            return ListBox.Line(left: name.title, text: isChoice ? "< \(value) >" : value)
        }
        let footers = SettingName.allCases.map { name in
            DialogLine.wrapped(name.explanation, columns, .muted)
                + DialogLine.wrapped("config.json: \(name.rawValue)", columns, .muted)
        }
        // The same length for each setting, so that the box does not move.
        let most = footers.map(\.count).max() ?? 0
        let footer = footers[selection] + Array(repeating: .blank, count: most - footers[selection].count)
        return ListBox(
            title: "Settings", lines: lines, selection: selection, mostRows: lines.count,
            leftColumns: columns < 56 ? 20 : 34,
            footer: footer, columns: columns)
    }
}
