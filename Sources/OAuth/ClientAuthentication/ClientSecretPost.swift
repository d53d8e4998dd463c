import Credentials

/// `client_secret_post`: ID and secret as members of the form (RFC 6749 §2.3.1).
enum ClientSecretPost: ClientAuthentication {
    static func authenticate(
        _ request: inout TokenRequest.Draft, as profile: ClientProfile, with secret: Secret
    ) throws(Failure) {
        request.append("client_id", profile.clientID)
        request.append("client_secret", secret: secret)
    }
}
