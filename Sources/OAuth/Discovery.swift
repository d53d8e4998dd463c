import Credentials
import FoundationEssentials

/// Finds the endpoints of an issuer.
public struct Discovery: Sendable {
    private let transport: any HTTPTransport

    public init(transport: any HTTPTransport) { self.transport = transport }

    /// The answer of an issuer that was asked for its document.
    public enum Answer: Sendable {
        case endpoints(DiscoveredEndpoints)
        /// Both places of the document answer 404. The failure is the text for this.
        case noDocument(Failure)
    }

    /// The endpoints in the issuer's document: at `/.well-known/openid-configuration` after the issuer (OpenID Connect
    /// Discovery §4), otherwise at `/.well-known/oauth-authorization-server` between host and path (RFC 8414 §3).
    ///
    /// The document must name exactly the requested issuer (§3.3). A document from another machine must not direct
    /// secrets to a server on this machine.
    /// - Throws: `Failure` of kind `unusableProfile` if `issuer` is unusable; `refused` if it has no document;
    ///   `notAToken` if the document is invalid or unusable; `redirected`; `unreachable`; `interrupted` immediately if
    ///   the task is cancelled.
    public func endpoints(of issuer: String) async throws(Failure) -> DiscoveredEndpoints {
        switch try await ask(issuer, for: .tokenURL) {
        case .endpoints(let found): return found
        case .noDocument(let failure): throw failure
        }
    }

    /// Same as `endpoints(of:)`, but distinguishes an issuer that publishes nothing from an issuer whose document
    /// cannot be had.
    /// - Parameter field: the URL that is searched. The hints suggest entering it.
    public func ask(_ issuer: String, for field: EndpointURL.Field) async throws(Failure) -> Answer {
        let url = try EndpointURL(issuer, as: .issuer)
        var missing: [Failure] = []
        var failures: [Failure] = []
        for place in Self.places(of: url.address) {
            let response = try await ask(place, isLoopback: url.isLoopback)
            if let problem = Self.problem(with: response, at: place) {
                if response.status == 404 { missing.append(problem) } else { failures.append(problem) }
                continue
            }
            guard let document = Document(response.body) else {
                failures.append(
                    Failure(.notAToken, "the answer of \(UntrustedText.line(place)) is not a discovery document"))
                continue
            }
            return .endpoints(try Self.endpoints(in: document, of: url, for: field))
        }
        // Any other failure says more than a missing document.
        var failure =
            failures.first { $0.kind != .refused } ?? failures.first ?? missing.first ?? .cancelled
        failure.hints += ["check the issuer \(UntrustedText.line(issuer)), or enter \(field)"]
        guard failures.isEmpty else { throw failure }
        return .noDocument(failure)
    }

    static func places(of issuer: String) -> [String] {
        var issuer = issuer
        while issuer.hasSuffix("/") { issuer.removeLast() }
        let authority = issuer.firstRange(of: "://").map { issuer[$0.upperBound...] } ?? ""
        let path = authority.firstIndex(of: "/") ?? issuer.endIndex
        return [
            issuer + "/.well-known/openid-configuration",
            issuer[..<path] + "/.well-known/oauth-authorization-server" + issuer[path...],
        ]
    }

    private func ask(_ place: String, isLoopback: Bool) async throws(Failure) -> HTTPResponse {
        let request = HTTPRequest(
            method: "GET", url: place, headers: [HTTPHeader(name: "Accept", value: "application/json")],
            body: Secret([]), isLoopback: isLoopback)
        do throws(TransportFailure) {
            return try await transport.send(request)
        } catch {
            throw error.failure(at: .issuer)
        }
    }

    /// The failure for the answer's status; nil for 200.
    private static func problem(with response: HTTPResponse, at place: String) -> Failure? {
        let place = UntrustedText.line(place)
        let text = ServerText()
        switch response.status {
        case 200: return nil
        case 300...399:
            let target = response.redirectURL ?? response.header("Location") ?? "nowhere"
            return Failure(
                .redirected, "the issuer redirects \(place) to \(text.line(url: target)) (\(response.status))",
                hints: ["if the new URL is right, enter its issuer; redirects are not followed"])
        case 429, 500...599:
            return Failure(
                .unreachable, "\(EndpointURL.displayHost(place)) cannot answer now (\(response.status))",
                hints: ["try again later"])
        default: return Failure(.refused, "no discovery document at \(place) (\(response.status))")
        }
    }

