import Credentials

/// A service that is recognized by a word in its variables' names: `AZURE` in `AZURE_TENANT_ID`.
enum PastedVendor: CaseIterable {
    case gbgGO, entra, auth0, okta, keycloak

    fileprivate var preset: ServicePreset {
        switch self {
        case .gbgGO: .gbgGO
        case .entra: .named("entra") ?? .custom
        case .auth0: .named("auth0") ?? .custom
        case .okta: .named("okta") ?? .custom
        case .keycloak: .named("keycloak") ?? .custom
        }
    }

    /// The vendor that a variable's name contains. GBG's names begin with `GBG_` and contain no other vendor's word;
    /// other names may have a word before the vendor's, as in `NEXT_PUBLIC_AUTH0_DOMAIN`.
    init?(_ name: String) {
        let words = name.split(separator: "_")
        let found = Self.allCases.first { vendor in words.contains { vendor.words.contains($0) } }
        guard let vendor = found ?? (name.hasPrefix("GBG_") ? .gbgGO : nil) else { return nil }
        self = vendor
    }

    fileprivate var words: Set<Substring> {
        switch self {
        case .gbgGO: []
        case .entra: ["AZURE", "AZUREAD", "ARM", "ENTRA", "AAD", "MICROSOFT", "MSAL"]
        case .auth0: ["AUTH0"]
        case .okta: ["OKTA"]
        case .keycloak: ["KEYCLOAK"]
        }
    }
}

extension PastedClient {
    /// Fills in the service that the variables name, and its token URL. A block of another vendor gets no GBG settings.
    /// - Parameters:
    ///   - prefix: the common prefix of the client's variables, in capitals; may be empty.
    ///   - variables: all pasted variables, in order.
    mutating func fillService(prefix: String, variables: [(name: String, value: Secret)]) {
        let block = PastedVendor.Block(prefix: prefix, variables: variables)
        guard let vendor = block.vendor else { return }
        if let tokenURL {
            // A pasted URL takes precedence; GBG's own URL belongs to GBG GO.
            let isGBG = EndpointHost(tokenURL) == EndpointHost(ServicePreset.gbgGO.tokenURL)
            guard vendor == .gbgGO, isGBG else { return }
            service = .gbgGO
            service?.tokenURL = tokenURL
            return
        }
        namedService = vendor.preset
        switch vendor.service(in: block) {
        case .found(let preset):
            service = preset
            tokenURL = preset.tokenURL
        // The client's names are not the vendor's; the form says that the URL is missing.
        case .missing where prefix.isEmpty: break
        case .missing(let name): warn("the paste has no token URL, and no \(name) to build it from: enter it")
        case .unusable(let name):
            warn(
                "the value of \(UntrustedText.line(name, limit: 60)) cannot be part of the token URL: enter the URL"
            )
        }
    }
}

extension PastedVendor {
    /// The variables that determine a client's service.
    struct Block {
        let prefix: String
        let variables: [(name: String, value: Secret)]

        init(prefix: String, variables: [(name: String, value: Secret)]) {
            self.prefix = prefix.replacing("__", with: "_")
            // .NET writes `AzureAd__TenantId`.
            self.variables = variables.map { ($0.name.uppercased().replacing("__", with: "_"), $0.value) }
        }

        /// The vendor in the client's own names; if they contain none (`CLIENT_ID`), the only vendor among the other
        /// variables.
        var vendor: PastedVendor? {
            guard prefix.isEmpty else { return PastedVendor(prefix) }
            let others = Set(variables.compactMap { PastedVendor($0.name) }).subtracting([.gbgGO])
            return others.count == 1 ? others.first : nil
        }

        /// The value of the first of `endings` that has one; the client's own prefix precedes the vendor's other names.
        func value(_ vendor: PastedVendor, _ endings: [String]) -> (name: String, text: String)? {
            for isOwn in [true, false] {
                for ending in endings {
                    let found = variables.last { variable in
                        guard !variable.value.isEmpty else { return false }
                        return isOwn
                            ? variable.name == prefix + ending
                                // Not `KEYCLOAK_REDIRECT_URL`, which is a different URL.
                            : vendor.words.contains { "_\(variable.name)".hasSuffix("_\($0)_\(ending)") }
                    }
                    if let found { return (found.name, found.value.line) }
                }
            }
            return nil
        }
    }

    enum Finding {
        case found(ServicePreset)
        /// The service's address is unknown; a variable of this name would set it.
        case missing(String)
        /// The value of this variable is not safe in a URL.
        case unusable(String)
    }

    fileprivate func service(in block: Block) -> Finding {
        switch self {
        case .gbgGO: .found(preset)
        case .entra: entra(block)
        case .auth0: auth0(block)
        case .okta: okta(block)
        case .keycloak: keycloak(block)
        }
    }

