import Credentials
import FoundationEssentials
import OAuth

/// The checks of a client's fields on the command line. The form makes the same checks.
enum TypedField {
    static func clientID(_ text: String) throws(Failure) -> String {
        let identifier = ClientName.trimmed(text)
        guard !identifier.isEmpty else { throw Failure(.unacceptableInput, "the client ID is empty") }
        if let problem = Placeholder.problem(identifier) {
            throw Failure(.unacceptableInput, "the client ID contains a placeholder", hints: [Failure.Hint(problem)])
        }
        if identifier != text { Output.complain("white space around the client ID was removed") }
        return identifier
    }

    /// Every URL but the token URL may be empty.
    static func url(_ text: String, _ field: EndpointURL.Field) throws(Failure) -> String {
        let url = ClientName.trimmed(text)
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
        let scope = ClientName.trimmed(text)
        if let problem = Placeholder.problem(scope) {
            throw Failure(.unacceptableInput, "the scope contains a placeholder", hints: [Failure.Hint(problem)])
        }
        return scope
    }

    /// - Parameter option: the option that holds the parameter, for a message: `--param`.
    static func parameter(_ parameter: FormParameter, of option: String) throws(Failure) -> FormParameter {
        let parameter = FormParameter(ClientName.trimmed(parameter.name), ClientName.trimmed(parameter.value))
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

    /// A secret without the white space around it.
    static func secret(_ read: Secret) throws(Failure) -> Secret {
        let secret = read.trimmed()
        guard !secret.isEmpty else { throw Failure(.unacceptableInput, "the client secret is empty") }
        if secret.count != read.count { Output.complain("white space around the secret was removed") }
        return secret
    }
}
