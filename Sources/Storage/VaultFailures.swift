import CSQLite
import Credentials
import Files
import Glibc

// Every message of the vault.
extension Failure {
    static func noSuchVault(at path: String) -> Failure {
        Failure(.noSuchVault, "no vault at \(printable(path))", hints: ["keyfob init creates the vault"])
    }

    static func vaultExists(at path: String) -> Failure {
        Failure(
            .vaultExists, "a vault already exists at \(printable(path))",
            hints: [
                "to create a new vault, first move this file away and keep it: its secrets exist nowhere else"
            ])
    }

    /// A log without its vault: SQLite would apply it to a new vault of that name.
    static func leftover(_ path: String) -> Failure {
        Failure(
            .vaultExists, "\(printable(path)) is left from an earlier vault",
            hints: ["move the file beside that vault, or elsewhere: it may hold that vault's last changes"])
    }

    static func notAVault(_ path: String, because reason: String) -> Failure {
        Failure(.notAVault, "\(printable(path)) is not a keyfob vault: \(reason)", hints: ["nothing was changed"])
    }

    static func vaultTooNew(_ path: String, version: Int64) -> Failure {
        Failure(
            .vaultTooNew, "the vault \(printable(path)) was written by a newer keyfob",
            hints: [
                "use the newer keyfob: the vault has format \(version), this keyfob reads up to \(Schema.version)",
                "nothing was changed",
            ])
    }

    static func vaultDamaged(_ path: String, _ what: String) -> Failure {
        Failure(
            .vaultDamaged, "the vault \(printable(path)) is damaged: \(what)",
            hints: ["nothing was changed: keep this file and restore a backup, if there is one"])
    }

    static func otherTables(_ path: String) -> Failure { vaultDamaged(path, "its tables are not those of a vault") }

    /// If the record can be requested again, removing it loses less than restoring an older copy of the vault.
    static func recordDamaged(_ path: String, _ kind: RecordKind, ofClient client: String?) -> Failure {
        let failure = vaultDamaged(path, kind.damage(ofClient: client))
        guard kind.isReplaceable else { return failure }
        return Failure(
            failure.kind, failure.summary, hints: ["keyfob remove --damaged removes the record; nothing else is lost"])
    }

    static func strayRecord(_ path: String) -> Failure { vaultDamaged(path, "it has a record that belongs to nothing") }

    static func noPassphraseSlot(_ path: String) -> Failure {
        Failure(
            .vaultTooNew, "the vault \(printable(path)) has no passphrase: only a newer keyfob opens it",
            hints: ["use the newer keyfob; nothing was changed"])
    }

    static func profileDamaged(_ name: String, path: String) -> Failure {
        let what = RecordKind.profile.damage(ofClient: UntrustedText.line(name, limit: 100))
        return Failure(
            .vaultDamaged, "the vault \(printable(path)) is damaged: \(what)",
            hints: ["keyfob verify lists the damaged records", "keyfob remove --damaged removes the client"])
    }

    /// A record of a later keyfob, in a format that this one reads.
    static func needsNewer(_ path: String, _ client: String, _ needs: [String]) -> Failure {
        let needs = needs.prefix(4).map { UntrustedText.line($0, limit: 40) }.joined(separator: ", ")
        return Failure(
            .vaultTooNew, "client \"\(UntrustedText.line(client, limit: 100))\" needs a newer keyfob: \(needs)",
            hints: ["use the newer keyfob; nothing was changed"])
    }

    static func wrongPassphrase(_ path: String) -> Failure {
        Failure(
            .wrongPassphrase, "wrong passphrase for \(printable(path))",
            hints: [
                "check Caps Lock and the keyboard layout",
                "there is no recovery: without the passphrase the vault stays locked",
            ])
    }

    /// The data key was replaced since, or the file is another vault with the same ID.
    static func wrongDataKey(_ path: String) -> Failure {
        Failure(
            .wrongPassphrase, "the unlocked key does not open the vault \(printable(path))",
            hints: ["keyfob unlock replaces the key by the vault's own"])
    }

