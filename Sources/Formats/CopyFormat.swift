public import Credentials
import FoundationEssentials

/// The input of a copy format: a client, its token and the current time.
public struct CopySubject: Sendable {
    public var profile: ClientProfile
    /// nil only for a format that needs no token.
    public var token: AccessToken?
    public var now: Moment

    public init(profile: ClientProfile, token: AccessToken?, now: Moment) {
        self.profile = profile
        self.token = token
        self.now = now
    }
}

/// The formats in which a token leaves keyfob. A new format needs a case here, whose raw value is its name for `keyfob
/// header --format`, and an entry in the table below; the copy menu and the command line follow.
public enum CopyFormat: String, Sendable, Equatable, CaseIterable {
    case header, token, curl, httpie, wget, powershell, fetch, python, bash, fish
    case powershellVariable = "powershell-env"
    case json, postman, http
    case headersJSON = "headers-json"
    case curlConfig = "curl-config"
    case githubActions = "github-actions"
    case execCredential = "exec-credential"
    case clientID = "client-id"

    /// A shell keeps a pasted command in its history, and every user on the machine can read a program's arguments.
    /// With `curl`, `httpie`, `wget` and `export` the token gets there too, as users of these tools accept. The token
    /// expires within minutes; the safe way is to pipe `keyfob header` into `curl -H @-`.
    private var entry: Entry {
        switch self {
        case .header: Entry("Authorization header") { "\($0.header)" }
        case .token: Entry("bare token") { "\($0.token)" }
        case .curl: Entry("curl command") { "curl -H \($0.header, for: .posix) \($0.url, for: .posix)" }
        case .httpie:
            Entry("HTTPie command") {
                // HTTPie treats a backslash in a header before `:`, `;`, `=` and `@` as an escape.
                $0.tokenHas("\\")
                    ? "http --auth-type=bearer --auth=\($0.token, for: .posix) GET \($0.url, for: .posix)"
                    : "http GET \($0.url, for: .posix) \($0.header, for: .posix)"
            }
        case .wget: Entry("wget command") { "wget -qO- --header=\($0.header, for: .posix) \($0.url, for: .posix)" }
        case .powershell:
            Entry("PowerShell command") {
                """
                Invoke-RestMethod -Uri \($0.url, for: .powershell) \
                -Headers @{ Authorization = \($0.bearer, for: .powershell) }\($0.powershellOption)
                """
            }
        case .fetch:
            Entry("JavaScript fetch", noun: "JavaScript") {
                "await fetch(\($0.url, for: .json), { headers: { Authorization: \($0.bearer, for: .json) } })"
            }
        case .python:
            Entry("Python requests", noun: "Python") {
                """
                import requests
                response = requests.get(\($0.url, for: .json), headers={"Authorization": \($0.bearer, for: .json)})
                print(response.status_code, response.text)
                """
            }
        case .bash: Entry("export for bash, zsh", noun: "export") { "export ACCESS_TOKEN=\($0.token, for: .posix)" }
        case .fish: Entry("variable for fish", noun: "fish variable") { "set -gx ACCESS_TOKEN \($0.token, for: .fish)" }
        case .powershellVariable:
            Entry("variable for PowerShell", noun: "PowerShell variable") {
                "$env:ACCESS_TOKEN = \($0.token, for: .powershell)"
            }
        case .json:
            Entry("JSON with expiry", noun: "JSON") {
                """
                {
                  "access_token": \($0.token, for: .json),
                  "token_type": \($0.facts?.type ?? "Bearer", for: .json),
                  "expires_in": \($0.secondsLeft),
                  "expires_at": \($0.expiry)
                }
                """
            }
        case .postman:
            Entry("Postman environment") {
                """
                {
                  "name": \(UntrustedText.line($0.profile.name), for: .json),
                  "values": [
                    { "key": "base_url", "value": \($0.target.base, for: .json), "type": "default", "enabled": true },
                    { "key": "access_token", "value": \($0.token, for: .json), "type": "secret", "enabled": true }
                  ],
                  "_postman_variable_scope": "environment"
                }
                """
            }
        case .http:
            Entry(".http file lines", noun: ".http lines") {
                """
                ### \(UntrustedText.line($0.profile.name))
                GET \($0.url)
                \($0.header)
                """
            }
        case .headersJSON:
            Entry("headers as JSON", isForPrograms: true) { "{\"Authorization\":\($0.bearer, for: .json)}" }
        // curl(1), --config: a quoted value has the escapes of JSON for the characters that a token may have.
        case .curlConfig: Entry("curl config", isForPrograms: true) { "header = \($0.header, for: .json)" }
        case .githubActions:
            Entry("GitHub Actions mask", isForPrograms: true) { "::add-mask::\($0.tokenInWorkflowCommand)" }
        case .execCredential:
            // kubectl's credential plugins (client.authentication.k8s.io/v1).
            Entry("kubectl exec credential", isForPrograms: true) {
                """
                {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",\
                "status":{"token":\($0.token, for: .json)\($0.expirationMember)}}
                """
            }
        case .clientID: Entry("client ID", needsToken: false) { "\($0.profile.clientID)" }
        }
    }

