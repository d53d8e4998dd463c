import ArgumentParser
import Credentials
import FoundationEssentials
import OAuth
import System

struct Add: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Add a client.",
        usage: "keyfob add [<options>] <name> --client-id <id>",
        discussion: """
            The secret is asked for, or read from standard input with --secret-stdin; it never comes from the command \
            line. Where the passphrase comes from standard input too, it is line 1 and the secret is the rest.

            EXAMPLES
              keyfob add production --client-id 7f3c09aa
              keyfob add billing --client-id app --token-url https://login.example.com/t \\
                --scope "" --auth client_secret_basic --secret-stdin < secret
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "A name, unique in the vault.")
    var name: String

    @Option(name: .customLong("client-id"), help: ArgumentHelp("The client ID.", valueName: "id"))
    var clientID: String

    @Option(name: .customLong("token-url"), help: ArgumentHelp("The token endpoint.", valueName: "url"))
    var tokenURL = ClientProfile.defaultTokenURL

    @Option(help: "The scope to ask for; may be empty.")
    var scope = ClientProfile.defaultScope

    @Option(name: .customLong("auth"), help: "How the client proves that it is itself.")
    var authentication = ClientAuthenticationMethod.clientSecretPost

    @Option(help: "What is done to ID and secret before base64, with client_secret_basic.")
    var basicEncoding = BasicEncoding.form

    @Flag(help: "Read the secret from standard input.")
    var secretStdin = false

    func perform() async throws(Failure) {
        let options = options.over(root.vault)
        let profile = try profile()
        try TokenURL.check(profile.tokenURL)
        let entry = try await options.withManager { manager throws(Failure) in
            try await manager.create(profile, secret: secret())
        }
        Output.complain(
            "added \"\(entry.profile.name)\"",
            hints: ["\(ShellCommand.clients("token", [entry.profile.name], options)) fetches its first token"])
    }

    private func profile() throws(Failure) -> ClientProfile {
        let identifier = ClientName.trimmed(clientID)
        guard !identifier.isEmpty else { throw Failure(.unacceptableInput, "the client ID is empty") }
        if identifier != clientID { Output.complain("white space around the client ID was removed") }
        return ClientProfile(
            name: try ClientName.checked(name), clientID: identifier, tokenURL: ClientName.trimmed(tokenURL),
            scope: ClientName.trimmed(scope), authentication: authentication, basicEncoding: basicEncoding,
            created: Clocks.now().wall)
    }

    private func secret() throws(Failure) -> Secret {
        let read = try secretStdin ? StandardInput.rest() : prompted()
        let secret = read.trimmed()
        guard !secret.isEmpty else { throw Failure(.unacceptableInput, "the client secret is empty") }
        if secret.count != read.count { Output.complain("white space around the secret was removed") }
        return secret
    }

    private func prompted() throws(Failure) -> Secret {
        do {
            return try TTYPrompt.passphrase("client secret")
        } catch let failure where failure.kind == .noPassphrase {
            throw Failure(
                .usage, "there is no terminal to ask for the client secret on",
                hints: ["--secret-stdin reads it from standard input"])
        }
    }
}

extension ClientAuthenticationMethod: ExpressibleByArgument {}
extension BasicEncoding: ExpressibleByArgument {}
