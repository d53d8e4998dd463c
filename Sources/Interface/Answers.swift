import Credentials
import FoundationEssentials

extension State {
    /// What effects answered. What comes after the vault was locked is dropped.
    mutating func answer(_ event: Event) -> [Effect] {
        switch event {
        case .vaultCreated:
            stage = .open
            lastUse = now
            clients.load([], at: shownNow)
            dialog = .form(ClientForm(adding: true))
            log("the vault was created", .valid)
        case .vaultCreationFailed(let failure):
            guard case .newVault(var form) = stage else { return [] }
            form.workingSince = nil
            form.failure = failure
            stage = .newVault(form)
        case .unlocked:
            stage = .open
            lastUse = now
        case .unlockFailed(let failure):
            guard case .locked(var form) = stage else { return [] }
            form.workingSince = nil
            form.failure = failure
            stage = .locked(form)
        case .clipboardCleared(let clearing): said(clearing)
        default: if isOpen { return answerOpen(event) }
        }
        return []
    }

    private mutating func answerOpen(_ event: Event) -> [Effect] {
        switch event {
        case .clientsLoaded(let entries): clients.load(entries, at: shownNow)
        case .clientChanged(let entry): clients.put(entry, at: shownNow)
        case .clientRemoved(let id): removed(id)
        case .remembered(let memory, let kept): remembered(memory, kept)
        case .vaultUnreadable(let failure), .trouble(let failure): sayFailure(failure)
        case .refreshed, .refreshFailed, .refreshAllProgressed, .refreshAllFailed, .renewed, .renewalFailed,
            .aboutToExpire, .revocationFound, .revocationNotFound, .revoked, .revokeFailed:
            return answerAboutToken(event)
        case .copied(let ids, let noun, let copied): said(copied, noun, ids)
        case .copyFailed(let ids, let failure): sayFailure(failure, client: name(ids), prefix: "nothing was copied: ")
        case .saved(let entry, let isNew): saved(entry, isNew: isNew)
        case .saveFailed(let id, let failure): saveFailed(id, failure)
        case .removeFailed(let failure):
            if case .deleteQuestion = dialog { dialog = nil }
            sayFailure(failure)
        case .canUndo(let can): canUndo = can
        case .undone(let entries):
            for entry in entries { clients.put(entry, at: shownNow) }
            if let first = entries.first { clients.select(id: first.id) }
            say("as before", .valid, client: entries.count == 1 ? entries[0].profile.name : "\(entries.count) clients")
        case .undoFailed(let failure): sayFailure(failure, prefix: "not undone: ")
        case .discovered(let issuer, let urls): changeForm { $0.take(urls, of: issuer) }
        case .discoverFailed(let issuer, let failure): changeForm { $0.discoveryFailed(failure, of: issuer) }
        case .inspected(let id, let inspection): inspected(id, inspection)
        case .trialsLoaded(let id, let trials): changeTrial(of: id) { $0.history = trials }
        case .trialAnswered(let id, let request, let answer): changeTrial(of: id) { $0.answered(request, answer) }
        case .trialFailed(let id, let request, let failure): changeTrial(of: id) { $0.failed(request, failure) }
        default: break
        }
        return []
    }

    // MARK: - Tokens

    private mutating func answerAboutToken(_ event: Event) -> [Effect] {
        switch event {
        case .refreshed(let id, let seconds, let warnings):
            say("new token in \(Durations.ofRequest(seconds))", .valid, client: name(id))
            for warning in warnings { log(warning, .expiring, client: name(id)) }
            return inspectAgain(id)
        // A client that is gone has nobody who waits for its token.
        case .refreshFailed(let id, _) where clients.entry(id) == nil: break
        case .refreshFailed(let id, let failure):
            sayFailure(failure, client: name(id))
            return inspectAgain(id)
        case .refreshAllProgressed(let progress):
            refreshAll = progress.isFinished ? nil : progress
            if progress.isFinished { ended(progress) }
        case .refreshAllFailed(let failure):
            refreshAll = nil
            sayFailure(failure)
        case .renewed(let id, let seconds):
            log("renewed by itself in \(Durations.ofRequest(seconds))", .valid, client: name(id))
        case .renewalFailed(let id, let failure, let next):
            let then =
                next.map { "tried again in \(Durations.text($0))" }
                ?? "not tried again before \(key(.refresh)) asks for it"
            sayFailure(failure, client: name(id), prefix: "not renewed: ", suffix: "; \(then)")
            return notify("\(name(id)): its token could not be renewed")
        case .aboutToExpire(let id): return notify("\(name(id)): its token is about to expire")
        case .revocationFound(let asked, let plans): ask(plans, for: asked)
        case .revocationNotFound(let asked, let failure):
            guard case .findingRevocation(let entries) = dialog, entries.map(\.id) == asked else { break }
            dialog = nil
            sayFailure(failure, client: name(asked), prefix: RevokeQuestion.notRevoked)
        case .revoked(let id, let atServer, let reason):
            if atServer {
                say("the token was revoked at its server, and forgotten", .valid, client: name(id))
            } else {
                say("forgotten here, not revoked: \(reason ?? "")", .expiring, client: name(id))
            }
        case .revokeFailed(let id, let failure):
            sayFailure(failure, client: name(id), prefix: RevokeQuestion.notRevoked)
        default: break
        }
        return []
    }

    private func notify(_ text: String) -> [Effect] { settings.notification == .off ? [] : [.notify(text)] }