    /// - Parameter damaged: the numbers of the damaged slots of key files.
    static func wrongKeyFile(_ file: String, of path: String, damaged: [Int64]) -> Failure {
        Failure(
            .wrongPassphrase, "the key file \(printable(file)) opens no key slot of \(printable(path))",
            hints: damaged.map { "key slot \($0) is damaged: no key file opens it" }
                + ["keyfob slot add file PATH makes a new key file for this vault"])
    }

    /// Another process has replaced the data key.
    static func keyReplaced(_ path: String) -> Failure {
        Failure(
            .conflict, "another keyfob has replaced the data key of the vault \(printable(path))",
            hints: [Hint("the vault must be opened again with the new key", .reopen)])
    }

    static func damagedKeepsKey(_ path: String, _ count: Int) -> Failure {
        Failure(
            .vaultDamaged,
            "cannot replace the data key of \(printable(path)): \(count) \(count == 1 ? "record is" : "records are") damaged",
            hints: [
                "keyfob verify lists the damaged records; nothing was changed",
                "keyfob remove --damaged removes the damaged records permanently",
            ])
    }

    static let slotsChangedMeanwhile = Failure(
        .conflict, "the key slots were changed meanwhile by another keyfob",
        hints: ["nothing was saved: run the command again"])

    static func noSuchSlot(_ number: Int64, of path: String) -> Failure {
        Failure(
            .noSuchClient, "the vault \(printable(path)) has no key slot \(number)",
            hints: ["keyfob slot list shows the key slots"])
    }

    static func tooManySlots(_ path: String) -> Failure {
        Failure(
            .unacceptableInput, "the vault \(printable(path)) has \(Schema.mostSlots) key slots, the most it can have",
            hints: ["keyfob slot remove NUMBER removes one"])
    }

    static let passphraseSlotStays = Failure(
        .unacceptableInput, "key slot 1 is the passphrase's and cannot be removed",
        hints: ["without a passphrase a locked screen stays locked", "keyfob passwd changes the passphrase"])

    static func lastSlot(_ number: Int64) -> Failure {
        Failure(
            .unacceptableInput, "key slot \(number) cannot be removed: no other slot opens the vault",
            hints: ["keyfob passwd --key-file PATH first sets a passphrase"])
    }

    static func controlCharacters(in field: String) -> Failure {
        Failure(
            .unacceptableInput, "the \(field) contains control characters",
            hints: ["type it, or paste it again without line breaks"])
    }

    static let emptyPassphrase = Failure(
        .unacceptableInput, "the passphrase is empty", hints: ["choose a few random words"])

    static func unacceptableCost(_ cost: KeyDerivationCost) -> Failure {
        Failure(
            .unacceptableInput,
            "a key derivation of \(cost.passes) passes over \(cost.memoryBytes) bytes is out of bounds",
            hints: ["use 1 to 8 passes over 8 KiB to 256 MiB"])
    }

    static let recordTooLarge = Failure(
        .unacceptableInput, "the text is too long for one client", hints: ["shorten the text: the limit is 4 MiB"])

    static func looseModes(_ what: String, mending command: String) -> Failure {
        Failure(.looseModes, what, hints: [Hint(command)])
    }

    /// A vault that was opened read-only because of `failure`.
    static func readOnly(_ failure: Failure) -> Failure {
        Failure(
            failure.kind, failure.summary,
            hints: failure.hints + [Hint("the vault is read-only until it is opened again", .reopen)])
    }

    static func writtenMeanwhile(_ path: String) -> Failure {
        Failure(
            .conflict,
            "another process has written the vault \(printable(path)), which is open read-only here",
            hints: [Hint("the vault must be opened again to see its current content", .reopen)])
    }

    static func noLog(_ path: String) -> Failure {
        Failure(
            .vaultBusy, "the vault \(printable(path)) cannot be switched back to SQLite's write-ahead log",
            hints: ["close the other programs that have it open, and try again"])
    }

    static func looseLink(_ path: String, mending command: String?) -> Failure {
        Failure(
            .looseModes, "other users may redirect the link \(printable(path))",
            hints: [Hint(command ?? "move the link into a folder that only you can write")])
    }

    static func foreignFile(_ path: String) -> Failure {
        Failure(
            .looseModes, "\(printable(path)) belongs to another user",
            hints: ["the vault's files must be your own: ls -l \(shellQuoted(path)) shows the owner"])
    }

