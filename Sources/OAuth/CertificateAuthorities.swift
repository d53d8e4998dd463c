import Glibc

/// The file of certificate authorities that servers are checked against.
enum CertificateAuthorities {
    private static let usualFiles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// `SSL_CERT_FILE` where it is set, as curl(1) and OpenSSL take it; else libcurl's own default; else a usual place;
    /// nil to leave it all to libcurl. A file that is named and unreadable is not passed over: the handshake fails and
    /// says so.
    ///
    /// Accepted weakness: whoever sets this process's environment decides whom it trusts; they could as well start
    /// another program in its place.
    static func file(default libraryDefault: UnsafePointer<CChar>?) -> String? {
        if let named = getenv("SSL_CERT_FILE"), named.pointee != 0 { return String(cString: named) }
        if let libraryDefault, access(libraryDefault, R_OK) == 0 { return String(cString: libraryDefault) }
        return usualFiles.first { access($0, R_OK) == 0 }
    }
}
