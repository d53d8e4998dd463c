extension Settings {
    /// Bytes of UTF-8 that a settings file may have.
    public static let longestFile = JSON5Text.longest

    /// Reads a settings file: JSON5 (https://spec.json5.org), one object, its members named as `SettingName` has them.
    /// What it does not set has its default; a text of nothing but white space and comments sets nothing.
    /// - Parameters:
    ///   - knownActions: the names that `keys` may have.
    ///   - isKeyName: whether a text names a key. One that is given to two actions is a mistake; one that the usual table
    ///     gives to another action is taken from that. An action with an empty list has no key any more.
    /// - Throws: the first mistake: bad syntax or a name that is there twice, anywhere; else an unknown setting, a value
    ///   that it does not take, an unknown action or key.
    public static func read(
        _ text: String, knownActions: Set<String>, isKeyName: (String) -> Bool
    ) throws(SettingsMistake) -> Settings {
        let text = try JSON5Text(text)

        var holders: [String: String] = [:]

        func keyNames(_ value: JSON5Value, of action: String) throws(SettingsMistake) -> [String] {
            let values = if case .list(let values) = value.content { values } else { [value] }
            var names: [String] = []
            for value in values {
                let start = value.range.lowerBound
                guard case .text(let name) = value.content else {
                    throw text.mistake(
                        "\(quoted(action)) takes a key or a list of keys, not \(text.shown(value))", at: start)
                }
                guard isKeyName(name) else {
                    throw text.mistake(
                        "\(quoted(name)) is no key; keys are named as in the help: \"r\", \"Ctrl-R\", \"F5\"", at: start
                    )
                }
                // Ctrl-R and ctrl-r are one key, r and R are two.
                let key = name.count == 1 ? name : name.lowercased()
                if let holder = holders[key], holder != action {
                    throw text.mistake("\(quoted(name)) is the key of \(quoted(holder)) already", at: start)
                }
                holders[key] = action
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
            return keys
        }

        var settings = Settings()
        for member in try text.object().members {
            guard let name = SettingName(rawValue: member.name) else {
                let meant = suggestion(for: member.name, among: SettingName.allCases.map(\.rawValue))
                throw text.mistake("\(quoted(member.name)) is no setting\(meant)", at: member.nameRange.lowerBound)
            }
            try name.take(member.value, of: text, into: &settings, readKeys: keys)
        }
        return settings
    }
}
