import Credentials
import OAuth
import System

// The profile from the options of `keyfob add`. The checks are the form's.
extension Add {
    /// Reports on stderr each change that it makes to a given value.
    func profile() throws(Failure) -> ClientProfile {
        let identifier = try TypedField.clientID(clientID)
        let name = try ClientName.checked(name)
        let preset = try preset()
        let notes = UntrustedText.line(note, limit: 2_000)
        if notes != ClientName.trimmed(note) {
            Output.complain("line breaks and control characters were removed from the note")
        }
        return ClientProfile(
            name: name, clientID: identifier,
            tokenURL: try url(tokenURL, .tokenURL, orOf: preset, preset.tokenURL),
            scope: try scope(preset), authentication: authentication ?? preset.authentication,
            basicEncoding: basicEncoding, extraParameters: try extraParameters(preset),
            issuer: try url(issuer, .issuer, orOf: preset, preset.issuer),
            revocationURL: try url(revocationURL, .revocationURL, orOf: preset, preset.revocationURL),
            apiBase: try url(apiBase, .apiBase, orOf: preset, preset.apiBase),
            tags: try TypedField.tags(tags), notes: notes, created: Clocks.now().wall)
    }

    /// The settings for options that were not given; `custom` if the token URL's host is not the service's.
    private func preset() throws(Failure) -> ServicePreset {
        guard let tokenURL else { return service ?? .gbgGO }
        guard let service else {
            let isGBGGO = EndpointHost(ClientName.trimmed(tokenURL)) == EndpointHost(ServicePreset.gbgGO.tokenURL)
            return isGBGGO ? .gbgGO : .custom
        }
        guard service.covers(tokenURL: tokenURL) else {
            Output.complain("the token URL is not \(service.name)'s: no settings of that service were filled in")
            return .custom
        }
        return service
    }

    /// - Parameter usual: the preset's URL. If it has a placeholder, the option must be given; an optional field then
    ///   stays empty.
    private func url(
        _ given: String?, _ field: EndpointURL.Field, orOf preset: ServicePreset, _ usual: String
    ) throws(Failure) -> String {
        guard let given else {
            if field == .tokenURL {
                guard !usual.isEmpty, Placeholder.problem(usual) == nil else {
                    throw missing("\(field)", of: preset, usual, option: "--token-url URL")
                }
            }
            return Placeholder.problem(usual) == nil ? usual : ""
        }
        return try TypedField.url(given, field)
    }

    private func scope(_ preset: ServicePreset) throws(Failure) -> String {
        if scope == nil, Placeholder.problem(preset.scope) != nil {
            throw missing("the scope", of: preset, preset.scope, option: "--scope SCOPE")
        }
        return try TypedField.scope(scope ?? preset.scope)
    }

    private func extraParameters(_ preset: ServicePreset) throws(Failure) -> [FormParameter] {
        var given: [FormParameter] = []
        for text in parameters {
            let equals = text.firstIndex(of: "=")
            guard let equals, !ClientName.trimmed(String(text[..<equals])).isEmpty else {
                throw Failure(
                    .unacceptableInput, "--param needs a name and a value",
                    hints: ["write it as name=value: --param audience=https://api.example"])
            }
            let parameter = FormParameter(String(text[..<equals]), String(text[text.index(after: equals)...]))
            given.append(try TypedField.parameter(parameter, of: "--param"))
        }
        let others = preset.extraParameters.filter { usual in !given.contains { $0.name == usual.name } }
        if let gap = others.first(where: { Placeholder.problem($0.value) != nil }) {
            throw missing("the parameter \(gap.name)", of: preset, gap.value, option: "--param \(gap.name)=VALUE")
        }
        return given + others
    }

    private func missing(_ what: String, of preset: ServicePreset, _ pattern: String, option: String) -> Failure {
        guard !pattern.isEmpty else {
            return Failure(.usage, "\(what) is missing", hints: ["add \(option)"])
        }
        return Failure(
            .usage, "\(what) of \(preset.name) contains a placeholder: \(pattern)",
            hints: ["add \(option), with your own value in place of the words in braces"])
    }
}
