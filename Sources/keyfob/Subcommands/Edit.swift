import ArgumentParser
import Credentials
import System

struct Edit: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change fields of a client, or its secret.",
        usage: "keyfob edit [<options>] <name> --set <field=value> ...",
        discussion: """
            The fields are those of keyfob show --json: name, client_id, token_url, scope, auth_method, basic_encoding, \
            extra_parameters (a JSON array), issuer, revocation_url, api_base, tags (words or a JSON array), notes. An \
            empty value clears a field that may be empty.

            The token is removed if the token request changes. If the token URL moves to another host, the URLs that \
            stay at the old one must be set or cleared too. --secret-stdin reads the secret from standard input, or asks \
            for it if that is a terminal; the previous secret is kept.

            EXAMPLES
              keyfob edit billing --set scope=read --set tags=prod,eu
              keyfob edit billing --secret-stdin < secret
              keyfob edit billing --set notes= \\
                --set extra_parameters='[{"name":"audience","value":"urn:api"}]'
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "The client's name.")
    var name: String

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A field and its new value; may be given several times.", valueName: "field=value"))
    var settings: [String] = []

    @Flag(help: "Read a new secret from standard input.")
    var secretStdin = false

    func validate() throws {
        guard !settings.isEmpty || secretStdin else {
            throw ValidationError("no change is named: give --set or --secret-stdin")
        }
    }

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let changes = try FieldChange.list(settings)
        let (before, after, newHost) = try await choice.withManager {
            manager throws(Failure) -> (ClientEntry, ClientEntry, String?) in
            let before = try await manager.entry(named: name)
            var profile = before.profile
            for change in changes { try change.apply(to: &profile) }
            let secret = try secretStdin ? TypedField.secret(fromStandardInput: true) : nil
            let host = try hostOfMove(from: before.profile, to: profile, Set(changes.map(\.field)))
            guard profile != before.profile || secret != nil else { return (before, before, nil) }
            let after = try await manager.update(profile, from: before.revision, secret: secret)
            return (before, after, secret == nil ? host : nil)
        }
        let client = after.profile.name
        guard after.revision != before.revision else {
            return Output.complain("\"\(client)\" already has these values")
        }
        Output.complain("changed \"\(client)\"")
        if let newHost {
            Output.complain("the client secret stays the same: the next refresh sends it to \(newHost)")
        }
        if before.token != nil, after.token == nil {
            Output.complain(
                "the token was removed: it belongs to the previous settings",
                hints: ["\(ShellCommand.clients("token", [client], choice)) fetches another"])
        }
    }

    /// The host to which the token URL moves; nil if it stays.
    /// - Throws: `usage` if other URLs stay at another host: they would get the new client's token, and its secret.
    private func hostOfMove(
        from old: ClientProfile, to new: ClientProfile, _ set: Set<FieldChange.Field>
    ) throws(Failure) -> String? {
        let host = EndpointHost(new.tokenURL)
        guard old.tokenURL != new.tokenURL, host == nil || host != EndpointHost(old.tokenURL) else { return nil }
        let others: [(field: FieldChange.Field, url: String)] = [
            (.revocationURL, new.revocationURL), (.issuer, new.issuer), (.apiBase, new.apiBase),
        ]
        let left = others.filter { other in
            let own = EndpointHost(other.url)
            return !other.url.isEmpty && !set.contains(other.field) && (own == nil || own != host)
        }
        let target = EndpointHost.text(of: new.tokenURL)
        guard left.isEmpty else {
            let places = left.map { "\($0.field.rawValue) at \(EndpointHost.text(of: $0.url))" }
            throw Failure(
                .usage, "the token URL moves to \(target), but these stay: \(places.joined(separator: ", "))",
                hints: left.map {
                    "--set \($0.field.rawValue)=URL sets the new URL, --set \($0.field.rawValue)= clears it"
                })
        }
        return target
    }
}
