import Credentials

// A token URL that moves to another host: the URLs of the old host must not get the new client's secret and token.
extension ClientForm {
    /// The URLs that stay at other hosts while the token URL moves.
    struct LeftBehind: Equatable {
        struct Place: Equatable {
            var field: Field
            var host: String
        }

        /// The host that the token URL moves to.
        var target: String
        /// Never empty.
        var places: [Place]
    }

    /// Sets Service to *custom* if the token URL has left the preset's host, and clears the preset's values that the
    /// user did not touch. An edit has no preset: `leftBehind` asks instead.
    /// - Returns: the change in words; nil for no change.
    mutating func leavePreset() -> String? {
        let preset = ServicePreset.all[content.preset]
        guard origin == nil, !preset.covers(tokenURL: content.tokenURL) else { return nil }
        let custom = ServicePreset.custom
        content.preset = ServicePreset.all.firstIndex(of: custom) ?? content.preset
        if content.authentication == preset.authentication { content.authentication = custom.authentication }
        let filled: [(WritableKeyPath<Content, String>, old: String, new: String, name: String)] = [
            (\.scope, preset.scope, custom.scope, "scope"),
            (
                \.extraParameters, ParameterText.text(preset.extraParameters),
                ParameterText.text(custom.extraParameters), "parameters"
            ),
            (\.apiBase, preset.apiBase, custom.apiBase, "API base"),
            (\.issuer, preset.issuer, custom.issuer, "issuer"),
            (\.revocationURL, preset.revocationURL, custom.revocationURL, "revocation URL"),
        ]
        var cleared: [String] = []
        for (path, old, new, name) in filled where content[keyPath: path] == old && old != new {
            content[keyPath: path] = new
            cleared.append(name)
        }
        return "the token URL is not \(preset.name)'s: Service is custom now"
            + (cleared.isEmpty ? "" : ", cleared: \(cleared.joined(separator: ", "))")
    }

    /// The URLs that are still at their filled-in hosts while the token URL is at another host; nil for none.
    var leftBehind: LeftBehind? {
        let tokenURL = ClientName.trimmed(content.tokenURL)
        let target = EndpointHost(tokenURL)
        let fields: [Field] = [.revocationURL, .apiBase, .issuer]
        let places = fields.compactMap { (field) -> LeftBehind.Place? in
            guard let path = Self.path(of: field) else { return nil }
            let url = ClientName.trimmed(content[keyPath: path])
            let host = EndpointHost(url)
            // A gap that is not filled in is saved as empty.
            guard !url.isEmpty, !url.contains("{"), host == nil || host != target else { return nil }
            let isLeft = fills.contains { fill in
                let filled = fill[keyPath: path]
                return Self.isMove(from: fill.tokenURL, to: tokenURL)
                    && (url == filled || host != nil && host == EndpointHost(filled))
            }
            return isLeft ? LeftBehind.Place(field: field, host: EndpointHost.text(of: url)) : nil
        }
        return places.isEmpty ? nil : LeftBehind(target: EndpointHost.text(of: tokenURL), places: places)
    }

    private static func isMove(from old: String, to new: String) -> Bool {
        guard let authority = EndpointHost.authority(of: old), !authority.contains("{"), old != new else {
            return false
        }
        let host = EndpointHost(new)
        return host == nil || host != EndpointHost(old)
    }

    /// True if no secret is typed, so that an older secret goes to the new token URL.
    var keepsSecret: Bool { secret.isEmpty && (origin != nil || secretOf != nil) }

    /// True if the user must decide about `leftBehind` before the client is saved.
    var mustAskWhatStays: Bool { leftBehind.map { $0 != keptBehind } ?? false }

    mutating func clearWhatStays() {
        for place in leftBehind?.places ?? [] {
            if let path = Self.path(of: place.field) { content[keyPath: path] = "" }
        }
        set(focus: focus)
    }

    func moveQuestion(_ state: State) -> Question {
        let left = leftBehind
        let target = left?.target ?? ""
        let places = left?.places.map { "- \(Self.name(of: $0.field)) at \($0.host): \(Self.use(of: $0.field, state))" }
        let secret = "The client secret stays the same: the next refresh sends it to \(target)."
        return Question(
            title: "Save",
            text: ["The token URL moves to \(target). These do not move:"] + (places ?? [])
                + (keepsSecret ? [secret] : []),
            answers: state.reasonNotToSave ?? "y keeps and saves, c clears and saves, n goes back")
    }

    private static func name(of field: Field) -> String {
        switch field {
        case .revocationURL: "revocation URL"
        case .apiBase: "API base"
        default: "issuer"
        }
    }

    private static func use(of field: Field, _ state: State) -> String {
        let keymap = state.keymap
        return switch field {
        case .revocationURL: "\(keymap.key("revoke")) sends token and secret there"
        case .apiBase: "\(keymap.key("try_request")) sends the token there"
        default: "\(keymap.key("revoke")) and \(discoverKey.name) ask it for endpoints"
        }
    }
}

extension DiscoveredEndpoints {
    /// A warning about endpoints at other hosts than the issuer's, which the user has not typed; empty for none.
    func hostsToCheck(of issuer: String) -> [String] {
        let own = EndpointHost(issuer)
        let token = EndpointHost(tokenURL)
        var names: [String] = []
        if token == nil || token != own {
            names.append("its token URL at \(EndpointHost.text(of: tokenURL))")
        }
        if let revocationURL {
            let host = EndpointHost(revocationURL)
            if host == nil || host != own && host != token {
                names.append("its revocation URL at \(EndpointHost.text(of: revocationURL))")
            }
        }
        guard !names.isEmpty else { return [] }
        return [
            "the issuer names \(names.joined(separator: " and ")), another host than its own: check it before you save"
        ]
    }
}
