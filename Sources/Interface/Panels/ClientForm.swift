import Credentials
import Formats
import FoundationEssentials

extension Context {
    static let form = Context(title: "The client form", isTyping: true)
    static let discardQuestion = Context(title: "Discarding a change")
    static let moveQuestion = Context(title: "Moving the token URL")
}

/// The form for adding or editing a client. `ClientFormKeys` has its keys.
struct ClientForm {
    /// A question over the form.
    enum OpenQuestion { case discard, move }

    enum Field: CaseIterable, Sendable {
        case preset, name, clientID, secret, previousSecret, tokenURL, scope
        /// The row in place of the fields after it, while these are folded.
        case more
        case authentication, basicEncoding, extraParameters, apiBase, issuer, revocationURL, tags, notes
    }

    /// The edited client; nil for a new client.
    var origin: ClientEntry?
    /// The edited client, if another keyfob has removed it: the form then saves a new client.
    private var removed: ClientEntry?
    /// True for the vault's first client, for which the form explains more.
    let isFirst: Bool
    /// The client whose secret a duplicate copies if no secret is typed, with that client's name.
    private(set) var secretOf: (id: UUID, name: String)?
    /// The content at the beginning: closing the form loses any later change.
    private var beginning = Content()
    /// The content that keyfob filled in: at first or from a preset, then from the last discovery. A URL that is still
    /// at the host from there was not chosen for another token URL.
    var fills: [Content] = []
    /// The URLs that the user has decided to keep at other hosts than the token URL's.
    var keptBehind: LeftBehind?
    var content: Content
    let secret = SecretField()
    var previousSecret = PreviousSecret.keep
    var focus = Field.name
    /// True once the focus has been on a field below *more*: these fields stay visible.
    private(set) var isUnfolded = false
    var failure: Failure? { didSet { failedInput = nil } }
    /// The field that `failure` is about, with its text at that moment; nil for no field.
    private var failedInput: (field: Field, text: String)?
    /// The message about a change to the last paste or to typed text.
    var notice: String?
    var isSaving = false
    /// True after a conflict, until the client's new state has arrived.
    var awaitsChange = false
    /// The message about fields that another keyfob has changed and that were untouched here.
    var takenOver: String?
    var question: OpenQuestion?
    /// The ID of the client that was last sent to be saved.
    private(set) var savingID: UUID?
    /// The issuer that is being asked for its endpoints.
    var askedIssuer: String?

    /// All fields except the secret.
    struct Content: Equatable {
        /// An index of `ServicePreset.all`.
        var preset = 0
        var name = ""
        var clientID = ""
        var issuer = ""
        var tokenURL = ""
        var scope = ""
        var authentication = ClientAuthenticationMethod.clientSecretPost
        var basicEncoding = BasicEncoding.form
        var extraParameters = ""
        var apiBase = ""
        var revocationURL = ""
        var tags = ""
        var notes = ""
    }

    /// The text of the focused field while it is edited; `content` follows it.
    var line = TextField()

    // MARK: - Beginnings

    init(adding service: ServicePreset, isFirst: Bool) {
        self.isFirst = isFirst
        content = Content()
        apply(service)
        begin(at: .name)
    }

    init(editing entry: ClientEntry) {
        origin = entry
        isFirst = false
        content = Content(entry.profile)
        begin(at: .name)
    }

    /// A new client like `entry`, with the secret of `entry` unless another secret is typed.
    init(duplicating entry: ClientEntry, besides clients: ClientList) {
        isFirst = false
        secretOf = (entry.id, entry.profile.name)
        content = Content(entry.profile)
        content.name = Self.nextName(after: entry.profile.name, besides: clients)
        begin(at: .name)
    }

