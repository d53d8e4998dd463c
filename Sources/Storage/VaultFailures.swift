import CSQLite
import Credentials
import Files
import Glibc

// Every message of the vault, in one place.
extension Failure {
    static func noSuchVault(at path: String) -> Failure {
        Failure(.noSuchVault, "no vault at \(printable(path))", hints: ["keyfob init makes one"])
    }

    static func vaultExists(at path: String) -> Failure {
        Failure(
            .vaultExists, "there is a vault at \(printable(path)) already",
            hints: [
                "to create a new vault, first move this file away and keep it: its secrets exist nowhere else"
            ])
    }

    /// A log without its vault: SQLite would play it into whatever vault is made beside it.
    static func leftover(_ path: String) -> Failure {
        Failure(
            .vaultExists, "\(printable(path)) is left of an earlier vault",
            hints: ["it may hold that vault's last changes: move it to where the vault is now, or away"])
    }

    static func notAVault(_ path: String, because reason: String) -> Failure {
        Failure(.notAVault, "\(printable(path)) is not a keyfob vault: \(reason)", hints: ["nothing was changed"])
    }

    static func vaultTooNew(_ path: String, version: Int64) -> Failure {
        Failure(
            .vaultTooNew, "the vault \(printable(path)) was written by a newer keyfob",
            hints: [
                "its format is \(version), this keyfob reads \(Schema.version): use the newer one",
                "nothing was changed",
            ])
    }

    static func vaultDamaged(_ path: String, _ what: String) -> Failure {
        Failure(
            .vaultDamaged, "the vault \(printable(path)) is damaged: \(what)",
            hints: ["nothing was changed: keep this file, and put back a copy of it from before, if there is one"])
    }

    /// An older copy of the vault would cost more than a record that can be asked for again.
    static func recordDamaged(_ path: String, _ kind: RecordKind, ofClient client: String?) -> Failure {
        let failure = vaultDamaged(path, kind.damage(ofClient: client))
        guard kind.canBeHadAgain else { return failure }
        return Failure(
            failure.kind, failure.summary, hints: ["keyfob remove --damaged takes it out; nothing else is lost"])
    }

    static func strayRecord(_ path: String) -> Failure { vaultDamaged(path, "it has a record that belongs to nothing") }

    static func noPassphraseSlot(_ path: String) -> Failure {
        Failure(
            .vaultTooNew, "the vault \(printable(path)) has no passphrase: a key of a newer keyfob opens it",
            hints: ["use the keyfob that made that key; nothing was changed"])
    }

    static func profileDamaged(_ name: String, path: String) -> Failure {
        let what = RecordKind.profile.damage(ofClient: UntrustedText.line(name, limit: 100))
        return Failure(
            .vaultDamaged, "the vault \(printable(path)) is damaged: \(what)",
            hints: ["keyfob verify lists what is damaged", "keyfob remove --damaged takes the client out"])
    }

    /// A record of a later keyfob, in a format that this one reads.
    static func needsNewer(_ path: String, _ client: String, _ needs: [String]) -> Failure {
        let needs = needs.prefix(4).map { UntrustedText.line($0, limit: 40) }.joined(separator: ", ")
        return Failure(
            .vaultTooNew, "client \"\(UntrustedText.line(client, limit: 100))\" needs a newer keyfob: \(needs)",
            hints: ["use the keyfob that wrote it; nothing was changed"])
    }

    static func wrongPassphrase(_ path: String) -> Failure {
        Failure(
            .wrongPassphrase, "wrong passphrase for \(printable(path))",
            hints: [
                "look at Caps Lock and the keyboard layout", "there is no recovery: without it the vault stays shut",
            ])
    }

    static func controlCharacters(in field: String) -> Failure {
        Failure(
            .unacceptableInput, "the \(field) has control characters in it",
            hints: ["type it, or paste it again without line breaks"])
    }

    static let emptyPassphrase = Failure(
        .unacceptableInput, "an empty passphrase protects nothing", hints: ["a few random words make a good one"])