    private mutating func ended(_ progress: RefreshAllProgress) {
        guard !progress.failed.isEmpty else { return say("all \(progress.total) clients refreshed", .valid) }
        let failed = progress.failed.count
        say("\(progress.total - failed) of \(progress.total) clients refreshed, \(failed) failed", .failed)
        // Nobody is interrupted in what is open.
        if dialog == nil, !isFiltering, commands == nil {
            dialog = .report(Report(failed: progress.failed.compactMap { clients.entry($0) }, of: progress.total))
        }
    }

    // MARK: - Clients

    private mutating func remembered(_ memory: ScreenMemory?, _ kept: [ActivityEntry]) {
        activity.load(kept)
        hasMemory = true
        // Whoever was quicker than the vault wants it as it is now.
        guard let memory, self.memory == ScreenMemory(), !isFiltering else { return }
        clients.sort(by: memory.order)
        clients.fold(Set(memory.foldedTags))
        clients.group(memory.isGroupedByTag)
        filter = TextField(memory.filter)
        clients.filter(memory.filter)
    }

    private mutating func removed(_ id: UUID) {
        guard let entry = clients.entry(id) else { return }
        clients.remove(id, at: shownNow)
        let text = removing.remove(id) == nil ? "deleted" : "deleted: \(key(.undo)) brings it back"
        switch dialog {
        case .deleteQuestion(let asked, let isWorking) where asked.contains { $0.id == id }:
            let rest = asked.filter { $0.id != id }
            dialog = rest.isEmpty ? nil : .deleteQuestion(rest, isWorking: isWorking)
        case .revokeQuestion(var question) where question.plans.contains { $0.client == id }:
            question.plans.removeAll { $0.client == id }
            dialog = question.decided.isEmpty ? nil : .revokeQuestion(question)
        case .copyMenu(let menu) where menu.clients.contains { $0.id == id }:
            let rest = menu.clients.filter { $0.id != id }
            dialog = rest.isEmpty ? nil : .copyMenu(CopyMenu(rest))
        case .tags(let form) where form.clients.contains { $0.id == id }: dialog = nil
        case .inspector(let inspector) where inspector.client == id: dialog = nil
        case .trial(let form) where form.client == id: dialog = nil
        default: break
        }
        say(text, client: entry.profile.name)
    }

    private mutating func saved(_ entry: ClientEntry, isNew: Bool) {
        // The stream of changes may have told more of it already: a refresh under way, a later edit.
        if (clients.entry(entry.id)?.revision ?? 0) < entry.revision { clients.put(entry, at: shownNow) }
        clients.select(id: entry.id)
        var text = isNew ? "saved: \(key(.refresh)) fetches its first token" : "saved"
        // Whoever has left the form and opened another one keeps that.
        if let form = openForm, form.savingID == entry.id {
            if let notice = form.notice { text = "\(notice); \(text)" }
            form.secret.wipe()
            dialog = nil
        }
        say(text, .valid, client: entry.profile.name)
    }

    private var openForm: ClientForm? {
        switch dialog {
        case .form(let form), .discardQuestion(let form), .moveQuestion(let form): form
        default: nil
        }
    }

    private mutating func changeForm(_ change: (inout ClientForm) -> Void) {
        guard var form = openForm else { return }
        change(&form)
        switch dialog {
        case .discardQuestion: dialog = .discardQuestion(form)
        case .moveQuestion: dialog = .moveQuestion(form)
        default: dialog = .form(form)
        }
    }

    private mutating func saveFailed(_ id: UUID, _ failure: Failure) {
        guard openForm?.savingID == id else { return sayFailure(failure, prefix: "not saved: ") }
        let current = openForm?.origin.flatMap { clients.entry($0.profile.id) }
        changeForm { $0.saveFailed(failure, current: current) }
    }

    // MARK: - Copies

    private mutating func said(_ copied: Copied, _ noun: String, _ ids: [UUID]) {
        // Before what may not fit on the line.
        let missing = copied.failed.isEmpty ? "" : " (\(copied.failed.count) of \(ids.count) failed and are not in it)"
        var text = "\(noun)\(missing) \(copied.destination)"
        switch copied.facts?.status(at: now) {
        case .unknown?: text += "; its expiry is unknown"
        case .expired?: text += "; it has expired already"
        case .expiring?: text += "; it expires soon"
        case .valid?, TokenStatus.none?, nil: break
        }
        if copied.isSecret {
            let seconds = settings.clearClipboardSeconds
            let isCleared = copied.canBeCleared && seconds > 0
            clipboard = isCleared ? CopiedSecret(clears: now.advanced(by: Double(seconds))) : nil
            if let beyond = copied.beyondClearing { text += "; \(beyond)" }
        } else {
            clipboard = nil
        }
        say(text, copied.failed.isEmpty ? .valid : .expiring, client: name(ids))
    }

    private mutating func said(_ clearing: ClipboardClearing) {
        switch clearing {
        case .cleared: message = Message(text: "the clipboard was cleared", role: .normal)
        case .holdsSomethingElse: break
        case .couldNotTell:
            message = Message(
                text: "the clipboard could not be cleared, it did not answer: copy something else over it",
                role: .expiring)
        }
    }

    // MARK: -

    mutating func sayFailure(
        _ failure: Failure, client: String = "", prefix: String = "", suffix: String = ""
    ) {
        // A summary that names the client need not be told whose it is.
        let isNamed = !client.isEmpty && failure.summary.contains("\"\(client)\"")
        say(prefix + failure.summary + suffix, .failed, client: isNamed ? "" : client)
    }

    func name(_ id: UUID) -> String { clients.entry(id)?.profile.name ?? "" }

    /// Whom something is said of; empty where it is of no client.
    private func name(_ ids: [UUID]) -> String {
        switch ids.count {
        case 0: ""
        case 1: name(ids[0])
        default: "\(ids.count) clients"
        }
    }
}