    /// The name with the next unused number: "X 2" after "X", "X 3" after "X 2".
    private static func nextName(after name: String, besides clients: ClientList) -> String {
        var base = Substring(name)
        var number = 1
        if let blank = name.lastIndex(of: " "), blank > name.startIndex {
            let digits = name[name.index(after: blank)...]
            // A number that is longer or has a leading zero is a year or an ID, not a count.
            let isCount = 1...3 ~= digits.utf8.count && digits.utf8.allSatisfy { 0x30...0x39 ~= $0 }
            if isCount, digits.first != "0", let counted = Int(digits) {
                base = name[..<blank]
                number = counted
            }
        }
        repeat { number += 1 } while clients.holder(ofName: "\(base) \(number)") != nil
        return "\(base) \(number)"
    }

    init(pasted: PastedClient, isFirst: Bool) {
        self.isFirst = isFirst
        content = Content()
        begin(at: .name)
        content.preset = ServicePreset.all.count - 1
        if let service = pasted.service {
            apply(service)
        } else if let url = pasted.tokenURL {
            // The scope comes from the pasted command, not from the service.
            if EndpointHost(url) == EndpointHost(ServicePreset.gbgGO.tokenURL) { apply(ServicePreset.gbgGO) }
            content.tokenURL = url
            content.scope = ""
        }
        if let clientID = pasted.clientID { content.clientID = clientID }
        fills = [content]
        if let scope = pasted.scope { content.scope = scope }
        if let authentication = pasted.authentication { content.authentication = authentication }
        if let encoding = pasted.basicEncoding { content.basicEncoding = encoding }
        let names = pasted.extraParameters.map(\.name)
        let missing = pasted.service?.extraParameters.filter { !names.contains($0.name) } ?? []
        content.extraParameters = ParameterText.text(pasted.extraParameters + missing)
        if let pastedSecret = pasted.secret { notice = secret.paste(pastedSecret, isPassphrase: false) }
        var notices = pasted.warnings
        if let notice { notices.append(notice) }
        if pasted.secret == nil, !notices.contains(where: { $0.contains("the client secret") }) {
            notices.append("the paste has no client secret")
        }
        if content.tokenURL.isEmpty {
            focus = .tokenURL
            if !notices.contains(where: { $0.contains("token URL") }) {
                notices.insert("the paste has no token URL: enter it", at: 0)
            }
        }
        notice = notices.isEmpty ? "filled in from the paste: enter a name" : notices.joined(separator: "; ")
        line = TextField(text(of: focus))
    }

    private mutating func begin(at field: Field) {
        beginning = content
        fills = [content]
        focus = field
        line = TextField(text(of: field))
    }

    /// Continues from `now` after a change by another keyfob: any difference was typed here.
    mutating func goOn(from now: Content) {
        beginning = now
        fills = [now] + fills.dropFirst()
        set(focus: fields.contains(focus) ? focus : .secret)
    }

    /// Turns the edit into a new client, after another keyfob has removed the edited one.
    mutating func becomeNew() {
        removed = origin
        origin = nil
        // With Service custom, a new token URL clears no field: the form asks about the URLs that stay behind.
        content.preset = ServicePreset.all.firstIndex(of: ServicePreset.custom) ?? content.preset
        previousSecret = .keep
        beginning = Content()
        set(focus: fields.contains(focus) ? focus : .secret)
    }

    mutating func forgetSecretOfOther() { secretOf = nil }

    private mutating func apply(_ preset: ServicePreset) {
        content.apply(preset)
        fills = [content]
    }

    // MARK: - Fields

    /// The fields for the present choices.
    var fields: [Field] {
        let isFolded = isFolded
        return Field.allCases.filter { field in
            switch field {
            case .preset: origin == nil && removed == nil
            case .previousSecret: origin?.profile.previousSecretSet != nil
            case .more: isFolded
            case _ where isFolded && Self.optionalFields.contains(field): false
            case .basicEncoding: hasBasicEncoding
            default: true
            }
        }
    }

    var hasBasicEncoding: Bool { content.authentication == .clientSecretBasic }

    /// True if closing the form would lose a change.
    var isTouched: Bool { !secret.isEmpty || previousSecret != .keep || content != beginning }

    var hasChoices: Bool { Self.path(of: focus) == nil && focus != .secret }

