import Credentials
import Formats
import FoundationEssentials
import Interface
import Model
import System

// What is copied, and taken from the clipboard again.
extension EffectRunner {
    /// Fetches what does not serve, all at once, and copies a line for each client.
    func copy(_ ids: [UUID], _ format: CopyFormat) {
        copy(ids, noun: format.noun, isSecret: format.holdsToken) { manager throws(Failure) in
            var pieces: [Secret] = []
            var facts: TokenFacts?
            for subject in try await manager.subjects(ids, needsToken: format.needsToken) {
                pieces.append(format.render(subject))
                facts = ids.count == 1 ? subject.token?.facts : nil
                try await manager.noteUse(of: subject.profile.id)
            }
            return (Secret(joining: pieces), facts)
        }
    }

    func copySecret(of id: UUID) {
        copy([id], noun: "client secret", isSecret: true) { manager throws(Failure) in
            (try await manager.secret(of: id), nil)
        }
    }

    func copy(text: String, noun: String) {
        copy([], noun: noun, isSecret: false) { _ in (Secret(utf8: text), nil) }
    }

    private func copy(
        _ ids: [UUID], noun: String, isSecret: Bool,
        _ content: @escaping @Sendable (CredentialManager) async throws(Failure) -> (text: Secret, facts: TokenFacts?)
    ) {
        let (mailbox, session, copies) = (mailbox, session, copies)
        let clipboard = Clipboard(environment: environment) {
            mailbox.post(.write($0, session: session))
        }
        work(toTheEnd: true) { manager, post in
            do throws(Failure) {
                let (text, facts) = try await content(manager)
                let (way, canBeCleared) = try await copies.copy(text, isSecret: isSecret, to: clipboard)
                post(
                    .copied(
                        ids, noun: noun,
                        Copied(
                            destination: way.sentence, facts: facts, isSecret: isSecret, canBeCleared: canBeCleared,
                            beyondClearing: way.beyondClearing)))
            } catch {
                post(.copyFailed(ids, error))
            }
        }
    }

    /// It comes after a lock as well: what was copied is to go whatever happens.
    func clearClipboard() {
        let (mailbox, copies) = (mailbox, copies)
        doToTheEnd {
            let clearing: ClipboardClearing? =
                switch await copies.clear() {
                case .cleared: .cleared
                case .holdsSomethingElse: .holdsSomethingElse
                case .couldNotTell: .couldNotTell
                case nil: nil
                }
            if let clearing { mailbox.post(.lasting(.clipboardCleared(clearing))) }
        }
    }
}

/// The secrets that were copied and are to be cleared: one, or more where copying was quicker than clearing.
actor Copies {
    private var holds: [ClipboardHold] = []

    /// Copies `text`, and before that clears what would stay beside it.
    /// - Parameter isSecret: whether it is to be cleared later.
    /// - Throws: as `Clipboard.copy`.
    func copy(
        _ text: Secret, isSecret: Bool, to clipboard: Clipboard
    ) async throws(Failure) -> (way: Clipboard.Way, canBeCleared: Bool) {
        let before = taken()
        for hold in before { await hold.clearBeforeNext() }
        do throws(Failure) {
            let (way, hold) = try await clipboard.copy(text)
            if isSecret, let hold { holds.append(hold) }
            return (way, hold != nil)
        } catch {
            holds = before + holds
            throw error
        }
    }

    /// What became of the last one; nil where there was none.
    func clear() async -> ClipboardHold.Clearing? {
        var clearing: ClipboardHold.Clearing?
        for hold in taken() { clearing = await hold.clearIfUnchanged() }
        return clearing
    }

    private func taken() -> [ClipboardHold] {
        defer { holds = [] }
        return holds
    }
}

extension CredentialManager {
    /// The clients, each with a token that serves where one is needed.
    fileprivate func subjects(_ ids: [UUID], needsToken: Bool) async throws(Failure) -> [CopySubject] {
        var subjects: [CopySubject] = []
        // Those that must be asked for come side by side, at most eight at a time.
        if needsToken, ids.count > 1 {
            let stale = try await staleTokens(among: ids)
            if !stale.isEmpty { try await refreshAll(stale) }
        }
        for id in ids {
            if needsToken {
                let served = try await token(for: id, minimumValidity: nil, acceptUnknownExpiry: true)
                subjects.append(
                    CopySubject(profile: served.entry.profile, token: served.token, now: Clocks.now()))
            } else if let entry = try await entries().first(where: { $0.id == id }) {
                subjects.append(CopySubject(profile: entry.profile, token: nil, now: Clocks.now()))
            }
        }
        return subjects
    }

    private func staleTokens(among ids: [UUID]) async throws(Failure) -> [UUID] {
        let now = Clocks.now()
        return try await entries().filter { entry in
            ids.contains(entry.id)
                && !(entry.token.map { $0.lifetime == nil || $0.serves(minimumValidity: nil, at: now) } ?? false)
        }.map(\.id)
    }
}

extension Secret {
    /// The pieces with a line break between them.
    fileprivate convenience init(joining pieces: [Secret]) {
        let count = pieces.reduce(0) { $0 + $1.count } + max(pieces.count - 1, 0)
        self.init(count: count) { target in
            var place = 0
            for (number, piece) in pieces.enumerated() {
                if number > 0 {
                    target[place] = UInt8(ascii: "\n")
                    place += 1
                }
                piece.withBytes { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: target[place..<place + bytes.count]).copyMemory(from: bytes)
                    place += bytes.count
                }
            }
        }
    }
}
