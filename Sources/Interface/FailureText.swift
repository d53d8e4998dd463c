import Credentials

extension State {
    /// The hint for this vault, with the present key for its remedy; only the text if no key does it.
    func text(of hint: Failure.Hint) -> String {
        let text = hint.text(withVaultOption: vaultOption)
        guard let remedy = hint.remedy, let key = keymap.keyName(remedy.action) else { return text }
        return "\(text): \(key) \(remedy.predicate)"
    }
}

extension Failure {
    /// The summary without the client's name, for a place that shows the name beside it.
    func summary(besideName name: String) -> String {
        guard !name.isEmpty else { return summary }
        var text = summary
        for named in ["client \"\(name)\"", "\"\(name)\""] {
            if let range = text.firstRange(of: named) { text.replaceSubrange(range, with: "the client") }
        }
        return text
    }
}

extension Remedy {
    /// The list's action that begins the remedy.
    fileprivate var action: String {
        switch self {
        case .edit, .swapSecrets: "edit"
        case .refresh: "refresh"
        case .tryRequest: "try_request"
        case .reopen: "lock"
        }
    }

    /// The text after the key's name.
    fileprivate var predicate: String {
        switch self {
        case .edit: "edits the client"
        case .swapSecrets: "edits the client and swaps them"
        case .refresh: "fetches a new token"
        case .tryRequest: "in the list opens a new request"
        case .reopen: "locks the vault, the passphrase unlocks it"
        }
    }
}
