import CCurl
import Credentials
import Glibc

/// A running request: libcurl's easy handle and its memory. Used only on the engine's thread.
final class CurlTransfer {
    let easy: UnsafeMutableRawPointer
    private let host: String
    private let url: String
    private let isLoopback: Bool
    private let limits: CurlTransport.Limits
    private let certificates: CertificateMemory
    /// libcurl reads the body from here without a copy.
    private let requestBody: Secret
    private let cutsLargeAnswer: Bool
    private let requestHeaders: CurlHeaders
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    private let body = WipedBytes(capacity: 4_096)
    private var headers: [(name: String, value: String)] = []
    private var bytesReceived = 0
    private var headerBytes = 0
    private var isTooLarge = false
    private var isCut = false
    private var certificate: HTTPExchange.Certificate?

    /// Creates a transfer with all options set. Remove it from the multi handle before releasing it.
    static func make(
        _ request: HTTPRequest, userAgent: String, limits: CurlTransport.Limits, certificates: CertificateMemory
    ) -> Result<CurlTransfer, TransportFailure> {
        guard let easy = ccurl_easy_init() else {
            return .failure(.other(host: "", code: Int(CURLE_OUT_OF_MEMORY.rawValue), detail: "out of memory"))
        }
        let transfer = CurlTransfer(easy: easy, request: request, limits: limits, certificates: certificates)
        guard let problem = transfer.prepare(request, userAgent: userAgent) else { return .success(transfer) }
        return .failure(problem)
    }

    private init(
        easy: UnsafeMutableRawPointer, request: HTTPRequest, limits: CurlTransport.Limits,
        certificates: CertificateMemory
    ) {
        self.easy = easy
        self.limits = limits
        self.certificates = certificates
        host = EndpointURL.displayHost(request.url)
        url = request.url
        isLoopback = request.isLoopback
        requestBody = request.body
        requestHeaders = CurlHeaders(request.headers)
        cutsLargeAnswer = request.cutsLargeAnswer
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        ccurl_easy_cleanup(easy)
        errorText.deallocate()
    }

    // MARK: - Before