    /// The name for `keyfob header --format`; stable.
    public var name: String { rawValue }

    /// The name in the copy menu: `curl command`.
    public var title: String { entry.title }

    /// The name within a sentence: `copied the curl command`.
    public var noun: String { entry.noun }

    /// True if the format cannot be rendered without a token.
    public var needsToken: Bool { entry.needsToken }

    /// True if a program reads the text from a pipe, so that the copy menu does without the format.
    public var isForPrograms: Bool { entry.isForPrograms }

    /// True if the text contains the token, so that it is later cleared from the clipboard.
    public var holdsToken: Bool { entry.needsToken }

    /// The text to print or copy, without a final line break. No `String` of the token is made. Empty if the format
    /// needs a token and the subject has none.
    public func render(_ subject: CopySubject) -> Secret {
        if needsToken, subject.token == nil { return Secret([]) }
        return entry.render(
            Material(
                profile: subject.profile, token: subject.token?.value ?? Secret([]), facts: subject.token?.facts,
                now: subject.now))
    }

    /// One line with the result of `render`, with `mask` in place of the token.
    /// - Parameter facts: the facts of the client's token; nil if there is none.
    public func preview(_ profile: ClientProfile, _ facts: TokenFacts?, at now: Moment, mask: String) -> String {
        let masked = entry.render(Material(profile: profile, token: Secret(utf8: mask), facts: facts, now: now))
        return UntrustedText.line(masked.unwipeableText(), limit: 500)
    }
}

extension CopyFormat {
    private struct Entry {
        let title: String
        let noun: String
        let needsToken: Bool
        let isForPrograms: Bool
        let template: (Material) -> SecretText

        init(
            _ title: String, noun: String? = nil, needsToken: Bool = true,
            isForPrograms: Bool = false, template: @escaping (Material) -> SecretText
        ) {
            self.title = title
            self.noun = noun ?? title
            self.needsToken = needsToken
            self.isForPrograms = isForPrograms
            self.template = template
        }

        func render(_ material: Material) -> Secret { template(material).secret }
    }

    /// The values that a template can use.
    private struct Material {
        let profile: ClientProfile
        let token: Secret
        let facts: TokenFacts?
        let now: Moment

        /// RFC 6750 §2.1. The scheme is always `Bearer`, regardless of the server's spelling of the token type.
        var bearer: Secret { ("Bearer \(token)" as SecretText).secret }
        var header: Secret { ("Authorization: \(bearer)" as SecretText).secret }
        var target: TargetURL { TargetURL(profile) }
        var url: String { target.text }

        func tokenHas(_ character: Unicode.Scalar) -> Bool {
            token.withBytes { $0.contains(UInt8(ascii: character)) }
        }

        /// The runner decodes `%25` (actions/toolkit, command.ts: escapeData).
        var tokenInWorkflowCommand: Secret {
            Secret.written { text in
                token.withBytes { bytes in
                    for byte in bytes {
                        text.append(byte)
                        if byte == UInt8(ascii: "%") { text.append("25") }
                    }
                }
            }
        }

        /// .NET's header parser treats `,` and `"` specially. The option exists since PowerShell 6; 5.1 has no such
        /// parser and rejects the option, so it is added only if necessary.
        var powershellOption: String { tokenHas(",") || tokenHas("\"") ? " -SkipHeaderValidation" : "" }

        /// Whole seconds, as in `token --json`.
        var secondsLeft: String {
            facts?.secondsLeft(at: now).map { String(Int(min(max($0, 0), 1e12))) } ?? "null"
        }
        var expirationMember: String { facts?.expires(at: now) == nil ? "" : ",\"expirationTimestamp\":\(expiry)" }
        var expiry: String { facts?.expires(at: now).map { "\"\($0.ISO8601Format())\"" } ?? "null" }
    }
}