    static func unacceptableCost(_ cost: KeyDerivationCost) -> Failure {
        Failure(
            .unacceptableInput,
            "a key derivation of \(cost.passes) passes over \(cost.memoryBytes) bytes is out of bounds",
            hints: ["1 to 8 passes over 8 KiB to 256 MiB"])
    }

    static let recordTooLarge = Failure(
        .unacceptableInput, "there is too much text for one client", hints: ["4 MB are the most that a record holds"])

    static func looseModes(_ what: String, mending command: String) -> Failure {
        Failure(.looseModes, what, hints: [Hint(command)])
    }

    /// A vault that was opened for reading alone, because of `failure`.
    static func readOnly(_ failure: Failure) -> Failure {
        Failure(
            failure.kind, failure.summary,
            hints: failure.hints + [Hint("the vault is open for reading alone until it is opened again", .reopen)])
    }

    static func writtenMeanwhile(_ path: String) -> Failure {
        Failure(
            .conflict,
            "the vault \(printable(path)) was written by another process while it was open for reading alone",
            hints: [Hint("the vault must be opened again to go on with what is there now", .reopen)])
    }

    static func noLog(_ path: String) -> Failure {
        Failure(
            .vaultBusy, "the vault \(printable(path)) cannot be switched back to SQLite's write-ahead log",
            hints: ["close the other programs that have it open, and try again"])
    }

    static func looseLink(_ path: String, mending command: String?) -> Failure {
        Failure(
            .looseModes, "others may make the link \(printable(path)) lead elsewhere",
            hints: [Hint(command ?? "move the link into a folder that only you can write")])
    }

    static func foreignFile(_ path: String) -> Failure {
        Failure(
            .looseModes, "\(printable(path)) belongs to another user",
            hints: ["a vault and what lies beside it must be your own: ls -l \(shellQuoted(path)) tells whose it is"])
    }

    static func foreignFolder(_ folder: String) -> Failure {
        Failure(
            .looseModes, "the vault's folder \(printable(folder)) belongs to another user",
            hints: ["move the vault into a folder of your own"])
    }

    static func strangeFile(_ path: String) -> Failure {
        Failure(
            .looseModes, "\(printable(path)) is no regular file",
            hints: ["mv -n \(shellQuoted(path)) \(shellQuoted(path + ".away"))"])
    }

    /// A log whose index cannot be made, and which is needed to read the vault.
    static func logUnreadable(_ path: String, because failure: Failure) -> Failure {
        Failure(
            failure.kind, "\(failure.summary); its log cannot be read there either",
            hints: ["copy \(shellQuoted(path)) and \(shellQuoted(path + "-wal")) to where there is room to write"])
    }

    /// SQLite would play it into the vault, or delete a file that it names.
    static func journal(_ path: String) -> Failure {
        Failure(
            .looseModes, "an SQLite journal lies beside the vault: \(printable(path))",
            hints: [
                "mv -n \(shellQuoted(path)) \(shellQuoted(path + ".away"))",
                "keyfob writes no such file, and SQLite would change the vault by it; nothing was opened",
            ])
    }

    static func replaced(_ path: String) -> Failure {
        Failure(
            .conflict, "the file \(printable(path)) was replaced or removed while it was open",
            hints: [Hint("the vault must be opened again to go on with what is there now", .reopen)])
    }

    static func vaultBusy(_ path: String, seconds: Double) -> Failure {
        let time = seconds >= 1 ? " for \(Int(seconds)) s" : ""
        return Failure(
            .vaultBusy, "the vault \(printable(path)) is busy: another program has held it\(time)",
            hints: ["nothing was saved: try again", "fuser \(shellQuoted(path)) tells who holds it"])
    }

    static func notEnoughMemory(for path: String) -> Failure {
        Failure(
            .vaultBusy, "not enough memory to open the vault \(printable(path))",
            hints: ["try again when other programs have ended", "ulimit -v and ulimit -l tell what this one may use"])
    }

    static func keySlot(_ problem: KeySlot.Problem, of path: String) -> Failure {
        switch problem {
        case .damaged: .vaultDamaged(path, "its key slot is not what was written")
        case .wrongPassphrase: .wrongPassphrase(path)
        case .notEnoughMemory: .notEnoughMemory(for: path)
        case .unacceptableCost(let cost):
            .vaultDamaged(
                path,
                "its key slot asks for \(cost.passes) passes over \(cost.memoryBytes) bytes, which is out of bounds")
        }
    }

