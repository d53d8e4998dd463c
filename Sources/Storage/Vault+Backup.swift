import Credentials
import Files
import Glibc

extension Vault {
    /// Writes a copy of the vault at one moment, even while other processes write (SQLite's online backup). The copy
    /// has the same passphrase and data key and mode 0600; it is durable, opened and verified before it gets its name.
    /// - Returns: the result of verifying the copy, which has the vault's damage too.
    /// - Throws: `.vaultExists` if the file exists, which is left unchanged; `.cannotWrite`.
    public func backup(to path: String) async throws(Failure) -> Verification {
        try await thread.read { (vault) throws(Failure) in
            // The copy is verified with this key.
            try vault.reading { () throws(Failure) in }
            return try vault.backup(to: path)
        }
    }
}

extension OpenVault {
    fileprivate func backup(to path: String) throws(Failure) -> Verification {
        let act = "write the backup \(Failure.printable(path))"
        let given = FilePath.folder(of: path)
        guard let folder = FilePath.real(given) else {
            throw Failure(
                .cannotWrite, "no folder \(Failure.printable(given)) to write the backup in",
                hints: ["mkdir -p -m 700 \(Failure.shellQuoted(given))"])
        }
        let file = folder + "/" + FilePath.name(of: path)
        let exists = Failure(
            .vaultExists, "the file \(Failure.printable(path)) already exists",
            hints: ["choose another file: a backup overwrites nothing"])
        var status = stat()
        guard lstat(file, &status) != 0 else { throw exists }
        let vault = FilePath.real(self.path)
        guard !["-journal", "-wal", "-shm", "-lock"].contains(where: { suffix in vault.map { $0 + suffix } == file })
        else {
            throw Failure(
                .cannotWrite, "the name \(Failure.printable(path)) is the vault's own", hints: ["choose another file"])
        }
        try VaultFile.checkNothingIsLeft(beside: file, named: path)
        // If other users can write the folder, they could plant a journal beside the draft.
        try VaultFile(path: path, isInOwnFolder: false).checkMode(ofFolder: folder)
        var verification: Verification?
        do throws(Failure) {
            try NewFile.write(file, to: act, exists: exists) { (draft) throws(Failure) in
                let copy = try Connection(file: draft, named: path, mode: .readAndWrite)
                defer { copy.close() }
                try connection.copy(to: copy)
                verification = try OpenVault(copy: copy, of: self, named: path).verified()
            }
        } catch {
            // SQLite's failures call every file a vault.
            let name = Failure.printable(path)
            let summary = error.summary.replacing("the vault \(name)", with: "the backup \(name)")
            throw Failure(error.kind, summary, hints: error.hints)
        }
        guard let verification else { throw Failure(.bug, "a backup was not verified") }
        return verification
    }

    private func verified() throws(Failure) -> Verification {
        guard try Schema.isAsCreated(in: connection), try Schema.vaultID(in: connection) == vaultID,
            try connection.text("PRAGMA quick_check(1)") == "ok", try Schema.keySlot(in: connection) != nil
        else { throw Failure(.cannotWrite, "the backup \(Failure.printable(path)) failed its verification") }
        return try verify()
    }
}
