import Credentials

/// A parsed filter: words that must all match, `#tag`s and `!status`es.
struct ClientQuery: Sendable, Equatable {
    /// Lower case, as UTF-8.
    let words: [[UInt8]]
    /// Beginnings of tags in lower case, as UTF-8; the client must have a tag for each.
    let tags: [[UInt8]]
    /// The client must meet one of these conditions; empty means no condition.
    let conditions: Set<Condition>
    /// True if a `!status` is unknown or ambiguous: then nothing matches. The user may mark and delete the matches, so
    /// keyfob does not guess.
    let isImpossible: Bool
    /// The statuses that an ambiguous `!status` may mean.
    let choices: [Condition]

    /// A word after `!`.
    enum Condition: String, Sendable, CaseIterable {
        case valid, expiring, expired, unknown, none, failed, refreshing, fresh
    }

    init(_ text: String) {
        var words: [[UInt8]] = []
        var tags: [[UInt8]] = []
        var conditions: Set<Condition> = []
        var isImpossible = false
        var choices: [Condition] = []
        for part in text.split(whereSeparator: \.isWhitespace) {
            switch part.first {
            case "#": if part.count > 1 { tags.append(Array(part.dropFirst().lowercased().utf8)) }
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
    /// True if a change of a client's state, or time alone, can change the matches.
    var dependsOnState: Bool { !conditions.isEmpty }

    /// True if the client meets one of the conditions, or there is none.
    func admits(_ entry: ClientEntry, at now: Moment) -> Bool {
        conditions.isEmpty || conditions.contains { $0.holds(for: entry, at: now) }
    }

    /// The indices of the characters of `name` that the words match.
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
