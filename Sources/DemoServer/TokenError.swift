/// An error answer (RFC 6749 §5.2), with PingFederate's texts if it has one.
struct TokenError: Error {
    let status: Int
    let code: String
    let description: String
    var headers: [(name: String, value: String)] = []

    init(_ status: Int, _ code: String, _ description: String) {
        self.status = status
        self.code = code
        self.description = description
    }

    static func invalidRequest(_ description: String) -> TokenError { TokenError(400, "invalid_request", description) }

    static func invalidClient(isBasic: Bool) -> TokenError {
        var error = TokenError(401, "invalid_client", "Invalid client or client credentials.")
        if isBasic { error.headers = [("WWW-Authenticate", "Basic realm=\"keyfob demo\"")] }
        return error
    }

    var answer: DemoServer.Answer {
        // No character of these texts needs an escape; PingFederate has the same order and line break.
        let text = "{\"error_description\":\"\(description)\",\"error\":\"\(code)\"}\r\n"
        return DemoServer.Answer.json(status, text: text, headers: headers)
    }
}
