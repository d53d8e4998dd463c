public import Credentials

/// The fields of a client found in a paste: in a `curl` command that requests a token, the lines of a `.env` file, or a
/// JSON object.
///
/// The secret is a `Secret` throughout; every text has passed `UntrustedText`.
public struct PastedClient: Sendable, Equatable {
    public var tokenURL: String?
    public var clientID: String?
    public var secret: Secret?
    /// Empty if the paste sets an empty scope; nil if it sets none.
    public var scope: String?
    /// The way in which the pasted secret is sent; nil if the paste does not tell.
    public var authentication: ClientAuthenticationMethod?
    /// `raw` if ID and secret are for HTTP Basic and `form` would change them; nil if both encodings are equal.
    public var basicEncoding: BasicEncoding?
    public var extraParameters: [FormParameter] = []
    /// The service named by the pasted variables, with token URL and issuer filled in; nil if unknown.
    public var service: ServicePreset?
    /// The service named by the variables of a paste without a token URL, even if no URL can be built for it.
    public var namedService: ServicePreset?
    /// Parts that were left out or will change: one line each, lower case, no full stop, without pasted values.
    public var warnings: [String] = []
    /// True if several different commands may request the token. All fields are empty then.
    public var isUndecided = false

    public init() {}

    /// - Returns: nil if `pasted` has nothing for a form, or is longer than 64 KiB.
    public static func read(_ pasted: Secret) -> PastedClient? {
        guard pasted.count <= 65_536 else { return nil }
        let lines = pasted.withLineFeeds()
        let text = PastedText.cleaned(lines)
        if let members = JSONText.members(of: text), let client = PastedEnvironment.read(members) { return client }
        if let members = formMembers(text), let client = PastedEnvironment.read(members) { return client }
        let shell = ShellCommands(text, in: ShellDialect(of: lines))
        let curl = PastedCurl.read(shell.commands)
        if let curl, curl.isUndecided || curl.clientID != nil || curl.secret != nil || curl.authentication != nil {
            return curl
        }
        return PastedEnvironment.read(shell.assignments) ?? curl
    }

    /// The members of a request body that was pasted alone, on one line.
    private static func formMembers(_ text: Secret) -> [ShellCommands.Assignment]? {
        let body = text.trimmed()
        let isForm = ["client_id=", "client_secret=", "grant_type="].contains(where: body.hasPrefix)
        let isLine = body.contains("&") && body.withBytes { $0.allSatisfy { $0 > 0x20 && !"\"'`$".utf8.contains($0) } }
        guard isForm, isLine else { return nil }
        return FormText.members(body).map { ShellCommands.Assignment(name: $0.name, value: $0.value) }
    }

    var isEmpty: Bool { self == PastedClient() }

    /// False if there are only warnings.
    public var hasFields: Bool {
        var fields = self
        fields.warnings = []
        fields.isUndecided = false
        return !fields.isEmpty
    }
}

extension PastedClient {
    /// Stores a member of the token request's form, or a variable with that meaning.
    mutating func assign(_ name: String, _ value: Secret) {
        let label = Self.text(for: name)
        if let unread = value.unread ?? (value.isPlaceholder ? .variable : nil) {
            return warn("\(label) \(unread.reason): enter it")
        }
        // An ID or a scope is displayed, so it must not contain a secret.
        if name != "client_secret", name != "grant_type", !Self.isSecret(name), value.namesSecret {
            return warn("\(label) was left out: it seems to contain a secret")
        }
        switch name {
        case "client_id": clientID = value.line
        case "client_secret":
            secret = value.isEmpty ? nil : value
            if value.looksQuoted {
                warn(
                    "the client secret begins or ends with a quote, a backtick or a dollar sign: check it")
            }
        case "scope": scope = value.line
        case "grant_type":
            guard value.line != "client_credentials" else { return }
            warn(
                "the grant \(UntrustedText.line(value.line, limit: 60)) was ignored: keyfob uses client_credentials"
            )
        case _ where Self.isSecret(name):
            warn("\(label) was left out: extra parameters are displayed and must not be secret")
        default:
            guard !FormParameter.reservedNames.contains(name.lowercased()) else { return warn("\(label) was left out") }
            extraParameters.append(FormParameter(name, value.line))
        }
    }

