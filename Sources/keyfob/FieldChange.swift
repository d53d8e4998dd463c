import Credentials
import FoundationEssentials

/// A new value for a field of a client: `FIELD=VALUE` of `edit --set`.
struct FieldChange: Sendable {
    /// The writable fields of `show --json`, by their names there.
    enum Field: String, CaseIterable, Sendable {
        case name
        case clientID = "client_id"
        case tokenURL = "token_url"
        case scope
        case authMethod = "auth_method"
        case basicEncoding = "basic_encoding"
        case extraParameters = "extra_parameters"
        case issuer
        case revocationURL = "revocation_url"
        case apiBase = "api_base"
        case tags, notes
    }

    let field: Field
    let value: String

    /// No message repeats the text: a secret may be in it.
    /// - Throws: `unacceptableInput` for an unknown field, a field given twice, or a text without `=`.
    static func list(_ texts: [String]) throws(Failure) -> [FieldChange] {
        var changes: [FieldChange] = []
        for text in texts {
            guard let equals = text.firstIndex(of: "=") else {
                throw Failure(
                    .unacceptableInput, "--set needs a field and a value",
                    hints: ["write it as field=value: --set scope=read"])
            }
            let name = String(text[..<equals])
            guard let field = Field(rawValue: name) else { throw unknown(name) }
            guard !changes.contains(where: { $0.field == field }) else {
                throw Failure(
                    .unacceptableInput, "--set gives \(field.rawValue) twice", hints: ["leave one of them out"])
            }
            changes.append(FieldChange(field: field, value: String(text[text.index(after: equals)...])))
        }
        return changes
    }

    private static func unknown(_ name: String) -> Failure {
        let names = Field.allCases.map(\.rawValue)
        var hints: [Failure.Hint] = ["the fields are \(names.joined(separator: ", "))"]
        if SecretName.matches(name) {
            hints = ["a secret never comes from the command line: --secret-stdin reads it from standard input"]
        } else if let near = NearestWord.of(name, among: names) {
            hints.insert("did you mean \(near)?", at: 0)
        }
        return Failure(.unacceptableInput, "--set names a field that cannot be set", hints: hints)
    }

    func apply(to profile: inout ClientProfile) throws(Failure) {
        switch field {
        case .name: profile.name = try ClientName.checked(value)
        case .clientID: profile.clientID = try TypedField.clientID(value)
        case .tokenURL: profile.tokenURL = try TypedField.url(value, .tokenURL)
        case .scope: profile.scope = try TypedField.scope(value)
        case .authMethod: profile.authentication = try choice()
        case .basicEncoding: profile.basicEncoding = try choice()
        case .extraParameters: profile.extraParameters = try parameters()
        case .issuer: profile.issuer = try TypedField.url(value, .issuer)
        case .revocationURL: profile.revocationURL = try TypedField.url(value, .revocationURL)
        case .apiBase: profile.apiBase = try TypedField.url(value, .apiBase)
        case .tags:
            let words: [String] = value.hasPrefix("[") ? try list("[\"prod\",\"eu\"]") : [value]
            profile.tags = try TypedField.tags(words)
        case .notes:
            profile.notes = ClientAnswer.printable(notes: value)
            if profile.notes != value { Output.complain("control characters were removed from the notes") }
        }
    }

    private func choice<Value: RawRepresentable & CaseIterable>() throws(Failure) -> Value
    where Value.RawValue == String {
        if let value = Value(rawValue: value) { return value }
        let names = Value.allCases.map(\.rawValue).joined(separator: " or ")
        throw Failure(.unacceptableInput, "the \(field.rawValue) is not valid", hints: ["it is \(names)"])
    }

    private func parameters() throws(Failure) -> [FormParameter] {
        guard !value.isEmpty else { return [] }
        let example = "[{\"name\":\"audience\",\"value\":\"https://api.example\"}]"
        let given: [[String: String]] = try list(example)
        var parameters: [FormParameter] = []
        for members in given {
            // Another member would be lost silently.
            guard members.count == 2, let name = members["name"], let value = members["value"] else {
                throw notItsArray(example)
            }
            let checked = try TypedField.parameter(FormParameter(name, value), of: "parameter")
            guard !checked.name.isEmpty else {
                throw Failure(.unacceptableInput, "a parameter has no name", hints: ["give each one a name"])
            }
            parameters.append(checked)
        }
        return parameters
    }

    /// The value as a JSON array, as `show --json` writes it.
    private func list<Element: Decodable>(_ example: String) throws(Failure) -> [Element] {
        if let list = try? JSONDecoder().decode([Element].self, from: Data(value.utf8)) { return list }
        throw notItsArray(example)
    }

    private func notItsArray(_ example: String) -> Failure {
        Failure(
            .unacceptableInput, "the value of \(field.rawValue) is not its JSON array",
            hints: ["write it as keyfob show --json does: \(example)"])
    }
}
