import Credentials

/// The only path for text from a server or a library to where it is displayed or stored. The text is stripped
/// (`UntrustedText`), loses the user info of URLs, and is replaced as a whole if it then reveals a secret
/// (`RepeatedSecrets`).
///
/// One instance serves one request. The instance prepares the secrets for comparison with the first text.
final class ServerText {
    /// Replaces a text that reveals a secret.
    static let repeatedSecret = "<redacted: the server repeated a secret>"
    /// The maximum number of bytes searched, and so displayed.
    private static let limit = 64 << 10

    private let secrets: [Secret]
    private let tokens: [Secret]
    private let clientID: String
    private let innocent: [String]
    private lazy var repeatedSecrets = RepeatedSecrets(
        secrets: secrets, of: clientID, tokens: tokens, innocent: innocent)

    /// Hides no secret: for requests that send none.
    init() {
        (secrets, tokens, clientID, innocent) = ([], [], "", [])
    }

    /// - Parameters:
    ///   - secret: the client's secret, if it was sent.
    ///   - profile: its client ID, URLs and scope are public, so text may share runs of a secret with them.
    ///   - tokens: the other secrets that were sent or received.
    init(hiding secret: Secret?, of profile: ClientProfile, tokens: [Secret] = []) {
        secrets = secret.map { [$0] } ?? []
        self.tokens = tokens
        clientID = profile.clientID
        innocent = [
            profile.clientID, profile.scope, profile.tokenURL, profile.revocationURL, profile.issuer, profile.apiBase,
        ].filter { !$0.isEmpty }
    }

    /// `text` on one line of at most `limit` characters.
    func line(_ text: String, limit: Int = 200) -> String {
        let stripped = Self.stripped(text)
        guard !givesSecretAway(stripped) else { return Self.repeatedSecret }
        return UntrustedText.line(UserInfo.removed(from: stripped), limit: limit)
    }

    /// The same for a URL, with secret members of its query and fragment replaced.
    func line(url: String, limit: Int = 200) -> String {
        line(SecretMembers.redacted(in: Self.stripped(url)), limit: limit)
    }

    private static func stripped(_ text: String) -> String {
        let isLong = text.utf8.count > limit
        return UntrustedText.line(
            isLong ? String(decoding: text.utf8.prefix(limit), as: UTF8.self) : text, limit: limit)
    }

    /// True if `text` contains a secret, or enough of one.
    func givesSecretAway(_ text: String) -> Bool {
        if secrets.isEmpty && tokens.isEmpty || innocent.contains(text) { return false }
        return repeatedSecrets.isRepeated(in: BareText(text))
    }
}

/// The same check for a server's text outside an answer, such as the claims in a token.
public enum RepeatedSecret {
    /// A replacement for `text` if it repeats the client's secret, even encoded; otherwise nil.
    public static func redaction(of text: String, hiding secret: Secret, of profile: ClientProfile) -> String? {
        ServerText(hiding: secret, of: profile).givesSecretAway(text) ? ServerText.repeatedSecret : nil
    }
}
