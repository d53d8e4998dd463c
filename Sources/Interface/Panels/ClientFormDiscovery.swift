import Credentials

// The endpoints that an issuer publishes, filled in.
extension ClientForm {
    /// The issuer to ask; nil if none is typed, which becomes the failure.
    mutating func issuerToAsk() -> String? {
        let issuer = ClientName.trimmed(content.issuer)
        if issuer.isEmpty || issuer.contains("{") {
            fail(
                at: .issuer,
                Failure(
                    .unacceptableInput, "the issuer is missing",
                    hints: ["type its URL, then press \(Self.discoverKey.name)"]))
            return nil
        }
        failure = nil
        askedIssuer = issuer
        return issuer
    }

    /// Stops waiting for the issuer, if any; the effect cancels the request.
    mutating func stopAsking() -> [Effect] {
        guard askedIssuer != nil else { return [] }
        askedIssuer = nil
        return [.stopDiscovering]
    }

    /// Fills in the issuer's endpoints. A late answer of another issuer changes nothing.
    mutating func fillIn(_ urls: DiscoveredEndpoints, of issuer: String) {
        guard askedIssuer == issuer else { return }
        askedIssuer = nil
        guard ClientName.trimmed(content.issuer) == issuer else {
            notice = "the issuer has changed: nothing was filled in, \(Self.discoverKey.name) asks again"
            return
        }
        var notices = ["the issuer's endpoints were filled in"]
        // The last issuer's revocation URL must not stay if this issuer names none.
        if fills.count > 1, content.revocationURL == fills[1].revocationURL { content.revocationURL = "" }
        content.tokenURL = urls.tokenURL
        if let left = leavePreset() { notices.append(left) }
        if let revocation = urls.revocationURL { content.revocationURL = revocation }
        let acceptsOnlyBasic =
            urls.methods.contains("client_secret_basic") && !urls.methods.contains("client_secret_post")
        if acceptsOnlyBasic, content.authentication != .clientSecretBasic {
            content.authentication = .clientSecretBasic
            notices[0] += "; it accepts only client_secret_basic"
        }
        var fill = Content()
        fill.tokenURL = urls.tokenURL
        fill.issuer = content.issuer
        fill.revocationURL = urls.revocationURL ?? ""
        fills = fills.prefix(1) + [fill]
        notice = (urls.hostsToCheck(of: issuer) + notices).joined(separator: "; ")
        line = TextField(text(of: focus))
        leaveUnfoldedRow()
        forgetMendedFailure()
    }

    mutating func discoveryFailed(_ failure: Failure, of issuer: String) {
        guard askedIssuer == issuer else { return }
        askedIssuer = nil
        self.failure = failure
    }
}
