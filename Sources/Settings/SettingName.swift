import Credentials

/// A setting, by its name in the file. `entry` is the table of all settings, from which the file, the settings screen
/// and the README follow.
public enum SettingName: String, CaseIterable, Sendable {
    case theme
    case notification
    case clearClipboardSeconds = "clear_clipboard_seconds"
    case lockAfterMinutes = "lock_after_minutes"
    case lockOnSuspend = "lock_on_suspend"
    case oldSecretDays = "old_secret_days"
    case keys

    /// The settings that clear or lock secrets.
    public static let ofSafety: [SettingName] = [.lockAfterMinutes, .clearClipboardSeconds, .lockOnSuspend]

    private var entry: Entry {
        switch self {
        case .theme:
            Entry(
                "Theme", "the screen's colours; automatic follows the terminal's background",
                .choice(\.theme))
        case .notification:
            Entry(
                "Notification", "how keyfob reports that a token kept fresh is about to expire or was not renewed",
                .choice(\.notification))
        case .clearClipboardSeconds:
            Entry(
                "Clear the clipboard after", "seconds until a copied text is cleared from the clipboard; 0 is never",
                .number(
                    \.clearClipboardSeconds, 0...86_400, unit: "second",
                    steps: [0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1_800, 3_600, 7_200, 86_400]))
        case .lockAfterMinutes:
            Entry(
                "Lock after", "minutes without a keypress until the vault locks; 0 is never",
                .fraction(
                    \.lockAfterMinutes, 0...1_440, unit: "minute",
                    steps: [0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 240, 480, 1_440]))
        case .lockOnSuspend:
            Entry(
                "Lock on Ctrl-Z", "whether Ctrl-Z locks the vault before it returns to the shell",
                .flag(\.locksOnSuspend))
        case .oldSecretDays:
            Entry(
                "Mark secrets as old after", "days after which a client's secret is marked as old; 0 is never",
                .number(
                    \.oldSecretDays, 0...10_000, unit: "day", steps: [0, 7, 14, 30, 60, 90, 120, 180, 365, 730, 10_000])
            )
        case .keys:
            Entry(
                "Keys", "changed keys: each action's name, with its key or keys",
                .keys(\.keys))
        }
    }

    /// The setting's title on the settings screen.
    public var title: String { entry.title }

    /// The setting's effect, its unit, and the meaning of 0: lower case, no full stop.
    public var explanation: String { entry.explanation }

    /// The values that the file may have: `a whole number from 0 to 1440`.
    public var acceptedValues: String {
        switch entry.kind {
        case .choice(let names, _, _):
            names.dropLast().map(ShellQuoting.json.quoted).joined(separator: ", ") + " or "
                + ShellQuoting.json.quoted(names.last ?? "")
        case .number(_, let range, _, _): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .fraction(_, let range, _, _):
            "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        case .flag: "true or false"
        case .keys: "an object of actions and their keys"
        }
    }

    /// The value on the settings screen: `45 seconds`, `never`, `high contrast`.
    public func value(in settings: Settings) -> String {
        switch entry.kind {
        case .choice(_, let get, _): String(get(settings).map { $0 == "_" ? " " : $0 })
        case .number(let path, _, let unit, _):
            switch settings[keyPath: path] {
            case 0: "never"
            case 1: "1 \(unit)"
            case let number: "\(number) \(unit)s"
            }
        case .fraction(let path, _, let unit, _):
            switch settings[keyPath: path] {
            case 0: "never"
            case 1: "1 \(unit)"
            case let number: "\(Self.text(number)) \(unit)s"
            }
        case .flag(let path): settings[keyPath: path] ? "yes" : "no"
        case .keys(let path):
            settings[keyPath: path].isEmpty ? "the usual ones" : "\(settings[keyPath: path].count) changed"
        }
    }

