public import Credentials

/// A client as far as something pasted tells it: a `curl` command that asks for a token, the lines of a `.env` file, or
/// a JSON object.
///
/// The secret stays a `Secret` from the paste on; every text went through `UntrustedText`.
public struct PastedClient: Sendable, Equatable {
    public var tokenURL: String?
    public var clientID: String?
    public var secret: Secret?
    /// Empty where an empty one is asked for; nil where none is.
    public var scope: String?
    /// nil where no secret says how it is sent.
    public var authentication: ClientAuthenticationMethod?
    /// Raw where ID and secret are for HTTP Basic and would be encoded otherwise; nil where it makes no difference.
    public var basicEncoding: BasicEncoding?
    public var extraParameters: [FormParameter] = []
    /// The service that the names of pasted variables tell of, its token URL and issuer filled in; nil if none is known.
    public var service: ServicePreset?
    /// The service of that kind, also if what was pasted does not tell its token URL.
    public var namedService: ServicePreset?
    /// What was left out, and what will be otherwise: a line each, lower case, no full stop, without what was pasted.
    public var warnings: [String] = []
    /// True if several commands may ask for the token and differ. Nothing is taken then.
    public var isUndecided = false

    public init() {}

    /// - Returns: nil where `pasted` is neither, has nothing to fill a form with, or is longer than 64 KiB.
    public static func read(_ pasted: Secret) -> PastedClient? {
        guard pasted.count <= 65_536 else { return nil }
        let lines = pasted.withLineFeeds()
        let text = PastedText.cleaned(lines)
        if let members = JSONText.members(of: text), let client = PastedEnvironment.read(members) { return client }
        let shell = ShellCommands(text, in: ShellDialect(of: lines))
        let curl = PastedCurl.read(shell.commands)
        if let curl, curl.isUndecided || curl.clientID != nil || curl.secret != nil { return curl }
        return PastedEnvironment.read(shell.assignments) ?? curl
    }

    var isEmpty: Bool { self == PastedClient() }

    /// False if there are warnings alone.
    public var hasFields: Bool {
        var fields = self
        fields.warnings = []
        fields.isUndecided = false
        return !fields.isEmpty
    }
}

extension PastedClient {
    /// Takes over a member of the token request's form, or a variable that says the same.
    mutating func take(_ name: String, _ value: Secret) {
        let words = Self.words(for: name)
        if let unread = value.unread ?? (value.isPlaceholder ? .variable : nil) {
            return warn("\(words) \(unread.words): enter it")
        }
        switch name {
        case "client_id": clientID = value.line
        case "client_secret":
            secret = value.isEmpty ? nil : value
            if value.looksQuoted {
                warn(
                    "the client secret begins or ends with a quote, a backtick or a dollar sign: check what was pasted")
            }
        case "scope": scope = value.line
        case "grant_type":
            guard value.line != "client_credentials" else { return }
            warn(
                "the grant \(UntrustedText.line(value.line, limit: 60)) was pasted: keyfob asks with client_credentials"
            )
        case _ where Self.isSecret(name):
            warn("\(words) was left out: extra parameters are shown and are no place for secrets")
        default:
            guard !FormParameter.reservedNames.contains(name.lowercased()) else { return warn("\(words) was left out") }
            extraParameters.append(FormParameter(name, value.line))
        }
    }

    mutating func takeTokenURL(_ url: Secret) {
        if let unread = url.unread ?? (url.isPlaceholder || url.contains("{{") ? .variable : nil) {
            return warn("the token URL \(unread.words): enter it")
        }
        tokenURL = url.line
    }

    mutating func warn(_ text: String) {
        if !warnings.contains(text) { warnings.append(text) }
    }

    private static func words(for name: String) -> String {
        switch name {
        case "client_id": "the client ID"
        case "client_secret": "the client secret"
        case "scope": "the scope"
        case "grant_type": "the grant"
        default: "the parameter \(UntrustedText.line(name, limit: 60))"
        }
    }

    /// Members that are secret, or go with grants that keyfob does not speak.
    private static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        let names: Set = [
            "username", "refresh_token", "access_token", "id_token", "token", "subject_token", "actor_token", "code",
            "code_verifier", "device_code", "assertion", "client_assertion", "client_assertion_type", "otp", "pin",
        ]
        return names.contains(name)
            || ["secret", "passw", "passphrase", "api_key", "apikey", "api-key", "private_key"].contains {
                name.contains($0)
            }
    }
}

extension Secret {
    /// As text that is not secret.
    var line: String { withBytes { UntrustedText.line(bytes: $0, limit: 2_000) } }

    func contains(_ text: String) -> Bool { withBytes { $0.firstRange(of: text.utf8) != nil } }

    func hasPrefix(_ text: String) -> Bool { withBytes { $0.starts(with: text.utf8) } }

    /// `{{client_id}}` as in Postman, `<client-id>` as in documentation, a whole `$NAME`, `${NAME}` or `%NAME%`.
    fileprivate var isPlaceholder: Bool {
        guard count < 100 else { return false }
        return withBytes { bytes in
            guard bytes.count > 2, let first = bytes.first, let last = bytes.last else { return false }
            let middle = bytes.dropFirst().dropLast()
            switch (first, last) {
            case (UInt8(ascii: "<"), UInt8(ascii: ">")):
                return middle.allSatisfy { Self.isLetterOrDigit($0) || " -_.".utf8.contains($0) }
            case (UInt8(ascii: "{"), UInt8(ascii: "}")): return middle.first == first && middle.last == last
            case (UInt8(ascii: "%"), UInt8(ascii: "%")): return Self.isVariableName(middle)
            case (UInt8(ascii: "$"), UInt8(ascii: "}")):
                return middle.first == UInt8(ascii: "{") && Self.isVariableName(middle.dropFirst())
            case (UInt8(ascii: "$"), _): return Self.isVariableName(bytes.dropFirst())
            default: return false
            }
        }
    }

    /// In capitals, as variables are: a secret may well begin with a dollar sign.
    private static func isVariableName(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        name.allSatisfy { ($0 == UInt8(ascii: "_") || isLetterOrDigit($0)) && !(0x61...0x7A).contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}
