import ArgumentParser
import Credentials
import Storage
import System

struct Unlock: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Ask for the passphrase once; later commands do not ask.",
        usage: "keyfob unlock [<options>]",
        discussion: """
            The kernel's keyring holds the vault's key. Until the key ends, every program that runs as you can open the \
            vault. Logging out does not end the key; the two times and `keyfob lock` do.

            EXAMPLES
              keyfob unlock
              keyfob unlock --for 1h --idle 5m
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Option(
        name: .customLong("for"), help: ArgumentHelp("Lock after this time: 90s, 15m, 8h, 2d.", valueName: "time"))
    var lifetime = UnlockTime(hours: 8)

    @Option(help: ArgumentHelp("Lock after this time without a printed token.", valueName: "time"))
    var idle = UnlockTime(minutes: 15)

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        do throws(Failure) {
            try await unlock(choice)
        } catch {
            throw ShellCommand.naming(choice, in: error)
        }
    }

    private func unlock(_ choice: VaultChoice) async throws(Failure) {
        let location = try choice.location()
        try location.inspect()
        // Fails before the user types a passphrase for nothing.
        try KernelKeyring.check()
        let vault = try await location.open(choice.secret(of: location))
        let dataKey: Secret
        do throws(Failure) {
            dataKey = try await vault.dataKey()
        } catch {
            await vault.close()
            throw error
        }
        await vault.close()
        try KernelKeyring.store(
            dataKey, ofVault: vault.id, lifetime: lifetime.seconds, idle: idle.seconds, now: Clocks.now())
        // Makes the file: a screen takes its first touch for a lock.
        Vault.touchLockFile(at: location.path)
        let idleEnd = idle.seconds < lifetime.seconds ? "; it locks after \(idle) without use" : ""
        Output.complain(
            "unlocked \(location.name) for \(lifetime)\(idleEnd)",
            hints: ["keyfob lock\(ShellCommand.vault(choice)) locks it at once"])
    }
}

/// A time on the command line: a number and its unit.
struct UnlockTime: ExpressibleByArgument, CustomStringConvertible {
    let seconds: Int
    let description: String

    init(hours: Int) { self.init(hours, "h", 3_600) }
    init(minutes: Int) { self.init(minutes, "m", 60) }

    private init(_ number: Int, _ unit: Character, _ seconds: Int) {
        self.seconds = number * seconds
        description = "\(number)\(unit)"
    }

    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = argument.last, let seconds = units[unit], let number = Int(argument.dropLast()),
            (1...KernelKeyring.longestLifetime / seconds).contains(number)
        else { return nil }
        self.init(number, unit, seconds)
    }

    var defaultValueDescription: String { description }
}
