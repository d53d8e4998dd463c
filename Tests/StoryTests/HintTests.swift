import Testing

@testable import Credentials
@testable import keyfob

@Suite("Hints on the command line")
struct HintTests {
    @Test(
        "each remedy has an instruction for the command line, which names no key; a hint without a remedy is its text")
    func remedies() {
        #expect(Failure.Hint("it is so").commandLineText == "it is so")
        #expect(
            Remedy.allCases.map { Failure.Hint("it is so", $0).commandLineText } == [
                "it is so: keyfob edit NAME --set FIELD=VALUE",
                "it is so: edit the client in the terminal interface and swap its secrets",
                "it is so: run the command again",
                "it is so", "it is so: run the command again",
            ])
    }

    @Test("a hint of the lower rooms may begin with each subcommand that takes a vault, and with no other")
    func subcommands() {
        let taking = CommandHelp.subcommands.filter { CommandHelp.options(of: $0)["--vault"] == true }
        #expect(Failure.Hint.subcommands == taking.map { $0._commandName }.sorted())
        for name in Failure.Hint.subcommands {
            #expect(
                Failure.Hint("keyfob \(name) does it").text(withVaultOption: " --vault v")
                    == "keyfob \(name) --vault v does it")
            #expect(
                Failure.Hint("keyfob \(name) --vault v --yes does it").text(withVaultOption: " --vault v")
                    == "keyfob \(name) --vault v --yes does it")
            #expect(Failure.Hint("keyfob \(name) does it").text(withVaultOption: "") == "keyfob \(name) does it")
            #expect(Failure.Hint("keyfob \(name)s it").text(withVaultOption: " --vault v") == "keyfob \(name)s it")
        }
    }

    @Test("a hint that is a command, or whose remedy is one, names the vault; another remedy stays")
    func ofVault() {
        let failure = Failure(
            .refused, "refused",
            hints: ["keyfob list shows the names", Failure.Hint("it is so", .edit), Failure.Hint("it is so", .refresh)])
        let named = ShellCommand.naming(VaultChoice(path: "/a b"), in: failure)
        #expect(
            named.hints == [
                "keyfob list --vault '/a b' shows the names",
                "it is so: keyfob edit --vault '/a b' NAME --set FIELD=VALUE", Failure.Hint("it is so", .refresh),
            ])
    }
}