    static func foreignFolder(_ folder: String) -> Failure {
        Failure(
            .looseModes, "the vault's folder \(printable(folder)) belongs to another user",
            hints: ["move the vault into a folder of your own"])
    }

    static func strangeFile(_ path: String) -> Failure {
        Failure(
            .looseModes, "\(printable(path)) is not a regular file",
            hints: ["mv -n \(shellQuoted(path)) \(shellQuoted(path + ".away"))"])
    }

    /// A log that is needed to read the vault, and whose index cannot be created.
    static func logUnreadable(_ path: String, because failure: Failure) -> Failure {
        Failure(
            failure.kind, "\(failure.summary); its write-ahead log cannot be read either",
            hints: ["copy \(shellQuoted(path)) and \(shellQuoted(path + "-wal")) to a folder with room to write"])
    }

    /// SQLite would apply the journal to the vault, or delete a file that the journal names.
    static func journal(_ path: String) -> Failure {
        Failure(
            .looseModes, "an SQLite journal lies beside the vault: \(printable(path))",
            hints: [
                "mv -n \(shellQuoted(path)) \(shellQuoted(path + ".away"))",
                "keyfob writes no such file, and SQLite would apply it to the vault; nothing was opened",
            ])
    }

    static func replaced(_ path: String) -> Failure {
        Failure(
            .conflict, "the file \(printable(path)) was replaced or removed while it was open",
            hints: [Hint("the vault must be opened again to see its current content", .reopen)])
    }

    static func vaultBusy(_ path: String, seconds: Double) -> Failure {
        let time = seconds >= 1 ? " for \(Int(seconds)) s" : ""
        return Failure(
            .vaultBusy, "the vault \(printable(path)) is busy: another program has held it\(time)",
            hints: ["nothing was saved: try again", "fuser \(shellQuoted(path)) shows which process holds it"])
    }

    static func notEnoughMemory(for path: String) -> Failure {
        Failure(
            .vaultBusy, "not enough memory to open the vault \(printable(path))",
            hints: ["close other programs and try again", "ulimit -v and ulimit -l show keyfob's limits"])
    }

    /// - Parameter opensByFile: true if the vault has an intact slot of a key file.
    static func keySlot(_ problem: KeySlot.Problem, of path: String, opensByFile: Bool = false) -> Failure {
        switch problem {
        case .damaged where opensByFile, .unacceptableCost where opensByFile:
            Failure(
                .vaultDamaged,
                "the vault \(printable(path)) cannot be opened by a passphrase: that key slot is missing or altered",
                hints: ["keyfob passwd --key-file PATH opens it with its key file, and sets a new passphrase"])
        case .damaged: .vaultDamaged(path, "its key slot is missing or altered")
        case .wrongPassphrase: .wrongPassphrase(path)
        case .notEnoughMemory: .notEnoughMemory(for: path)
        case .unacceptableCost(let cost):
            .vaultDamaged(
                path,
                "its key slot asks for \(cost.passes) passes over \(cost.memoryBytes) bytes, which is out of bounds")
        }
    }

    static func noThread() -> Failure {
        Failure(.vaultBusy, "cannot start a thread for the vault", hints: [threadLimitHint])
    }

    /// - Parameters:
    ///   - act: the attempted action: `open the vault PATH`.
    ///   - command: corrects the permissions, without its argument `file`.
    static func cannotWrite(
        _ act: String, because code: Int32, mending command: String? = nil, _ file: String = ""
    ) -> Failure {
        let reason: String
        var hints: [Hint] = []
        switch code {
        case ENOSPC, EDQUOT:
            (reason, hints) = ("the disk is full", ["nothing was saved: make room and try again"])
        case EROFS:
            (reason, hints) = ("the file system is read-only", ["move the vault to where it can be written"])
        case EACCES, EPERM:
            reason = "permission denied"
            if let command { hints = ["\(command) \(shellQuoted(file))"] }
        default:
            reason = errorText(code)
        }
        return Failure(.cannotWrite, "cannot \(act): \(reason)", hints: hints)
    }

    /// A change whose commit the disk did not confirm.
    static func mayHaveHappened(_ failure: Failure) -> Failure {
        Failure(
            failure.kind, failure.summary + "; the change may still be stored", hints: [uncertaintyHint])
    }

