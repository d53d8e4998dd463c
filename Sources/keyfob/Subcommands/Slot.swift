import ArgumentParser
import Credentials
import Files
import FoundationEssentials
import Storage
import System

struct Slot: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "slot",
        abstract: "List, add and remove the key slots that open the vault.",
        usage: """
            keyfob slot list [<options>]
            keyfob slot add file [<options>] <path>
            keyfob slot remove [<options>] <number>
            """,
        discussion: """
            A key file opens the vault without the passphrase: with --key-file or KEYFOB_KEY_FILE, for a machine that \
            cannot type. `add file` makes the file, and never overwrites one. Slot 1 is the passphrase's and stays.

            `list` prints a line for each slot: number, kind (passphrase, file, unknown), when it was made (UTC, or -), \
            state (intact, damaged, unknown), separated by tabs. `remove` asks on a terminal; elsewhere it needs \
            --yes. If you decline, the exit code is 1.

            EXAMPLES
              keyfob slot add file ci.key
              keyfob header billing --key-file ci.key
              keyfob slot list
              keyfob slot remove 2
            """)

    enum Action: String, ExpressibleByArgument, CaseIterable { case list, add, remove }

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "list, add or remove.")
    var action: Action

    @Argument(
        help: ArgumentHelp("With add: file. With remove: the slot's number.", valueName: "what"),
        completion: .list(["file"]))
    var object: String?

    @Argument(help: "With add: the file to create.", completion: .file())
    var path: String?

    private var operands: [String] { [object, path].compactMap(\.self) }

    @Flag(help: "With list: write one JSON array.")
    var json = false

    @Flag(help: "With remove: do not ask.")
    var yes = false

    private var number: Int64? { operands.first.flatMap(Int64.init) }

    func validate() throws {
        if json, action != .list { throw ValidationError("--json goes with slot list") }
        if yes, action != .remove { throw ValidationError("--yes goes with slot remove") }
        switch action {
        case .list: break
        case .add:
            guard operands.first == "file" else { throw ValidationError("slot add needs the kind of the slot: file") }
            guard operands.count > 1 else { throw ValidationError("missing expected argument '<path>'") }
            guard operands[1] != "" else { throw ValidationError("the key file's path is empty") }
        case .remove:
            guard !operands.isEmpty else { throw ValidationError("missing expected argument '<number>'") }
            guard number != nil else { throw ValidationError("slot remove needs a number of slot list") }
        }
        let count = action == .list ? 0 : action == .add ? 2 : 1
        guard operands.count == count else { throw ValidationError("there are more arguments than expected") }
    }

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        switch action {
        case .list: try await list(choice)
        case .add: try await addFile(operands[1], to: choice)
        case .remove: try await remove(number ?? 0, from: choice)
        }
    }

    private func list(_ choice: VaultChoice) async throws(Failure) {
        let slots = try await choice.withVault { vault throws(Failure) in try await vault.keySlots() }
        guard !json else { return try Output.answer(JSONAnswer.text(slots.map(SlotAnswer.init))) }
        for slot in slots { try Output.answer(slot.line) }
    }

    private func addFile(_ path: String, to choice: VaultChoice) async throws(Failure) {
        let location = try choice.location()
        let number = try await choice.withVault { vault throws(Failure) in
            try await makeKeyFile(path, for: vault, at: location)
        }
        let name = UntrustedText.line(path, limit: 400)
        let vault = ShellCommand.vault(choice)
        let word = name == path ? ShellQuoting.word((path.hasPrefix("-") ? "./" : "") + path) : "PATH"
        Output.complain(
            "made the key file \(name) and key slot \(number) of \(location.name)",
            hints: [
                "keyfob list\(vault) --key-file \(word) opens the vault with it; so does KEYFOB_KEY_FILE",
                "everyone who can read the key file can open the vault, until keyfob slot remove\(vault) \(number)",
            ])
    }

    private func makeKeyFile(
        _ path: String, for vault: Vault, at location: VaultLocation
    ) async throws(Failure) -> Int64 {
        let folder = FilePath.real(FilePath.folder(of: path)) ?? ""
        let ownName = (FilePath.real(location.path) ?? location.path) + "-"
        // Such a file beside the vault would be taken for SQLite's or keyfob's own.
        guard !"\(folder)/\(FilePath.name(of: path))".hasPrefix(ownName) else {
            throw Failure(
                .cannotWrite, "the name \(UntrustedText.line(path, limit: 400)) is the vault's own",
                hints: ["choose another file"])
        }
        let key = Vault.newFileKey()
        // Before the slot: a key file that opens nothing does no harm.
        try KeyFile.create(path, holding: key)
        do throws(Failure) {
            return try await vault.addSlot(fileKey: key, at: Clocks.now().wall)
        } catch {
            KeyFile.remove(path)
            throw error
        }
    }

    private func remove(_ number: Int64, from choice: VaultChoice) async throws(Failure) {
        guard yes || StandardInput.isTerminal else {
            throw Failure(
                .usage, "cannot ask before removing the key slot: no terminal",
                hints: [
                    "\(ShellCommand.clients("slot remove", ["\(number)"], choice, flags: "--yes")) removes without asking"
                ])
        }
        let slot = try await choice.withVault { vault throws(Failure) in
            let slot = try await vault.removableSlot(number)
            let isMeant = if yes { true } else { try TTYPrompt.confirm("remove \(slot.name)?") }
            guard isMeant else { throw Failure(.declined, "nothing was removed") }
            return try await vault.removeSlot(number)
        }
        Output.complain(
            "removed \(slot.name)",
            hints: [
                "copies of the vault made before still open with copies of the key file",
                "if the key file was copied, run keyfob passwd\(ShellCommand.vault(choice)) --new-key: it replaces the data key too",
            ])
    }
}

extension KeySlotFacts {
    /// The slot in a sentence: `key slot 2 (file, made 2026-11-25T08:00:00Z)`.
    var name: String {
        let time = made.map { ", made \($0.ISO8601Format())" } ?? ""
        return "key slot \(number) (\(kind.rawValue)\(time)\(state == .damaged ? ", damaged" : ""))"
    }

    fileprivate var line: String {
        "\(number)\t\(kind.rawValue)\t\(made.map { $0.ISO8601Format() } ?? "-")\t\(state.rawValue)"
    }
}

/// A key slot in `slot list --json`.
private struct SlotAnswer: Encodable {
    let number: Int64
    let kind: String
    let made: Date?
    let state: String

    init(_ slot: KeySlotFacts) {
        number = slot.number
        kind = slot.kind.rawValue
        made = slot.made
        state = slot.state.rawValue
    }

    enum CodingKeys: String, CodingKey { case number, kind, made, state }

    /// Every member, a missing time as null, like the other answers.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(number, forKey: .number)
        try container.encode(kind, forKey: .kind)
        try container.encode(made, forKey: .made)
        try container.encode(state, forKey: .state)
    }
}
