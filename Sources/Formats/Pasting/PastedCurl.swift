import Credentials

/// A `curl` command that requests a token, as documentation, Postman and browsers write it.
struct PastedCurl {
    /// - Returns: the command that requests a token; undecided if several different ones may.
    static func read(_ commands: [ShellCommands.Command]) -> PastedClient? {
        let requests = commands.flatMap { command -> [(rank: Rank, client: PastedClient)] in
            guard let start = command.words.firstIndex(where: \.isCurl) else { return [] }
            let requests = command.words[(start + 1)...].split(omittingEmptySubsequences: false) {
                $0.isWord("--next") || $0.isWord("-:")
            }
            return requests.compactMap { words in
                var curl = PastedCurl()
                if command.words[start].unread != nil { curl.warnOfTypography() }
                curl.read(Array(words))
                return curl.finished().map { (curl.rank, $0) }
            }
        }
        guard let best = requests.map(\.rank).max() else { return nil }
        let clients = requests.filter { $0.rank == best }.map(\.client)
        guard clients.dropFirst().contains(where: { $0 != clients[0] }) else { return clients[0] }
        var undecided = PastedClient()
        undecided.isUndecided = true
        undecided.warn(
            "\(clients.count) commands could request the token, and they differ: paste only the right one")
        return undecided
    }

    /// The likelihood that a command requests a token, in ascending order.
    private enum Rank: Int, Comparable {
        case callWithToken, call, otherRequest, withCredentials, clientCredentials

        static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
    }

    private var client = PastedClient()
    /// True if an ID, a secret or a grant was given, even if its value could not be read.
    private var isTokenRequest = false
    private var hasSecret = false
    private var hasBearer = false
    /// The grant; nil if none is named.
    private var grant: String?
    /// True if the form contains a token: a request for revocation or introspection.
    private var hasToken = false
    private var urls: [Secret] = []
    /// True while assigning the values of an argument that a word processor has changed.
    private var isMangled = false

    private var rank: Rank {
        if grant == "client_credentials" { return .clientCredentials }
        guard isTokenRequest else { return hasBearer ? .callWithToken : .call }
        return hasSecret && grant == nil && !hasToken && !hasBearer ? .withCredentials : .otherRequest
    }

    private mutating func warnOfTypography() {
        client.warn("an option with a typographic dash or a no-break space was ignored")
    }

    // MARK: - Options (curl(1))

    private mutating func read(_ arguments: [Secret]) {
        var rest = arguments[...]
        var takesOptions = true
        while let argument = rest.popFirst() {
            if argument.hasMark(.dash) {
                warnOfTypography()
                // The option's value, if there is one.
                if rest.first?.hasPrefix("-") == false, rest.first?.contains("://") == false { rest.removeFirst() }
            } else if !takesOptions || !argument.hasPrefix("-") || argument.count == 1 {
                urls.append(argument)
            } else if argument.hasPrefix("--"), argument.count == 2 {
                takesOptions = false
            } else if argument.hasPrefix("--") {
                readLong(argument, &rest)
            } else {
                readShort(argument, &rest)
            }
        }
    }

    private mutating func readLong(_ argument: Secret, _ rest: inout ArraySlice<Secret>) {
        let (before, after) = FormText.split(argument, at: UInt8(ascii: "="))
        if before.unread != nil { return warnOfTypography() }
        var name = String(before.line.dropFirst(2))
        if name.hasPrefix("expand-") { name.removeFirst(7) }
        guard Self.longWithValue.contains(name) || Self.shortOf.values.contains(name),
            let value = after ?? rest.popFirst()
        else { return }
        assign(option: name, value)
    }

    /// One letter or several, the last with its value attached or in the next word: `-d a=b`, `-sSda=b`.
    private mutating func readShort(_ argument: Secret, _ rest: inout ArraySlice<Secret>) {
        let letters = argument.withBytes { Array($0.prefix(20)) }
        for (place, letter) in letters.enumerated().dropFirst() {
            let letter = Character(Unicode.Scalar(letter))
            guard let name = Self.shortOf[letter] else { continue }
            let attached = place + 1 < argument.count ? argument.slice(place + 1..<argument.count) : nil
            guard let value = attached ?? rest.popFirst() else { return }
            return assign(option: name, value)
        }
    }

    private mutating func assign(option: String, _ argument: Secret) {
        isMangled = argument.hasMark(.typography)
        defer { isMangled = false }
        // The names in the argument still get their warnings.
        let value = isMangled ? argument.withoutMarks() : argument
        switch option {
        case "data", "data-ascii", "data-binary", "data-raw", "json":
            let isFile = option != "data-raw" && value.hasPrefix("@")
            if isFile { client.warn("the form is in a file that was not pasted") } else { assign(form: value) }
        case "data-urlencode", "url-query": assign(urlencoded: value)
        case "form", "form-string": assign(multipart: value)
        case "user": assign(credentials: value)
        case "header": assign(header: value)
        case "oauth2-bearer": hasBearer = true
        case "url": urls.append(argument)
        case "cert": client.warn("the client certificate was left out: keyfob authenticates with the secret")
        default: break
        }
    }

