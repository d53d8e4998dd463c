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
        let (mailbox, session) = (mailbox, session)
        let clipboard = Clipboard(environment: Surroundings.environment) {
            mailbox.post(.write($0, session: session))
        }
        work { manager, post in
            do throws(Failure) {
                let (text, facts) = try await content(manager)
                let (way, hold) = try await clipboard.copy(text)
                mailbox.post(.held(isSecret ? hold : nil))
                post(
                    .copied(
                        ids, noun: noun,
                        Copied(
                            destination: way.sentence, facts: facts, isSecret: isSecret, canBeCleared: hold != nil)))
            } catch {
                post(.copyFailed(ids, error))
            }
        }
    }

    /// It comes after a lock as well: what was copied is to go whatever happens.
    func clearClipboard() {
        guard let held else { return }
        self.held = nil
        let mailbox = mailbox
        Task.detached {
            let clearing: ClipboardClearing =
                switch await held.clearIfUnchanged() {
                case .cleared: .cleared
                case .holdsSomethingElse: .holdsSomethingElse
                case .couldNotTell: .couldNotTell
                }
            mailbox.post(.lasting(.clipboardCleared(clearing)))
        }
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
