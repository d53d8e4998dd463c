import Credentials

/// A `curl` command that asks for a token, as documentation, Postman and browsers write it.
struct PastedCurl {
    static func read(_ pasted: Secret) -> PastedClient? {
        let shell = ShellWords(pasted)
        let words = shell.words.map { Argument(value: shell.text.slice($0.range), hasVariable: $0.hasVariable) }
        guard let start = words.firstIndex(where: \.isCurl) else { return nil }
        var curl = PastedCurl()
        curl.read(
            words.indices.filter { $0 > start && shell.words[$0].command == shell.words[start].command }.map {
                words[$0]
            })
        return curl.finished()
    }

    private struct Argument {
        let value: Secret
        let hasVariable: Bool

        /// What follows the first `count` bytes.
        func dropping(_ count: Int) -> Argument {
            Argument(value: value.slice(count..<value.count), hasVariable: hasVariable)
        }

        /// `curl`, `curl.exe`, or a path to either.
        var isCurl: Bool {
            value.withBytes { bytes in
                let name = bytes.split(omittingEmptySubsequences: false) { "/\\".utf8.contains($0) }.last
                return name.map { $0.elementsEqual("curl".utf8) || $0.elementsEqual("curl.exe".utf8) } ?? false
            }
        }
    }

    private var client = PastedClient()
    private var isTokenRequest = false
    private var hasBearer = false
    private var urls: [Argument] = []

    // MARK: - Options (curl(1))

    private mutating func read(_ arguments: [Argument]) {
        var rest = arguments[...]
        var takesOptions = true
        while let argument = rest.popFirst() {
            if !takesOptions || !argument.value.hasPrefix("-") || argument.value.count == 1 {
                urls.append(argument)
            } else if argument.value.hasPrefix("--"), argument.value.count == 2 {
                takesOptions = false
            } else if argument.value.hasPrefix("--") {
                readLong(argument, &rest)
            } else {
                readShort(argument, &rest)
            }
        }
    }

    private mutating func readLong(_ argument: Argument, _ rest: inout ArraySlice<Argument>) {
        let (before, after) = FormText.split(argument.value, at: UInt8(ascii: "="))
        let name = String(before.line.dropFirst(2))
        guard Self.longWithValue.contains(name) || Self.shortOf.values.contains(name) else { return }
        let attached = after.map { Argument(value: $0, hasVariable: argument.hasVariable) }
        guard let value = attached ?? rest.popFirst() else { return }
        take(name, value)
    }

    /// One letter or several, the last of them with its value at once or in the next word: `-d a=b`, `-sSda=b`.
    private mutating func readShort(_ argument: Argument, _ rest: inout ArraySlice<Argument>) {
        let letters = argument.value.withBytes { Array($0.prefix(20)) }
        for (place, letter) in letters.enumerated().dropFirst() {
            let letter = Character(Unicode.Scalar(letter))
            guard let name = Self.shortOf[letter] else { continue }
            let attached = place + 1 < argument.value.count ? argument.dropping(place + 1) : nil
            guard let value = attached ?? rest.popFirst() else { return }
            return take(name, value)
        }
    }

    private mutating func take(_ option: String, _ value: Argument) {
        switch option {
        case "data", "data-ascii", "data-binary", "data-raw", "json":
            let isFile = option != "data-raw" && value.value.withBytes { $0.first == UInt8(ascii: "@") }
            if isFile { client.warn("the form is in a file, which was not pasted") } else { take(form: value) }
        case "data-urlencode", "url-query": take(urlencoded: value)
        case "form", "form-string": take(multipart: value)
        case "user": take(credentials: value)
        case "header": take(header: value)
        case "oauth2-bearer": hasBearer = true
        case "url": urls.append(value)
        case "cert": client.warn("the client certificate was left out: keyfob proves itself by the secret")
        default: break
        }
    }

    // MARK: - Their values

