import ArgumentParser
import Credentials
import Model
import System

struct Revoke: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a client's token at its server, and remove the token.",
        usage: "keyfob revoke [<options>] <name>",
        discussion: """
            Asks on a terminal, with the URL that gets the token and the client secret; elsewhere it needs --yes. If \
            you decline, the exit code is 1. If there is no such URL, the token is only removed here. If the \
            issuer cannot be asked for it, the token stays.

            --yes never agrees to a host that only the issuer names: on a terminal, the question shows it.

            EXAMPLES
              keyfob revoke billing
              keyfob revoke billing --yes
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "The client's name.")
    var name: String

    @Flag(help: "Do not ask.")
    var yes = false

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        guard yes || StandardInput.isTerminal else {
            throw Failure(
                .usage, "cannot ask before revoking: no terminal",
                hints: ["\(ShellCommand.clients("revoke", [name], choice, flags: "--yes")) goes ahead"])
        }
        try await choice.withManager { manager throws(Failure) in
            let entry = try await manager.entry(named: name)
            let client = entry.profile.name
            // Before a request to the issuer, which would find a URL for nothing.
            guard entry.token != nil else {
                // The token may be damaged.
                if let damage = try await manager.damage(of: [entry.id]).first { throw damage }
                throw Failure(.unacceptableInput, "client \"\(client)\" has no token to revoke")
            }
            guard let plan = try await manager.revocationPlans(for: [entry.id]).first else {
                throw Failure(.noSuchClient, "client \"\(client)\" was removed meanwhile")
            }
            try confirm(plan, of: client, choice)
            let revoked = try await manager.revoke(as: plan)
            let reason = revoked.reason ?? ""
            Output.complain(
                revoked.atServer
                    ? "revoked the token of \"\(client)\" at its server, and removed it"
                    : "removed the token of \"\(client)\" here, without revoking it: \(reason)")
        }
    }

    private func confirm(_ plan: RevocationPlan, of client: String, _ choice: VaultChoice) throws(Failure) {
        let question: String
        switch plan.destination {
        case .unknown(let failure):
            let edit = ShellCommand.clients("edit", [client], choice, flags: "--set revocation_url=URL")
            let forget = ShellCommand.clients("edit", [client], choice, flags: "--set issuer=")
            throw Failure(
                failure.kind, failure.summary,
                hints: failure.hints + [
                    "\(edit) sets the URL, and the issuer is not asked",
                    "\(forget) removes the issuer; revoke then removes the token here only",
                    "the token was not revoked",
                ])
        case .nowhere(let reason):
            question = "the token of \"\(client)\" is only removed here, not revoked: \(reason); remove it?"
        case .endpoint(let url, let isForeign):
            let request = "POST \(UntrustedText.line(url, limit: 400))"
            if isForeign {
                let host = EndpointHost.text(of: url)
                // The user has typed this host nowhere, so only a look at it can be consent.
                guard !yes else {
                    throw Failure(
                        .usage, "--yes does not agree to \(host), which only the issuer of \"\(client)\" names",
                        hints: ["run it without --yes on a terminal, which shows the URL and asks"])
                }
                question =
                    "\(request) gets the token and client secret of \"\(client)\"; \(host) is named by the issuer, is "
                    + "neither the issuer's host nor the token URL's, and is stored as revocation URL; revoke it?"
            } else {
                question = "\(request) gets the token and client secret of \"\(client)\"; revoke it?"
            }
        }
        let isMeant = if yes { true } else { try TTYPrompt.confirm(question) }
        guard isMeant else { throw Failure(.declined, "nothing was revoked") }
    }
}
