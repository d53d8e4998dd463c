public import Credentials

extension CredentialManager {
    /// The client named `name`; without a name, the vault's only client. Throws like `entry(named:)`.
    /// - Throws: `usage` if there is no name, and the vault holds no client or several.
    public func entry(named name: String?) async throws(Failure) -> ClientEntry {
        if let name { return try await entry(named: name) }
        let all = try await entries()
        // The unreadable client may be the one that is meant.
        if let damage = roster.damagedProfile { throw damage }
        guard let only = all.first else {
            throw Failure(.usage, "the vault holds no client", hints: ["keyfob add adds a client"])
        }
        guard all.count == 1 else {
            throw Failure(
                .usage, "no client is named, and the vault holds \(all.count)", hints: ["keyfob list shows the names"])
        }
        return only
    }
}