    private static func endpoints(
        in document: Document, of issuer: EndpointURL, for field: EndpointURL.Field
    ) throws(Failure) -> DiscoveredEndpoints {
        let shown = UntrustedText.line(issuer.text)
        let text = ServerText()
        guard let name = document.issuer, !name.isEmpty else {
            throw Failure(.notAToken, "the discovery document of \(shown) names no issuer")
        }
        guard name.utf8.elementsEqual(issuer.text.utf8) else {
            throw Failure(
                .notAToken, "the discovery document of \(shown) belongs to another issuer, \(text.line(url: name))",
                hints: ["if that issuer is right, enter exactly this URL, including a final slash"])
        }
        guard let tokenURL = document.tokenEndpoint, !tokenURL.isEmpty else {
            throw Failure(
                .notAToken, "the discovery document of \(shown) names no token endpoint",
                hints: ["enter \(field)"])
        }
        do throws(Failure) {
            try check(tokenURL, as: .tokenURL, from: issuer)
        } catch {
            throw Failure(
                .notAToken, "the discovery document of \(shown) cannot be used: \(error.summary)", hints: error.hints)
        }
        let revocation = Self.revocation(in: document, of: issuer)
        return DiscoveredEndpoints(
            issuer: name, tokenURL: tokenURL, revocationURL: revocation.url, revocationProblem: revocation.problem,
            methods: document.methods.map(list) ?? ["client_secret_basic"], scopes: document.scopes.map(list) ?? [])
    }

    private static func revocation(
        in document: Document, of issuer: EndpointURL
    ) -> (url: String?, problem: Failure?) {
        guard document.namesRevocation else { return (nil, nil) }
        var url = document.revocationEndpoint
        var problem: Failure?
        do throws(Failure) { try check(url ?? "", as: .revocationURL, from: issuer) } catch {
            url = nil
            problem = Failure(
                .notAToken,
                "the revocation endpoint of \(UntrustedText.line(issuer.text)) cannot be used: \(error.summary)",
                hints: ["enter the revocation URL"])
        }
        return (url, problem)
    }

    private static func check(
        _ text: String, as field: EndpointURL.Field, from issuer: EndpointURL
    ) throws(Failure) {
        let url = try EndpointURL(text, as: field)
        guard !url.isLoopback || issuer.isLoopback else {
            throw Failure(
                .unusableProfile, "\(field) that it names, \(ServerText().line(url: text)), is on this machine")
        }
    }

    private static func list(_ names: [String]) -> [String] {
        names.prefix(200).map { UntrustedText.line($0, limit: 100) }.filter { !$0.isEmpty }
    }

    /// The relevant members. A member of the wrong type counts as missing.
    private struct Document: Decodable {
        var issuer: String?
        var tokenEndpoint: String?
        var revocationEndpoint: String?
        /// True if the member exists, of whatever type.
        var namesRevocation: Bool
        var methods: [String]?
        var scopes: [String]?

        enum CodingKeys: String, CodingKey {
            case issuer
            case tokenEndpoint = "token_endpoint"
            case revocationEndpoint = "revocation_endpoint"
            case methods = "token_endpoint_auth_methods_supported"
            case scopes = "scopes_supported"
        }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            issuer = try? members.decode(String.self, forKey: .issuer)
            tokenEndpoint = try? members.decode(String.self, forKey: .tokenEndpoint)
            revocationEndpoint = try? members.decode(String.self, forKey: .revocationEndpoint)
            namesRevocation = (try? members.decodeNil(forKey: .revocationEndpoint)) == false
            methods = try? members.decode([String].self, forKey: .methods)
            scopes = try? members.decode([String].self, forKey: .scopes)
        }

        /// - Returns: nil if `body` is not a JSON object.
        init?(_ body: Secret) {
            guard let document = body.withBytes({ ServerJSON.decode(Document.self, from: $0) }) else { return nil }
            self = document
        }
    }
}
