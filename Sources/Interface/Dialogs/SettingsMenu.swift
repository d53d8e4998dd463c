import Credentials
import Settings

/// Every setting with its value, changed in place.
struct SettingsMenu {
    var selection = 0

    func box(_ state: State) -> ListBox {
        let columns = DialogBox.columns(state.size, atMost: 76)
        let lines = SettingName.allCases.map { name in
            ListBox.Line(left: name.title, text: "< \(name.value(in: state.settings)) >")
        }
        let footers = SettingName.allCases.map { name in
            DialogLine.wrapped(name.explanation, columns, .muted)
                + DialogLine.wrapped("config.json: \(name.rawValue)", columns, .muted)
        }
        // As long for each, so that the box stays where it is.
        let most = footers.map(\.count).max() ?? 0
        let footer = footers[selection] + Array(repeating: .blank, count: most - footers[selection].count)
        return ListBox(
            title: "Settings", lines: lines, selection: selection, mostRows: lines.count,
            leftColumns: columns < 56 ? 20 : 34,
            footer: footer, columns: columns)
    }
}

extension State {
    mutating func pressInSettings(_ action: Action?) -> [Effect] {
        guard case .settings(var menu) = dialog else { return [] }
        switch action {
        case .cancel:
            dialog = nil
            return []
        case .moveDown, .moveUp:
            menu.selection = step(action, from: menu.selection, of: SettingName.allCases.count)
        case .nextChoice, .previousChoice:
            let name = SettingName.allCases[menu.selection]
            let changed = name.next(after: settings, step: action == .nextChoice ? 1 : -1)
            guard changed != settings else { break }
            settings = changed
            keymap = Keymap.standard.with(settings.keys)
            dialog = .settings(menu)
            return [.saveSettings(name, changed)]
        default: break
        }
        dialog = .settings(menu)
        return []
    }
}
