import Credentials

/// The registered clients and their authentication (RFC 6749 §2.3.1).
struct KnownClients: Sendable {
    private let byID: [String: DemoServer.Client]

    init(_ clients: [DemoServer.Client]) {
        byID = Dictionary(clients.map { ($0.clientID, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The client that sent the request, and the request's form (§3.2).
    func authenticated(
        _ request: RecordedRequest
    ) throws(TokenError) -> (client: DemoServer.Client, form: [String: [UInt8]]) {
        let form = try Self.form(of: request)
        return (try client(request, form), form)
    }

    private static func form(of request: RecordedRequest) throws(TokenError) -> [String: [UInt8]] {
        let type = request.header("Content-Type") ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
            throw .invalidRequest("The request must be application/x-www-form-urlencoded.")
        }
        guard let form = Form.decoded(request.body) else {
            throw .invalidRequest("The form can't be decoded, or names a parameter twice.")
        }
        return form
    }

    private func client(
        _ request: RecordedRequest, _ form: [String: [UInt8]]
    ) throws(TokenError) -> DemoServer.Client {
        let isBasic = request.header("Authorization") != nil
        guard !isBasic || form["client_secret"] == nil else {
            throw .invalidRequest("More than one client authentication method was used.")
        }
        if let header = request.header("Authorization") {
            guard let raw = Form.basicCredentials(header) else { throw .invalidClient(isBasic: true) }
            // The encoding depends on the client, which is unknown yet, so both are tried.
            for encoding in BasicEncoding.allCases {
                guard let pair = Form.pair(raw, encoding), let client = byID[pair.id],
                    client.basicEncoding == encoding
                else { continue }
                return try admitted(client, secret: pair.secret, by: .clientSecretBasic)
            }
            throw .invalidClient(isBasic: true)
        }
        guard let id = form["client_id"], let secret = form["client_secret"],
            let client = byID[String(decoding: id, as: UTF8.self)]
        else { throw .invalidClient(isBasic: false) }
        return try admitted(client, secret: secret, by: .clientSecretPost)
    }

    private func admitted(
        _ client: DemoServer.Client, secret: [UInt8], by method: ClientAuthenticationMethod
    ) throws(TokenError) -> DemoServer.Client {
        guard client.authentication.contains(method), client.secret == Secret(secret) else {
            throw .invalidClient(isBasic: method == .clientSecretBasic)
        }
        return client
    }
}
