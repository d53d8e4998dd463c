extension Settings {
    /// Bytes of UTF-8 that a settings file may have.
    public static let longestFile = JSON5Text.longest

    /// Reads a settings file: JSON5 (https://spec.json5.org), one object, its members named as `SettingName` has them.
    /// What it does not set has its default; a text of nothing but white space and comments sets nothing.
    /// - Parameters:
    ///   - knownActions: the names that `keys` may have.
    ///   - indispensableKeys: the actions that must keep a key, with the usual names of their keys.
    ///   - isKeyName: whether a text names a key. One that is given to two actions is a mistake; one that the usual table
    ///     gives to another action is taken from that. An action with an empty list has no key any more.
    /// - Throws: the first mistake: bad syntax or a name that is there twice, anywhere; else an unknown setting, a value
    ///   that it does not take, an unknown action or key; an indispensable action without a key.
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
                        "\(quoted(action)) takes a key or a list of keys, not \(text.excerpt(value))", at: start)
                }
                guard isKeyName(name) else {
                    throw text.mistake(
                        "\(quoted(name)) is no key; keys are named as in the help: \"r\", \"Ctrl-R\", \"F5\"", at: start
                    )
                }
                let key = plain(name)
                if let holder = holders[key], holder != action {
                    throw text.mistake("\(quoted(name)) is the key of \(quoted(holder)) already", at: start)
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
                    throw text.mistake("\(quoted(member.name)) is no action\(meant)", at: member.nameRange.lowerBound)
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
                throw text.mistake("\(quoted(member.name)) is no setting\(meant)", at: member.nameRange.lowerBound)
            }
            try name.set(member.value, of: text, into: &settings, readKeys: keys)
        }
        return settings
    }
}
