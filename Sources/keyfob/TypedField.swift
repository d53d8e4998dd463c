import Credentials
import FoundationEssentials
import OAuth
import System

/// The checks of a client's fields on the command line. The form makes the same checks.
enum TypedField {
    static func clientID(_ text: String) throws(Failure) -> String {
        let identifier = trimmed(text, "the client ID")
        guard !identifier.isEmpty else { throw Failure(.unacceptableInput, "the client ID is empty") }
        if let problem = Placeholder.problem(identifier) {
            throw Failure(.unacceptableInput, "the client ID contains a placeholder", hints: [Failure.Hint(problem)])
        }
        return identifier
    }

    /// Every URL but the token URL may be empty.
    static func url(_ text: String, _ field: EndpointURL.Field) throws(Failure) -> String {
        let url = trimmed(text, "\(field)")
        guard !url.isEmpty || field == .tokenURL else { return "" }
        try EndpointURL.check(url, as: field)
        if let problem = URLText.problem(url) {
            throw Failure(.unusableProfile, "\(field) cannot be used: \(problem)")
        }
        if let name = URLText.secretName(in: url) {
            Output.complain(
                "\(field) has a parameter \(UntrustedText.line(name, limit: 60)): do not put secrets in a displayed URL"
            )
        }
        return url
    }

    static func scope(_ text: String) throws(Failure) -> String {
        let scope = trimmed(text, "the scope")
        if let problem = Placeholder.problem(scope) {
            throw Failure(.unacceptableInput, "the scope contains a placeholder", hints: [Failure.Hint(problem)])
        }
        return scope
    }

    /// - Parameter option: the option that holds the parameter, for a message: `--param`.
    static func parameter(_ parameter: FormParameter, of option: String) throws(Failure) -> FormParameter {
        let parameter = FormParameter(
            trimmed(parameter.name, "the name of a parameter"), trimmed(parameter.value, "the value of a parameter"))
        if let problem = parameter.reservation {
            throw Failure(
                .unacceptableInput, "\(option): \(UntrustedText.line(problem))",
                hints: [
                    option == "--param"
                        ? "give the client ID with --client-id, the scope with --scope, the secret with --secret-stdin"
                        : "set client_id or scope instead, and give the secret with --secret-stdin"
                ])
        }
        if let problem = Placeholder.problem(parameter.value) {
            throw Failure(
                .unacceptableInput, "the value of a \(option) contains a placeholder", hints: [Failure.Hint(problem)])
        }
        if SecretName.matches(parameter.name) {
            Output.complain(
                "the parameter \(UntrustedText.line(parameter.name, limit: 60)) is displayed: do not put secrets in extra parameters"
            )
        }
        return parameter
    }

    /// The distinct tags in some words. A tag that is too long is refused, not cut.
    static func tags(_ words: [String]) throws(Failure) -> [String] {
        let text = words.joined(separator: " ")
        let tags = ClientProfile.tags(in: text)
        guard tags == ClientProfile.tags(in: text, longest: .max) else {
            throw Failure(
                .unacceptableInput, "a tag is too long", hints: ["use at most \(ClientProfile.longestTag) characters"])
        }
        return tags
    }

    private static func trimmed(_ text: String, _ what: String) -> String {
        let trimmed = ClientName.trimmed(text)
        if trimmed != text, !trimmed.isEmpty { Output.complain("white space around \(what) was removed") }
        return trimmed
    }

    /// The client secret without the white space around it. A terminal is asked, since it would echo the secret.
    static func secret(fromStandardInput isFromStandardInput: Bool) throws(Failure) -> Secret {
        let read = try isFromStandardInput && !StandardInput.isTerminal ? StandardInput.rest() : prompted()
        let secret = read.trimmed()
        guard !secret.isEmpty else { throw Failure(.unacceptableInput, "the client secret is empty") }
        if secret.count != read.count { Output.complain("white space around the secret was removed") }
        return secret
    }

    private static func prompted() throws(Failure) -> Secret {
        do {
            return try TTYPrompt.passphrase("client secret")
        } catch let failure where failure.kind == .noPassphrase {
            throw Failure(
                .usage, "cannot ask for the client secret: no terminal",
                hints: ["--secret-stdin reads it from standard input"])
        }
    }
}