    /// The settings with this one moved by `step` choices, backwards if negative. Choices wrap around; numbers move
    /// along a list of useful ones and stop at its ends. `keys` stays unchanged: only the file can change it.
    public func next(after settings: Settings, step: Int = 1) -> Settings {
        var settings = settings
        switch entry.kind {
        case .choice(let names, let get, let set):
            let place = (names.firstIndex(of: get(settings)) ?? 0) + step % names.count
            _ = set(&settings, names[(place + names.count) % names.count])
        case .number(let path, _, _, let steps):
            settings[keyPath: path] = Self.number(settings[keyPath: path], along: steps, step)
        case .fraction(let path, _, _, let steps):
            settings[keyPath: path] = Self.number(settings[keyPath: path], along: steps, step)
        case .flag(let path): if step % 2 != 0 { settings[keyPath: path].toggle() }
        case .keys: break
        }
        return settings
    }

    private static func number<Number: Comparable>(_ number: Number, along steps: [Number], _ step: Int) -> Number {
        guard step != 0 else { return number }
        let ahead = step < 0 ? steps.reversed().filter { $0 < number } : steps.filter { $0 > number }
        return ahead.prefix(Int(step.magnitude)).last ?? number
    }

    /// A number, without a decimal point if it is whole.
    private static func text(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? String(number) }

    /// The value as JSON on one line, for the file.
    public func fileText(in settings: Settings) -> String {
        switch entry.kind {
        case .choice(_, let get, _): ShellQuoting.json.quoted(get(settings))
        case .number(let path, _, _, _): String(settings[keyPath: path])
        case .fraction(let path, _, _, _): Self.text(settings[keyPath: path])
        case .flag(let path): String(settings[keyPath: path])
        case .keys(let path): Self.fileText(settings[keyPath: path])
        }
    }

    private static func fileText(_ keys: [String: [String]]) -> String {
        let members = keys.sorted { $0.key < $1.key }.map { action, keys in
            let names = keys.map(ShellQuoting.json.quoted).joined(separator: ", ")
            return "\(ShellQuoting.json.quoted(action)): \(keys.count == 1 ? names : "[\(names)]")"
        }
        return members.isEmpty ? "{}" : "{ \(members.joined(separator: ", ")) }"
    }

    // MARK: - Reading

    /// Sets the setting to a value from the file.
    func set(
        _ value: JSON5Value, of text: JSON5Text, into settings: inout Settings,
        readKeys: (JSON5Object) throws(SettingsMistake) -> [String: [String]]
    ) throws(SettingsMistake) {
        switch (entry.kind, value.content) {
        case (.choice(_, _, let set), .text(let name)): if set(&settings, name) { return }
        case (.number(let path, let range, _, _), .number(let number)):
            if let whole = Int(exactly: number), range.contains(whole) {
                settings[keyPath: path] = whole
                return
            }
        case (.fraction(let path, let range, _, _), .number(let number)):
            if range.contains(number) {
                settings[keyPath: path] = number
                return
            }
        case (.flag(let path), .flag(let isOn)):
            settings[keyPath: path] = isOn
            return
        case (.keys(let path), .object(let object)):
            settings[keyPath: path] = try readKeys(object)
            return
        default: break
        }
        throw text.mistake(
            "\(rawValue) must be \(acceptedValues), not \(text.excerpt(value))", at: value.range.lowerBound)
    }
}

private struct Entry {
    enum Kind {
        case choice(names: [String], get: (Settings) -> String, set: (inout Settings, String) -> Bool)
        case number(WritableKeyPath<Settings, Int>, ClosedRange<Int>, unit: String, steps: [Int])
        case fraction(WritableKeyPath<Settings, Double>, ClosedRange<Double>, unit: String, steps: [Double])
        case flag(WritableKeyPath<Settings, Bool>)
        case keys(WritableKeyPath<Settings, [String: [String]]>)

        static func choice<Choice: CaseIterable & RawRepresentable>(_ path: WritableKeyPath<Settings, Choice>) -> Kind
        where Choice.RawValue == String {
            .choice(
                names: Choice.allCases.map(\.rawValue), get: { $0[keyPath: path].rawValue },
                set: { settings, name in
                    guard let choice = Choice(rawValue: name) else { return false }
                    settings[keyPath: path] = choice
                    return true
                })
        }
    }

    let title: String
    let explanation: String
    let kind: Kind

    init(_ title: String, _ explanation: String, _ kind: Kind) {
        self.title = title
        self.explanation = explanation
        self.kind = kind
    }
}
