import Credentials

/// The one way by which text that a server or a library wrote gets to where it is shown or kept: stripped
/// (`UntrustedText`), without the user info of URLs, and replaced as a whole where it then gives a secret away
/// (`RepeatedSecrets`).
///
/// Belongs to one request. The secrets are made ready for the comparison with the first text that is shown.
final class ServerText {
    /// Stands in the place of a text that gives a secret away.
    static let repeatedSecret = "<redacted: the server repeated a secret>"
    /// Bytes of a text that are looked at, and so the most that is shown.
    private static let limit = 64 << 10

    private let secrets: [Secret]
    private let tokens: [Secret]
    private let clientID: String
    private let innocent: [String]
    private lazy var repeatedSecrets = RepeatedSecrets(
        secrets: secrets, of: clientID, tokens: tokens, innocent: innocent)

    /// Hides no secret: for what is said to someone who has sent none.
    init() {
        (secrets, tokens, clientID, innocent) = ([], [], "", [])
    }

    /// - Parameters:
    ///   - secret: the client's, where it was sent.
    ///   - profile: whose client ID, URLs and scope everybody may see: text may share runs with a secret where it has them
    ///     from there.
    ///   - tokens: what else was sent or came.
    init(hiding secret: Secret?, of profile: ClientProfile, tokens: [Secret] = []) {
        secrets = secret.map { [$0] } ?? []
        self.tokens = tokens
        clientID = profile.clientID
        innocent = [
            profile.clientID, profile.scope, profile.tokenURL, profile.revocationURL, profile.issuer, profile.apiBase,
        ].filter { !$0.isEmpty }
    }

    /// `text` as one line of `limit` characters at most.
    func line(_ text: String, limit: Int = 200) -> String {
        let stripped = Self.stripped(text)
        guard !givesSecretAway(stripped) else { return Self.repeatedSecret }
        return UntrustedText.line(UserInfo.removed(from: stripped), limit: limit)
    }

    /// The same of a URL, without the values of secret members of its query and its fragment.
    func line(url: String, limit: Int = 200) -> String {
        line(SecretMembers.redacted(in: Self.stripped(url)), limit: limit)
    }

    private static func stripped(_ text: String) -> String {
        let isLong = text.utf8.count > limit
        return UntrustedText.line(
            isLong ? String(decoding: text.utf8.prefix(limit), as: UTF8.self) : text, limit: limit)
    }

    /// True if a text holds a secret, or enough of one.
    func givesSecretAway(_ text: String) -> Bool {
        if secrets.isEmpty && tokens.isEmpty || innocent.contains(text) { return false }
        return repeatedSecrets.isRepeated(in: BareText(text))
    }
}

/// The same door for text of a server that is no part of an answer, such as the claims in a token.
public enum RepeatedSecret {
    /// A replacement for `text` if the text repeats the client's secret, as it is or encoded; nil if it does not.
    public static func redaction(of text: String, hiding secret: Secret, of profile: ClientProfile) -> String? {
        ServerText(hiding: secret, of: profile).givesSecretAway(text) ? ServerText.repeatedSecret : nil
    }
}
