import Credentials

/// The lines of a dialog for a secret and for the wait for the vault.
enum SecretLine {
    static func field(
        _ label: String, _ secret: SecretField, isFocused: Bool, placeholder: String = "", _ state: State
    ) -> DialogLine {
        if secret.isEmpty, !placeholder.isEmpty {
            return DialogLine(
                content: .field(label: label, text: placeholder, role: .muted, cursor: isFocused ? 0 : nil),
                isFocused: isFocused)
        }
        // Like any masked field, this one shows the length, up to the width of a row.
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
