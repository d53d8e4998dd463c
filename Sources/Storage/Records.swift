import Credentials
import FoundationEssentials

// The JSON of each kind of record (docs/vault-format.md). These types are the format: renaming a property of
// Credentials leaves the format unchanged, renaming a member here does not.

struct StoredProfile: StoredRecord {
    typealias Member = CodingKeys

    var name: String
    var clientID: String
    var tokenURL: String
    var scope: String
    var authentication: String
    var basicEncoding: String
    var extraParameters: [StoredParameter]?
    var issuer: String?
    var revocationURL: String?
    var apiBase: String?
    var keepsFresh: Bool?
    var tags: [String]?
    var notes: String?
    var secretSet: StoredTime?
    var previousSecretSet: StoredTime?
    var created: StoredTime
    var changed: StoredTime
    var credentials: UUID
    /// Features that a reader must know to use the client. This keyfob knows none.
    var needs: [String]?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, scope, issuer, tags, notes, created, changed, credentials, needs
        case clientID = "client_id"
        case tokenURL = "token_url"
        case authentication = "auth_method"
        case basicEncoding = "basic_encoding"
        case extraParameters = "extra_parameters"
        case revocationURL = "revocation_url"
        case apiBase = "api_base"
        case keepsFresh = "keeps_fresh"
        case secretSet = "secret_set"
        case previousSecretSet = "previous_secret_set"
    }

    init(_ profile: ClientProfile) {
        name = profile.name
        clientID = profile.clientID
        tokenURL = profile.tokenURL
        scope = profile.scope
        authentication = profile.authentication.rawValue
        basicEncoding = profile.basicEncoding.rawValue
        extraParameters =
            profile.extraParameters.isEmpty ? nil : profile.extraParameters.map { StoredParameter(of: $0) }
        issuer = profile.issuer.isEmpty ? nil : profile.issuer
        revocationURL = profile.revocationURL.isEmpty ? nil : profile.revocationURL
        apiBase = profile.apiBase.isEmpty ? nil : profile.apiBase
        keepsFresh = profile.keepsFresh ? true : nil
        tags = profile.tags.isEmpty ? nil : profile.tags
        notes = profile.notes.isEmpty ? nil : profile.notes
        secretSet = profile.secretSet.map(StoredTime.init)
        previousSecretSet = profile.previousSecretSet.map(StoredTime.init)
        created = StoredTime(profile.created)
        changed = StoredTime(profile.changed)
        credentials = profile.credentialsID
    }

    /// Features that the profile needs and this keyfob does not know; empty for this keyfob's own profiles.
    var unknownNeeds: [String] {
        (needs ?? []) + (ClientAuthenticationMethod(rawValue: authentication) == nil ? [authentication] : [])
            + (BasicEncoding(rawValue: basicEncoding) == nil ? [basicEncoding] : [])
    }

    /// nil if `unknownNeeds` is not empty.
    func profile(id: UUID) -> ClientProfile? {
        guard unknownNeeds.isEmpty, let authentication = ClientAuthenticationMethod(rawValue: authentication),
            let basicEncoding = BasicEncoding(rawValue: basicEncoding)
        else { return nil }
        return ClientProfile(
            id: id, name: name, clientID: clientID, tokenURL: tokenURL, scope: scope, authentication: authentication,
            basicEncoding: basicEncoding, extraParameters: extraParameters?.map(\.parameter) ?? [],
            issuer: issuer ?? "", revocationURL: revocationURL ?? "", apiBase: apiBase ?? "",
            keepsFresh: keepsFresh ?? false, tags: tags ?? [], notes: notes ?? "", secretSet: secretSet?.date,
            previousSecretSet: previousSecretSet?.date, created: created.date, changed: changed.date,
            credentialsID: credentials)
    }
}

struct StoredParameter: Codable {
    var name: String
    var value: String

    init(of parameter: FormParameter) {
        name = parameter.name
        value = parameter.value
    }

