import Credentials

/// `client_secret_basic`: ID and secret in an `Authorization: Basic` header (RFC 6749 §2.3.1, RFC 7617).
enum ClientSecretBasic: ClientAuthentication {
    static func authenticate(
        _ request: inout TokenRequest.Draft, as profile: ClientProfile, with secret: Secret
    ) throws(Failure) {
        // The first colon ends the ID (RFC 7617 §2), so the server would read another ID and another secret.
        guard profile.basicEncoding == .form || !profile.clientID.utf8.contains(UInt8(ascii: ":")) else {
            throw Failure(
                .unusableProfile, "the client ID has a colon, which HTTP Basic cannot send in raw encoding",
                hints: ["use the form encoding, or the method client_secret_post"])
        }
        let credentials = credentials(of: profile.clientID, with: secret, encoding: profile.basicEncoding)
        request.headers.append(HTTPHeader(name: "Authorization", scheme: "Basic", credentials: credentials))
    }

    /// ID, colon and secret in base64.
    static func credentials(of clientID: String, with secret: Secret, encoding: BasicEncoding) -> Secret {
        let pair = WipedBytes()
        switch encoding {
        case .form:
            PercentEncoding.append(clientID.utf8, to: pair)
            pair.append(UInt8(ascii: ":"))
            secret.withBytes { PercentEncoding.append($0, to: pair) }
        case .raw:
            pair.append(clientID)
            pair.append(UInt8(ascii: ":"))
            pair.append(secret)
        }
        return Secret.written { credentials in pair.withBytes { Base64.append($0, to: credentials) } }
    }
}

extension Failure {
    /// Adds advice to try the other Basic encoding, if the answer may refuse credentials that the two encodings send
    /// differently. The advice reveals only that the ID or the secret contains such characters.
    func advisingEncoding(
        status: Int?, code: String?, profile: ClientProfile, secret: Secret
    ) -> Failure {
        let isOfCredentials = [401, 403].contains(status) || code == "invalid_client"
        guard kind == .refused, isOfCredentials, profile.authentication == .clientSecretBasic else { return self }
        let isSame =
            profile.clientID.utf8.allSatisfy(PercentEncoding.isUnreserved)
            && secret.withBytes { $0.allSatisfy(PercentEncoding.isUnreserved) }
        guard !isSame else { return self }
        let other: BasicEncoding = profile.basicEncoding == .form ? .raw : .form
        // The raw encoding cannot carry such an ID.
        guard other == .form || !profile.clientID.utf8.contains(UInt8(ascii: ":")) else { return self }
        var failure = self
        failure.hints.append(
            Failure.Hint(
                "try the Basic encoding \(other.rawValue), which sends the ID or the secret differently",
                .edit))
        return failure
    }
}
