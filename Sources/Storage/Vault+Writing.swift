import Credentials
public import FoundationEssentials

extension Vault {
    /// Adds a client with its secret. The secret's date is the client's date of creation.
    /// - Returns: the client as stored.
    /// - Throws: `.unacceptableInput` for a name that `ClientName.checked` refuses and for control characters in any
    ///   other field but the notes; `.nameTaken`; `.conflict` if a client with that ID exists.
    public func insert(_ profile: ClientProfile, secret: Secret) async throws(Failure) -> ClientEntry {
        var made = try profile.checked()
        made.secretSet = made.created
        made.previousSecretSet = nil
        let profile = made
        return try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            guard try vault.revision(.profile, of: profile.id) == nil else { throw .changedMeanwhile(profile.name) }
            return try vault.put(profile, secret: HeldSecret(secret: secret))
        }
    }

    /// Saves an edited profile. The vault sets `credentialsID`, `created`, `changed` and the secrets' dates; those of
    /// `profile` are ignored.
    ///
    /// A new secret keeps the old one as the previous secret, with its destination; a damaged old secret is dropped. A
    /// change of client ID, token URL, scope, method, basic encoding, extra parameters or secret changes the
    /// credentials: the token, the last failed attempt and a damaged previous secret are removed, and a token requested
    /// with the old credentials is no longer stored.
    /// - Parameters:
    ///   - revision: the revision that the edit was made from.
    ///   - secret: nil, or the current secret, keeps the current secret.
    ///   - date: the date of the change.
    /// - Returns: the client as stored, and the change for `undo`.
    /// - Throws: `.conflict` if the client was changed since `revision`; `.noSuchClient`; `.nameTaken`;
    ///   `.unacceptableInput` as for a new client.
    public func update(
        _ profile: ClientProfile, from revision: Int64, secret: Secret?, at date: Date
    ) async throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange) {
        let edited = try profile.checked()
        return try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            let stored = try vault.profile(of: edited.id, named: edited.name, from: revision)
            let oldSecret = try vault.unlessDamaged { () throws(Failure) in try vault.heldSecret(of: stored) }
            var profile = edited
            profile.created = stored.created
            profile.changed = date
            profile.secretSet = stored.secretSet
            profile.previousSecretSet = stored.previousSecretSet
            profile.credentialsID = stored.credentialsID
            if let secret, secret != oldSecret?.secret {
                profile.secretSet = date
                // An older keyfob stored no date; the earliest possible one is the client's creation.
                profile.previousSecretSet = stored.secretSet ?? stored.created
                return try vault.putUnderNewCredentials(
                    profile, secret: HeldSecret(secret: secret), previousSecret: oldSecret)
            }
            guard edited.asksLike(stored) else {
                guard let oldSecret else { throw vault.damaged(.secret, of: stored.id) }
                let previous = try vault.unlessDamaged { () throws(Failure) in
                    try vault.previousSecret(of: stored)
                }
                return try vault.putUnderNewCredentials(profile, secret: oldSecret, previousSecret: previous)
            }
            return try vault.undoably([.profile], of: profile.id) { () throws(Failure) in
                try vault.put(profile, secret: nil)
            }
        }
    }

    /// Changes fields other than the name and the credentials (`keepsFresh`, the tags) at any revision. The revision
    /// still increases, so that an edit form that is open meanwhile reports a conflict instead of reverting the change.
    /// A `change` that changes nothing writes nothing.
    /// - Parameters:
    ///   - date: the date of the change.
    ///   - change: changes the stored profile, inside the transaction.
    /// - Returns: the client as stored, and the change for `undo`; nil if nothing has changed.
    /// - Throws: `.noSuchClient`; `.unacceptableInput` as for a new client; `.bug` if `change` touches the name, the
    ///   credentials or a field that the vault sets.
    public func edit(
        _ id: UUID, at date: Date, _ change: @escaping @Sendable (inout ClientProfile) -> Void
    ) async throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange?) {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            guard let (stored, revision) = try vault.profile(of: id) else { throw .clientGone() }
            var edited = stored
            change(&edited)
            guard edited.keepsAllBut(freeFieldsOf: stored) else { throw .editedTooMuch(stored.name) }
            guard edited != stored else { return (try vault.entry(stored, revision: revision), nil) }
            edited.changed = date
            let checked = try edited.checked()
            return try vault.undoably([.profile], of: id) { () throws(Failure) in try vault.put(checked, secret: nil) }
        }
    }

    /// Removes a client, even a damaged one, with all its records.
    /// - Parameter revision: the client's revision that the caller saw; nil removes the client at any revision.
    /// - Returns: the change for `undo`.
    /// - Throws: `.noSuchClient`, `.conflict`.
    @discardableResult
    public func remove(_ id: UUID, from revision: Int64?) async throws(Failure) -> UndoableChange {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            guard let current = try vault.revision(.profile, of: id) else { throw .clientGone() }
            guard revision ?? current == current else {
                throw .changedMeanwhile(try vault.profile(of: id)?.profile.name ?? "")
            }
            return try vault.removeUndoably(id)
        }
    }

    /// Stores a token and removes the failed attempt.
    /// - Returns: false, with nothing stored, if the client does not exist or its credentials are no longer
    ///   `credentialsID`, with which the token was requested.
    public func store(_ token: AccessToken, for id: UUID, credentialsID: UUID) async throws(Failure) -> Bool {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard try vault.profile(of: id)?.profile.credentialsID == credentialsID else { return false }
            try vault.write(
                .token, of: id, StoredToken(token.facts, credentials: credentialsID), secret: token.value)
            try vault.delete(.attempt, of: id)
            return true
        }
    }

    /// Removes the token; a failed attempt stays. A newer token of the same credentials is removed too: a token can be
    /// requested again.
    /// - Returns: false, with nothing removed, if there is no token, the client does not exist, or its credentials are
    ///   no longer `credentialsID`.
    public func removeToken(of id: UUID, credentialsID: UUID) async throws(Failure) -> Bool {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard try vault.profile(of: id)?.profile.credentialsID == credentialsID else { return false }
            guard try vault.revision(.token, of: id) != nil else { return false }
            try vault.delete(.token, of: id)
            return true
        }
    }

    /// Removes a client's token if it is damaged. A readable token stays: another process may have stored it since.
    public func removeDamagedToken(of id: UUID) async throws(Failure) {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard let profile = try vault.profile(of: id)?.profile else { return }
            let token = try vault.unlessDamaged { () throws(Failure) in try vault.token(of: profile) }
            if token == nil { try vault.delete(.token, of: id) }
        }
    }

    /// Stores the failure of a request; the stored token stays.
    /// - Returns: false, with nothing stored, as for a token.
    public func store(_ attempt: FailedAttempt, for id: UUID, credentialsID: UUID) async throws(Failure) -> Bool {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard try vault.profile(of: id)?.profile.credentialsID == credentialsID else { return false }
            try vault.write(.attempt, of: id, StoredAttempt(attempt, credentials: credentialsID))
            return true
        }
    }
}

