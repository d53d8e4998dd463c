import Credentials
public import FoundationEssentials

/// The tokens of a vault's clients, without their values.
public struct TokenOverview: Sendable {
    /// The number of clients, with and without a token.
    public var clientCount: Int
    /// The times of each client's token; type, scope and warnings are left out.
    public var tokens: [UUID: TokenFacts]
    /// The clients whose last token request failed.
    public var failed: Set<UUID>

    public init(clientCount: Int, tokens: [UUID: TokenFacts] = [:], failed: Set<UUID> = []) {
        self.clientCount = clientCount
        self.tokens = tokens
        self.failed = failed
    }
}

extension Vault {
    /// The tokens of all clients. The profiles are not read: they would take most of the time.
    /// - Throws: `.vaultDamaged` if a token is damaged.
    public func tokenOverview() async throws(Failure) -> TokenOverview {
        try await read { (vault) throws(Failure) in try vault.tokenOverview() }
    }

    /// The token of one client; nil if no readable profile has the name.
    /// - Throws: `.vaultDamaged` if the profile or the token is damaged.
    public func tokenOverview(ofClientNamed name: String) async throws(Failure) -> TokenOverview? {
        try await find { (vault) throws(Failure) in
            guard let id = try vault.holder(ofName: name), let (profile, _) = try vault.profile(of: id) else {
                return nil
            }
            var overview = TokenOverview(clientCount: 1)
            if let record = try vault.read(.token, of: id) {
                overview.tokens[id] = try vault.tokenFacts(from: record.content, of: profile)
            }
            if try vault.revision(.attempt, of: id) != nil { overview.failed.insert(id) }
            return overview
        }
    }
}

extension OpenVault {
    fileprivate func tokenOverview() throws(Failure) -> TokenOverview {
        var overview = TokenOverview(clientCount: Int(try count(.profile)))
        let (token, attempt) = (RecordKind.token.rawValue, RecordKind.attempt.rawValue)
        try connection.query(
            """
            SELECT kind, \(Connection.idColumn), revision, CASE WHEN kind = \(token) THEN \(Connection.sealedColumn) END
            FROM record WHERE kind IN (\(token), \(attempt))
            """
        ) { (row) throws(Failure) in
            guard let id = UUID(bytes: row.bytes(1)) else { throw .strayRecord(path) }
            guard row.integer(0) == token else {
                overview.failed.insert(id)
                return
            }
            let content = try open(row.bytes(3), kind: .token, id: id, revision: row.integer(2))
            overview.tokens[id] =
                if let times = StoredToken.times(in: content.json) {
                    times
                } else {
                    try decode(StoredToken.self, from: content, .token, of: id).facts(
                        characterCount: content.secretCount)
                }
        }
        return overview
    }
}

extension StoredToken {
    /// The token's times alone, in a tenth of the decoder's time; nil if the JSON is unusual.
    static func times(in json: Data) -> TokenFacts? {
        json.withUnsafeBytes { bytes in
            guard let token = TopMembers(bytes), let requested = token.bytes("requested").flatMap(TopMembers.init),
                let wall = requested.text("wall").flatMap({ Int64($0) }),
                let boot = requested.text("boot").flatMap({ Double($0) }), let bootID = requested.text("boot_id")
            else { return nil }
            let lifetime = token.text("lifetime")
            let seconds = lifetime.flatMap { Double($0) }
            guard (lifetime == nil) == (seconds == nil) else { return nil }
            let moment = Moment(wall: StoredTime(nanoseconds: wall).date, boot: boot, bootID: bootID)
            return TokenFacts(requested: moment, obtained: moment, lifetime: seconds, characterCount: 0)
        }
    }
}

/// The members of a JSON object, by their places in the bytes that the caller lends.
private struct TopMembers {
    private let json: UnsafeRawBufferPointer
    private let members: [JSONScanner.Member]

    init?(_ json: UnsafeRawBufferPointer) {
        var scanner = JSONScanner(json, makesLines: false)
        guard scanner.scan() == .whole, scanner.isObject else { return nil }
        self.json = json
        members = scanner.members
    }

    /// The value as it is written; nil if it is missing.
    func bytes(_ name: String) -> UnsafeRawBufferPointer? {
        let member = members.first { json[$0.name].elementsEqual(name.utf8) }
        return member.map { UnsafeRawBufferPointer(rebasing: json[$0.value]) }
    }

    /// Escapes are kept: no number and no boot ID has one.
    func text(_ name: String) -> String? { bytes(name).map { String(decoding: $0, as: UTF8.self) } }
}
