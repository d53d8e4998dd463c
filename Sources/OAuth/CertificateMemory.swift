import Credentials

/// Which certificate was seen on which connection: libcurl tells it only to the request that made the connection, and
/// not to those that use it again. Belongs to the engine's thread.
final class CertificateMemory {
    /// More than are ever open at once; beyond, all are forgotten, and a request over an older connection tells none.
    private static let most = 1_024

    private var byConnection: [String: HTTPExchange.Certificate] = [:]

    /// - Parameter connection: its two ends.
    subscript(connection: String) -> HTTPExchange.Certificate? {
        get { byConnection[connection] }
        set {
            if byConnection.count >= Self.most { byConnection = [:] }
            byConnection[connection] = newValue
        }
    }
}