    // MARK: - Their values

    private mutating func assign(form: Secret) {
        guard form.withBytes({ $0.first { $0 > 0x20 } }) != UInt8(ascii: "{") else { return assign(json: form) }
        for member in FormText.members(form) { assign(member.name, member.value) }
    }

    /// `name=content` with unencoded content, `=content`, `content`, or `name@file`.
    private mutating func assign(urlencoded: Secret) {
        let (name, content) = FormText.split(urlencoded, at: UInt8(ascii: "="))
        guard let content else { return client.warn("the form is in a file that was not pasted") }
        if name.isEmpty { assign(form: content) } else { assign(name.line, content) }
    }

    /// `name=content`, the content optionally in double quotes, as Postman writes it.
    private mutating func assign(multipart: Secret) {
        let (name, content) = FormText.split(multipart, at: UInt8(ascii: "="))
        guard let content else { return }
        let isQuoted = content.count > 1 && content.withBytes { $0.first == UInt8(ascii: "\"") && $0.last == $0.first }
        assign(name.line, isQuoted ? content.slice(1..<content.count - 1) : content)
    }

    private mutating func assign(json: Secret) {
        guard let members = JSONText.members(of: json) else {
            return client.warn("the JSON in the command cannot be read")
        }
        client.warn("the request was JSON: keyfob sends a form (RFC 6749)")
        for member in members { assign(member.name, member.value) }
    }

    private mutating func assign(_ name: String, _ value: Secret) {
        switch name {
        case "grant_type":
            grant = value.unread == nil ? value.line : nil
            isTokenRequest = true
        case "client_id": isTokenRequest = true
        case "client_secret":
            isTokenRequest = true
            hasSecret = true
        case "token": hasToken = true
        default: break
        }
        client.assign(name, isMangled ? Unread.typography.secret : value)
        if name == "client_secret" { assign(method: .clientSecretPost) }
    }

    private mutating func assign(method: ClientAuthenticationMethod) {
        if let before = client.authentication, before != method {
            client.warn("the secret was pasted twice, in a header and in the form: keyfob sends it once")
        }
        client.authentication = method
    }

    /// `ID:SECRET` for HTTP Basic, which curl does not encode. An ID and secret that are already percent-encoded are
    /// sent unchanged.
    private mutating func assign(credentials: Secret) {
        isTokenRequest = true
        hasSecret = true
        let (id, secret) = FormText.split(credentials, at: UInt8(ascii: ":"))
        assign("client_id", id)
        if let secret { client.assign("client_secret", isMangled ? Unread.typography.secret : secret) }
        assign(method: .clientSecretBasic)
        let isPlain = credentials.withBytes { bytes in
            bytes.allSatisfy { byte in
                let letter = byte | 0x20
                return (0x61...0x7A).contains(letter) || (0x30...0x39).contains(byte) || "-._~:".utf8.contains(byte)
            }
        }
        // A second colon belongs to the secret, and `form` would encode it.
        let colons = credentials.withBytes { bytes in bytes.count { $0 == UInt8(ascii: ":") } }
        client.basicEncoding = isPlain && colons <= 1 ? nil : .raw
        if let clientID = client.clientID, secret != nil, Secret(utf8: clientID) != id, id.unread == nil {
            client.warn("spaces or other characters were removed from the client ID: check it")
        }
    }

    private mutating func assign(header: Secret) {
        let (name, value) = FormText.split(header, at: UInt8(ascii: ":"))
        guard name.line.lowercased() == "authorization", let value = value?.trimmed() else { return }
        let (scheme, content) = FormText.split(value, at: 0x20)
        switch scheme.line.lowercased() {
        case "bearer": hasBearer = true
        case "basic":
            isTokenRequest = true
            hasSecret = true
            let credentials = value.unread == nil ? content?.trimmed().withBytes { Base64.decoded($0) } : nil
            guard let credentials else {
                assign(method: .clientSecretBasic)
                return client.warn("the Basic header cannot be read: enter client ID and secret")
            }
            assign(credentials: credentials)
        default: break
        }
    }

