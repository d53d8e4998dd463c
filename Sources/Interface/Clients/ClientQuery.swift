import Credentials

/// What the filter asks for: words that must all match, `#tag`s and `!status`es.
struct ClientQuery: Sendable, Equatable {
    /// Lower case, as UTF-8.
    let words: [[UInt8]]
    /// What a tag of the client must begin with, lower case; each of them.
    let tags: [String]
    /// What the client must be, one of these; empty: anything.
    let conditions: Set<Condition>
    /// Where a `!status` is no word that there is, or the beginning of several, nothing matches: what is found is marked
    /// and deleted, so nothing is guessed.
    let isImpossible: Bool
    /// What an unfinished `!status` may become, where that is more than one.
    let choices: [Condition]

    /// What can stand after `!`.
    enum Condition: String, Sendable, CaseIterable {
        case valid, expiring, expired, unknown, none, failed, refreshing, fresh
    }

    init(_ text: String) {
        var words: [[UInt8]] = []
        var tags: [String] = []
        var conditions: Set<Condition> = []
        var isImpossible = false
        var choices: [Condition] = []
        for part in text.split(whereSeparator: \.isWhitespace) {
            switch part.first {
            case "#": if part.count > 1 { tags.append(part.dropFirst().lowercased()) }
            case "!":
                let typed = part.dropFirst().lowercased()
                let begun = Condition.allCases.filter { $0.rawValue.hasPrefix(typed) }
                if let condition = begun.first(where: { $0.rawValue == typed }) ?? (begun.count == 1 ? begun[0] : nil) {
                    conditions.insert(condition)
                } else if !typed.isEmpty {
                    isImpossible = true
                    choices = begun
                }
            default: words.append(Array(part.lowercased().utf8))
            }
        }
        self.words = words
        self.tags = tags
        self.conditions = conditions
        self.isImpossible = isImpossible
        self.choices = choices
    }

    var isEmpty: Bool { words.isEmpty && tags.isEmpty && conditions.isEmpty && !isImpossible }
    /// Whether time alone can change what matches.
    var dependsOnState: Bool { !conditions.isEmpty }

    func admits(_ entry: ClientEntry, at now: Moment) -> Bool {
        if isImpossible { return false }
        for tag in tags where !entry.profile.tags.contains(where: { $0.lowercased().hasPrefix(tag) }) { return false }
        return conditions.isEmpty || conditions.contains { $0.holds(for: entry, at: now) }
    }

    /// The characters of `name`, by their number, that the words match: to be marked.
    func marked(in name: String) -> Set<Int> {
        guard !words.isEmpty else { return [] }
        let characters = name.map { String($0).lowercased() }
        var marked: Set<Int> = []
        for word in words {
            let wanted = String(decoding: word, as: UTF8.self).map(String.init)
            guard !wanted.isEmpty, wanted.count <= characters.count else { continue }
            let whole = (0...(characters.count - wanted.count)).first {
                characters[$0..<$0 + wanted.count].elementsEqual(wanted)
            }
            if let whole {
                marked.formUnion(whole..<whole + wanted.count)
                continue
            }
            var places: [Int] = []
            for (place, character) in characters.enumerated()
            where places.count < wanted.count && character == wanted[places.count] { places.append(place) }
            if places.count == wanted.count { marked.formUnion(places) }
        }
        return marked
    }
}

extension ClientQuery.Condition {
    fileprivate func holds(for entry: ClientEntry, at now: Moment) -> Bool {
        switch self {
        case .valid: entry.token.displayedStatus(at: now) == .valid
        case .expiring: entry.token.displayedStatus(at: now) == .expiring
        case .expired: entry.token.displayedStatus(at: now) == .expired
        case .unknown: entry.token.displayedStatus(at: now) == .unknown
        case .none: entry.token == nil
        case .failed: if case .failed = entry.attempt { true } else { false }
        case .refreshing: if case .refreshing = entry.attempt { true } else { false }
        case .fresh: entry.profile.keepsFresh
        }
    }
}
