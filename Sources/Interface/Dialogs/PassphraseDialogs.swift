import Credentials

enum UnlockDialog {
    static func draw(_ form: UnlockForm, _ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(canvas.frame.size, atMost: 56)
        var lines = DialogLine.wrapped("Vault: \(state.vaultPath)", columns, .muted)
        if let notice = form.notice { lines += DialogLine.wrapped(notice, columns, .expiring) }
        if form.keepsNothingFresh {
            lines += DialogLine.wrapped("while it is locked no token is kept fresh", columns, .muted)
        }
        lines.append(.blank)
        lines.append(SecretLine.field("Passphrase", form.passphrase, isFocused: !form.isWorking, state))
        var footer: [DialogLine] = []
        if let since = form.workingSince {
            footer.append(SecretLine.working("opening the vault", since, state))
        } else if form.failure == nil {
            if state.isDemo { footer.append(.text("this is the demo: its passphrase is demo", .muted)) }
            footer.append(.text("Enter opens the vault", .muted))
        }
        footer += DialogLine.failure(form.failure, columns, state.glyphs)
        if let clipboard = state.clipboard { footer.append(.text(clipboard.words(at: state.shownNow), .expiring)) }
        if let message = state.message { footer += DialogLine.wrapped(message.text, columns, message.role) }
        DialogBox(title: "keyfob", lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}

enum NewVaultDialog {
    static func draw(_ form: NewVaultForm, _ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(canvas.frame.size)
        var lines = DialogLine.wrapped("There is no vault yet; it will be \(state.vaultPath)", columns)
        lines.append(.blank)
        lines += DialogLine.wrapped(
            "Choose a passphrase. There is no recovery: without it the vault cannot be opened, by anybody. A client's "
                + "secret can then still be regenerated in GBG's account management portal.", columns)
        lines.append(.blank)
        let isAsking = !form.isWorking
        lines.append(
            SecretLine.field("Passphrase", form.passphrase, isFocused: isAsking && form.focus == .passphrase, state))
        lines.append(
            SecretLine.field("Again", form.repeated, isFocused: isAsking && form.focus == .repeated, state))
        var footer: [DialogLine] = []
        if let since = form.workingSince {
            footer.append(SecretLine.working("making the vault", since, state))
        } else if let weakness = form.namedWeakness {
            footer += DialogLine.wrapped("this passphrase is weak: \(weakness)", columns, .expiring)
            footer += DialogLine.wrapped("Enter takes it all the same; or type a better one", columns)
        } else if form.failure == nil {
            footer.append(.text("Enter goes on", .muted))
        }
        footer += DialogLine.failure(form.failure, columns, state.glyphs)
        DialogBox(title: "keyfob: a new vault", lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}

/// How a secret and the wait for the vault look in a dialog.
enum SecretLine {
    static func field(
        _ label: String, _ secret: SecretField, isFocused: Bool, placeholder: String = "", _ state: State
    ) -> DialogLine {
        if secret.isEmpty, !placeholder.isEmpty {
            return DialogLine(
                content: .field(label: label, text: placeholder, role: .muted, cursor: isFocused ? 0 : nil),
                isFocused: isFocused)
        }
        // The screen tells the length up to what a row holds, as asterisks do everywhere.
        let count = min(secret.characterCount, 200)
        return DialogLine(
            content: .field(
                label: label, text: String(repeating: state.glyphs.mask, count: count), role: .normal,
                cursor: isFocused ? count : nil),
            isFocused: isFocused)
    }

    static func working(_ text: String, _ since: Moment, _ state: State) -> DialogLine {
        let seconds = state.shownNow.seconds(since: since)
        let passed = seconds < 1 ? "" : " \(Durations.text(seconds))"
        return .text("\(state.glyphs.refreshing) \(text)\(state.glyphs.ellipsis)\(passed)", .refreshing)
    }
}
