import Credentials
import FoundationEssentials

extension State {
    /// What effects answered. What comes after the vault was locked is dropped.
    mutating func answer(_ event: Event) -> [Effect] {
        switch event {
        case .vaultCreated:
            stage = .open
            lastUse = now
            clients.load([], at: now)
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
        case .clientsLoaded(let entries): clients.load(entries, at: now)
        case .clientChanged(let entry): clients.put(entry, at: now)
        case .clientRemoved(let id): removed(id)
        case .remembered(let memory, let kept): remembered(memory, kept)
        case .vaultUnreadable(let failure), .trouble(let failure): sayFailure(failure)
        case .refreshed, .refreshFailed, .refreshAllProgressed, .refreshAllFailed, .renewed, .renewalFailed,
            .aboutToExpire, .revoked, .revokeFailed:
            return answerAboutToken(event)
        case .copied(let ids, let noun, let copied): said(copied, noun, ids)
        case .copyFailed(let ids, let failure): sayFailure(failure, client: name(ids), prefix: "nothing was copied: ")
        case .saved(let entry, let isNew): saved(entry, isNew: isNew)
        case .saveFailed(let failure): saveFailed(failure)
        case .removeFailed(let failure):
            if case .deleteQuestion = dialog { dialog = nil }
            sayFailure(failure)
        case .undone(let entries):
            undoable = nil
            for entry in entries { clients.put(entry, at: now) }
            if let first = entries.first { clients.select(id: first.id) }
            say("as before", .valid, client: entries.count == 1 ? entries[0].profile.name : "\(entries.count) clients")
        case .undoFailed(let failure):
            undoable = nil
            sayFailure(failure, prefix: "not undone: ")
        case .discovered(let urls): changeForm { $0.take(urls) }
        case .discoverFailed(let failure): changeForm { $0.discoveryFailed(failure) }
        case .inspected(let id, let inspection): inspected(id, inspection)
        case .trialsLoaded(let id, let trials): changeTrial(of: id) { $0.history = trials }
        case .trialAnswered(let id, let answer): changeTrial(of: id) { $0.answered(answer) }
        case .trialFailed(let id, let failure): changeTrial(of: id) { $0.failed(failure) }
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
                next.map { "tried again in \(Durations.text(left: $0))" } ?? "not tried again before r asks for it"
            sayFailure(failure, client: name(id), prefix: "not renewed: ", suffix: "; \(then)")
            return notify("\(name(id)): its token could not be renewed")
        case .aboutToExpire(let id): return notify("\(name(id)): its token is about to expire")
        case .revoked(let id, let atServer, let reason):
            if atServer {
                say("the token was revoked at its server, and forgotten", .valid, client: name(id))
            } else {
                say("forgotten here, not revoked: \(reason ?? "")", .expiring, client: name(id))
            }
        case .revokeFailed(let id, let failure):
            sayFailure(failure, client: name(id), prefix: "the token was not revoked: ")
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
        guard let memory, filter.isEmpty, !isFiltering else { return }
        clients.sort(by: memory.order)
        clients.fold(Set(memory.foldedTags))
        clients.group(memory.isGroupedByTag)
        filter = TextField(memory.filter)
        clients.filter(memory.filter)
    }

    private mutating func removed(_ id: UUID) {
        guard let entry = clients.entry(id) else { return }
        clients.remove(id, at: now)
        var text = "deleted"
        switch dialog {
        case .deleteQuestion(let asked, let isWorking) where asked.contains { $0.id == id }:
            let rest = asked.filter { $0.id != id }
            dialog = rest.isEmpty ? nil : .deleteQuestion(rest, isWorking: isWorking)
            if isWorking {
                undoable = "the deletion"
                text = "deleted: u brings it back"
            }
        case .inspector(let inspector) where inspector.client == id: dialog = nil
        case .trial(let form) where form.client == id: dialog = nil
        default: break
        }
        say(text, client: entry.profile.name)
    }

    private mutating func saved(_ entry: ClientEntry, isNew: Bool) {
        // The stream of changes may have told more of it already: a refresh under way, a later edit.
        if (clients.entry(entry.id)?.revision ?? 0) < entry.revision { clients.put(entry, at: now) }
        clients.select(id: entry.id)
        var text = isNew ? "saved: r fetches its first token" : "saved"
        if let form = openForm {
            if let notice = form.notice { text = "\(notice); \(text)" }
            form.secret.wipe()
            dialog = nil
        }
        if !isNew { undoable = "the edit" }
        say(text, .valid, client: entry.profile.name)
    }

    private var openForm: ClientForm? {
        switch dialog {
        case .form(let form), .discardQuestion(let form): form
        default: nil
        }
    }

    private mutating func changeForm(_ change: (inout ClientForm) -> Void) {
        guard var form = openForm else { return }
        change(&form)
        if case .discardQuestion = dialog { dialog = .discardQuestion(form) } else { dialog = .form(form) }
    }

    private mutating func saveFailed(_ failure: Failure) {
        guard openForm != nil else { return sayFailure(failure) }
        let current = openForm?.origin.flatMap { clients.entry($0.profile.id) }
        changeForm { $0.saveFailed(failure, current: current) }
    }

    // MARK: - Copies

    private mutating func said(_ copied: Copied, _ noun: String, _ ids: [UUID]) {
        var text = "\(noun) \(copied.destination)"
        switch copied.facts?.status(at: now) {
        case .unknown?: text += "; its expiry is unknown"
        case .expired?: text += "; it has expired already"
        case .expiring?: text += "; it expires soon"
        case .valid?, TokenStatus.none?, nil: break
        }
        if copied.isSecret {
            let seconds = settings.clearClipboardSeconds
            let clears = copied.canBeCleared && seconds > 0 ? now.advanced(by: Double(seconds)) : nil
            clipboard = clears.map { CopiedSecret(noun: noun, clears: $0) }
            if !copied.canBeCleared { text += "; keyfob can't clear it from there" }
        } else {
            clipboard = nil
        }
        say(text, .valid, client: name(ids))
    }

    private mutating func said(_ clearing: ClipboardClearing) {
        clipboard = nil
        switch clearing {
        case .cleared: message = Message(text: "the clipboard was cleared", role: .normal)
        case .holdsSomethingElse: break
        case .couldNotTell:
            message = Message(text: "the clipboard could not be cleared: it did not answer", role: .expiring)
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