    static func path(of field: Field) -> WritableKeyPath<Content, String>? {
        switch field {
        case .name: \.name
        case .clientID: \.clientID
        case .issuer: \.issuer
        case .tokenURL: \.tokenURL
        case .scope: \.scope
        case .extraParameters: \.extraParameters
        case .apiBase: \.apiBase
        case .revocationURL: \.revocationURL
        case .tags: \.tags
        case .notes: \.notes
        case .preset, .secret, .previousSecret, .more, .authentication, .basicEncoding: nil
        }
    }

    func text(of field: Field) -> String { Self.path(of: field).map { content[keyPath: $0] } ?? "" }

    mutating func set(focus field: Field) {
        // Not at each letter: an unfinished URL always names another host.
        if focus == .tokenURL, field != .tokenURL, let left = leavePreset() { notice = left }
        focus = field
        if Self.optionalFields.contains(field) { isUnfolded = true }
        line = TextField(text(of: field))
    }

    mutating func moveFocus(by step: Int) {
        let fields = fields
        let place = (fields.firstIndex(of: focus) ?? 0) + step
        set(focus: fields[(place + fields.count) % fields.count])
    }

    /// - Returns: false if the focused field does not use the key.
    mutating func handle(_ key: Key) -> Bool {
        notice = nil
        defer { forgetMendedFailure() }
        if focus == .secret { return secret.handle(key) }
        guard let path = Self.path(of: focus), line.handle(key) else { return false }
        content[keyPath: path] = line.text
        return true
    }

    mutating func insert(_ pasted: Secret) {
        defer {
            forgetMendedFailure()
            leaveUnfoldedRow()
        }
        if case .client(let client) = PastedText(pasted) { return fillIn(from: client) }
        if focus == .secret {
            notice = secret.paste(pasted, isPassphrase: false)
        } else if let path = Self.path(of: focus) {
            notice = line.paste(pasted)
            content[keyPath: path] = line.text
        } else if focus == .more {
            notice = "nothing can be pasted here: Enter shows the fields"
        } else {
            notice = "nothing can be pasted here: the arrow keys choose"
        }
    }

    /// Selects the next or the previous choice.
    /// - Returns: nil if the focused field has no choices: the key is typed.
    mutating func choose(_ step: Int) -> Outcome? {
        guard hasChoices else { return nil }
        defer { forgetMendedFailure() }
        switch focus {
        case .preset:
            let all = ServicePreset.all
            apply(all[(content.preset + step + all.count) % all.count])
            // Closing a form that only a preset has filled in loses nothing.
            if content.name.isEmpty, content.clientID.isEmpty, secret.isEmpty { beginning = content }
        case .previousSecret: previousSecret = Self.choice(after: previousSecret, step)
        case .authentication: content.authentication = Self.choice(after: content.authentication, step)
        case .basicEncoding: content.basicEncoding = Self.choice(after: content.basicEncoding, step)
        case .more: return step > 0 ? unfold() : nil
        default: break
        }
        return .stay
    }

    mutating func fail(at field: Field, _ failure: Failure) {
        set(focus: field)
        self.failure = failure
        failedInput = (field, text(of: field))
    }

    /// Clears the failure once its field has another text, which has its own check.
    mutating func forgetMendedFailure() {
        guard let (field, failed) = failedInput else { return }
        let isMended =
            field == .secret
            ? !secret.secret().trimmed().isEmpty
            : text(of: field) != failed && !ClientName.trimmed(text(of: field)).isEmpty
        if isMended { failure = nil }
    }

    private static func choice<Choice: CaseIterable & Equatable>(after now: Choice, _ step: Int) -> Choice {
        let all = Array(Choice.allCases)
        let place = (all.firstIndex(of: now) ?? 0) + step
        return all[(place + all.count) % all.count]
    }

    // MARK: - Saving