    static func noThread() -> Failure {
        Failure(.vaultBusy, "the system gives no thread for the vault", hints: [threadLimitHint])
    }

    /// - Parameters:
    ///   - act: what was to be done: `open the vault PATH`.
    ///   - command: what mends it where it is the permissions, without its argument `file`.
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
            failure.kind, failure.summary + "; the change may have happened all the same", hints: [uncertaintyHint])
    }

    /// A new file whose name the disk did not confirm.
    static func nameUnconfirmed(_ failure: Failure, of file: String) -> Failure {
        Failure(
            failure.kind, failure.summary + "; the file may be there all the same",
            hints: ["ls -l \(shellQuoted(file)) tells: if it is there, it is whole"])
    }

    static let uncertaintyHint: Hint = "keyfob list shows what holds"

    static func clientGone(_ name: String? = nil) -> Failure {
        Failure(
            .noSuchClient,
            name.map { "no client named \"\($0)\" any more" } ?? "the client is not in the vault any more",
            hints: ["it was removed meanwhile"])
    }

    static func nameTaken(_ name: String) -> Failure {
        Failure(.nameTaken, "there is a client named \"\(name)\" already", hints: ["upper and lower case count as one"])
    }

    static func changedMeanwhile(_ name: String) -> Failure {
        Failure(
            .conflict, "client \"\(name)\" was changed meanwhile",
            hints: ["nothing was saved: look at it as it is now, then try again"])
    }

    static func changedSince(_ name: String) -> Failure {
        Failure(
            .conflict, "client \"\(name)\" was changed since",
            hints: [Hint("nothing was undone", .edit)])
    }

    static func thereAgain(_ name: String) -> Failure {
        Failure(.conflict, "client \"\(name)\" is there again", hints: ["nothing was undone"])
    }

    static func noPreviousSecret(_ name: String) -> Failure {
        Failure(
            .unacceptableInput, "client \"\(name)\" has no previous secret",
            hints: ["a new secret keeps the one before it as the previous one"])
    }

    static func editedTooMuch(_ name: String) -> Failure {
        Failure(.bug, "an edit of client \"\(name)\" without its revision changed more than such an edit may")
    }

    static let passphraseChangedMeanwhile = Failure(
        .conflict, "the passphrase was changed meanwhile by another keyfob",
        hints: ["nothing was saved: that one is the passphrase now"])

    static let locked = Failure(.locked, "the vault is locked", hints: ["try again when it is unlocked"])

    /// What SQLite's result code means for somebody who has a vault (https://sqlite.org/rescode.html).
    /// - Parameter systemError: the errno behind it, 0 where there is none.
    static func fromSQLite(_ code: Int32, systemError: Int32, path: String, busySeconds: Double = 0) -> Failure {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: return .vaultBusy(path, seconds: busySeconds)
        case SQLITE_NOTADB: return .notAVault(path, because: "it is no SQLite file")
        case SQLITE_CORRUPT: return .vaultDamaged(path, "its pages do not fit together")
        case SQLITE_FULL: return .cannotWrite("write the vault \(printable(path))", because: ENOSPC)
        case SQLITE_READONLY, SQLITE_PERM:
            return .cannotWrite("write the vault \(printable(path))", because: systemError == 0 ? EROFS : systemError)
        case SQLITE_CANTOPEN, SQLITE_IOERR:
            return .cannotWrite("use the vault \(printable(path))", because: systemError == 0 ? EIO : systemError)
        case SQLITE_NOMEM: return .notEnoughMemory(for: path)
        // Our statements are fixed and tested: it is the file that does not fit them.
        case SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_FORMAT, SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH:
            return .vaultDamaged(path, "its tables are not those of a vault")
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

    /// A path as one word of a shell, which no program takes for an option.
    static func shellQuoted(_ path: String) -> String { ShellQuoting.word((path.hasPrefix("-") ? "./" : "") + path) }
}
