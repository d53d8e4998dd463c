import ArgumentParser
import Credentials
import FoundationEssentials
import OAuth
import System

struct Add: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a client.",
        usage: "keyfob add [<options>] <name> --client-id <id>",
        discussion: """
            Asks for the secret, or reads the secret from standard input with --secret-stdin, if that is not a terminal. \
            If standard input also holds the passphrase, the passphrase is line 1 and the secret is the rest.

            EXAMPLES
              keyfob add production --client-id 7f3c09aa
              keyfob add billing --client-id app \\
                --token-url https://login.example.com/token \\
                --auth client_secret_basic --secret-stdin < secret
              keyfob add crm --client-id app --service auth0 \\
                --token-url https://acme.eu.auth0.com/oauth/token \\
                --param audience=https://api.acme.example
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "A name, unique in the vault.")
    var name: String

    @Option(name: .customLong("client-id"), help: ArgumentHelp("The client ID.", valueName: "id"))
    var clientID: String

    @Option(
        help: ArgumentHelp(
            "The service whose usual settings fill in missing options (default: gbg-go without --token-url, else "
                + "custom).", valueName: "name"))
    var service: ServicePreset?

    @Option(name: .customLong("token-url"), help: ArgumentHelp("The token endpoint.", valueName: "url"))
    var tokenURL: String?

    @Option(help: "The scope to request; may be empty (default: the service's).")
    var scope: String?

    @Option(name: .customLong("auth"), help: "The client authentication method (default: the service's).")
    var authentication: ClientAuthenticationMethod?

    @Option(help: "The encoding of ID and secret before base64, with client_secret_basic.")
    var basicEncoding = BasicEncoding.form

    @Option(
        name: .customLong("param"),
        help: ArgumentHelp(
            "An extra parameter of the token request; may be given several times.", valueName: "name=value"))
    var parameters: [String] = []

    @Option(
        name: .customLong("api-base"),
        help: ArgumentHelp("The base URL of requests to the API.", valueName: "url"))
    var apiBase: String?

    @Option(help: ArgumentHelp("The issuer's URL, which publishes the endpoints.", valueName: "url"))
    var issuer: String?

    @Option(
        name: .customLong("revocation-url"),
        help: ArgumentHelp("The endpoint that revokes tokens (RFC 7009).", valueName: "url"))
    var revocationURL: String?

    @Option(name: .customLong("tag"), help: ArgumentHelp("A tag; may be given several times.", valueName: "tag"))
    var tags: [String] = []

    @Option(help: ArgumentHelp("A note; do not put secrets in it.", valueName: "text"))
    var note = ""

    @Flag(help: "Read the secret from standard input.")
    var secretStdin = false

    func perform() async throws(Failure) {
        let options = options.over(root.vault)
        let profile = try profile()
        let entry = try await options.withManager { manager throws(Failure) in
            try await manager.create(profile, secret: TypedField.secret(fromStandardInput: secretStdin))
        }
        Output.complain(
            "added \"\(entry.profile.name)\"",
            hints: ["\(ShellCommand.clients("token", [entry.profile.name], options)) fetches its first token"])
    }
}

extension ClientAuthenticationMethod: ExpressibleByArgument {}
extension BasicEncoding: ExpressibleByArgument {}

extension ServicePreset: ExpressibleByArgument {
    public init?(argument: String) {
        guard let preset = ServicePreset.named(argument) else { return nil }
        self = preset
    }

    public var defaultValueDescription: String { key }
    public static var allValueStrings: [String] { all.map(\.key) }
}
