import Credentials

/// The certificate of each open connection. libcurl reports it only for the request that opens the connection, not for
/// later ones. Used only on the engine's thread.
final class CertificateMemory {
    /// More than are ever open at once. Above it all are forgotten, and a request on an older connection reports no
    /// certificate.
    private static let most = 1_024

    private var byConnection: [String: HTTPExchange.Certificate] = [:]

    /// - Parameter connection: the addresses and ports of both ends.
    subscript(connection: String) -> HTTPExchange.Certificate? {
        get { byConnection[connection] }
        set {
            if byConnection.count >= Self.most { byConnection = [:] }
            byConnection[connection] = newValue
        }
    }
}
