import Credentials
import Formats
import FoundationEssentials

extension State {
    /// What effects answered. What comes after the vault was locked is dropped.
    mutating func answer(_ event: Event) {
        switch event {
        case .vaultCreated:
            stage = .open
            clients.load([], at: now)
            dialog = .form(ClientForm(adding: true))
            log("the vault was created", .valid)
        case .vaultCreationFailed(let failure):
            guard case .newVault(var form) = stage else { return }
            form.workingSince = nil
            form.failure = failure
            stage = .newVault(form)
        case .unlocked: stage = .open
        case .unlockFailed(let failure):
            guard case .locked(var form) = stage else { return }
            form.workingSince = nil
            form.failure = failure
            stage = .locked(form)
        default: if isOpen { answerOpen(event) }
        }
    }

    private mutating func answerOpen(_ event: Event) {
        switch event {
        case .clientsLoaded(let entries): clients.load(entries, at: now)
        case .clientChanged(let entry): clients.put(entry, at: now)
        case .clientRemoved(let id): removed(id)
        case .vaultUnreadable(let failure), .trouble(let failure): sayFailure(failure)
        case .refreshed(let id, let seconds, let warnings):
            let text = "new token in \(Self.duration(seconds))"
            say(text, .valid, client: name(id))
            for warning in warnings { log(warning, .expiring, client: name(id)) }
        // A client that is gone has nobody who waits for its token.
        case .refreshFailed(let id, _) where clients.entry(id) == nil: break
        case .refreshFailed(let id, let failure): sayFailure(failure, client: name(id))
        case .refreshAllProgressed(let progress):
            refreshAll = progress.isFinished ? nil : progress
            if progress.isFinished { sayEnd(progress) }
        case .refreshAllFailed(let failure):
            refreshAll = nil
            sayFailure(failure)
        case .copied(let id, let format, let copied): said(copied, format, id)
        case .copyFailed(let id, let failure): sayFailure(failure, client: name(id), prefix: "nothing was copied: ")
        case .saved(let entry, let isNew): saved(entry, isNew: isNew)
        case .saveFailed(let failure):
            saveFailed(failure)
        case .removeFailed(let failure):
            if case .deleteQuestion = dialog { dialog = nil }
            sayFailure(failure)
        default: break
        }
    }

    private mutating func removed(_ id: UUID) {
        guard let entry = clients.entry(id) else { return }
        clients.remove(id, at: now)
        if case .deleteQuestion(let asked, _) = dialog, asked.id == id { dialog = nil }
        say("deleted", client: entry.profile.name)
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
        say(text, .valid, client: entry.profile.name)
    }

    private var openForm: ClientForm? {
        switch dialog {
        case .form(let form), .discardQuestion(let form): form
        default: nil
        }
    }

    private mutating func saveFailed(_ failure: Failure) {
        guard var form = openForm else { return sayFailure(failure) }
        form.saveFailed(failure, current: form.origin.flatMap { clients.entry($0.profile.id) })
        if case .discardQuestion = dialog { dialog = .discardQuestion(form) } else { dialog = .form(form) }
    }

    private mutating func said(_ copied: Copied, _ format: CopyFormat, _ id: UUID) {
        var text = "\(format.noun) \(copied.destination)"
        switch copied.facts.status(at: now) {
        case .unknown: text += "; its expiry is unknown"
        case .expired: text += "; it has expired already"
        case .expiring: text += "; it expires soon"
        case .valid, .none: break
        }
        say(text, .valid, client: name(id))
    }

    private mutating func sayEnd(_ progress: RefreshAllProgress) {
        if progress.failed == 0 {
            say("all \(progress.total) clients refreshed", .valid)
        } else {
            say(
                "\(progress.total - progress.failed) of \(progress.total) clients refreshed, \(progress.failed) failed",
                .failed)
        }
    }

    private mutating func sayFailure(_ failure: Failure, client: String = "", prefix: String = "") {
        // A summary that names the client need not be told whose it is.
        let isNamed = !client.isEmpty && failure.summary.contains("\"\(client)\"")
        say(prefix + failure.summary, .failed, client: isNamed ? "" : client)
    }

    private func name(_ id: UUID) -> String { clients.entry(id)?.profile.name ?? "" }

    private static func duration(_ seconds: Double) -> String {
        seconds < 1 ? "\(Int((max(seconds, 0) * 1_000).rounded())) ms" : "\((min(seconds, 1e6) * 10).rounded() / 10) s"
    }
}
