public import Credentials
public import FoundationEssentials

/// A request and its answer as plain text for a support ticket, with the request IDs first and without secrets.
public enum SupportBundle {
    /// - Parameters:
    ///   - client: the client's name; nil leaves it out.
    ///   - version: keyfob's version.
    /// - Returns: lines of plain text, without a final line break.
    public static func text(_ exchange: HTTPExchange, client: String?, version: String, now: Date) -> String {
        var lines = ["keyfob \(version), \(TimeText.utc(now)); secrets are redacted", ""]
        if exchange.requestIDs.isEmpty {
            lines.append("request ID: the server sent none")
        } else {
            lines += exchange.requestIDs.map { "request ID: \(line($0.value))  (\(line($0.name)))" }
        }
        lines.append("sent:       \(TimeText.utc(exchange.started))\(times(exchange.timesSent))")
        if let client { lines.append("client:     \(line(client))") }
        lines.append("outcome:    \(line(exchange.outcome))")

        lines += ["", "\(line(exchange.method)) \(line(exchange.url))"]
        lines += exchange.requestHeaders.map(header)
        if !exchange.requestForm.isEmpty {
            lines += [""] + exchange.requestForm.map { "\(line($0.name))=\(value($0))" }
        }

        lines.append("")
        if let status = exchange.status {
            lines.append("\(line(exchange.version)) \(status)")
            lines += exchange.responseHeaders.map(header)
        } else {
            lines.append("no answer came")
        }

        if let timings = exchange.timings {
            let phases = [
                ("name found", timings.nameLookup), ("connected", timings.connect), ("TLS", timings.tls),
                ("first byte", timings.firstByte), ("done", timings.total),
            ]
            let words = phases.compactMap { name, seconds in seconds.map { "\(name) \(milliseconds($0))" } }
            lines += ["", "after:       " + words.joined(separator: ", ")]
        }
        if let certificate = exchange.certificate {
            lines.append("certificate: \(line(certificate.subject))")
            lines.append("  issued by: \(line(certificate.issuer))")
            lines.append("  expires:   \(line(certificate.expires))")
        }
        return lines.joined(separator: "\n")
    }

    private static func line(_ text: String) -> String { UntrustedText.line(text, limit: 2_000) }

    private static func header(_ field: HTTPExchange.Field) -> String { "\(line(field.name)): \(value(field))" }

    /// The exchange is already redacted. Fields with a secret's name are redacted here again, because strangers read
    /// this text.
    private static func value(_ field: HTTPExchange.Field) -> String {
        secretNames.contains(field.name.lowercased()) ? "<redacted>" : line(field.value)
    }

    private static let secretNames: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "client_secret", "client_assertion",
        "assertion", "password", "access_token", "refresh_token", "id_token", "token", "code",
    ]

    private static func times(_ count: Int) -> String { count > 1 ? ", \(count) times" : "" }

    private static func milliseconds(_ seconds: Double) -> String {
        "\(Int(min(max(seconds * 1_000, 0), 1e12).rounded())) ms"
    }
}
