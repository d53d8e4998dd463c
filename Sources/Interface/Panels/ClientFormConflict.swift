import Credentials

// Conflicts: another keyfob has changed or removed the edited client.
extension ClientForm {
    /// Handles the vault's refusal to save.
    mutating func saveFailed(_ failure: Failure, in state: State) -> Outcome {
        isSaving = false
        self.failure = failure
        switch failure.kind {
        case .nameTaken: fail(at: .name, failure)
        case .unusableProfile: fail(at: .tokenURL, failure)
        case .noSuchClient: goOnAsNew(after: failure)
        // Without the vault's file, another save fails too.
        case .conflict where !failure.isUntilReopened:
            awaitsChange = true
            if let entry = origin.flatMap({ state.clients.entry($0.id) }) {
                return changed(entry, isLate: question != nil, in: state)
            }
        default: break
        }
        return Outcome(isReported: true)
    }

    /// Handles the client's new state after a conflict.
    /// - Parameter isLate: true if the form may have been used since it was sent: then it is not sent again.
    mutating func changed(_ entry: ClientEntry, isLate: Bool, in state: State) -> Outcome {
        guard awaitsChange, let origin, entry.id == origin.id, entry.revision != origin.revision, let failure else {
            return Outcome(isReported: true)
        }
        awaitsChange = false
        let asked = merge(entry, over: origin)
        if asked.isEmpty, !isLate {
            var outcome = submit(in: state)
            outcome.isReported = true
            return outcome
        }
        let names = asked.map { ClientFormDialog.label($0.field) }.joined(separator: ", ")
        let summary = asked.isEmpty ? failure.summary : "\(failure.summary): \(names)"
        var hints: [Failure.Hint] = [
            asked.isEmpty ? "Enter saves this form" : "Enter saves this form, Esc keeps the other change"
        ]
        for (field, text) in asked { hints.append(Failure.Hint("\(ClientFormDialog.label(field)): \(text)")) }
        if let takenOver { hints.append(Failure.Hint(takenOver)) }
        self.failure = Failure(.conflict, summary, hints: hints)
        return Outcome(isReported: true)
    }

    /// Copies the fields that only the other keyfob has changed, and continues from `theirs`.
    /// - Returns: the fields that both have changed, or that the user must check, with a text for each.
    private mutating func merge(_ theirs: ClientEntry, over before: ClientEntry) -> [(field: Field, text: String)] {
        let (old, new) = (Content(before.profile), Content(theirs.profile))
        var asked: [(field: Field, text: String)] = []
        var copied: [Field] = []
        for field in Field.allCases {
            let (was, there, here) = (old.savedText(of: field), new.savedText(of: field), content.savedText(of: field))
            guard there != was, there != here else { continue }
            guard here == was else {
                asked.append((field, Self.difference(theirs: there, yours: here)))
                continue
            }
            content.copy(field, from: new)
            // The user has not seen this secret and that host together.
            if field == .tokenURL, !secret.isEmpty {
                asked.append((field, "their URL is used: the secret typed here goes to \(Self.quoted(there))"))
            } else {
                copied.append(field)
            }
        }
        let isSecretChanged = theirs.profile.secretSet != before.profile.secretSet
        if isSecretChanged, !secret.isEmpty {
            asked.append((.secret, "theirs is new; Enter saves the secret typed here"))
        } else if isSecretChanged, content.savedText(of: .tokenURL) != new.savedText(of: .tokenURL) {
            asked.append((.secret, "their new secret goes to the token URL typed here"))
        }
        let previous = theirs.profile.previousSecretSet
        if previousSecret != .keep, isSecretChanged || previous != before.profile.previousSecretSet {
            // The choice was meant for another secret.
            if previousSecret != .forget || previous != nil {
                asked.append((.previousSecret, "theirs is new, yours is set back to \"keep\""))
            }
            previousSecret = .keep
        }
        origin = theirs
        goOn(from: new)
        let names = copied.map { ClientFormDialog.label($0) }.joined(separator: ", ")
        if !copied.isEmpty { takenOver = "copied from the other change: \(names)" }
        return asked
    }

    /// Turns the form into a new client's: the edited client, or the client whose secret a duplicate copies, is gone.
    private mutating func goOnAsNew(after failure: Failure) {
        let hint: Failure.Hint
        if origin != nil {
            becomeNew()
            hint =
                secret.isEmpty
                ? "its secret is gone too: type a secret, then press Enter to save a new client"
                : "Enter saves a new client"
        } else {
            hint = "the secret of \(secretOf?.name ?? "that client") is gone too: type one, then press Enter"
            forgetSecretOfOther()
        }
        let failure = Failure(failure.kind, failure.summary, hints: [hint])
        if secret.isEmpty { fail(at: .secret, failure) } else { self.failure = failure }
    }

    private static func difference(theirs: String, yours: String) -> String {
        // Two long URLs differ near their ends.
        let common = zip(theirs, yours).prefix { $0 == $1 }.count
        func excerpt(_ text: String) -> String {
            let cut = max(common - 20, 0)
            return text.count > longestValue && cut > 0 ? quoted("…\(text.dropFirst(cut))") : quoted(text)
        }
        return "theirs \(excerpt(theirs)), yours \(excerpt(yours))"
    }

    /// In characters.
    private static let longestValue = 60

    private static func quoted(_ text: String) -> String {
        text.isEmpty ? "is empty" : "\"\(UntrustedText.line(text, limit: longestValue))\""
    }
}

extension ClientForm.Content {
    /// The field's text as it is saved, without white space at its ends.
    fileprivate func savedText(of field: ClientForm.Field) -> String {
        switch field {
        case .preset, .secret, .previousSecret, .more: ""
        case .authentication: authentication.rawValue
        case .basicEncoding: basicEncoding.rawValue
        case .tags: ClientProfile.tags(in: tags).joined(separator: " ")
        case .extraParameters:
            ParameterText.parameters(extraParameters).map { ParameterText.text($0) } ?? extraParameters
        case .issuer where issuer.contains("{"), .revocationURL where revocationURL.contains("{"): ""
        default: ClientForm.path(of: field).map { ClientName.trimmed(self[keyPath: $0]) } ?? ""
        }
    }

    fileprivate mutating func copy(_ field: ClientForm.Field, from other: Self) {
        switch field {
        case .authentication: authentication = other.authentication
        case .basicEncoding: basicEncoding = other.basicEncoding
        default: if let path = ClientForm.path(of: field) { self[keyPath: path] = other[keyPath: path] }
        }
    }
}