    var parameter: FormParameter { FormParameter(name, value) }
}

/// The client secret itself follows the JSON.
struct StoredSecret: StoredRecord {
    typealias Member = CodingKeys

    var credentials: UUID
    /// A previous secret's destination; missing from records of versions 1 and 2.
    var tokenURL: String?
    var clientID: String?
    var authentication: String?
    /// The same as `StoredProfile.needs`.
    var needs: [String]?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case credentials, needs
        case tokenURL = "token_url"
        case clientID = "client_id"
        case authentication = "auth_method"
    }

    init(credentials: UUID, usedWith destination: SecretDestination? = nil) {
        self.credentials = credentials
        tokenURL = destination?.tokenURL
        clientID = destination?.clientID
        authentication = destination?.authentication.rawValue
    }

    var destination: SecretDestination? {
        guard let tokenURL, let clientID,
            let authentication = authentication.flatMap(ClientAuthenticationMethod.init(rawValue:))
        else { return nil }
        return SecretDestination(tokenURL: tokenURL, clientID: clientID, authentication: authentication)
    }
}

/// The client whose name hashes to the record's ID. The record still gives the name if the profile is damaged.
struct StoredName: Codable {
    var client: UUID
    var name: String
}

/// The access token itself follows the JSON.
struct StoredToken: Codable {
    var type: String
    var scope: String?
    var requested: StoredMoment
    var obtained: StoredMoment
    var lifetime: Double?
    var warnings: [String]?
    var credentials: UUID

    init(_ facts: TokenFacts, credentials: UUID) {
        type = facts.type
        scope = facts.grantedScope
        requested = StoredMoment(facts.requested)
        obtained = StoredMoment(facts.obtained)
        lifetime = facts.lifetime
        warnings = facts.warnings.isEmpty ? nil : facts.warnings
        self.credentials = credentials
    }

    func facts(characterCount: Int) -> TokenFacts {
        TokenFacts(
            type: type, grantedScope: scope, requested: requested.moment, obtained: obtained.moment, lifetime: lifetime,
            characterCount: characterCount, warnings: warnings ?? [])
    }
}

struct StoredAttempt: Codable {
    var kind: String
    var summary: String
    /// The hints' texts.
    var hints: [String]?
    /// The hints' remedies, in the order of `hints`; empty for a hint without a remedy; nil if no hint has a remedy. A
    /// member of its own, because an earlier keyfob reads `hints` as strings.
    var remedies: [String]?
    var at: StoredMoment
    var credentials: UUID

    init(_ attempt: FailedAttempt, credentials: UUID) {
        kind = attempt.failure.kind.rawValue
        summary = attempt.failure.summary
        let hints = attempt.failure.hints
        self.hints = hints.isEmpty ? nil : hints.map(\.text)
        remedies = hints.contains { $0.remedy != nil } ? hints.map { $0.remedy?.rawValue ?? "" } : nil
        at = StoredMoment(attempt.at)
        self.credentials = credentials
    }

    var attempt: FailedAttempt {
        let names = remedies ?? []
        let hints = (hints ?? []).enumerated().map { index, text in
            // A later keyfob's remedy is dropped: the text is complete without it.
            Failure.Hint(text, index < names.count ? Remedy(rawValue: names[index]) : nil)
        }
        // A later keyfob's kind is read as `refused`: the summary explains it.
        return FailedAttempt(
            failure: Failure(Failure.Kind(rawValue: kind) ?? .refused, summary, hints: hints), at: at.moment)
    }
}

struct StoredUsage: StoredRecord {
    typealias Member = CodingKeys

    var lastUsed: StoredTime

    enum CodingKeys: String, CodingKey, CaseIterable { case lastUsed = "last_used" }
}

/// The requests tried with a client, the latest first.
struct StoredTrials: StoredRecord {
    typealias Member = CodingKeys

