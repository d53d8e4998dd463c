import Credentials
import FoundationEssentials

/// The form for a new client and for changing one.
struct ClientForm {
    enum Field: CaseIterable, Sendable {
        case name, clientID, secret, tokenURL, scope, authentication, basicEncoding

        var label: String {
            switch self {
            case .name: "Name"
            case .clientID: "Client ID"
            case .secret: "Secret"
            case .tokenURL: "Token URL"
            case .scope: "Scope"
            case .authentication: "Sent as"
            case .basicEncoding: "Encoding"
            }
        }
    }

    /// What is edited; nil for a new client.
    private(set) var origin: ClientDraft.Origin?
    /// Whether it is the vault's first client, of which more is explained.
    let isFirst: Bool
    var name: TextField
    var clientID: TextField
    let secret = SecretField()
    var tokenURL: TextField
    var scope: TextField
    var authentication: ClientAuthenticationMethod
    var basicEncoding: BasicEncoding
    var focus = Field.name
    var failure: Failure?
    /// What was done to the last paste, or to what was typed, in words.
    var notice: String?
    var isSaving = false

    init(adding isFirst: Bool) {
        origin = nil
        self.isFirst = isFirst
        name = TextField()
        clientID = TextField()
        tokenURL = TextField(ClientProfile.defaultTokenURL)
        scope = TextField(ClientProfile.defaultScope)
        authentication = .clientSecretPost
        basicEncoding = .form
    }

    init(editing entry: ClientEntry) {
        origin = ClientDraft.Origin(profile: entry.profile, revision: entry.revision)
        isFirst = false
        name = TextField(entry.profile.name)
        clientID = TextField(entry.profile.clientID)
        tokenURL = TextField(entry.profile.tokenURL)
        scope = TextField(entry.profile.scope)
        authentication = entry.profile.authentication
        basicEncoding = entry.profile.basicEncoding
    }

    /// The fields there are for the method chosen.
    var fields: [Field] {
        Field.allCases.filter { $0 != .basicEncoding || authentication == .clientSecretBasic }
    }

    /// Whether something was typed that closing would lose.
    var isTouched: Bool {
        let before = origin.map(\.profile)
        return !secret.isEmpty || name.text != before?.name ?? "" || clientID.text != before?.clientID ?? ""
            || tokenURL.text != before?.tokenURL ?? ClientProfile.defaultTokenURL
            || scope.text != before?.scope ?? ClientProfile.defaultScope
            || authentication != before?.authentication ?? .clientSecretPost
            || basicEncoding != before?.basicEncoding ?? .form
    }

    mutating func moveFocus(by step: Int) {
        let fields = fields
        let place = (fields.firstIndex(of: focus) ?? 0) + step
        focus = fields[(place + fields.count) % fields.count]
    }

    /// - Returns: false where the focused field has no use for the key.
    mutating func handle(_ key: Key) -> Bool {
        notice = nil
        return switch focus {
        case .name: name.handle(key)
        case .clientID: clientID.handle(key)
        case .secret: secret.handle(key)
        case .tokenURL: tokenURL.handle(key)
        case .scope: scope.handle(key)
        case .authentication, .basicEncoding: false
        }
    }

    mutating func paste(_ pasted: Secret) {
        notice =
            switch focus {
            case .name: name.paste(pasted)
            case .clientID: clientID.paste(pasted)
            case .secret: secret.paste(pasted, isPassphrase: false)
            case .tokenURL: tokenURL.paste(pasted)
            case .scope: scope.paste(pasted)
            case .authentication, .basicEncoding: "this field is chosen with the arrow keys"
            }
    }

    /// Takes the next choice, or the one before.
    mutating func choose(_ step: Int) {
        switch focus {
        case .authentication: authentication = Self.choice(after: authentication, step)
        case .basicEncoding: basicEncoding = Self.choice(after: basicEncoding, step)
        default: break
        }
    }

    private static func choice<Choice: CaseIterable & Equatable>(after now: Choice, _ step: Int) -> Choice {
        let all = Array(Choice.allCases)
        let place = (all.firstIndex(of: now) ?? 0) + step
        return all[(place + all.count) % all.count]
    }

    var hasChoices: Bool { focus == .authentication || focus == .basicEncoding }

    /// What is to be saved; where something is missing, the focus goes there and the failure says what.
    mutating func draft() -> ClientDraft? {
        failure = nil
        do throws(Failure) {
            let checkedName: String
            do throws(Failure) {
                checkedName = try ClientName.checked(name.text)
            } catch {
                focus = .name
                throw error
            }
            let identifier = ClientName.trimmed(clientID.text)
            guard !identifier.isEmpty else {
                focus = .clientID
                throw Failure(.unacceptableInput, "the client ID is missing", hints: [Self.portalHint])
            }
            let typed = secret.secret()
            let trimmed = typed.trimmed()
            guard !trimmed.isEmpty || (origin != nil && secret.isEmpty) else {
                focus = .secret
                throw Failure(.unacceptableInput, "the client secret is missing", hints: [Self.portalHint])
            }
            if identifier != clientID.text { notice = "white space around the client ID was removed" }
            if trimmed.count != typed.count { notice = "white space around the secret was removed" }
            return ClientDraft(
                origin: origin, name: checkedName, clientID: identifier, secret: trimmed.isEmpty ? nil : trimmed,
                tokenURL: ClientName.trimmed(tokenURL.text), scope: ClientName.trimmed(scope.text),
                authentication: authentication, basicEncoding: basicEncoding)
        } catch {
            failure = error
            return nil
        }
    }

    /// Puts the focus where `failure`, the vault's answer to saving, is to be mended. After a conflict the form goes on
    /// from the client as it is now, `current`: what was typed, a secret above all, is not lost.
    mutating func saveFailed(_ failure: Failure, current: ClientEntry?) {
        isSaving = false
        self.failure = failure
        if failure.kind == .conflict, let current {
            origin = ClientDraft.Origin(profile: current.profile, revision: current.revision)
            self.failure?.hints = ["Enter saves this over it, Esc leaves the other change"]
        }
        switch failure.kind {
        case .nameTaken: focus = .name
        case .unusableProfile: focus = .tokenURL
        default: break
        }
    }

    static let portalHint = "GBG's account management portal shows both under Clients"
}
