extension Settings {
    /// The most bytes of a settings file, in UTF-8.
    public static let longestFile = JSON5Text.longest

    /// Reads a settings file: JSON5 (https://spec.json5.org), one object with members named by `SettingName`. A missing
    /// member has its default; a text with only white space and comments has no members.
    /// - Parameters:
    ///   - knownActions: the names that `keys` may have.
    ///   - indispensableKeys: the actions that must keep a key, with the names of their usual keys.
    ///   - isKeyName: true if a text names a key. A key given to two actions is a mistake; a key that is usual for
    ///     another action is removed from that action. An action with an empty list has no key.
    /// - Throws: the first mistake: bad syntax or a repeated name, anywhere; else an unknown setting, a value that it
    ///   does not accept, an unknown action or key, or an indispensable action without a key.
    public static func read(
        _ text: String, knownActions: Set<String>, indispensableKeys: [String: [String]] = [:],
        isKeyName: (String) -> Bool
    ) throws(SettingsMistake) -> Settings {
        let text = try JSON5Text(text)

        var holders: [String: String] = [:]
        var places: [String: Int] = [:]
        // Ctrl-R and ctrl-r are one key, r and R are two.
        func plain(_ name: String) -> String { name.count == 1 ? name : name.lowercased() }

        func keyNames(_ value: JSON5Value, of action: String) throws(SettingsMistake) -> [String] {
            let values = if case .list(let values) = value.content { values } else { [value] }
            var names: [String] = []
            for value in values {
                let start = value.range.lowerBound
                guard case .text(let name) = value.content else {
                    throw text.mistake(
                        "\(quoted(action)) needs a key or a list of keys, not \(text.excerpt(value))", at: start)
                }
                guard isKeyName(name) else {
                    throw text.mistake(
                        "\(quoted(name)) is not a key; keys are named as in the help: \"r\", \"Ctrl-R\", \"F5\"",
                        at: start
                    )
                }
                let key = plain(name)
                if let holder = holders[key], holder != action {
                    throw text.mistake("\(quoted(name)) is already the key of \(quoted(holder))", at: start)
                }
                holders[key] = action
                places[key] = start
                names.append(name)
            }
            return names
        }

        func keys(_ object: JSON5Object) throws(SettingsMistake) -> [String: [String]] {
            var keys: [String: [String]] = [:]
            for member in object.members {
                guard knownActions.contains(member.name) else {
                    let meant = suggestion(for: member.name, among: knownActions)
                    throw text.mistake(
                        "\(quoted(member.name)) is not an action\(meant)", at: member.nameRange.lowerBound)
                }
                keys[member.name] = try keyNames(member.value, of: member.name)
            }
            for (action, usual) in indispensableKeys.sorted(by: { $0.key < $1.key }) {
                let member = object.members.first { $0.name == action }
                let left = keys[action] ?? usual.filter { holders[plain($0)] == nil }
                guard left.isEmpty else { continue }
                let taken = usual.compactMap { places[plain($0)] }.max() ?? 0
                throw text.mistake(
                    "this leaves no key for \(quoted(action)), which must keep one",
                    at: member?.value.range.lowerBound ?? taken)
            }
            return keys
        }

        var settings = Settings()
        for member in try text.object().members {
            guard let name = SettingName(rawValue: member.name) else {
                let meant = suggestion(for: member.name, among: SettingName.allCases.map(\.rawValue))
                throw text.mistake("\(quoted(member.name)) is not a setting\(meant)", at: member.nameRange.lowerBound)
            }
            try name.set(member.value, of: text, into: &settings, readKeys: keys)
        }
        return settings
    }
}
