import Credentials

extension DemoServer {
    /// A client registered at the server.
    public struct Client: Sendable {
        public var clientID: String
        public var secret: Secret
        /// The server's reaction to a valid request.
        public var behaviour: Behaviour
        /// The accepted client authentication methods.
        public var authentication: Set<ClientAuthenticationMethod>
        /// The decoding of ID and secret in HTTP Basic.
        public var basicEncoding: BasicEncoding
        /// The allowed scopes; a request without a scope gets all of them.
        public var scopes: Set<String>

        public init(
            clientID: String, secret: Secret, behaviour: Behaviour,
            authentication: Set<ClientAuthenticationMethod> = Set(ClientAuthenticationMethod.allCases),
            basicEncoding: BasicEncoding = .form, scopes: Set<String> = [ClientProfile.defaultScope]
        ) {
            self.clientID = clientID
            self.secret = secret
            self.behaviour = behaviour
            self.authentication = authentication
            self.basicEncoding = basicEncoding
            self.scopes = scopes
        }
    }

    /// The server's reaction to a valid request of an authenticated client.
    public indirect enum Behaviour: Sendable {
        /// A token in the form of a JWT, of about 1,142 characters, with this lifetime in seconds.
        case token(lifetime: Int)
        /// Like `token`, but the API answers 403.
        case tokenWithoutRole(lifetime: Int)
        /// A token of 32 characters that is not a JWT, in an answer without a lifetime.
        case opaqueWithoutExpiry
        /// 401, `invalid_client`, even with the right secret.
        case refuses
        /// Like `token`, after a delay in seconds.
        case slow(seconds: Double, lifetime: Int)
        /// Another behaviour, after a delay in seconds.
        case after(seconds: Double, Behaviour)
        /// A sequence, one behaviour per request; the last one repeats.
        case inTurn([Behaviour])
        /// These bytes, unchanged.
        case raw(Answer)
        /// The connection is closed without an answer.
        case hangsUp

        /// A JSON text, unchanged.
        public static func json(_ text: String, status: Int = 200, headers: [(name: String, value: String)] = [])
            -> Behaviour
        {
            .raw(
                Answer(
                    status: status, headers: [("Content-Type", "application/json;charset=UTF-8")] + headers,
                    body: Array(text.utf8)))
        }

        /// An HTML page, as from a gateway.
        public static func html(_ text: String, status: Int, headers: [(name: String, value: String)] = []) -> Behaviour
        {
            .raw(Answer(status: status, headers: [("Content-Type", "text/html")] + headers, body: Array(text.utf8)))
        }
    }

    /// The bytes to send. The server adds Content-Length, Date and, if missing, X-Request-ID.
    public struct Answer: Sendable {
        public var status: Int
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]

        public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }
}
