import Credentials

// The checks of the form's fields while the user types.
extension ClientForm {
    /// The reason why the field cannot be saved; nil if it can. `isMissing` is true if a required field is empty.
    func problem(_ field: Field, in state: State) -> (text: String, isMissing: Bool)? {
        let text = ClientName.trimmed(self.text(of: field))
        switch field {
        case .name:
            if text.isEmpty { return ("the name is missing", true) }
            do throws(Failure) { _ = try ClientName.checked(text) } catch { return (error.summary, false) }
            if let holder = state.clients.holder(ofName: text), holder.id != origin?.id {
                return ("a client named \"\(holder.profile.name)\" already exists", false)
            }
        case .clientID:
            if text.isEmpty { return ("the client ID is missing", true) }
            return Placeholder.problem(text).map { ($0, false) }
        case .secret:
            let isThere = !secret.isEmpty || origin != nil || secretOf != nil
            if !isThere || (!secret.isEmpty && secret.secret().trimmed().isEmpty) {
                return ("the client secret is missing", true)
            }
        case .tokenURL:
            if text.isEmpty { return ("the token URL is missing", true) }
            return URLText.problem(text).map { ($0, false) }
        // A preset's gap that was not filled in counts as empty.
        case .issuer where Placeholder.problem(text) != nil, .revocationURL where Placeholder.problem(text) != nil:
            return nil
        case .issuer, .apiBase, .revocationURL:
            return text.isEmpty ? nil : URLText.problem(text).map { ($0, false) }
        case .scope: return Placeholder.problem(text).map { ($0, false) }
        case .extraParameters:
            if let placeholder = Placeholder.problem(text) { return (placeholder, false) }
            guard let parameters = ParameterText.parameters(text) else {
                return ("write name=value, separated by &", false)
            }
            if let reserved = parameters.compactMap(\.reservation).first { return (reserved, false) }
        case .preset, .previousSecret, .more, .authentication, .basicEncoding, .tags, .notes: return nil
        }
        return nil
    }

    /// The first field that keeps the form from being saved.
    func firstProblem(in state: State) -> (Field, String)? {
        for field in fields {
            if let problem = problem(field, in: state) { return (field, problem.text) }
        }
        return nil
    }
}

/// Extra form parameters as one line: `audience=https://api&resource=urn:x`, `&` and `%` as `%26` and `%25`, and `=` in
/// a name as `%3D`.
enum ParameterText {
    static func text(_ parameters: [FormParameter]) -> String {
        parameters.map { "\(escapedName($0.name))=\(escaped($0.value))" }.joined(separator: "&")
    }

    /// nil if a piece has no name or no `=`.
    static func parameters(_ text: String) -> [FormParameter]? {
        var parameters: [FormParameter] = []
        for piece in text.split(separator: "&") {
            guard let equals = piece.firstIndex(of: "=") else { return nil }
            let name = ClientName.trimmed(unescapedName(piece[..<equals]))
            guard !name.isEmpty else { return nil }
            parameters.append(FormParameter(name, ClientName.trimmed(unescaped(piece[piece.index(after: equals)...]))))
        }
        return parameters
    }

    private static func escapedName(_ name: String) -> String {
        escaped(name).split(separator: "=", omittingEmptySubsequences: false).joined(separator: "%3D")
    }

    /// `%253D` stands for `%3D`.
    private static func unescapedName(_ name: Substring) -> String {
        var parts: [String] = [""]
        var rest = name
        while let character = rest.first {
            if rest.hasPrefix("%3D") {
                parts.append("")
                rest = rest.dropFirst(3)
            } else {
                parts[parts.count - 1].append(character)
                rest = rest.dropFirst()
            }
        }
        return parts.map { unescaped($0[...]) }.joined(separator: "=")
    }

    private static func escaped(_ text: String) -> String {
        String(text.flatMap { $0 == "%" ? Array("%25") : $0 == "&" ? Array("%26") : [$0] })
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var rest = text
        while let character = rest.first {
            if rest.hasPrefix("%25") || rest.hasPrefix("%26") {
                result.append(rest.hasPrefix("%25") ? "%" : "&")
                rest = rest.dropFirst(3)
            } else {
                result.append(character)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
