import Credentials

extension HTTPExchange {
    /// The maximum number of headers, and of form members, in an exchange.
    private static let mostFields = 64

    /// Headers with a scheme and credentials (RFC 9110 §11.6.2); the scheme may be displayed.
    private static let credentialHeaders: Set = ["authorization", "proxy-authorization"]
    private static let secretHeaders: Set = ["cookie", "cookie2", "set-cookie", "set-cookie2"]

    /// A request that was sent once, and its answer or failure, redacted for display. The caller sets `outcome`.
    /// Headers that the transport adds (`Host`, `User-Agent`, `Content-Length`) are not included.
    /// - Parameter text: must know every secret in the request and in the answer.
    init(
        _ request: HTTPRequest, answeredBy result: Result<HTTPResponse, TransportFailure>, from start: Moment,
        to end: Moment, text: ServerText
    ) {
        self.init(
            started: start.wall, method: UntrustedText.line(request.method, limit: 20),
            url: text.line(url: request.url, limit: 2_000),
            requestHeaders: request.headers.prefix(Self.mostFields).map { $0.display.field(text) },
            requestForm: request.form.prefix(Self.mostFields).map { $0.field(text) })
        switch result {
        case .success(let response):
            status = response.status
            version = response.version
            responseHeaders = response.headers.prefix(Self.mostFields).map { name, value in
                Self.field(name, value, text)
            }
            timings = response.timings
            certificate = response.certificate.map { certificate in
                Certificate(
                    subject: text.line(certificate.subject, limit: 300),
                    issuer: text.line(certificate.issuer, limit: 300),
                    expires: text.line(certificate.expires, limit: 300))
            }
        case .failure:
            timings = Timings(total: end.seconds(since: start))
        }
    }

    /// A header of the answer; only the name of a secret header is displayed.
    private static func field(_ name: String, _ value: String, _ text: ServerText) -> Field {
        let shownName = text.line(name, limit: 100)
        let key = shownName.lowercased()
        guard !secretHeaders.contains(key) else { return Field(shownName, SecretMembers.redacted) }
        if credentialHeaders.contains(key) {
            // A single word may be the credential itself.
            let words = value.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1)
            let hasScheme = words.count == 2 && words[0].count <= 20
            let scheme = hasScheme ? text.line(String(decoding: words[0], as: UTF8.self)) + " " : ""
            return Field(shownName, scheme + SecretMembers.redacted)
        }
        guard key != "location", key != "content-location" else {
            return Field(shownName, text.line(url: value, limit: 2_000))
        }
        return Field(shownName, text.line(value, limit: 1_024))
    }
}

extension HTTPExchange.Body {
    /// - Parameters:
    ///   - text: must know the client's secret, and the token if there is one.
    ///   - hasToken: false hides everything that may be a token in a successful answer.
    init(of response: HTTPResponse, hasToken: Bool, text: ServerText) {
        let isSuccess = (200...299).contains(response.status)
        let body = response.utf8Body
        let shown = BodyText(
            body, limit: Self.limit, hiding: text, and: isSuccess && !hasToken ? .tokens : .members)
        let bytes = body.withBytes { Array($0.prefix(Self.limit)) }
        let coding = hasToken ? nil : AnswerBody.coding(of: response, bytes)
        if let coding {
            self.init(text: AnswerBody.compressed(coding).summary, byteCount: response.body.count, isCut: false)
        } else {
            self.init(
                text: shown.lines ?? AnswerBody.binary.summary, byteCount: response.body.count,
                isCut: shown.lines != nil && shown.isCut)
        }
    }
}
