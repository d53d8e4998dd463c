import Credentials
import FoundationEssentials

enum ClientFormDialog {
    /// The form's dialog; the fields are the last lines.
    static func box(_ form: ClientForm, _ state: State) -> DialogBox {
        let columns = DialogBox.columns(state.size, atMost: 78)
        var lines: [DialogLine] = []
        if form.isFirst, form.isGBG {
            lines += DialogLine.wrapped(
                "Your first client. In GBG's account management portal, tab Clients, create an API client: the "
                    + "portal shows its ID, and its secret once. Give it the role \"Go API Access\".", columns)
            lines.append(.blank)
        }
        lines += form.fields.map { field in
            var line = line(field, form, state)
            if let problem = form.problem(field, in: state), !problem.isMissing { line.problem = problem.text }
            return line
        }
        let title = form.origin.map { "Edit \($0.profile.name)" } ?? "Add a client"
        return DialogBox(title: title, lines: lines, footer: footer(form, state, columns), columns: columns)
    }

    private static func footer(_ form: ClientForm, _ state: State, _ columns: Int) -> [DialogLine] {
        if form.isSaving { return [.text("\(state.glyphs.refreshing) saving\(state.glyphs.ellipsis)", .refreshing)] }
        if form.askedIssuer != nil {
            return [.text("\(state.glyphs.refreshing) asking the issuer\(state.glyphs.ellipsis)", .refreshing)]
        }
        // Over every text that promises to save.
        if let reason = state.reasonNotToSave {
            return DialogLine.wrapped("\(state.glyphs.failed) \(reason)", columns, .failed)
        }
        if form.failure != nil { return DialogLine.failure(form.failure, columns, state) }
        if let notice = form.notice { return DialogLine.wrapped(notice, columns, .expiring) }
        if let problem = form.problem(form.focus, in: state), !problem.isMissing {
            return DialogLine.wrapped("\(state.glyphs.failed) \(problem.text)", columns, .failed)
        }
        return DialogLine.wrapped(explanation(form, state), columns, .muted)
    }

    static func label(_ field: ClientForm.Field) -> String {
        switch field {
        case .preset: "Service"
        case .name: "Name"
        case .clientID: "Client ID"
        case .secret: "Secret"
        case .previousSecret: "Previous"
        case .issuer: "Issuer"
        case .tokenURL: "Token URL"
        case .scope: "Scope"
        case .more: "More"
        case .authentication: "Sent as"
        case .basicEncoding: "Encoding"
        case .extraParameters: "Parameters"
        case .apiBase: "API base"
        case .revocationURL: "Revocation"
        case .tags: "Tags"
        case .notes: "Notes"
        }
    }

    private static func line(_ field: ClientForm.Field, _ form: ClientForm, _ state: State) -> DialogLine {
        let isFocused = form.focus == field && !form.isSaving
        var label = label(field)
        // The row may have no room for the problem, so the label has a glyph. The footer has the problem of the focused
        // field.
        if let problem = form.problem(field, in: state), !problem.isMissing { label += " \(state.glyphs.failed)" }
        func choice(_ name: String, _ explanation: String) -> DialogLine {
            DialogLine(
                content: .field(label: label, text: "< \(name) >  \(explanation)", role: .normal, cursor: nil),
                isFocused: isFocused)
        }
        switch field {
        case .preset:
            return choice(ServicePreset.all[form.content.preset].name, "fills in the service's usual settings")
        case .secret:
            return SecretLine.field(
                label, form.secret, isFocused: isFocused, placeholder: secretPlaceholder(form, state), state)
        case .previousSecret:
            let date = form.origin?.profile.previousSecretSet.map { Durations.date($0, utcOffset: state.utcOffset) }
            let since = "set \(date ?? "at an unknown time")"
            switch form.previousSecret {
            case .keep: return choice("keep", "the previous secret, \(since)")
            case .use: return choice("use", "swaps it with the current secret")
            case .forget: return choice("forget", "removes it when you save")
            }
        case .more:
            let text = "\(state.glyphs.folded) \(form.foldedFields.count) fields at their usual values"
            return DialogLine(
                content: .field(label: label, text: text, role: isFocused ? .normal : .muted, cursor: nil),
                isFocused: isFocused)
        case .authentication:
            let isPost = form.content.authentication == .clientSecretPost
            return choice(
                form.content.authentication.rawValue,
                isPost ? "in the request's body" : "in the Authorization header")
        case .basicEncoding:
            let isForm = form.content.basicEncoding == .form
            return choice(form.content.basicEncoding.rawValue, isForm ? "form-encoded first (RFC 6749)" : "not encoded")
        default:
            let text = isFocused ? form.line.text : form.text(of: field)
            return DialogLine(
                content: .field(label: label, text: text, role: .normal, cursor: isFocused ? form.line.cursor : nil),
                isFocused: isFocused)
        }
    }

    private static func secretPlaceholder(_ form: ClientForm, _ state: State) -> String {
        if let other = form.secretOf { return "the secret of \(other.name), unless you type another" }
        guard let origin = form.origin else { return "" }
        let set = origin.profile.secretSet.map { ", set \(Durations.date($0, utcOffset: state.utcOffset))" } ?? ""
        return "kept\(set), unless you type another"
    }

    private static func explanation(_ form: ClientForm, _ state: State) -> String {
        let keymap = state.keymap
        return switch form.focus {
        case .preset: "left and right choose; replace the words in braces"
        case .name: "any name, for the list and the command line"
        case .clientID: "\(form.portalHint); you can paste the ID"
        case .secret where !form.secret.isEmpty:
            "not saved yet: the secret delays the idle lock, by an hour at most"
        case .secret where form.isGBG: "shown once by the portal; encrypted in the vault and not shown again"
        case .secret: "encrypted in the vault and not shown again"
        case .previousSecret: "left and right choose: keep it, use it again, or forget it"
        case .issuer:
            "the URL that publishes the endpoints; \(ClientForm.discoverKey.name) asks it; may be empty"
        case .tokenURL: "the token endpoint: https, or http on this machine"
        case .scope: "scopes to request; may be empty"
        case .more: "Enter shows \(form.foldedFields.map(label).joined(separator: ", "))"
        case .authentication: "the way to send ID and secret; left and right choose"
        case .basicEncoding: "the encoding before base64; use raw for servers that do not decode"
        case .extraParameters: "more form parameters: audience=…&resource=…; not for secrets; may be empty"
        case .apiBase: "the API that \(keymap.key("try_request")) sends requests to; may be empty"
        case .revocationURL: "for revoking with \(keymap.key("revoke")) (RFC 7009); if empty, the issuer is asked"
        case .tags: "words to find and group clients by; may be empty"
        case .notes: "any text; encrypted in the vault; not for secrets"
        }
    }
}
