import Credentials

/// A way in which a client proves at the token endpoint that it is itself. One file each beside this one.
protocol ClientAuthentication {
    /// Puts the proof into `request`: into its form or into its headers, never both (RFC 6749 §2.3).
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