    private func prepare(_ request: HTTPRequest, userAgent: String) -> TransportFailure? {
        if let header = request.headers.first(where: { !$0.isOneLine }) {
            return .other(host: host, code: 0, detail: "the header \(header.name) cannot be sent")
        }
        var refused: CURLcode?
        func set(_ code: CURLcode) {
            if code != CURLE_OK, refused == nil { refused = code }
        }
        let this = Unmanaged.passUnretained(self).toOpaque()
        set(ccurl_set_text(easy, CURLOPT_URL, request.url))
        set(ccurl_set_text(easy, CURLOPT_PROTOCOLS_STR, request.isLoopback ? "http,https" : "https"))
        set(ccurl_set_number(easy, CURLOPT_FOLLOWLOCATION, 0))
        set(ccurl_set_text(easy, CURLOPT_USERAGENT, userAgent))
        set(ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, requestHeaders.list))
        if request.method == "HEAD" {
            set(ccurl_set_number(easy, CURLOPT_NOBODY, 1))
        } else {
            // The length is sent even for an empty body (RFC 9110 §8.6).
            if requestBody.count > 0 || ["POST", "PUT", "PATCH"].contains(request.method) {
                set(ccurl_set_number(easy, CURLOPT_POST, 1))
                set(ccurl_set_large(easy, CURLOPT_POSTFIELDSIZE_LARGE, Int64(requestBody.count)))
                set(ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, requestBody.address))
            }
            set(ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method))
        }
        set(ccurl_set_number(easy, CURLOPT_NOSIGNAL, 1))
        set(ccurl_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(limits.connect * 1_000)))
        set(ccurl_set_number(easy, CURLOPT_TIMEOUT_MS, Int(limits.total * 1_000)))
        if !cutsLargeAnswer { set(ccurl_set_large(easy, CURLOPT_MAXFILESIZE_LARGE, Int64(limits.bytes))) }
        // A cancelled request must not wait for the resolver's thread.
        set(ccurl_set_number(easy, CURLOPT_QUICK_EXIT, 1))
        set(ccurl_set_number(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))
        if request.isLoopback { set(ccurl_set_text(easy, CURLOPT_NOPROXY, "*")) }
        if let file = limits.authorities
            ?? CertificateAuthorities.file(default: ccurl_info_text(easy, CURLINFO_CAINFO))
        {
            set(ccurl_set_text(easy, CURLOPT_CAINFO, file))
            // With a CAPATH libcurl does not cache the parsed file between connections, which costs 15 ms each.
            set(ccurl_set_text(easy, CURLOPT_CAPATH, nil))
        }
        set(ccurl_set_number(easy, CURLOPT_CERTINFO, 1))
        ccurl_wipe_tls_plaintext(easy)
        set(ccurl_set_prerequest(easy, noteConnection, this))
        set(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        set(ccurl_set_receiver(easy, CURLOPT_WRITEFUNCTION, receiveBody))
        set(ccurl_set_pointer(easy, CURLOPT_WRITEDATA, this))
        set(ccurl_set_receiver(easy, CURLOPT_HEADERFUNCTION, receiveHeader))
        set(ccurl_set_pointer(easy, CURLOPT_HEADERDATA, this))
        return refused.map { .other(host: host, code: Int($0.rawValue), detail: text(for: $0)) }
    }

    // MARK: - In flight

    /// Called when the request has a connection, new or reused. `connection` names both ends, which are unique among
    /// open connections.
    fileprivate func note(connection: String) {
        guard let subject = ccurl_certificate_field(easy, "Subject") else {
            certificate = isSecure ? certificates[connection] : nil
            return
        }
        func text(_ field: UnsafePointer<CChar>?) -> String {
            field.map { UntrustedText.line(String(cString: $0), limit: 300) } ?? ""
        }
        certificate = HTTPExchange.Certificate(
            subject: text(subject), issuer: text(ccurl_certificate_field(easy, "Issuer")),
            expires: text(ccurl_certificate_field(easy, "Expire date")))
        certificates[connection] = certificate
    }

    private var isSecure: Bool {
        ccurl_info_text(easy, CURLINFO_SCHEME).map { String(cString: $0).lowercased() == "https" } ?? false
    }

    fileprivate func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard count(bytes) else {
            isCut = cutsLargeAnswer
            return false
        }
        body.append(bytes)
        return true
    }

    fileprivate func receive(header bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        if headerBytes > limits.headerBytes { isTooLarge = true }
        guard count(bytes), !isTooLarge else { return false }
        // A new status line: the previous headers belong to an interim answer (1xx).
        if bytes.starts(with: "HTTP/".utf8) { headers = [] }
        guard headers.count < 64, let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return true }
        headers.append((text(bytes[..<colon]), text(bytes[(colon + 1)...])))
        return true
    }

    private func count(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytesReceived += bytes.count
        if bytesReceived > limits.bytes { isTooLarge = true }
        return !isTooLarge
    }

    private func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let start = bytes.drop(while: isBlank)
        let end = start.lastIndex { !isBlank($0) }.map { start.index(after: $0) } ?? start.startIndex
        return RepairedText(Array(start[..<end].prefix(1_024)), isCut: start[..<end].count > 1_024).text
    }

    // MARK: - After

    func outcome(of code: CURLcode) -> CurlEngine.Outcome {
        guard code == CURLE_OK || isCut else { return .failure(failure(for: code)) }
        return .success(
            HTTPResponse(
                status: ccurl_info_number(easy, CURLINFO_RESPONSE_CODE), headers: headers, body: body.secret(),
                isCut: isCut, redirectURL: ccurl_info_text(easy, CURLINFO_REDIRECT_URL).map { String(cString: $0) },
                version: version, timings: timings, certificate: certificate))
    }

    private var version: String {
        switch ccurl_info_number(easy, CURLINFO_HTTP_VERSION) {
        case Int(CURL_HTTP_VERSION_1_0): "HTTP/1.0"
        case Int(CURL_HTTP_VERSION_1_1): "HTTP/1.1"
        case Int(CURL_HTTP_VERSION_2_0): "HTTP/2"
        case Int(CURL_HTTP_VERSION_3): "HTTP/3"
        default: ""
        }
    }

    private var timings: HTTPExchange.Timings {
        func seconds(_ info: CURLINFO) -> Double? {
            let microseconds = ccurl_info_large(easy, info)
            return microseconds > 0 ? Double(microseconds) / 1_000_000 : nil
        }
        let isNew = ccurl_info_number(easy, CURLINFO_NUM_CONNECTS) > 0
        return HTTPExchange.Timings(
            nameLookup: isNew ? seconds(CURLINFO_NAMELOOKUP_TIME_T) : nil,
            connect: isNew ? seconds(CURLINFO_CONNECT_TIME_T) : nil,
            tls: isNew ? seconds(CURLINFO_APPCONNECT_TIME_T) : nil,
            firstByte: seconds(CURLINFO_STARTTRANSFER_TIME_T), total: seconds(CURLINFO_TOTAL_TIME_T) ?? 0)
    }

    private func failure(for code: CURLcode) -> TransportFailure {
        if isTooLarge || code == CURLE_FILESIZE_EXCEEDED { return .tooLarge(host: host) }
        let proxy = isLoopback ? nil : EnvironmentProxy(for: url, environment: limits.environment)
        if let trouble = proxyTrouble(with: proxy, code) {
            return .proxy(variable: proxy?.variable ?? "the environment", trouble)
        }
        let failure = hostFailure(for: code)
        guard let proxy else { return failure }
        switch failure {
        // A kept connection may close at any time, so the proxy is not the cause.
        case .closed(_, reused: true, _): return failure
        case .tls, .timeout, .closed, .notHTTP: return .behindProxy(variable: proxy.variable, failure)
        default: return failure
        }
    }

    /// The proxy's failure; nil if no proxy was used, or the request got past it.
    private func proxyTrouble(with proxy: EnvironmentProxy?, _ code: CURLcode) -> TransportFailure.ProxyTrouble? {
        let connectStatus = ccurl_info_number(easy, CURLINFO_HTTP_CONNECTCODE)
        switch code {
        case _ where (300...599).contains(connectStatus): return .answered(connectStatus)
        case CURLE_PROXY:
            return .other(detail: Self.proxyText(for: ccurl_info_number(easy, CURLINFO_PROXY_ERROR)))
        // libcurl also returns this code for an unreadable proxy URL.
        case CURLE_COULDNT_RESOLVE_PROXY where proxy?.scheme != .unreadable: return .nameResolution
        default: break
        }
        guard let proxy, !isPastProxy(proxy, connectStatus) else { return nil }
        switch code {
        case _ where proxy.scheme == .unreadable: return .unreadable
        case _ where proxy.scheme == .unknown: return .unknownScheme
        case CURLE_NOT_BUILT_IN: return .unknownScheme
        // Behind a SOCKS proxy the proxy resolves the host, so this is the proxy's own name.
        case CURLE_COULDNT_RESOLVE_HOST: return .nameResolution
        case CURLE_COULDNT_CONNECT: return .connect(detail: systemText ?? kindText(for: code))
        case CURLE_OPERATION_TIMEDOUT:
            return .timeout(seconds: Int(min(limits.connect, limits.total).rounded(.up)))
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE: return .closed
        case _ where Self.isTLS(code):
            // Only an https proxy has a certificate; with other proxies TLS begins inside the tunnel.
            return proxy.scheme == .https ? .tls(detail: certificateText ?? kindText(for: code)) : nil
        // The fault is in the request's own URL, because the proxy's URL was readable.
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return nil
        default: return .other(detail: kindText(for: code))
        }
    }

    /// The text for a CURLproxycode; only SOCKS proxies have one.
    private static func proxyText(for code: Int) -> String {
        switch code {
        case Int(CURLPX_USER_REJECTED.rawValue), Int(CURLPX_NO_AUTH.rawValue),
            Int(CURLPX_REQUEST_FAILED.rawValue), Int(CURLPX_IDENTD_DIFFER.rawValue):
            "it refused the user name or the password"
        case Int(CURLPX_REPLY_NOT_ALLOWED.rawValue): "it does not allow this host"
        case Int(CURLPX_REPLY_CONNECTION_REFUSED.rawValue): "the host refused the connection"
        case Int(CURLPX_REPLY_HOST_UNREACHABLE.rawValue), Int(CURLPX_REPLY_NETWORK_UNREACHABLE.rawValue),
            Int(CURLPX_REPLY_TTL_EXPIRED.rawValue):
            "it cannot reach the host"
        case Int(CURLPX_RESOLVE_HOST.rawValue): "no address was found for the host"
        default: "libcurl's proxy error \(code)"
        }
    }

    /// True if the request got past the proxy. In libcurl 7.88 the evidence is the tunnel's status for an HTTP proxy;
    /// on a reused connection, and for a SOCKS proxy, the phase that the request reached.
    private func isPastProxy(_ proxy: EnvironmentProxy, _ connectStatus: Int) -> Bool {
        if (200...299).contains(connectStatus) || ccurl_info_large(easy, CURLINFO_PRETRANSFER_TIME_T) > 0 {
            return true
        }
        return proxy.scheme == .socks && ccurl_info_large(easy, CURLINFO_APPCONNECT_TIME_T) > 0
    }

    private static func isTLS(_ code: CURLcode) -> Bool {
        switch code {
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_SHUTDOWN_FAILED:
            true
        default: false
        }
    }

    private func hostFailure(for code: CURLcode) -> TransportFailure {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: .nameResolution(host: host)
        case CURLE_COULDNT_CONNECT: .connect(host: host, detail: systemText ?? text(for: code))
        case CURLE_OPERATION_TIMEDOUT: timeout
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
            CURLE_HTTP2_STREAM:
            .closed(host: host, reused: isStaleReuse, detail: text(for: code))
        case _ where Self.isTLS(code): .tls(host: host, detail: text(for: code))
        case CURLE_WEIRD_SERVER_REPLY: .notHTTP(host: host, detail: text(for: code))
        // The scheme was checked earlier, so the server speaks another protocol.
        case CURLE_UNSUPPORTED_PROTOCOL where bytesSent: .notHTTP(host: host, detail: text(for: code))
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL(detail: text(for: code))
        default: .other(host: host, code: Int(code.rawValue), detail: text(for: code))
        }
    }

    /// True if a reused connection returned no byte. libcurl then tries a new connection once, which may fail too.
    private var isStaleReuse: Bool { ccurl_info_number(easy, CURLINFO_NUM_CONNECTS) == 0 && bytesReceived == 0 }

    private var bytesSent: Bool { ccurl_info_number(easy, CURLINFO_REQUEST_SIZE) > 0 }

    private var timeout: TransportFailure {
        let isReady = ccurl_info_large(easy, CURLINFO_PRETRANSFER_TIME_T) > 0
        let isResolved = ccurl_info_large(easy, CURLINFO_NAMELOOKUP_TIME_T) > 0
        let phase: TransportFailure.Phase =
            isReady ? .answer : isResolved ? .connect : .nameResolution
        let seconds = isReady ? limits.total : min(limits.connect, limits.total)
        return .timeout(host: host, during: phase, seconds: Int(seconds.rounded(.up)))
    }

    /// libcurl's text for this failure, or for its kind if that text is empty or mentions a proxy, whose URL may hold a
    /// password.
    private func text(for code: CURLcode) -> String {
        let said = String(cString: errorText)
        let isOfProxy = said.contains("@") || said.lowercased().contains("proxy")
        return said.isEmpty || isOfProxy ? kindText(for: code) : said
    }

    /// libcurl's text for a rejected certificate, which names no host; nil for other failures.
    private var certificateText: String? {
        let said = String(cString: errorText)
        return said.hasPrefix("SSL certificate problem: ") && !said.contains("@") ? said : nil
    }

    private func kindText(for code: CURLcode) -> String { String(cString: ccurl_easy_strerror(code)) }

    private var systemText: String? {
        let number = ccurl_info_number(easy, CURLINFO_OS_ERRNO)
        guard number != 0 else { return nil }
        // glibc's strerror(3) is thread-safe since 2.32.
        return strerror(Int32(number)).map { String(cString: $0).lowercased() }
    }
}

// libcurl calls these functions on the engine's thread. Closures could inherit an actor's isolation.

private func noteConnection(
    _ context: UnsafeMutableRawPointer?, _ remote: UnsafeMutablePointer<CChar>?, _ local: UnsafeMutablePointer<CChar>?,
    _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    guard let context, let remote, let local else { return CURL_PREREQFUNC_OK }
    let connection = "\(String(cString: local)) \(localPort) \(String(cString: remote)) \(remotePort)"
    Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().note(connection: connection)
    return CURL_PREREQFUNC_OK
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let received = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().receive(body: received) ? size * count : 0
}

private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let received = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().receive(header: received)
        ? size * count : 0
}