extension OpenVault {
    /// Writes a profile and, if given, its secret; the name must not be another client's.
    func put(_ profile: ClientProfile, secret: HeldSecret?) throws(Failure) -> ClientEntry {
        let holder = try holder(ofName: profile.name)
        guard holder == nil || holder == profile.id else { throw .nameTaken(profile.name) }
        let before = try unlessDamaged { () throws(Failure) in try read(.profile, of: profile.id)?.content }
        if let secret { try write(secret, as: .secret, of: profile) }
        try write(.profile, of: profile.id, StoredProfile(profile), continuing: before)
        if holder == nil {
            let name = try before.map { (content) throws(Failure) in
                try decode(StoredProfile.self, from: content, .profile, of: profile.id).name
            }
            if let name { try removeName(of: profile.id, knownAs: name) }
            try addName(profile.name, of: profile.id)
        }
        guard let entry = try entry(profile.id) else {
            throw Failure(.bug, "a client is gone as soon as it is written")
        }
        return entry
    }
}

extension ClientProfile {
    /// True if the profile differs from `other` only in fields on which nothing else depends.
    fileprivate func keepsAllBut(freeFieldsOf other: ClientProfile) -> Bool {
        var same = self
        same.issuer = other.issuer
        same.revocationURL = other.revocationURL
        same.apiBase = other.apiBase
        same.keepsFresh = other.keepsFresh
        same.tags = other.tags
        same.notes = other.notes
        return same == other
    }

    fileprivate func checked() throws(Failure) -> ClientProfile {
        var profile = self
        profile.name = try ClientName.checked(name)
        // None of these fields needs a control character, and they are printed unchanged.
        let fields =
            [
                ("client ID", clientID), ("token URL", tokenURL), ("scope", scope), ("issuer", issuer),
                ("revocation URL", revocationURL), ("API base", apiBase),
            ] + extraParameters.flatMap { [("parameter", $0.name), ("parameter \"\($0.name)\"", $0.value)] }
            + tags.map { ("tag", $0) }
        for (field, text) in fields {
            guard !text.unicodeScalars.contains(where: UntrustedText.isControl) else {
                throw .controlCharacters(in: field)
            }
        }
        return profile
    }
}
