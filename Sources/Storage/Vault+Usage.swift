import Credentials
public import FoundationEssentials

// The last use and the tried requests of a client. Neither is bound to credentials or a revision: the last write wins.
extension Vault {
    /// Stores when a client's token was last copied or tried (`ClientEntry.lastUsed`).
    /// - Returns: false, with nothing stored, if the client does not exist.
    @discardableResult
    public func noteUse(of id: UUID, at date: Date) async throws(Failure) -> Bool {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard try vault.revision(.profile, of: id) != nil else { return false }
            let old = try vault.unlessDamaged { () throws(Failure) in try vault.read(.usage, of: id)?.content }
            try vault.write(.usage, of: id, StoredUsage(lastUsed: StoredTime(date)), continuing: old)
            return true
        }
    }

    /// The requests tried with a client, the latest first; none if the client does not exist.
    public func trials(of id: UUID) async throws(Failure) -> [TrialRequest] {
        try await read { (vault) throws(Failure) in try vault.trials(of: id) }
    }

    /// Stores a tried request as the client's latest and removes an earlier copy of it. `TrialRequest.limit` requests
    /// are kept at most, fewer if their bodies are large.
    /// - Returns: false, with nothing stored, if the client does not exist.
    /// - Throws: `.unacceptableInput` if the request is larger than a record.
    @discardableResult
    public func store(_ trial: TrialRequest, for id: UUID) async throws(Failure) -> Bool {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            guard try vault.revision(.profile, of: id) != nil else { return false }
            // A damaged list is replaced.
            let old = try vault.unlessDamaged { () throws(Failure) in try vault.read(.trials, of: id)?.content }
            let before = try vault.unlessDamaged { () throws(Failure) in try vault.trials(of: id) } ?? []
            try vault.write(
                .trials, of: id, StoredTrials([trial] + before.filter { $0 != trial }), continuing: old)
            return true
        }
    }
}

extension OpenVault {
    func lastUsed(_ id: UUID) throws(Failure) -> Date? {
        guard let record = try read(.usage, of: id) else { return nil }
        return try lastUsed(from: record.content, of: id)
    }

    func lastUsed(from content: RecordContent, of id: UUID) throws(Failure) -> Date {
        try decode(StoredUsage.self, from: content, .usage, of: id).lastUsed.date
    }

    fileprivate func trials(of id: UUID) throws(Failure) -> [TrialRequest] {
        guard let record = try read(.trials, of: id) else { return [] }
        return try decode(StoredTrials.self, from: record.content, .trials, of: id).trials
    }
}
