import Credentials
import Formats
import FoundationEssentials
import Model

/// The output of `--json`. Its names and formats are a contract.
enum JSONAnswer {
    static func text(_ value: some Encodable) throws(Failure) -> Secret {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        do {
            return Secret(Array(try encoder.encode(value)))
        } catch {
            throw Failure(.bug, "the answer could not be written as JSON")
        }
    }
}

/// Seconds rounded down: a part of a second does not count.
func wholeSeconds(left seconds: Double) -> Int { Int(min(max(seconds, 0), 1e12).rounded(.down)) }

/// A client in the output of `list --json` and `show --json`.
struct ClientAnswer: Encodable {
    struct LastError: Encodable {
        let kind: String
        let message: String
        let at: Date
    }

    let name: String
    let clientID: String
    let tokenURL: String
    let scope: String
    let authMethod: String
    let basicEncoding: String
    let extraParameters: [FormParameter]
    let issuer: String
    let revocationURL: String
    let apiBase: String
    let tags: [String]
    let notes: String
    let status: String
    @NullIfMissing var expiresAt: Date?
    @NullIfMissing var expiresIn: Int?
    @NullIfMissing var lastError: LastError?
    /// The references to the client's values, for `keyfob exec`, by member.
    let references: [String: String]

    init(_ entry: ClientEntry, at now: Moment) {
        name = entry.profile.name
        clientID = entry.profile.clientID
        tokenURL = entry.profile.tokenURL
        scope = entry.profile.scope
        authMethod = entry.profile.authentication.rawValue
        basicEncoding = entry.profile.basicEncoding.rawValue
        extraParameters = entry.profile.extraParameters
        issuer = entry.profile.issuer
        revocationURL = entry.profile.revocationURL
        apiBase = entry.profile.apiBase
        tags = entry.profile.tags
        notes = Self.printable(notes: entry.profile.notes)
        status = entry.token.status(at: now).rawValue
        expiresAt = entry.token?.expires(at: now)
        expiresIn = entry.token?.secondsLeft(at: now).map(wholeSeconds(left:))
        if case .failed(let failed) = entry.attempt {
            lastError = LastError(
                kind: failed.failure.kind.rawValue, message: failed.failure.summary, at: failed.at.wall)
        } else {
            lastError = nil
        }
        references = Dictionary(
            uniqueKeysWithValues: ClientReference.Member.allCases.map { (member) in
                (member.rawValue, ClientReference(entry.profile.name, member).text)
            })
    }

    /// The notes are the only field that may contain control characters. A terminal must not get them.
    static func printable(notes: String) -> String {
        String(
            String.UnicodeScalarView(
                notes.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || !UntrustedText.isControl($0) }))
    }

    enum CodingKeys: String, CodingKey {
        // The encoder's snake case turns these spellings into client_id, token_url and revocation_url.
        case name, scope, authMethod, basicEncoding, extraParameters, issuer, apiBase, tags, notes
        case status, expiresAt, expiresIn, lastError, references
        case clientID = "clientId"
        case tokenURL = "tokenUrl"
        case revocationURL = "revocationUrl"
    }

    /// The plain-text output of `show`.
    var lines: [(label: String, value: String)] {
        var lines = [
            ("name", name), ("client id", clientID), ("token url", tokenURL), ("scope", scope),
            ("auth method", authMethod), ("basic encoding", basicEncoding),
        ]
        lines += extraParameters.map { ("parameter", "\($0.name)=\($0.value)") }
        lines += [
            ("issuer", issuer), ("revocation url", revocationURL), ("api base", apiBase),
            ("tags", tags.joined(separator: " ")), ("notes", notes),
        ].filter { !$0.1.isEmpty }
        lines.append(("status", status))
        if let expiresAt { lines.append(("expires at", expiresAt.ISO8601Format())) }
        if let expiresIn { lines.append(("expires in", String(expiresIn))) }
        if let lastError { lines.append(("last error", "\(lastError.message) (\(lastError.at.ISO8601Format()))")) }
        lines += ClientReference.Member.allCases.compactMap { references[$0.rawValue] }.map { ("reference", $0) }
        return lines.map { ($0.0, UntrustedText.line($0.1, limit: 4_000)) }
    }
}

/// The output of `token --json`: the client's members and the token's.
struct TokenAnswer: Encodable {
    let client: ClientAnswer
    let accessToken: String
    let tokenType: String
    /// The expiry in seconds since 1970, for programs that read no RFC 3339; nil if unknown.
    @NullIfMissing var expiresOn: Int?

    /// Copies the token into a `String`, which nothing wipes; it must be written out at once.
    init(_ served: CredentialManager.Served, at now: Moment) {
        client = ClientAnswer(served.entry, at: now)
        accessToken = served.token.value.unwipeableText()
        tokenType = served.token.facts.type
        expiresOn = client.expiresAt.map { Int($0.timeIntervalSince1970.rounded(.down)) }
    }

    enum CodingKeys: String, CodingKey { case accessToken, tokenType, expiresOn }

    func encode(to encoder: any Encoder) throws {
        try client.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(accessToken, forKey: .accessToken)
        try container.encode(tokenType, forKey: .tokenType)
        try container.encode(_expiresOn, forKey: .expiresOn)
    }
}
