import Credentials

enum ClientFormDialog {
    static func draw(_ form: ClientForm, _ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(canvas.frame.size, atMost: 72)
        var lines: [DialogLine] = []
        if form.isFirst {
            lines += DialogLine.wrapped(
                "Your first client. In GBG's account management portal, tab Clients, create an API client: the "
                    + "portal shows its ID, and its secret once. Give it the role \"Go API Access\".", columns)
            lines.append(.blank)
        }
        lines += form.fields.map { line($0, form, state) }
        var footer: [DialogLine] = []
        if form.isSaving {
            footer.append(.text("\(state.glyphs.refreshing) saving\(state.glyphs.ellipsis)", .refreshing))
        } else if form.failure != nil {
            footer += DialogLine.failure(form.failure, columns, state.glyphs)
        } else if let notice = form.notice {
            footer += DialogLine.wrapped(notice, columns, .expiring)
        } else {
            footer += DialogLine.wrapped(explanation(form), columns, .muted)
        }
        let title = form.origin.map { "Edit \($0.profile.name)" } ?? "Add a client"
        DialogBox(title: title, lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }

    private static func line(_ field: ClientForm.Field, _ form: ClientForm, _ state: State) -> DialogLine {
        let isFocused = form.focus == field && !form.isSaving
        func text(_ content: TextField) -> DialogLine {
            DialogLine(
                content: .field(
                    label: field.label, text: content.text, role: .normal, cursor: isFocused ? content.cursor : nil),
                isFocused: isFocused)
        }
        func choice(_ name: String, _ explanation: String) -> DialogLine {
            DialogLine(
                content: .field(label: field.label, text: "< \(name) >  \(explanation)", role: .normal, cursor: nil),
                isFocused: isFocused)
        }
        switch field {
        case .name: return text(form.name)
        case .clientID: return text(form.clientID)
        case .secret:
            return SecretLine.field(
                field.label, form.secret, isFocused: isFocused,
                placeholder: form.origin == nil ? "" : "kept, unless you type or paste another", state)
        case .tokenURL: return text(form.tokenURL)
        case .scope: return text(form.scope)
        case .authentication:
            return choice(
                form.authentication.rawValue,
                form.authentication == .clientSecretPost ? "in the request's body" : "in the Authorization header")
        case .basicEncoding:
            return choice(form.basicEncoding.rawValue, form.basicEncoding == .form ? "as the RFC says" : "as they are")
        }
    }

    private static func explanation(_ form: ClientForm) -> String {
        switch form.focus {
        case .name: "any name you like; it is shown in the list and used on the command line"
        case .clientID: "from the portal; a paste goes in as one piece"
        case .secret: "shown once by the portal; it is sealed in the vault and never shown again"
        case .tokenURL: "where tokens are asked for: https, or http on this machine"
        case .scope: "what the token is to be good for; may be empty"
        case .authentication: "how ID and secret are sent; left and right choose"
        case .basicEncoding: "what is done to ID and secret before base64; raw is for servers that do not decode"
        }
    }
}
