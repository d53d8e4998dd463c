import ArgumentParser
import Credentials
import Formats
import System

struct Header: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "header",
        abstract: "Print a client's token as `Authorization: Bearer …` or in another format.",
        usage: "keyfob header [<options>] [<name>]",
        discussion: """
            exec-credential is the answer that kubectl wants of a credential plugin.

            github-actions prints the line that masks the token in the workflow's log, and appends ACCESS_TOKEN=… to \
            the file that GITHUB_ENV names, for the steps that follow.

            EXAMPLES
              keyfob header billing | curl -H @- https://api.example.com/
              eval "$(keyfob header billing --format bash)"
              keyfob header billing --format github-actions
              keyfob header billing --format postman > billing.postman_environment.json
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var token: TokenOptions
    @ParentCommand var root: Keyfob

    @Option(help: "The output format; curl and similar formats send to the client's API base.")
    var format = CopyFormat.header

    func perform() async throws(Failure) {
        let file = format == .githubActions ? try WorkflowEnvironment() : nil
        let rendered = try await token.rendered(as: format, from: options.over(root.vault))
        // The mask comes first: later lines of the workflow's log may hold the token.
        try Output.answer(rendered.text)
        if let token = rendered.token { try file?.append(token) }
    }
}

extension TokenOptions {
    /// The client's name and token, and the client in `format`. Warnings are printed before.
    /// - Parameter notingUse: true if a text with a token counts as the client's last use.
    @MainActor
    func rendered(
        as format: CopyFormat, from choice: VaultChoice, notingUse: Bool = false
    ) async throws(Failure) -> (client: String, text: Secret, token: Secret?) {
        let subject: CopySubject
        if format.needsToken {
            let served = try await serve(choice, notingUse: notingUse)
            subject = CopySubject(profile: served.entry.profile, token: served.token, now: Clocks.now())
        } else {
            let entry = try await choice.withManager { manager throws(Failure) in
                try await manager.entry(named: name)
            }
            subject = CopySubject(profile: entry.profile, token: nil, now: Clocks.now())
        }
        let client = UntrustedText.line(subject.profile.name)
        if let example = format.exampleURL(for: subject.profile) {
            Output.complain(
                "client \"\(client)\" has no API base: \(example) is used instead",
                hints: [
                    "\(ShellCommand.clients("edit", [client], choice, flags: "--set api_base=URL")) sets it"
                ])
        }
        return (client, format.render(subject), subject.token?.value)
    }
}

extension CopyFormat: ExpressibleByArgument {
    /// `postman-environment` is another name of `postman`.
    public init?(argument: String) {
        self.init(rawValue: argument == "postman-environment" ? "postman" : argument)
    }
}