    /// Moves form members, user name and password out of the URL, because the URL is displayed.
    private mutating func assign(url: Secret) {
        isMangled = url.hasMark(.typography)
        defer { isMangled = false }
        var (rest, query) = FormText.split(FormText.split(url, at: UInt8(ascii: "#")).0, at: UInt8(ascii: "?"))
        let kept = query.map { FormText.parts(of: $0, at: UInt8(ascii: "&")) }?.filter { part in
            guard let member = FormText.members(part).first else { return false }
            guard Self.formNames.contains(member.name) else { return true }
            assign(member.name, member.value)
            return false
        }
        // An unread or placeholder part makes the whole URL unusable.
        guard url.unread == nil, !rest.contains("{{") else {
            return client.assignTokenURL(url.unread?.secret ?? rest)
        }
        if !rest.contains("://") {
            client.warn("the URL has no scheme: https is assumed")
            rest = ("https://\(rest)" as SecretText).secret
        }
        let parts = FormText.parts(of: rest, at: UInt8(ascii: "/"))
        if parts.count > 2, let at = parts[2].withBytes({ $0.lastIndex(of: UInt8(ascii: "@")) }) {
            assign(credentials: FormText.decoded(parts[2].slice(0..<at), isForm: false))
            var host = parts
            host[2] = parts[2].slice(at + 1..<parts[2].count)
            rest = FormText.joined(host, "/")
        }
        if let kept, !kept.isEmpty { rest = ("\(rest)?\(FormText.joined(kept, "&"))" as SecretText).secret }
        client.assignTokenURL(rest)
    }

    private mutating func finished() -> PastedClient? {
        // A word without any of these characters is probably the value of an unknown option.
        let isLikely: (Secret) -> Bool = { url in
            url.hasMark(.variable) || url.withBytes { $0.contains { ".:/{".utf8.contains($0) } }
        }
        let whole = urls.filter { $0.contains("://") }
        if isTokenRequest, whole.dropFirst().contains(where: { $0 != whole[0] }) {
            var undecided = PastedClient()
            undecided.isUndecided = true
            undecided.warn("the command has several URLs: paste it with only the token URL")
            return undecided
        }
        if let url = whole.first ?? urls.first(where: isLikely) { assign(url: url) }
        if client.authentication != .clientSecretBasic { client.basicEncoding = nil }
        guard isTokenRequest || !hasBearer else {
            var client = PastedClient()
            client.warn("this command uses a token, it does not request one")
            return client
        }
        return client.isEmpty ? nil : client
    }

    // MARK: - Names

    private static let formNames: Set<String> = [
        "grant_type", "client_id", "client_secret", "scope", "username", "password", "audience", "resource",
    ]

    /// Options with a value that also have a letter.
    private static let shortOf: [Character: String] = [
        "d": "data", "u": "user", "H": "header", "F": "form", "E": "cert", "X": "request", "A": "user-agent",
        "b": "cookie", "c": "cookie-jar", "C": "continue-at", "D": "dump-header", "e": "referer", "K": "config",
        "m": "max-time", "o": "output", "P": "ftp-port", "Q": "quote", "r": "range", "t": "telnet-option",
        "T": "upload-file", "U": "proxy-user", "w": "write-out", "x": "proxy", "y": "speed-time", "Y": "speed-limit",
        "z": "time-cond",
    ]

    /// Other options with a value that may occur in a token request.
    private static let longWithValue: Set<String> = [
        "data-ascii", "data-binary", "data-raw", "data-urlencode", "json", "url", "url-query", "form-string",
        "oauth2-bearer", "cacert", "capath", "cert-type", "ciphers", "connect-timeout", "connect-to", "crlfile",
        "dns-servers", "engine", "interface", "key", "key-type", "limit-rate", "local-port", "max-redirs", "noproxy",
        "pass", "pinnedpubkey", "proto", "proto-redir", "proxy-header", "resolve", "retry", "retry-delay",
        "retry-max-time", "socks5", "socks5-hostname", "tls-max", "tls13-ciphers", "trace", "trace-ascii",
        "unix-socket", "aws-sigv4", "hostpubmd5", "request-target", "stderr", "abstract-unix-socket", "alt-svc",
        "create-file-mode", "curves", "delegation", "dns-interface", "dns-ipv4-addr", "dns-ipv6-addr", "doh-url",
        "ech", "egd-file", "etag-compare", "etag-save", "expect100-timeout", "ftp-account", "ftp-alternative-to-user",
        "ftp-method", "ftp-ssl-ccc-mode", "happy-eyeballs-timeout-ms", "haproxy-clientip", "hostpubsha256", "hsts",
        "ip-tos", "ipfs-gateway", "keepalive-cnt", "keepalive-time", "krb", "libcurl", "login-options", "mail-auth",
        "mail-from", "mail-rcpt", "max-filesize", "netrc-file", "output-dir", "parallel-max", "parallel-max-host",
        "preproxy", "proto-default", "proxy-cacert", "proxy-capath", "proxy-cert", "proxy-cert-type", "proxy-ciphers",
        "proxy-crlfile", "proxy-key", "proxy-key-type", "proxy-pass", "proxy-pinnedpubkey", "proxy-service-name",
        "proxy-tls13-ciphers", "proxy-tlsauthtype", "proxy-tlspassword", "proxy-tlsuser", "proxy1.0", "pubkey",
        "random-file", "rate", "sasl-authzid", "service-name", "sigalgs", "socks4", "socks4a",
        "socks5-gssapi-service", "tftp-blksize", "tlsauthtype", "tlspassword", "tlsuser", "trace-config", "variable",
        "vlan-priority",
    ]
}
