import Credentials

// What keys do in the questions for a passphrase.
extension State {
    mutating func pressInUnlock(_ action: Action?, _ key: Key?) -> [Effect] {
        guard case .locked(var form) = stage else { return [] }
        defer { if case .locked = stage { stage = .locked(form) } }
        if action == .quit { return [.quit] }
        guard !form.isWorking else { return [] }
        if action == .submit {
            guard !form.passphrase.isEmpty else {
                form.failure = Failure(.unacceptableInput, "type the vault's passphrase, then Enter")
                return []
            }
            let passphrase = form.passphrase.secret()
            form.passphrase.wipe()
            form.failure = nil
            form.workingSince = now
            return [.unlock(passphrase: passphrase)]
        }
        if let key, form.passphrase.handle(key) {
            form.failure = form.passphrase.refusal.map { Failure(.bug, $0) }
        }
        return []
    }

    mutating func pressInNewVault(_ action: Action?, _ key: Key?) -> [Effect] {
        guard case .newVault(var form) = stage else { return [] }
        defer { if case .newVault = stage { stage = .newVault(form) } }
        if action == .quit { return [.quit] }
        guard !form.isWorking else { return [] }
        switch action {
        case .nextField, .previousField: form.focus = form.focus == .passphrase ? .repeated : .passphrase
        case .submit: return submit(&form)
        default:
            if let key, form.focused.handle(key) {
                form.failure = form.focused.refusal.map { Failure(.bug, $0) }
                form.namedWeakness = nil
            }
        }
        return []
    }

    private func submit(_ form: inout NewVaultForm) -> [Effect] {
        form.failure = nil
        guard !form.passphrase.isEmpty else {
            form.focus = .passphrase
            form.failure = Failure(.unacceptableInput, "the passphrase is empty", hints: ["type a new one"])
            return []
        }
        guard !form.repeated.isEmpty else {
            form.focus = .repeated
            return []
        }
        let passphrase = form.passphrase.secret()
        guard passphrase == form.repeated.secret() else {
            form.repeated.wipe()
            form.focus = .repeated
            form.failure = Failure(.unacceptableInput, "the two are not the same", hints: ["type it again"])
            return []
        }
        if let weakness = Passphrase.weakness(of: passphrase), form.namedWeakness != weakness {
            form.namedWeakness = weakness
            return []
        }
        form.passphrase.wipe()
        form.repeated.wipe()
        form.workingSince = now
        return [.createVault(passphrase: passphrase)]
    }

}