    struct Request: Codable {
        var method: String
        var path: String
        var body: String?
    }

    var requests: [Request]

    enum CodingKeys: String, CodingKey, CaseIterable { case requests }

    /// Bytes of UTF-8. JSON's escapes can make the text six times as long, and it still fits in a row.
    static let mostText = 512 << 10

    /// Keeps the first of `trials`, however large, and as many of the following ones as the limits allow.
    init(_ trials: [TrialRequest]) {
        var text = 0
        let kept = trials.prefix(TrialRequest.limit).prefix { trial in
            let isFirst = text == 0
            text += trial.method.utf8.count + trial.path.utf8.count + trial.body.utf8.count
            return isFirst || text <= Self.mostText
        }
        requests = kept.map { Request(method: $0.method, path: $0.path, body: $0.body.isEmpty ? nil : $0.body) }
    }

    var trials: [TrialRequest] {
        requests.map { TrialRequest(method: $0.method, path: $0.path, body: $0.body ?? "") }
    }
}

struct StoredActivity: Codable {
    var at: StoredTime
    var client: String?
    var text: String
    var kind: String

    init(_ entry: ActivityEntry) {
        at = StoredTime(entry.at)
        client = entry.client.isEmpty ? nil : entry.client
        text = entry.text
        kind = entry.kind.rawValue
    }

    var entry: ActivityEntry {
        ActivityEntry(
            at: at.date, client: client ?? "", text: text, kind: ActivityEntry.Kind(rawValue: kind) ?? .note)
    }
}

struct StoredScreenMemory: StoredRecord {
    typealias Member = CodingKeys

    var filter: String?
    var order: String
    var isGroupedByTag: Bool?
    var foldedTags: [String]?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case filter, order
        case isGroupedByTag = "grouped_by_tag"
        case foldedTags = "folded_tags"
    }

    init(_ memory: ScreenMemory) {
        filter = memory.filter.isEmpty ? nil : memory.filter
        order = memory.order.rawValue
        isGroupedByTag = memory.isGroupedByTag ? true : nil
        foldedTags = memory.foldedTags.isEmpty ? nil : memory.foldedTags
    }

    var memory: ScreenMemory {
        ScreenMemory(
            filter: filter ?? "", order: ClientOrder(rawValue: order) ?? .name, isGroupedByTag: isGroupedByTag ?? false,
            foldedTags: foldedTags ?? [])
    }
}

struct StoredMoment: Codable {
    var wall: StoredTime
    var boot: Double
    var bootID: String

    private enum CodingKeys: String, CodingKey {
        case wall, boot
        case bootID = "boot_id"
    }

    init(_ moment: Moment) {
        wall = StoredTime(moment.wall)
        boot = moment.boot
        bootID = moment.bootID
    }

    var moment: Moment { Moment(wall: wall.date, boot: boot, bootID: bootID) }
}

/// Whole nanoseconds since 1970-01-01T00:00:00Z, from which a `Date` is restored bit for bit. Fractional seconds since
/// 1970 would lose bits: `Date` counts from 2001.
struct StoredTime: Codable {
    var nanoseconds: Int64

    private static let epoch: Int64 = 978_307_200

    init(_ date: Date) {
        // ±95 years around 2001 stay within Int64; every clock that is set is within those years.
        let seconds = min(max(date.timeIntervalSinceReferenceDate, -3e9), 3e9)
        let whole = seconds.rounded(.down)
        nanoseconds = (Int64(whole) + Self.epoch) * 1_000_000_000 + Int64(((seconds - whole) * 1e9).rounded())
    }

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    init(from decoder: any Decoder) throws {
        nanoseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(nanoseconds)
    }

    var date: Date {
        let seconds = nanoseconds / 1_000_000_000
        return Date(
            timeIntervalSinceReferenceDate: Double(seconds - Self.epoch) + Double(nanoseconds % 1_000_000_000) / 1e9)
    }
}
