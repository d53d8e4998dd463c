import Credentials
import Formats
import Foundation
import Settings

@testable import Interface

/// Realistic states at a fixed time.
enum Samples {
    /// wcwidth(3) depends on the locale; every machine with glibc has this locale.
    static let isUTF8: Bool = setlocale(LC_CTYPE, "C.UTF-8") != nil

    /// 2026-11-23 14:02:11 UTC.
    static let now = Moment(wall: Date(timeIntervalSince1970: 1_795_442_531), boot: 50_000, bootID: "boot")

    static func id(_ number: UInt8) -> UUID {
        UUID(uuid: (number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    }

    static func profile(_ number: UInt8, _ name: String, clientID: String? = nil) -> ClientProfile {
        ClientProfile(
            id: id(number), name: name, clientID: clientID ?? "7f3c09aa-\(number)", created: now.wall,
            credentialsID: id(200))
    }

    static func token(
        life lifetime: Double?, age: Double = 0, characters: Int = 1_142, scope: String? = nil, warnings: [String] = []
    ) -> TokenFacts {
        let requested = now.advanced(by: -age)
        return TokenFacts(
            grantedScope: scope, requested: requested, obtained: requested, lifetime: lifetime,
            characterCount: characters, warnings: warnings)
    }

    static let refusal = Failure(
        .refused, "the server refused client \"Partner staging\": invalid_client (401)",
        hints: [
            "the server says: Invalid client or client credentials.",
            "check the client ID and secret; regenerating a secret in GBG's portal ends the old secret at once",
        ])

    static var entries: [ClientEntry] {
        [
            ClientEntry(profile: profile(1, "GBG GO production"), revision: 3, token: token(life: 3_600, age: 348)),
            ClientEntry(profile: profile(2, "GBG GO sandbox"), revision: 1, token: token(life: 300, age: 280)),
            ClientEntry(
                profile: profile(3, "Partner staging"), revision: 1,
                attempt: .failed(FailedAttempt(failure: refusal, at: now.advanced(by: -65)))),
            ClientEntry(profile: profile(4, "Old tenant"), revision: 1),
            ClientEntry(profile: profile(5, "Opaque"), revision: 1, token: token(life: nil, age: 724, characters: 36)),
            ClientEntry(profile: profile(6, "Übersee 東京 ké́y"), revision: 1, token: token(life: 600, age: 700)),
            ClientEntry(
                profile: profile(7, "Slow region"), revision: 1, token: token(life: 864_000, age: 10),
                attempt: .refreshing(since: now.advanced(by: -2.5))),
        ]
    }

    static func locked(_ size: Size = Size(columns: 80, rows: 24), glyphs: Glyphs = .unicode) -> State {
        precondition(isUTF8)
        return State(
            .locked, vaultPath: "/home/user/.local/share/keyfob/vault.db", glyphs: glyphs, size: size, now: now,
            utcOffset: 0)
    }

    static func failures(_ numbers: UInt8...) -> [RefreshProgress.Failed] {
        numbers.map { RefreshProgress.Failed(id: id($0), failure: refusal) }
    }

    static func endpoints(
        _ tokenURL: String, revocation: String? = nil,
        methods: [String] = ["client_secret_basic", "client_secret_post"]
    ) -> DiscoveredEndpoints {
        DiscoveredEndpoints(
            issuer: "https://id.example", tokenURL: tokenURL, revocationURL: revocation, methods: methods)
    }

    /// Unlocked, with `entries` loaded and the first selected.
    /// - Parameter settings: nil means no idle lock, whose moment would be the next tick.
    static func open(
        _ size: Size = Size(columns: 80, rows: 24), glyphs: Glyphs = .unicode, entries: [ClientEntry] = entries,
        settings: Settings? = nil
    ) -> State {
        var state = locked(size, glyphs: glyphs)
        state.settings.lockAfterMinutes = 0
        if let settings { state.settings = settings }
        _ = update(&state, .unlocked(.success(())))
        _ = update(&state, .clientsLoaded(entries))
        return state
    }
}

/// One event, and a frame after it.
func update(_ state: inout State, _ event: Event) -> [Effect] {
    let effects = Interface.update(&state, event)
    settle(&state)
    return effects
}

extension Event {
    /// A new client was saved.
    static func saved(_ entry: ClientEntry) -> Event { .saved(isNew: true, entry.id, .success(entry)) }
}

extension State {
    /// Presses keys one after another and returns the last key's effects.
    @discardableResult
    mutating func press(_ keys: Key...) -> [Effect] {
        var effects: [Effect] = []
        for key in keys { effects = update(&self, .key(key)) }
        return effects
    }

    mutating func type(_ text: String) {
        for character in text { press(.character(character)) }
    }

    mutating func select(_ name: String) {
        press(.home)
        while clients.selected?.profile.name != name, clients.selection < clients.rows.count - 1 { press(.down) }
    }

    /// The open form.
    var form: ClientForm? { panel as? ClientForm }

    /// Opens the form for a new client of that service.
    mutating func openForm(_ service: String = "GBG GO (eu)") {
        press("a")
        type(service)
        press(.enter)
    }

    /// Moves the form's focus to a field by Tab, and unfolds *more* for a folded field.
    mutating func focus(_ field: ClientForm.Field) {
        for _ in ClientForm.Field.allCases where form?.focus != field {
            let isFolded = form?.focus == .more && form?.fields.contains(field) == false
            press(isFolded ? .right : .tab)
        }
    }

    /// The next frame.
    var drawing: String {
        // A width is measured in the locale: without UTF-8 each character beyond ASCII would be drawn as a question mark.
        precondition(Samples.isUTF8)
        var settled = self
        settled.settle()
        return view(settled).text
    }
}
