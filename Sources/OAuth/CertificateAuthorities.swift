import Glibc

/// The file of certificate authorities for verifying servers.
enum CertificateAuthorities {
    private static let usualFiles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// `SSL_CERT_FILE` if set, as in curl(1) and OpenSSL; otherwise libcurl's default, otherwise a usual place; nil
    /// leaves the choice to libcurl. An unreadable `SSL_CERT_FILE` is not skipped: the handshake fails and reports it.
    ///
    /// Accepted weakness: the process's environment decides which authorities are trusted. A person who controls the
    /// environment could also start another program instead.
    static func file(default libraryDefault: UnsafePointer<CChar>?) -> String? {
        if let named = getenv("SSL_CERT_FILE"), named.pointee != 0 { return String(cString: named) }
        if let libraryDefault, access(libraryDefault, R_OK) == 0 { return String(cString: libraryDefault) }
        return usualFiles.first { access($0, R_OK) == 0 }
    }
}
