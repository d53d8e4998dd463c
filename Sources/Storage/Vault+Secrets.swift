import Credentials
public import FoundationEssentials

// A rotation: a new secret keeps the one before it, until it is forgotten or a newer one takes its place.
extension Vault {
    /// The secret before the one in use; nil where none is kept (`ClientProfile.previousSecretSet` is nil then).
    /// - Throws: `.noSuchClient`.
    public func previousSecret(of id: UUID) async throws(Failure) -> Secret? {
        try await thread.read { (vault) throws(Failure) in
            try vault.reading { () throws(Failure) in
                guard let (profile, _) = try vault.profile(of: id) else { throw .clientGone() }
                return try vault.previousSecret(of: profile)
            }
        }
    }

    /// Makes the previous secret the one in use and keeps the other as the previous one, each with the date that it was
    /// set. It is a change of credentials: the token and the last failed attempt go.
    /// - Parameters:
    ///   - revision: the revision that the decision was made on.
    ///   - date: when the client was changed.
    /// - Returns: as `update`.
    /// - Throws: `.unacceptableInput` where no previous secret is kept, `.conflict`, `.noSuchClient`.
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
                profile, secret: previous, previousSecret: try vault.secret(of: stored))
        }
    }

    /// Removes the previous secret. The one in use, the token and `changed` stay. It works on a damaged one as well.
    /// - Parameter revision: the revision that the decision was made on.
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

extension OpenVault {
    /// A record without the date in its profile, or the other way around, was put back or taken away.
    func previousSecret(of profile: ClientProfile) throws(Failure) -> Secret? {
        let record = try read(.previousSecret, of: profile.id)
        guard (record != nil) == (profile.previousSecretSet != nil) else {
            throw damaged(.previousSecret, of: profile.id)
        }
        guard let record else { return nil }
        let stored = try decode(StoredSecret.self, from: record.content, .previousSecret, of: profile.id)
        try check(stored.credentials, belong: profile, .previousSecret)
        return record.content.secret
    }

    /// Writes a profile whose tokens are asked for otherwise than before: its token and attempt go, and its secrets are
    /// bound to the new credentials.
    func putUnderNewCredentials(
        _ profile: ClientProfile, secret: Secret, previousSecret: Secret?
    ) throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange) {
        var profile = profile
        profile.credentialsID = UUID()
        return try undoably(RecordKind.ofCredentials, of: profile.id) { () throws(Failure) in
            try delete(.token, of: profile.id)
            try delete(.attempt, of: profile.id)
            if let previousSecret {
                let stored = StoredSecret(credentials: profile.credentialsID)
                try write(.previousSecret, of: profile.id, stored, secret: previousSecret)
            }
            return try put(profile, secret: secret)
        }
    }
}
