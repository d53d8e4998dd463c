import Credentials
import Foundation

@testable import OAuth

/// Values shared by the tests.
enum Samples {
    static let secret = Secret(utf8: "s3cr3t+/ &=é")
    static let start = Moment(wall: Date(timeIntervalSince1970: 1_795_000_000), boot: 1_000, bootID: "boot")

    static func profile(
        clientID: String = "7f3c09aa", tokenURL: String = ClientProfile.defaultTokenURL, scope: String = "gbg.token",
        authentication: ClientAuthenticationMethod = .clientSecretPost, basicEncoding: BasicEncoding = .form
    ) -> ClientProfile {
        ClientProfile(
            name: "GBG GO", clientID: clientID, tokenURL: tokenURL, scope: scope, authentication: authentication,
            basicEncoding: basicEncoding, created: start.wall)
    }

    static func response(
        _ status: Int, _ body: String, headers: [(name: String, value: String)] = [], redirectURL: String? = nil
    ) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: Secret(utf8: body), redirectURL: redirectURL)
    }

    /// The parsed response, requested at `start` and obtained a second later.
    static func parse(
        _ response: HTTPResponse, profile: ClientProfile = profile(), hiding secret: Secret? = nil
    ) -> Result<AccessToken, Failure> {
        Result { () throws(Failure) in
            try TokenResponse.parse(
                response, profile: profile, requested: start, obtained: start.advanced(by: 1), hiding: secret)
        }
    }
}

extension Result {
    var value: Success? { try? get() }
    var error: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

/// The failure that `body` throws; nil if it throws none.
func thrown(_ body: () async throws -> Any) async -> Failure? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? Failure
    }
}

// The text of a hint.
extension Failure.Hint {
    var count: Int { text.count }

    func hasPrefix(_ prefix: String) -> Bool { text.hasPrefix(prefix) }
    func hasSuffix(_ suffix: String) -> Bool { text.hasSuffix(suffix) }
    func contains(_ part: String) -> Bool { text.contains(part) }
    func dropFirst(_ count: Int) -> Substring { text.dropFirst(count) }
}
