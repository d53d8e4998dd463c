import Credentials

extension DemoServer {
    /// A client that the server knows.
    public struct Client: Sendable {
        public var clientID: String
        public var secret: Secret
        /// What becomes of a request that is in order.
        public var behaviour: Behaviour
        /// The methods that it may authenticate with.
        public var authentication: Set<ClientAuthenticationMethod>
        /// How its ID and secret are read out of HTTP Basic.
        public var basicEncoding: BasicEncoding
        /// What it may ask for; a request for nothing is given all of it.
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

    /// What the server does with a request of a client that has authenticated and asked in order.
    public indirect enum Behaviour: Sendable {
        /// A token shaped like a JWT, of about 1,142 characters, that lives so many seconds.
        case token(lifetime: Int)
        /// As `token`, and the API answers 403 to it.
        case tokenWithoutRole(lifetime: Int)
        /// A token of 32 characters that are no JWT, and not a word about how long it lives.
        case opaqueWithoutExpiry
        /// 401, `invalid_client`, whatever the secret.
        case refuses
        /// As `token`, after so many seconds.
        case slow(seconds: Double, lifetime: Int)
        /// Something else after so many seconds.
        case after(seconds: Double, Behaviour)
        /// The first request meets the first, the next the next, and the last is for all that follow.
        case inTurn([Behaviour])
        /// The bytes, as they are.
        case raw(Answer)
        /// The connection is closed without an answer.
        case hangsUp

        /// A JSON text as it is.
        public static func json(_ text: String, status: Int = 200, headers: [(name: String, value: String)] = [])
            -> Behaviour
        {
            .raw(
                Answer(
                    status: status, headers: [("Content-Type", "application/json;charset=UTF-8")] + headers,
                    body: Array(text.utf8)))
        }

        /// An HTML page, as gateways send it.
        public static func html(_ text: String, status: Int, headers: [(name: String, value: String)] = []) -> Behaviour
        {
            .raw(Answer(status: status, headers: [("Content-Type", "text/html")] + headers, body: Array(text.utf8)))
        }
    }

    /// What goes back over the wire; Content-Length, Date and, where there is none, X-Request-ID are added.
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
