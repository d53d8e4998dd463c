import ArgumentParser
import Credentials
import Formats
import System

struct Header: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Print `Authorization: Bearer …` for a client.",
        discussion: """
            EXAMPLES
              keyfob header billing | curl -H @- https://api.example.com/
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var token: TokenOptions
    @ParentCommand var root: Keyfob

    func perform() async throws(Failure) {
        let served = try await token.serve(options.over(root.vault))
        let subject = CopySubject(profile: served.entry.profile, token: served.token, now: Clocks.now())
        try Output.answer(CopyFormat.header.render(subject))
    }
}
