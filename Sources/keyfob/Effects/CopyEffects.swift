import Credentials
import Formats
import FoundationEssentials
import Interface
import Model
import System

// The effects on the clipboard: copy and clear.
extension EffectRunner {
    /// Copies the clients in `format`. Tokens that do not live long enough are fetched first, all at once. A client is
    /// left out if its token cannot be fetched.
    func copy(_ ids: [UUID], _ format: CopyFormat) {
        copy(ids, noun: format.noun, isSecret: format.holdsToken) { manager throws(Failure) in
            let (subjects, failures, notices) = try await manager.subjects(ids, needsToken: format.needsToken)
            if subjects.isEmpty, let first = failures.first { throw first.failure }
            return Content(
                text: Secret(joining: subjects.map(format.render)),
                facts: ids.count == 1 ? subjects.first?.token?.facts : nil,
                used: format.holdsToken ? subjects.map(\.profile.id) : [], failed: failures, notices: notices)
        }
    }

    /// Ends the copies of many clients whose tokens are still being fetched: nothing of them is copied.
    func stopCopying() {
        cancel(copiesOfMany)
        copiesOfMany = []
    }

    func copySecret(of id: UUID) {
        copy([id], noun: "client secret", isSecret: true) { manager throws(Failure) in
            Content(text: try await manager.secret(of: id))
        }
    }

    func copy(text: String, noun: String) {
        copy([], noun: noun, isSecret: false) { _ in Content(text: Secret(utf8: text)) }
    }

    private struct Content: Sendable {
        var text: Secret
        /// The facts of the token, if the text is the token of one client.
        var facts: TokenFacts?
        /// The clients whose tokens are in the text.
        var used: [UUID] = []
        /// The clients that are left out.
        var failed: [RefreshProgress.Failed] = []
        /// Failures to report although the copy succeeded.
        var notices: [Failure] = []
    }

    private func copy(
        _ ids: [UUID], noun: String, isSecret: Bool,
        _ content: @escaping @Sendable (CredentialManager) async throws(Failure) -> Content
    ) {
        let (mailbox, session, copies) = (mailbox, session, copies)
        lastCopy += 1
        let number = lastCopy
        let clipboard = Clipboard(environment: environment, limits: clipboardLimits) {
            mailbox.post(.write($0, of: session))
        }
        let task = work(
            toTheEnd: true, answer: { .copied(ids, noun: noun, $0) },
            by: { manager throws(Failure) in
                let content = try await content(manager)
                for notice in content.notices { session.post(.trouble(notice)) }
                do throws(Failure) {
                    try await manager.noteUse(of: content.used)
                } catch {
                    guard error.kind != .locked else { throw error }
                    session.post(.noticed(error))
                }
                let (way, canBeCleared) = try await copies.copy(
                    content.text, number: number, isSecret: isSecret, to: clipboard)
                return Copied(
                    destination: way.sentence, remark: way.remark, facts: content.facts, isSecret: isSecret,
                    canBeCleared: canBeCleared, beyondClearing: way.beyondClearing, failed: content.failed)
            })
        if ids.count > 1, let task { copiesOfMany.append(task) }
    }

    /// Clears the clipboard even after a lock: a copied secret must not stay.
    func clearClipboard() {
        let (mailbox, copies) = (mailbox, copies)
        doToTheEnd {
            if let clearing = await copies.clear() { mailbox.post(.lasting(.clipboardCleared(clearing))) }
        }
    }
}

/// The copied secrets that must be cleared: one, or more if copies came faster than clearings.
actor Copies {
    private var holds: [ClipboardHold] = []
    /// The number of the latest copy made.
    private var latest = 0
    private var isCopying = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Copies `text`, and first clears earlier copies that `text` does not replace. Copies run one at a time, and the
    /// latest request wins.
    /// - Parameters:
    ///   - number: greater for a later request.
    ///   - isSecret: true if the copy must be cleared later.
    /// - Throws: the failures of `Clipboard.copy`; `interrupted` if a later request has already been copied.
    func copy(
        _ text: Secret, number: Int, isSecret: Bool, to clipboard: Clipboard
    ) async throws(Failure) -> (way: Clipboard.Way, canBeCleared: Bool) {
        while isCopying { await withCheckedContinuation { waiting.append($0) } }
        isCopying = true
        defer {
            isCopying = false
            for one in waiting { one.resume() }
            waiting = []
        }
        guard number > latest else {
            throw Failure(.interrupted, "a later copy is already in the clipboard")
        }
        latest = number
        let before = removeAllHolds()
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

    /// Clears all copied secrets.
    /// - Returns: the outcome for the last one; nil if no copy had to be cleared.
    func clear() async -> ClipboardClearing? {
        var clearing: ClipboardClearing?
        for hold in removeAllHolds() { clearing = await hold.clearIfUnchanged() }
        return clearing
    }

    private func removeAllHolds() -> [ClipboardHold] {
        defer { holds = [] }
        return holds
    }
}

extension CredentialManager {
    /// The clients with their tokens, if `needsToken`; the clients that failed; and failures that left a token usable.
    fileprivate func subjects(
        _ ids: [UUID], needsToken: Bool
    ) async throws(Failure) -> (
        subjects: [CopySubject], failures: [RefreshProgress.Failed], notices: [Failure]
    ) {
        if needsToken {
            let (served, failures) = try await tokens(for: ids)
            let now = Clocks.now()
            return (
                served.map { CopySubject(profile: $0.entry.profile, token: $0.token, now: now) },
                failures.map { RefreshProgress.Failed(id: $0.id, failure: $0.failure) }, served.flatMap(\.notices)
            )
        }
        var subjects: [CopySubject] = []
        var failures: [RefreshProgress.Failed] = []
        for id in ids {
            if let entry = try await entry(id) {
                subjects.append(CopySubject(profile: entry.profile, token: nil, now: Clocks.now()))
            } else {
                let failure = Failure(.noSuchClient, "the client no longer exists")
                failures.append(RefreshProgress.Failed(id: id, failure: failure))
            }
        }
        return (subjects, failures, [])
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
