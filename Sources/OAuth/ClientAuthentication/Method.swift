import Credentials

/// A client authentication method at the token endpoint. Each has a file beside this one.
protocol ClientAuthentication {
    /// Adds the credentials to the form or the headers of `request`, never to both (RFC 6749 §2.3).
    static func authenticate(
        _ request: inout TokenRequest.Draft, as profile: ClientProfile, with secret: Secret
    ) throws(Failure)
}

extension ClientAuthenticationMethod {
    var implementation: any ClientAuthentication.Type {
        switch self {
        case .clientSecretPost: ClientSecretPost.self
        case .clientSecretBasic: ClientSecretBasic.self
        }
    }
}
