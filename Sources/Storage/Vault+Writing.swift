import Credentials
public import FoundationEssentials

extension Vault {
    /// Adds a client with its secret, which counts as set when the client was created.
    /// - Returns: the client as stored.
    /// - Throws: `.unacceptableInput` for a name that `ClientName.checked` refuses and for control characters in any
    ///   other field but the notes, `.nameTaken`, `.conflict` where a client of that ID is there already.
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

    /// Saves an edited profile. `credentialsID`, `created`, `changed` and the dates of the secrets are the vault's to
    /// set, whatever `profile` says.
    ///
    /// A new secret keeps the one before it as the previous one, with where that one was used. A secret that is damaged
    /// is replaced by a new one, and a previous one that is damaged goes with a change of credentials. Where client ID, token URL, scope, method, extra
    /// parameters or secret are others than before, the token and the last failed attempt go, and a token that is still
    /// asked for with the old ones is not stored any more.
    /// - Parameters:
    ///   - revision: the revision that the edit was made from.
    ///   - secret: nil keeps the one that is there, as does the same one given again.
    ///   - date: when it was changed.
    /// - Returns: the client as stored, and what `undo` takes the edit back with.
    /// - Throws: `.conflict` where somebody else has changed it since `revision`, `.noSuchClient`, `.nameTaken`,
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
                // An older keyfob did not note when; it was not before the client was made.
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

    /// Changes what is no credential and no name, whatever revision the client is at: `keepsFresh`, the tags. It counts
    /// the revision on all the same, so that an edit form that is open meanwhile is told of a conflict instead of taking
    /// the change back. A `change` that changes nothing writes nothing.
    /// - Parameters:
    ///   - date: when it was changed.
    ///   - change: makes the change on the profile as it is stored, inside the transaction.
    /// - Returns: the client as stored, and what `undo` takes the change back with; nil where nothing has changed.
    /// - Throws: `.noSuchClient`; `.unacceptableInput` as for a new client; `.bug` where `change` touches the name, what
    ///   a token is asked with, or what is the vault's to set.
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

    /// Removes a client with all its records. It works on a damaged client as well.
    /// - Parameter revision: the revision that the decision was made on; nil removes whatever is there.
    /// - Returns: what `undo` brings it back with.
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

    /// Stores a token and forgets a failed attempt.
    /// - Returns: false, with nothing stored, where the client is gone or its credentials are not `credentialsID` any
    ///   more: the token was asked for with others.
    public func store(_ token: AccessToken, for id: UUID, credentialsID: UUID) async throws(Failure) -> Bool {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard try vault.profile(of: id)?.profile.credentialsID == credentialsID else { return false }
            try vault.write(
                .token, of: id, StoredToken(token.facts, credentials: credentialsID), secret: token.value)
            try vault.delete(.attempt, of: id)
            return true
        }
    }

    /// Forgets a token; a failed attempt stays. Another one that was stored for the same credentials meanwhile goes with
    /// it: a token can be asked for again.
    /// - Returns: false, with nothing removed, where there is none, the client is gone, or its credentials are not
    ///   `credentialsID` any more.
    public func removeToken(of id: UUID, credentialsID: UUID) async throws(Failure) -> Bool {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard try vault.profile(of: id)?.profile.credentialsID == credentialsID else { return false }
            guard try vault.revision(.token, of: id) != nil else { return false }
            try vault.delete(.token, of: id)
            return true
        }
    }

    /// Removes a client's token if it is damaged. One that can be read stays: another process may have stored it since.
    public func removeDamagedToken(of id: UUID) async throws(Failure) {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard let profile = try vault.profile(of: id)?.profile else { return }
            let token = try vault.unlessDamaged { () throws(Failure) in try vault.token(of: profile) }
            if token == nil { try vault.delete(.token, of: id) }
        }
    }

    /// Stores why a request failed; the token that is held stays.
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
    /// Writes a profile and, where it is given, its secret; the name must not be another client's.
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
    /// Whether this is `other` but for what hangs together with nothing else.
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
        // None of them has any use for one, and they are printed as they are.
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