    private mutating func take(form: Argument) {
        guard form.value.withBytes({ $0.first { $0 > 0x20 } }) != UInt8(ascii: "{") else { return take(json: form) }
        for member in FormText.members(form.value) { take(member.name, member.value, form) }
    }

    /// `name=content` with the content not encoded yet, `=content` or `content` alone, `name@file`.
    private mutating func take(urlencoded: Argument) {
        let (name, content) = FormText.split(urlencoded.value, at: UInt8(ascii: "="))
        guard let content else { return client.warn("the form is in a file, which was not pasted") }
        if name.isEmpty {
            take(form: Argument(value: content, hasVariable: urlencoded.hasVariable))
        } else {
            take(name.line, content, urlencoded)
        }
    }

    /// `name=content`, the content perhaps in double quotes, as Postman writes it.
    private mutating func take(multipart: Argument) {
        let (name, content) = FormText.split(multipart.value, at: UInt8(ascii: "="))
        guard let content else { return }
        let isQuoted = content.count > 1 && content.withBytes { $0.first == UInt8(ascii: "\"") && $0.last == $0.first }
        take(name.line, isQuoted ? content.slice(1..<content.count - 1) : content, multipart)
    }

    private mutating func take(json: Argument) {
        let members = json.value.withBytes { bytes -> [(String, Secret)]? in
            var scanner = JSONScanner(bytes, makesLines: false)
            guard scanner.scan() == .whole else { return nil }
            return scanner.members.filter { $0.kind == .string }.map {
                (json.value.slice($0.name).line, JSONText.decoded(json.value.slice($0.value)))
            }
        }
        guard let members else { return client.warn("the JSON in the command can't be read") }
        client.warn("the request was JSON: keyfob sends a form (RFC 6749)")
        for (name, value) in members { take(name, value, json) }
    }

    private mutating func take(_ name: String, _ value: Secret, _ source: Argument) {
        isTokenRequest = true
        let hasVariable = source.hasVariable && value.withBytes { $0.contains(UInt8(ascii: "$")) }
        client.take(name, value, isPlaceholder: hasVariable)
        if name == "client_secret" { take(method: .clientSecretPost) }
    }

    private mutating func take(method: ClientAuthenticationMethod) {
        if let before = client.authentication, before != method {
            client.warn("the secret was pasted twice, in a header and in the form: keyfob sends it once")
        }
        client.authentication = method
    }

    /// `ID:SECRET`, for HTTP Basic, which curl does not encode.
    private mutating func take(credentials: Argument) {
        isTokenRequest = true
        let (id, secret) = FormText.split(credentials.value, at: UInt8(ascii: ":"))
        let hasVariable: (Secret) -> Bool = { part in
            credentials.hasVariable && part.withBytes { $0.contains(UInt8(ascii: "$")) }
        }
        client.take("client_id", id, isPlaceholder: hasVariable(id))
        if let secret { client.take("client_secret", secret, isPlaceholder: hasVariable(secret)) }
        take(method: .clientSecretBasic)
        let isPlain = credentials.value.withBytes { bytes in
            bytes.allSatisfy { byte in
                let letter = byte | 0x20
                return (0x61...0x7A).contains(letter) || (0x30...0x39).contains(byte) || "-._~:".utf8.contains(byte)
            }
        }
        client.basicEncoding = isPlain ? nil : .raw
    }

    private mutating func take(header: Argument) {
        let (name, value) = FormText.split(header.value, at: UInt8(ascii: ":"))
        guard name.line.lowercased() == "authorization", let value = value?.trimmed() else { return }
        let (scheme, content) = FormText.split(value, at: 0x20)
        switch scheme.line.lowercased() {
        case "bearer": hasBearer = true
        case "basic":
            isTokenRequest = true
            let credentials = header.hasVariable ? nil : content?.trimmed().withBytes { Base64.decoded($0) }
            guard let credentials else {
                take(method: .clientSecretBasic)
                return client.warn("the Basic header can't be read: enter client ID and secret")
            }
            take(credentials: Argument(value: credentials, hasVariable: false))
        default: break
        }
    }

