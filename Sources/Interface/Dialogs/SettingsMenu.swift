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
        case .nextChoice where settingsMistake != nil, .previousChoice where settingsMistake != nil:
            // Not written over: it may hold what the user wants. It may also be mended by now.
            dialog = .settings(menu)
            return [.readSettings]
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

    mutating func settingsChanged(_ new: Settings) {
        if settingsMistake != nil { say("the settings file is mended and in force", .valid, isLogged: false) }
        settingsMistake = nil
        areSettingsRead = true
        put(new)
    }

    mutating func settingsBroken(_ failure: Failure) {
        settingsMistake = failure
        put(settingsInFile)
        guard case .settings = dialog else { return }
        say("nothing is changed before the settings file is mended: \(failure.summary)", .failed, isLogged: false)
    }

    private mutating func put(_ new: Settings) {
        settings = new
        settingsInFile = new
        keymap = Keymap.standard.with(new.keys)
    }

    /// The mistake in the settings file and the settings of safety that hold instead, in the rows above the hints. It
    /// stays for as long as the mistake; a small screen has no room for more than what holds.
    var standingLines: [String] {
        guard let settingsMistake else { return [] }
        let safety = SettingName.ofSafety.map { "\($0.rawValue) (now \($0.fileText(in: settings)))" }
        let inForce =
            areSettingsRead
            ? "the settings read before stay in force: " : "nothing of the file is in force, nor its "
        let long = "\(settingsMistake.summary); \(inForce)\(safety.joined(separator: ", "))"
        let short =
            "settings file \(areSettingsRead ? "broken" : "not used"): locks after \(SettingName.lockAfterMinutes.value(in: settings)), "
            + "clears after \(SettingName.clearClipboardSeconds.value(in: settings))"
        let most = max(size.rows / 4, 2)
        let lines = DisplayWidth.wrap(long, into: size.columns - 2)
        return lines.count <= most ? lines : Array(DisplayWidth.wrap(short, into: size.columns - 2).prefix(most))
    }
}
