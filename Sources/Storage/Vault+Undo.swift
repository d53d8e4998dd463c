import Credentials
public import FoundationEssentials

/// What an edit or a removal has taken or changed, as it was before: records that are still sealed, so that nothing of
/// them is in memory in the clear. They open in the vault that they are from, while it is open; it may have been closed
/// and opened again meanwhile.
public struct UndoableChange: Sendable {
    struct Row: Sendable {
        var kind: RecordKind
        /// nil where there was none.
        var before: SealedRow?
    }

    /// The client that was edited or removed.
    public let id: UUID
    /// The revision that an edit left; nil for a removal.
    let revisionLeft: Int64?
    /// All that the change has written or deleted, and nothing else.
    let rows: [Row]

    var isRemoval: Bool { revisionLeft == nil }

    /// Whether `later` was made from what this change has left, with nothing in between.
    public func isFollowed(by later: UndoableChange) -> Bool {
        let before = later.rows.first { $0.kind == .profile }?.before
        return later.id == id && before != nil && before?.revision == revisionLeft
    }

    /// This change and one that was made from the revision it left, as one that is taken back in one go.
    public func followed(by later: UndoableChange) -> UndoableChange {
        let kinds = rows.map(\.kind)
        return UndoableChange(
            id: id, revisionLeft: later.revisionLeft, rows: rows + later.rows.filter { !kinds.contains($0.kind) })
    }
}

extension Vault {
    /// Takes an edit or a removal back: what it changed is again as it was, `changed` too, under revisions greater than
    /// any that it had. A token comes back where the change had dropped it. What the change had not touched stays: a
    /// token that was stored since a rename, for example. So does `keepsFresh` where an edit is undone: it is a switch.
    /// - Returns: the client as stored.
    /// - Throws: `.conflict` where an edited client was changed since by anybody, or a removed one is there again;
    ///   `.noSuchClient` where an edited one was removed since; `.nameTaken` where its name is another's now. Nothing is
    ///   undone then.
    public func undo(_ change: UndoableChange) async throws(Failure) -> ClientEntry {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in try vault.undo(change) }
    }
}

extension OpenVault {
    /// Does `work`, which writes and deletes records of `kinds` alone, and keeps what they were before.
    func undoably(
        _ kinds: [RecordKind], of id: UUID, _ work: () throws(Failure) -> ClientEntry
    ) throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange) {
        let rows = try rows(kinds, of: id)
        let entry = try work()
        return (entry, UndoableChange(id: id, revisionLeft: entry.revision, rows: rows))
    }

    /// Deletes all that belongs to a client, records of kinds that this keyfob does not know among it, and keeps what it
    /// was.
    func removeUndoably(_ id: UUID) throws(Failure) -> UndoableChange {
        let kinds = try kindsOfClients()
        let rows = try rows(kinds, of: id)
        try removeName(of: id, knownAs: try unlessDamaged { () throws(Failure) in try profileName(of: id) })
        for kind in kinds { try delete(kind, of: id) }
        return UndoableChange(id: id, revisionLeft: nil, rows: rows)
    }

    /// The kinds that may belong to a client, those of a later keyfob that are in the file among them.
    func kindsOfClients() throws(Failure) -> [RecordKind] {
        var kinds = RecordKind.ofClient
        let unknown = RecordKind.unknownOfClient
        try connection.query(
            "SELECT DISTINCT kind FROM record WHERE kind BETWEEN \(unknown.lowerBound) AND \(unknown.upperBound)"
        ) { (row) throws(Failure) in kinds.append(RecordKind(rawValue: row.integer(0))) }
        return kinds
    }

    private func profileName(of id: UUID) throws(Failure) -> String? {
        try read(.profile, of: id).map { (record) throws(Failure) in
            try decode(StoredProfile.self, from: record.content, .profile, of: id).name
        }
    }

    private func rows(_ kinds: [RecordKind], of id: UUID) throws(Failure) -> [UndoableChange.Row] {
        var rows: [UndoableChange.Row] = []
        for kind in kinds { rows.append(UndoableChange.Row(kind: kind, before: try sealedRow(kind, of: id))) }
        return rows
    }

    fileprivate func undo(_ change: UndoableChange) throws(Failure) -> ClientEntry {
        let id = change.id
        let current = try revision(.profile, of: id)
        guard current == change.revisionLeft else {
            guard current != nil else { throw .clientGone() }
            let name = (try? profile(of: id)?.profile.name) ?? ""
            throw change.isRemoval ? .thereAgain(name) : .changedSince(name)
        }
        // Before anything is put back: the names that are looked through then are those of the others.
        if let name = try formerName(change), let holder = try holder(ofName: name), holder != id {
            throw .nameTaken(name)
        }
        let keepsFresh = change.isRemoval ? nil : (try? profile(of: id))?.profile.keepsFresh
        let nameNow = change.isRemoval ? nil : try unlessDamaged { () throws(Failure) in try profileName(of: id) }
        for row in change.rows {
            if let before = row.before { try putBack(before, row.kind, of: id) } else { try delete(row.kind, of: id) }
        }
        if let keepsFresh, var profile = try profile(of: id)?.profile, profile.keepsFresh != keepsFresh {
            profile.keepsFresh = keepsFresh
            try write(
                .profile, of: id, StoredProfile(profile), continuing: try read(.profile, of: id)?.content)
        }
        guard let entry = try entry(id) else { throw Failure(.bug, "an undone change has brought back no client") }
        if let nameNow { try removeName(of: id, knownAs: nameNow) }
        try addName(entry.profile.name, of: id)
        return entry
    }

    private func formerName(_ change: UndoableChange) throws(Failure) -> String? {
        guard let row = change.rows.first(where: { $0.kind == .profile })?.before else { return nil }
        let content = try open(row, kind: .profile, id: change.id)
        return try decode(StoredProfile.self, from: content, .profile, of: change.id).name
    }
}