    /// The draft to save; nil if a field has a problem, which then gets the focus and the failure.
    mutating func draft(in state: State) -> ClientDraft? {
        failure = nil
        // The user has read the old notice. The changes made for saving get a new one.
        notice = nil
        awaitsChange = false
        var notices = takenOver.map { [$0] } ?? []
        if let left = leavePreset() {
            notices.append(left)
            line = TextField(text(of: focus))
        }
        defer { if !notices.isEmpty { notice = notices.joined(separator: "; ") } }
        if let (field, problem) = firstProblem(in: state) {
            fail(
                at: field,
                Failure(
                    .unacceptableInput, problem,
                    hints: field == .clientID || field == .secret ? [Failure.Hint(portalHint)] : []))
            return nil
        }
        let identifier = ClientName.trimmed(content.clientID)
        let typed = secret.secret()
        let trimmed = typed.trimmed()
        if identifier != content.clientID { notices.append("white space around the client ID was removed") }
        if trimmed.count != typed.count { notices.append("white space around the secret was removed") }
        var profile =
            origin?.profile ?? ClientProfile(name: "", clientID: "", created: state.now.wall)
        if let removed { profile.keepsFresh = removed.profile.keepsFresh }
        content.write(into: &profile)
        savingID = profile.id
        return ClientDraft(
            revision: origin?.revision, profile: profile, secret: trimmed.isEmpty ? nil : trimmed,
            previousSecret: previousSecret, secretOf: secretOf?.id)
    }

    /// True if the token URL is at GBG, whose portal keyfob knows.
    var isGBG: Bool { EndpointHost(ClientName.trimmed(content.tokenURL))?.isGBG ?? false }

    var portalHint: String {
        let preset = ServicePreset.all[content.preset]
        let hint = isGBG ? ServicePreset.gbgGO.hint : preset.covers(tokenURL: content.tokenURL) ? preset.hint : ""
        return hint.isEmpty ? "ask the token endpoint's operator for ID and secret" : hint
    }
}

extension ClientForm.Content {
    /// Fills in the service's usual settings.
    mutating func apply(_ service: ServicePreset) {
        preset = ServicePreset.all.firstIndex { $0.key == service.key } ?? preset
        tokenURL = service.tokenURL
        scope = service.scope
        authentication = service.authentication
        extraParameters = ParameterText.text(service.extraParameters)
        issuer = service.issuer
        revocationURL = service.revocationURL
        apiBase = service.apiBase
    }

    init(_ profile: ClientProfile) {
        // The API base alone does not identify the service: an edit may have left it behind.
        let known = ServicePreset.all.firstIndex {
            !$0.apiBase.isEmpty && $0.apiBase == profile.apiBase && $0.covers(tokenURL: profile.tokenURL)
        }
        preset = known ?? ServicePreset.all.count - 1
        name = profile.name
        clientID = profile.clientID
        issuer = profile.issuer
        tokenURL = profile.tokenURL
        scope = profile.scope
        authentication = profile.authentication
        basicEncoding = profile.basicEncoding
        extraParameters = ParameterText.text(profile.extraParameters)
        apiBase = profile.apiBase
        revocationURL = profile.revocationURL
        tags = profile.tags.joined(separator: " ")
        notes = profile.notes
    }

    /// Writes the fields into the profile. Every field must be valid.
    fileprivate func write(into profile: inout ClientProfile) {
        profile.name = ClientName.trimmed(name)
        profile.clientID = ClientName.trimmed(clientID)
        profile.issuer = issuer.contains("{") ? "" : ClientName.trimmed(issuer)
        profile.tokenURL = ClientName.trimmed(tokenURL)
        profile.scope = ClientName.trimmed(scope)
        profile.authentication = authentication
        profile.basicEncoding = basicEncoding
        profile.extraParameters = ParameterText.parameters(extraParameters) ?? []
        profile.apiBase = ClientName.trimmed(apiBase)
        profile.revocationURL = revocationURL.contains("{") ? "" : ClientName.trimmed(revocationURL)
        profile.tags = ClientProfile.tags(in: tags)
        profile.notes = ClientName.trimmed(notes)
    }
}