    /// What it has of a form, or of a user name and password, is taken out of it: a URL is shown.
    private mutating func take(url: Argument) {
        var (rest, query) = FormText.split(FormText.split(url.value, at: UInt8(ascii: "#")).0, at: UInt8(ascii: "?"))
        let kept = query.map { FormText.parts(of: $0, at: UInt8(ascii: "&")) }?.filter { part in
            guard let member = FormText.members(part).first else { return false }
            guard Self.formNames.contains(member.name) else { return true }
            take(member.name, member.value, url)
            return false
        }
        guard !url.hasVariable, !rest.contains("{{") else {
            return client.warn("the token URL is a placeholder in what was pasted: enter it")
        }
        if !rest.contains("://") {
            client.warn("the URL had no scheme: https is taken")
            rest = ("https://\(rest)" as SecretText).secret
        }
        let parts = FormText.parts(of: rest, at: UInt8(ascii: "/"))
        if parts.count > 2, let at = parts[2].withBytes({ $0.lastIndex(of: UInt8(ascii: "@")) }) {
            take(
                credentials: Argument(
                    value: FormText.decoded(parts[2].slice(0..<at), isForm: false), hasVariable: url.hasVariable))
            var host = parts
            host[2] = parts[2].slice(at + 1..<parts[2].count)
            rest = Self.joined(host, "/")
        }
        if let kept, !kept.isEmpty { rest = ("\(rest)?\(Self.joined(kept, "&"))" as SecretText).secret }
        client.tokenURL = rest.line
    }

    private static func joined(_ parts: [Secret], _ separator: String) -> Secret {
        parts.dropFirst().reduce(parts[0]) { ("\($0)\(separator)\($1)" as SecretText).secret }
    }

    private mutating func finished() -> PastedClient? {
        // What only looks like a word to go to is the value of an option that is not known here.
        let isLikely: (Argument) -> Bool = { url in
            url.hasVariable || url.value.withBytes { $0.contains { ".:/{".utf8.contains($0) } }
        }
        if let url = urls.first(where: { $0.value.contains("://") }) ?? urls.first(where: isLikely) { take(url: url) }
        guard isTokenRequest || !hasBearer else {
            var client = PastedClient()
            client.warn("this is a request with a token, not one for a token")
            return client
        }
        return client.isEmpty ? nil : client
    }

    // MARK: - Names

    private static let formNames: Set<String> = [
        "grant_type", "client_id", "client_secret", "scope", "username", "password", "audience", "resource",
    ]

    /// The options with a value that have a letter too.
    private static let shortOf: [Character: String] = [
        "d": "data", "u": "user", "H": "header", "F": "form", "E": "cert", "X": "request", "A": "user-agent",
        "b": "cookie", "c": "cookie-jar", "C": "continue-at", "D": "dump-header", "e": "referer", "K": "config",
        "m": "max-time", "o": "output", "P": "ftp-port", "Q": "quote", "r": "range", "t": "telnet-option",
        "T": "upload-file", "U": "proxy-user", "w": "write-out", "x": "proxy", "y": "speed-time", "Y": "speed-limit",
        "z": "time-cond",
    ]

    /// The others with a value that may stand in such a command.
    private static let longWithValue: Set<String> = [
        "data-ascii", "data-binary", "data-raw", "data-urlencode", "json", "url", "url-query", "form-string",
        "oauth2-bearer", "cacert", "capath", "cert-type", "ciphers", "connect-timeout", "connect-to", "crlfile",
        "dns-servers", "engine", "interface", "key", "key-type", "limit-rate", "local-port", "max-redirs", "noproxy",
        "pass", "pinnedpubkey", "proto", "proto-redir", "proxy-header", "resolve", "retry", "retry-delay",
        "retry-max-time", "socks5", "socks5-hostname", "tls-max", "tls13-ciphers", "trace", "trace-ascii",
        "unix-socket", "aws-sigv4", "hostpubmd5", "request-target", "stderr",
    ]
}
