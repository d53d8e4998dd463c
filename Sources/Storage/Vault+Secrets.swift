import Credentials
public import FoundationEssentials

// Secret rotation: a new secret keeps the old one as the previous secret, until that is forgotten or replaced.
extension Vault {
    /// The previous secret and its destination; nil if none is kept (`ClientProfile.previousSecretSet` is nil then).
    /// The destination is nil if an older keyfob stored the secret.
    /// - Throws: `.noSuchClient`.
    public func previousSecret(
        of id: UUID
    ) async throws(Failure) -> (secret: Secret, destination: SecretDestination?)? {
        try await read { (vault) throws(Failure) in
            guard let (profile, _) = try vault.profile(of: id) else { throw .clientGone() }
            return try vault.previousSecret(of: profile).map { ($0.secret, $0.destination) }
        }
    }

    /// Swaps the secret and the previous secret, each with its date. This changes the credentials: the token and the
    /// last failed attempt are removed.
    /// - Parameters:
    ///   - revision: the client's revision that the caller saw.
    ///   - date: when the client was changed.
    /// - Returns: as `update`.
    /// - Throws: `.unacceptableInput` if no previous secret is kept, `.conflict`, `.noSuchClient`.
    public func swapSecrets(
        of id: UUID, from revision: Int64, at date: Date
    ) async throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange) {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            let stored = try vault.profile(of: id, from: revision)
            guard let previous = try vault.previousSecret(of: stored) else { throw .noPreviousSecret(stored.name) }
            var profile = stored
            profile.secretSet = stored.previousSecretSet
            profile.previousSecretSet = stored.secretSet ?? stored.created
            profile.changed = date
            return try vault.putUnderNewCredentials(
                profile, secret: previous, previousSecret: try vault.heldSecret(of: stored))
        }
    }

    /// Removes the previous secret, even a damaged one. The current secret, the token and `changed` stay.
    /// - Parameter revision: the client's revision that the caller saw.
    /// - Returns: as `update`.
    /// - Throws: as `swapSecrets`.
    public func forgetPreviousSecret(
        of id: UUID, from revision: Int64
    ) async throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange) {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            var profile = try vault.profile(of: id, from: revision)
            let isThere = try vault.revision(.previousSecret, of: id) != nil
            guard isThere || profile.previousSecretSet != nil else { throw .noPreviousSecret(profile.name) }
            profile.previousSecretSet = nil
            let forgetful = profile
            return try vault.undoably([.profile, .previousSecret], of: id) { () throws(Failure) in
                try vault.delete(.previousSecret, of: id)
                return try vault.put(forgetful, secret: nil)
            }
        }
    }
}

/// A secret with its record, which the secret's next record continues.
struct HeldSecret {
    var secret: Secret
    /// nil for a newly typed secret.
    var record: RecordContent?
    /// The endpoint, client ID and method that the secret is or was used with; nil if an older keyfob stored it as the
    /// previous secret.
    var destination: SecretDestination?
}

extension OpenVault {
    /// Record and date in the profile exist together; otherwise one of them was restored or removed from outside.
    func previousSecret(of profile: ClientProfile) throws(Failure) -> HeldSecret? {
        let isThere = try revision(.previousSecret, of: profile.id) != nil
        guard isThere == (profile.previousSecretSet != nil) else { throw damaged(.previousSecret, of: profile.id) }
        return isThere ? try heldSecret(.previousSecret, of: profile) : nil
    }

    func heldSecret(of profile: ClientProfile) throws(Failure) -> HeldSecret {
        var held = try heldSecret(.secret, of: profile)
        held.destination = profile.destination
        return held
    }

    private func heldSecret(_ kind: RecordKind, of profile: ClientProfile) throws(Failure) -> HeldSecret {
        guard let record = try read(kind, of: profile.id) else { throw damaged(kind, of: profile.id) }
        let stored = try decode(StoredSecret.self, from: record.content, kind, of: profile.id)
        try check(stored.credentials, belong: profile, kind)
        if let needs = stored.needs, !needs.isEmpty { throw .needsNewer(path, profile.name, needs) }
        return HeldSecret(secret: record.content.secret, record: record.content, destination: stored.destination)
    }

    func write(_ held: HeldSecret, as kind: RecordKind, of profile: ClientProfile) throws(Failure) {
        let destination = kind == .previousSecret ? held.destination : nil
        try write(
            kind, of: profile.id, StoredSecret(credentials: profile.credentialsID, usedWith: destination),
            secret: held.secret, continuing: held.record)
    }

    /// Writes a profile with changed credentials: its token and attempt are removed, and its secrets are bound to the
    /// new credentials.
    /// - Parameter previousSecret: nil removes it.
    func putUnderNewCredentials(
        _ profile: ClientProfile, secret: HeldSecret, previousSecret: HeldSecret?
    ) throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange) {
        var profile = profile
        profile.credentialsID = UUID()
        if previousSecret == nil { profile.previousSecretSet = nil }
        return try undoably(RecordKind.ofCredentials, of: profile.id) { () throws(Failure) in
            try delete(.token, of: profile.id)
            try delete(.attempt, of: profile.id)
            if let previousSecret {
                try write(previousSecret, as: .previousSecret, of: profile)
            } else {
                try delete(.previousSecret, of: profile.id)
            }
            return try put(profile, secret: secret)
        }
    }
}