    /// A new file whose name the disk did not confirm.
    static func nameUnconfirmed(_ failure: Failure, of file: String) -> Failure {
        Failure(
            failure.kind, failure.summary + "; the file may still exist",
            hints: ["ls -l \(shellQuoted(file)) shows whether the file exists: if so, the file is complete"])
    }

    static let uncertaintyHint: Hint = "keyfob list shows what is stored"

    static func clientGone(_ name: String? = nil) -> Failure {
        Failure(
            .noSuchClient,
            name.map { "client \"\($0)\" no longer exists" } ?? "the client no longer exists",
            hints: ["the client was removed meanwhile"])
    }

    static func nameTaken(_ name: String) -> Failure {
        Failure(
            .nameTaken, "a client named \"\(name)\" already exists",
            hints: ["choose another name: case does not matter"])
    }

    static func changedMeanwhile(_ name: String) -> Failure {
        Failure(
            .conflict, "client \"\(name)\" was changed meanwhile",
            hints: ["nothing was saved: check the client, then try again"])
    }

    static func changedSince(_ name: String) -> Failure {
        Failure(
            .conflict, "client \"\(name)\" was changed again",
            hints: [Hint("nothing was undone", .edit)])
    }

    static func thereAgain(_ name: String) -> Failure {
        Failure(.conflict, "client \"\(name)\" exists again", hints: ["nothing was undone"])
    }

    static func noPreviousSecret(_ name: String) -> Failure {
        Failure(
            .unacceptableInput, "client \"\(name)\" has no previous secret",
            hints: ["a new secret keeps the old one as the previous secret"])
    }

    static func editedTooMuch(_ name: String) -> Failure {
        Failure(.bug, "an edit of client \"\(name)\" without its revision changed more than such an edit may")
    }

    static let passphraseChangedMeanwhile = Failure(
        .conflict, "the passphrase was changed meanwhile by another keyfob",
        hints: ["nothing was saved: run the command again with the new passphrase"])

    static let locked = Failure(.locked, "the vault is locked", hints: ["unlock the vault and try again"])

    /// SQLite's result code as a failure of the vault (https://sqlite.org/rescode.html).
    /// - Parameter systemError: the errno behind the code; 0 if there is none.
    static func fromSQLite(_ code: Int32, systemError: Int32, path: String, busySeconds: Double = 0) -> Failure {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: return .vaultBusy(path, seconds: busySeconds)
        case SQLITE_NOTADB: return .notAVault(path, because: "it is not an SQLite file")
        case SQLITE_CORRUPT: return .vaultDamaged(path, "its pages do not fit together")
        case SQLITE_FULL: return .cannotWrite("write the vault \(printable(path))", because: ENOSPC)
        case SQLITE_READONLY, SQLITE_PERM:
            return .cannotWrite("write the vault \(printable(path))", because: systemError == 0 ? EROFS : systemError)
        case SQLITE_CANTOPEN, SQLITE_IOERR:
            return .cannotWrite("use the vault \(printable(path))", because: systemError == 0 ? EIO : systemError)
        case SQLITE_NOMEM: return .notEnoughMemory(for: path)
        // Our statements are fixed and tested, so the file is at fault.
        case SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_FORMAT, SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH:
            return .otherTables(path)
        default:
            return Failure(.bug, "the vault \(printable(path)) gave an unexpected answer: SQLite's result code \(code)")
        }
    }

    static func noSQLite(_ problem: String) -> Failure {
        Failure(
            .cannotWrite, "SQLite cannot be opened: \(UntrustedText.line(problem))",
            hints: ["install it: apt-get install libsqlite3-0"])
    }

    static func printable(_ path: String) -> String { UntrustedText.line(path, limit: 400) }

    /// A path as one shell word that no program takes for an option.
    static func shellQuoted(_ path: String) -> String { ShellQuoting.word((path.hasPrefix("-") ? "./" : "") + path) }
}

extension Failure.Hint {
    static let passphraseUncertaintyHint: Self = "keyfob list shows which passphrase works: try the new one first"
    static let slotUncertaintyHint: Self = "keyfob slot list shows which key slots are stored"
}