    private func entra(_ block: Block) -> Finding {
        guard let tenant = block.value(self, ["TENANT_ID", "TENANTID", "AD_TENANT_ID", "TENANT"]) else {
            return .missing("AZURE_TENANT_ID")
        }
        guard Self.isName(tenant.text) else { return .unusable(tenant.name) }
        var authority = "https://login.microsoftonline.com"
        // National clouds have separate hosts.
        if let given = block.value(self, ["AUTHORITY_HOST"]) {
            guard let url = Self.base(given.text), Self.path(of: url).isEmpty else { return .unusable(given.name) }
            authority = url
        }
        return found("\(authority)/\(tenant.text)/oauth2/v2.0/token", issuer: "\(authority)/\(tenant.text)/v2.0")
    }

    private func auth0(_ block: Block) -> Finding {
        guard let given = block.value(self, ["DOMAIN", "ISSUER_BASE_URL", "ISSUER_URL", "ISSUER"]) else {
            return .missing("AUTH0_DOMAIN")
        }
        guard let base = Self.base(given.text), Self.path(of: base).isEmpty, base.utf8.contains(UInt8(ascii: "."))
        else {
            return .unusable(given.name)
        }
        return found("\(base)/oauth/token", issuer: "\(base)/")
    }

    private func okta(_ block: Block) -> Finding {
        if let given = block.value(self, ["ISSUER", "ISSUER_URI", "ISSUER_URL", "OAUTH2_ISSUER"]) {
            guard let issuer = Self.base(given.text), issuer.utf8.contains(UInt8(ascii: ".")) else {
                return .unusable(given.name)
            }
            // The issuer of an organization's own authorization server is the bare host.
            return found(issuer + (Self.path(of: issuer).isEmpty ? "/oauth2" : "") + "/v1/token", issuer: issuer)
        }
        let endings = ["DOMAIN", "ORG_URL", "ORGURL", "CLIENT_ORGURL", "BASE_URL", "URL", "HOST"]
        guard let given = block.value(self, endings) else { return .missing("OKTA_DOMAIN") }
        guard let base = Self.base(given.text), Self.path(of: base).isEmpty, base.utf8.contains(UInt8(ascii: "."))
        else {
            return .unusable(given.name)
        }
        return found("\(base)/oauth2/default/v1/token", issuer: "\(base)/oauth2/default")
    }

    private func keycloak(_ block: Block) -> Finding {
        let endings = [
            "ISSUER", "ISSUER_URI", "ISSUER_URL", "AUTH_SERVER_URL", "SERVER_URL", "BASE_URL", "AUTH_URL", "URL",
            "HOSTNAME", "HOST", "DOMAIN",
        ]
        guard let given = block.value(self, endings) else { return .missing("KEYCLOAK_URL") }
        guard var issuer = Self.base(given.text) else { return .unusable(given.name) }
        if !Self.path(of: issuer).contains("/realms/") {
            guard let realm = block.value(self, ["REALM", "REALM_NAME"]) else { return .missing("KEYCLOAK_REALM") }
            guard Self.isName(realm.text) else { return .unusable(realm.name) }
            issuer += "/realms/\(realm.text)"
        }
        return found("\(issuer)/protocol/openid-connect/token", issuer: issuer)
    }

    /// The preset with its URLs filled in; for a host outside the preset, a custom service.
    private func found(_ tokenURL: String, issuer: String) -> Finding {
        var filled = preset.covers(tokenURL: tokenURL) ? preset : .custom
        filled.tokenURL = tokenURL
        filled.issuer = issuer
        return .found(filled)
    }

    // MARK: - Values that come from the paste

    /// `https://` by default, a host, and a path of plain segments without a final slash. nil for anything else, which
    /// could direct the URL to another host.
    private static func base(_ text: String) -> String? {
        var text = text
        if !text.contains("://") { text = "https://" + text }
        while text.hasSuffix("/") { text.removeLast() }
        guard EndpointHost(text) != nil else { return nil }
        let segments = path(of: text).split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let authority = EndpointHost.authority(of: text) ?? ""
        guard authority.utf8.allSatisfy({ $0 < 0x80 }), segments.allSatisfy({ isName(String($0)) }) else { return nil }
        return text
    }

    private static func path(of url: String) -> Substring {
        guard let authority = EndpointHost.authority(of: url), let range = url.firstRange(of: "://\(authority)") else {
            return ""
        }
        return url[range.upperBound...]
    }

    /// True if the text needs no encoding as one path segment.
    private static func isName(_ text: String) -> Bool {
        guard !["", ".", ".."].contains(text), text.utf8.count <= 200 else { return false }
        return text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._".utf8.contains(byte)
        }
    }
}
