import ArgumentParser
import Credentials
import Formats
import System

struct Header: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a client's token as `Authorization: Bearer …` or in another format.",
        usage: "keyfob header [<options>] <name>",
        discussion: """
            EXAMPLES
              keyfob header billing | curl -H @- https://api.example.com/
              eval "$(keyfob header billing --format bash)"
              keyfob header billing --format postman > billing.postman_environment.json
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var token: TokenOptions
    @ParentCommand var root: Keyfob

    @Option(help: "The output format; curl and similar formats send to the client's API base.")
    var format = CopyFormat.header

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let subject: CopySubject
        if format.needsToken {
            let served = try await token.serve(choice)
            subject = CopySubject(profile: served.entry.profile, token: served.token, now: Clocks.now())
        } else {
            let entry = try await choice.withManager { manager throws(Failure) in
                try await manager.entry(named: token.name)
            }
            subject = CopySubject(profile: entry.profile, token: nil, now: Clocks.now())
        }
        if let example = format.exampleURL(for: subject.profile) {
            Output.complain(
                "client \"\(UntrustedText.line(subject.profile.name))\" has no API base: \(example) is used instead",
                hints: [Failure.Hint("enter the client's API base", .edit)])
        }
        try Output.answer(format.render(subject))
    }
}

extension CopyFormat: ExpressibleByArgument {}