    mutating func assignTokenURL(_ url: Secret) {
        if let unread = url.unread ?? (url.isPlaceholder || url.contains("{{") ? .variable : nil) {
            return warn("the token URL \(unread.reason): enter it")
        }
        let (shown, isWhole) = Self.withoutSecrets(url)
        if !isWhole { warn("a possible secret in the token URL was left out") }
        guard !shown.namesSecret else { return warn("the token URL was left out: it seems to contain a secret") }
        tokenURL = shown.line
    }

    /// The URL without user name, password, secret query members and fragment. False if user info or a secret member
    /// was removed.
    private static func withoutSecrets(_ url: Secret) -> (Secret, Bool) {
        let (before, query) = FormText.split(FormText.split(url, at: UInt8(ascii: "#")).0, at: UInt8(ascii: "?"))
        var parts = FormText.parts(of: before, at: UInt8(ascii: "/"))
        var isWhole = true
        if parts.count > 2, let at = parts[2].withBytes({ $0.lastIndex(of: UInt8(ascii: "@")) }) {
            parts[2] = parts[2].slice(at + 1..<parts[2].count)
            isWhole = false
        }
        let members = query.map { FormText.parts(of: $0, at: UInt8(ascii: "&")) } ?? []
        let kept = members.filter { part in FormText.members(part).first.map { !isSecret($0.name) } ?? false }
        if kept.count < members.count { isWhole = false }
        let shown = FormText.joined(parts, "/")
        return (kept.isEmpty ? shown : ("\(shown)?\(FormText.joined(kept, "&"))" as SecretText).secret, isWhole)
    }

    mutating func warn(_ text: String) {
        if !warnings.contains(text) { warnings.append(text) }
    }

    private static func text(for name: String) -> String {
        switch name {
        case "client_id": "the client ID"
        case "client_secret": "the client secret"
        case "scope": "the scope"
        case "grant_type": "the grant"
        default: "the parameter \(UntrustedText.line(name, limit: 60))"
        }
    }

    /// True for secret members, and for members of grants that keyfob does not support.
    private static func isSecret(_ name: String) -> Bool {
        SecretName.matches(name) || name.lowercased() == "username"
    }
}

extension Secret {
    /// The bytes as text; only for values that are not secret.
    var line: String { withBytes { UntrustedText.line(bytes: $0, limit: 2_000) } }

    func contains(_ text: String) -> Bool { withBytes { $0.firstRange(of: text.utf8) != nil } }

    func hasPrefix(_ text: String) -> Bool { withBytes { $0.starts(with: text.utf8) } }

    /// True for `{{client_id}}` as in Postman, `<client-id>`, `{client_id}` or `[client_id]` as in documentation, and
    /// for a value that is entirely `$NAME`, `${NAME:default}` or `%NAME%`.
    fileprivate var isPlaceholder: Bool {
        guard count < 100 else { return false }
        return withBytes { bytes in
            guard bytes.count > 2, let first = bytes.first, let last = bytes.last else { return false }
            let middle = bytes.dropFirst().dropLast()
            switch (first, last) {
            case (UInt8(ascii: "<"), UInt8(ascii: ">")):
                return Self.isName(middle)
            case (UInt8(ascii: "{"), UInt8(ascii: "}")):
                return middle.first == first && middle.last == last || Self.isName(middle)
            case (UInt8(ascii: "["), UInt8(ascii: "]")): return Self.isName(middle)
            case (UInt8(ascii: "%"), UInt8(ascii: "%")): return Self.isVariableName(middle)
            case (UInt8(ascii: "$"), UInt8(ascii: "}")):
                return middle.first == UInt8(ascii: "{")
            case (UInt8(ascii: "$"), _): return Self.isVariableName(bytes.dropFirst())
            default: return false
            }
        }
    }

    /// Only capitals count, as is usual for variables: a real secret may begin with a dollar sign.
    private static func isVariableName(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        name.allSatisfy { ($0 == UInt8(ascii: "_") || isLetterOrDigit($0)) && !(0x61...0x7A).contains($0) }
    }

    private static func isName(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        name.allSatisfy { isLetterOrDigit($0) || " -_.".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}
