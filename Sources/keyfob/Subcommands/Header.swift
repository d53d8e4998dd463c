import ArgumentParser
import Credentials
import Formats
import System

struct Header: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Print `Authorization: Bearer …` for a client, or its token in another form.",
        usage: "keyfob header [<options>] [<name>]",
        discussion: """
            EXAMPLES
              keyfob header billing | curl -H @- https://api.example.com/
              eval "$(keyfob header billing --format bash)"
              keyfob header billing --format postman > billing.postman_environment.json
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var token: TokenOptions
    @ParentCommand var root: Keyfob

    @Option(help: "The form of the answer; curl and its like go to the client's API base.")
    var format = CopyFormat.header

    func perform() async throws(Failure) {
        try Output.answer(await token.rendered(as: format, from: options.over(root.vault)).text)
    }
}

extension TokenOptions {
    /// The client's name, and the client in `format`. Warnings are printed before.
    @MainActor
    func rendered(
        as format: CopyFormat, from choice: VaultChoice
    ) async throws(Failure) -> (client: String, text: Secret) {
        let subject: CopySubject
        if format.needsToken {
            let served = try await serve(choice)
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
                "client \"\(client)\" has no API base: \(example) stands in its place",
                hints: [Failure.Hint("enter its API base", .edit)])
        }
        return (client, format.render(subject))
    }
}

extension CopyFormat: ExpressibleByArgument {}
