/// A small API in the style of GBG GO's, to try tokens on.
struct API: Sendable {
    static let root = "/api"

    let tokens: IssuedTokens

    func answer(_ request: RecordedRequest) -> DemoServer.Answer {
        let words = (request.header("Authorization") ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            return Self.unauthorized("Bearer realm=\"keyfob demo\"", problem: "The request carries no bearer token.")
        }
        guard let facts = tokens[String(words[1])] else {
            return Self.unauthorized(
                "Bearer realm=\"keyfob demo\", error=\"invalid_token\"",
                problem: "The token has expired, was revoked, or is from another server.")
        }
        guard facts.mayCall else {
            return Self.error(
                403, "FORBIDDEN", problem: "The client may not use this API.",
                action: "Give the client the role Go API Access.")
        }
        switch (request.path, request.method) {
        case ("/api/journey/health", "GET"), ("/api/journey/health", "HEAD"):
            return .json(200, Health(clientID: facts.clientID))
        case ("/api/journey/health", _): return Self.notAllowed("GET, HEAD")
        case ("/api/echo", "POST"):
            return .json(
                200,
                Echo(
                    authorization: request.header("Authorization") ?? "",
                    contentType: request.header("Content-Type") ?? "",
                    body: String(decoding: request.body, as: UTF8.self)))
        case ("/api/echo", _): return Self.notAllowed("POST")
        default: return Self.error(404, "NOT_FOUND", problem: "There is nothing here.", action: "Check the path.")
        }
    }

    private struct Health: Encodable {
        let status = "UP"
        let region = "demo"
        let clientID: String

        enum CodingKeys: String, CodingKey {
            case status, region
            case clientID = "client_id"
        }
    }

    /// Repeats the request, including the token, as careless servers do.
    private struct Echo: Encodable {
        let authorization: String
        let contentType: String
        let body: String

        enum CodingKeys: String, CodingKey {
            case authorization, body
            case contentType = "content_type"
        }
    }

    /// The error format of GBG GO.
    private struct Errors: Encodable {
        struct Item: Encodable {
            let code: String
            let name: String
            let location = "request"
            let problem: String
            let action: String
        }

        let errors: [Item]
    }

    private static func error(
        _ status: Int, _ name: String, problem: String, action: String,
        headers: [(name: String, value: String)] = []
    ) -> DemoServer.Answer {
        .json(
            status, Errors(errors: [.init(code: String(status), name: name, problem: problem, action: action)]),
            headers: headers)
    }

    private static func unauthorized(_ challenge: String, problem: String) -> DemoServer.Answer {
        error(
            401, "UNAUTHORIZED", problem: problem, action: "Ask for a new token.",
            headers: [("WWW-Authenticate", challenge)])
    }

    private static func notAllowed(_ methods: String) -> DemoServer.Answer {
        error(
            405, "METHOD_NOT_ALLOWED", problem: "The path does not support this method.", action: "Use \(methods).",
            headers: [("Allow", methods)])
    }
}
