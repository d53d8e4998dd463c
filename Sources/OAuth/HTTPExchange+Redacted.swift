import Credentials

extension HTTPExchange {
    /// Of headers, and of form members each.
    private static let mostFields = 64

    /// Headers that are a scheme and a credential (RFC 9110 §11.6.2): the scheme may be seen.
    private static let credentialHeaders: Set = ["authorization", "proxy-authorization"]
    private static let secretHeaders: Set = ["cookie", "cookie2", "set-cookie", "set-cookie2"]

    /// What may be shown of a request that was sent once, and of what came of it. Its `outcome` is the caller's to say.
    /// Headers that the transport adds are not in it (`Host`, `User-Agent`, `Content-Length`).
    /// - Parameter text: knows every secret that was sent or came.
    init(
        _ request: HTTPRequest, answeredBy result: Result<HTTPResponse, TransportFailure>, from start: Moment,
        to end: Moment, text: ServerText
    ) {
        self.init(
            started: start.wall, method: UntrustedText.line(request.method, limit: 20),
            url: text.line(url: request.url, limit: 2_000),
            requestHeaders: request.headers.prefix(Self.mostFields).map { header in
                header.value.withBytes { Self.header(header.name, $0, text) }
            },
            requestForm: request.form(text))
        switch result {
        case .success(let response):
            status = response.status
            version = response.version
            responseHeaders = response.headers.prefix(Self.mostFields).map { name, value in
                Self.header(name, value.utf8, text)
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

    private static func header(_ name: String, _ value: some Collection<UInt8>, _ text: ServerText) -> Field {
        let shownName = text.line(name, limit: 100)
        let key = shownName.lowercased()
        guard !secretHeaders.contains(key) else { return Field(shownName, SecretMembers.redacted) }
        if credentialHeaders.contains(key) {
            // One word alone may be the credential itself.
            let words = value.split(separator: UInt8(ascii: " "), maxSplits: 1)
            let scheme = words.count == 2 && words[0].count <= 20 ? text.line(bytes: words[0]) + " " : ""
            return Field(shownName, scheme + SecretMembers.redacted)
        }
        guard key != "location", key != "content-location" else {
            return Field(shownName, text.line(url: String(decoding: value, as: UTF8.self), limit: 2_000))
        }
        return Field(shownName, text.line(bytes: value, limit: 1_024))
    }

    fileprivate static func member(_ encoded: Slice<UnsafeRawBufferPointer>, _ text: ServerText) -> Field {
        let parts = encoded.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(decoding: PercentEncoding.decoded(parts[0]), as: UTF8.self)
        let isSecret = SecretMembers.contain(name)
        let value =
            parts.count > 1 && !isSecret ? text.line(bytes: PercentEncoding.decoded(parts[1]), limit: 1_024) : ""
        return Field(text.line(name, limit: 100), isSecret ? SecretMembers.redacted : value)
    }

    fileprivate static func members(_ form: Secret, _ text: ServerText) -> [Field] {
        form.withBytes { bytes in
            bytes.split(separator: UInt8(ascii: "&"), maxSplits: mostFields).prefix(mostFields).map { member($0, text) }
        }
    }
}

extension HTTPRequest {
    /// The members of its form; none where the body is none.
    fileprivate func form(_ text: ServerText) -> [HTTPExchange.Field] {
        let type = headers.first { $0.name.lowercased() == "content-type" }?.value.unwipeableText() ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else { return [] }
        return HTTPExchange.members(body, text)
    }
}

extension HTTPExchange.Body {
    /// - Parameters:
    ///   - text: knows the client's secret, and the token if there is one.
    ///   - hasToken: false hides all that may be a token in the body of a success.
    init(of response: HTTPResponse, hasToken: Bool, text: ServerText) {
        let isSuccess = (200...299).contains(response.status)
        let body = response.utf8Body
        let shown = BodyText(
            body, limit: Self.limit, hiding: text, and: isSuccess && !hasToken ? .tokens : .members)
        let bytes = body.withBytes { Array($0.prefix(Self.limit)) }
        let coding = hasToken ? nil : AnswerBody.coding(of: response, bytes)
        if let coding {
            self.init(text: AnswerBody.compressed(coding).words, byteCount: response.body.count, isCut: false)
        } else {
            self.init(
                text: shown.lines ?? AnswerBody.binary.words, byteCount: response.body.count,
                isCut: shown.lines != nil && shown.isCut)
        }
    }
}
