import Credentials
public import FoundationEssentials

/// The records that an edit or a removal changed, as they were before. They stay sealed, so that memory holds no
/// plaintext. They open only in their own vault, which may have been closed and opened again since.
public struct UndoableChange: Sendable {
    struct Row: Sendable {
        var kind: RecordKind
        /// nil if there was no record.
        var before: SealedRow?
    }

    public let id: UUID
    /// The revision that an edit left; nil for a removal.
    let revisionLeft: Int64?
    /// Every record that the change wrote or deleted.
    let rows: [Row]

    var isRemoval: Bool { revisionLeft == nil }

    /// True if `later` changed the revision that this change left, with no other change in between.
    public func isFollowed(by later: UndoableChange) -> Bool {
        let before = later.rows.first { $0.kind == .profile }?.before
        return later.id == id && before != nil && before?.revision == revisionLeft
    }

    /// This change and `later`, which followed it, as one change that one undo takes back.
    public func followed(by later: UndoableChange) -> UndoableChange {
        let kinds = rows.map(\.kind)
        return UndoableChange(
            id: id, revisionLeft: later.revisionLeft, rows: rows + later.rows.filter { !kinds.contains($0.kind) })
    }
}

extension Vault {
    /// Undoes an edit or a removal: restores the records that it changed, `changed` included, under greater revisions.
    /// A token comes back if the change removed it. Records that the change did not touch stay: a token stored after a
    /// rename, for example. Undoing an edit also leaves `keepsFresh` alone: that is a switch, not part of an edit.
    /// - Returns: the client as stored.
    /// - Throws: `.conflict` if the edited client was changed since, or the removed client exists again;
    ///   `.noSuchClient` if the edited client was removed since; `.nameTaken` if another client has the name now.
    ///   Nothing is undone then.
    public func undo(_ change: UndoableChange) async throws(Failure) -> ClientEntry {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in try vault.undo(change) }
    }
}

extension OpenVault {
    /// Runs `work`, which writes and deletes only records of `kinds`, and keeps the records as they were before.
    func undoably(
        _ kinds: [RecordKind], of id: UUID, _ work: () throws(Failure) -> ClientEntry
    ) throws(Failure) -> (entry: ClientEntry, undoable: UndoableChange) {
        let rows = try rows(kinds, of: id)
        let entry = try work()
        return (entry, UndoableChange(id: id, revisionLeft: entry.revision, rows: rows))
    }

    /// Deletes every record of a client, also of kinds that this keyfob does not know, and keeps them for undo.
    func removeUndoably(_ id: UUID) throws(Failure) -> UndoableChange {
        let kinds = try kindsOfClients()
        let rows = try rows(kinds, of: id)
        try removeName(of: id, knownAs: try unlessDamaged { () throws(Failure) in try profileName(of: id) })
        for kind in kinds { try delete(kind, of: id) }
        return UndoableChange(id: id, revisionLeft: nil, rows: rows)
    }

    /// The kinds that may belong to a client, including a later keyfob's kinds that are in the file.
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
        // Before anything is restored: the search must see only the other clients' names.
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
