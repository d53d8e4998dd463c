import Credentials
import FoundationEssentials

// The answers to effects: an answer updates the state, then reaches the panel, and then becomes a message.
extension State {
    /// Handles the answer to an effect. A locked vault's state ignores answers about its content.
    mutating func answer(_ event: Event) -> [Effect] {
        switch event {
        case .vaultCreated(.success):
            begin()
            let now = shownNow
            screen?.clients.load([], at: now)
            panel = ServiceMenu(clients)
            log("the vault was created", .success)
        case .unlocked(.success): begin()
        case .clipboardCleared(let clearing): say(clearing)
        case .lockIncomplete(let failure): say(.failure(failure))
        case .vaultCreated, .unlocked:
            opensAutomatically = false
            earlyKeys = []
            return receiveInPanel(event).effects
        default:
            guard isOpen else { return [] }
            updateState(from: event)
            let (effects, isReported) = receiveInPanel(event)
            let all = effects + (isReported ? [] : report(event))
            if case .clientsLoaded = event { return all + pressEarlyKeys() }
            return all
        }
        return []
    }

    private mutating func begin() {
        screen = OpenScreen()
        lastUse = now
    }

    /// Updates the state, before the panel receives the event.
    private mutating func updateState(from event: Event) {
        let shownNow = shownNow
        switch event {
        case .clientsLoaded(let entries): screen?.clients.load(entries, at: shownNow)
        case .clientChanged(let entry): screen?.clients.put(entry, at: shownNow)
        case .remembered(let memory, let kept): remember(memory, kept)
        case .refreshAllProgressed(let progress):
            // Activity has a line for each failure; one message covers all clients.
            for failed in progress.failures.dropFirst(refreshAll?.failures.count ?? 0) { log(failed) }
            screen?.refreshAll = progress.isFinished ? nil : progress
        case .refreshAllFailed: screen?.refreshAll = nil
        case .saved(_, _, .success(let entry)):
            // The stream of changes may have brought a newer state: a refresh under way, a later edit.
            if (clients.entry(entry.id)?.revision ?? 0) < entry.revision {
                screen?.clients.put(entry, at: shownNow)
            }
            screen?.clients.select(id: entry.id)
        case .copied(let ids, let noun, _):
            if let place = screen?.copies.firstIndex(where: { $0 == (ids, noun) }) { screen?.copies.remove(at: place) }
        case .canUndo(let can): screen?.canUndo = can
        case .vaultFaults(let faults): vaultFaultsChanged(faults)
        case .undone(let entries, _):
            for entry in entries { screen?.clients.put(entry, at: shownNow) }
            if let first = entries.first { screen?.clients.select(id: first.id) }
        default: break
        }
    }

    /// Shows the answer as a message.
    private mutating func report(_ event: Event) -> [Effect] {
        switch event {
        case .clientRemoved(let id): removed(id)
        case .trouble(let failure), .removeFailed(let failure), .refreshAllFailed(let failure): say(.failure(failure))
        // A file that is gone or replaced has a standing line.
        case .vaultUnreadable(let failure) where failure.kind == .conflict: break
        case .vaultUnreadable(let failure), .noticed(let failure): say(.failure(failure).housekeeping)
        case .refreshed, .refreshAllProgressed, .renewed, .aboutToExpire, .revoked: return reportToken(event)
        case .tagsSet(let ids, let adding, let removing, .success):
            let changes = adding.map { "+\($0)" } + removing.map { "-\($0)" }
            say(Saying(text: "tags \(changes.joined(separator: " "))", kind: .success, client: name(ids)))
        case .tagsSet(let ids, _, _, .failure(let failure)): say(.failure(failure, client: name(ids)))
        case .copied(let ids, let noun, .success(let copied)): say(copied, noun, ids)
        case .copied(let ids, _, .failure(let failure)):
            say(.failure(failure, client: name(ids), prefix: "nothing was copied: "))
        case .saved(let isNew, _, .success(let entry)): say(savedText(isNew: isNew, of: entry))
        case .saved(_, _, .failure(let failure)): say(.failure(failure, prefix: "not saved: "))
        case .undone(let entries, let failure):
            if !entries.isEmpty {
                let client = entries.count == 1 ? entries[0].profile.name : "\(entries.count) clients"
                say(Saying(text: "restored", kind: .success, client: client))
            }
            if let failure { say(.failure(failure, prefix: "not undone: ")) }
        default: break
        }
        return []
    }

    // MARK: - Tokens

    private mutating func reportToken(_ event: Event) -> [Effect] {
        switch event {
        case .refreshed(let id, .success(let token)):
            let time = Durations.ofRequest(token.seconds)
            say(Saying(text: "new token in \(time)", kind: .success, client: name(id)))
            for warning in token.warnings { log(warning, .warning, client: name(id)) }
        // A removed client's failure needs no message.
        case .refreshed(let id, .failure(let failure)):
            if clients.entry(id) != nil { say(.failure(failure, client: name(id))) }
        case .refreshAllProgressed(let progress): if progress.isFinished { ended(progress) }
        case .renewed(let id, .success(let seconds), _):
            log("renewed automatically in \(Durations.ofRequest(seconds))", .success, client: name(id))
        case .renewed(let id, .failure(let failure), let next):
            let then =
                next.map { "next try in \(Durations.text($0))" }
                ?? "no automatic retry: \(keymap.key("refresh")) tries again"
            say(.failure(failure, client: name(id), prefix: "not renewed: ", suffix: "; \(then)").housekeeping)
            return notify("\(name(id)): the token could not be renewed")
        case .aboutToExpire(let id): return notify("\(name(id)): the token is about to expire")
        case .revoked(let id, .success(let revoked)):
            let text =
                revoked.atServer
                ? "the token was revoked at its server, and forgotten"
                : "forgotten here, not revoked: \(revoked.reason ?? "")"
            say(Saying(text: text, kind: revoked.atServer ? .success : .warning, client: name(id)))
        case .revoked(let id, .failure(let failure)):
            say(.failure(failure, client: name(id), prefix: RevokeQuestion.notRevoked))
        default: break
        }
        return []
    }

    private func notify(_ text: String) -> [Effect] { settings.notification == .off ? [] : [.notify(text)] }

    private mutating func ended(_ progress: RefreshProgress) {
        guard progress.refreshed < progress.total else {
            return say(Saying(text: "all \(progress.total) clients refreshed", kind: .success))
        }
        let others = [
            (progress.failures.count, "failed"), (progress.cancelled.count, "cancelled"),
            (progress.notAsked.count, "not asked"),
        ].filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        say(
            Saying(
                text: "\(progress.refreshed) of \(progress.total) clients refreshed\(others)",
                kind: progress.failures.isEmpty ? .warning : .failure))
        let entry = activity.entries.last
        screen?.lastReport = entry.map { (progress, $0) }
        // A user who stopped the refresh knows the reason.
        if progress.isStopped, progress.failures.isEmpty { return }
        // The report must not interrupt an open panel, filter or menu.
        if panel == nil, !isFiltering, commands == nil { panel = Report(progress, clients) }
    }

    // MARK: - Clients

    private mutating func remember(_ memory: ScreenMemory?, _ kept: [ActivityEntry]) {
        screen?.activity.load(kept)
        screen?.hasMemory = true
        // An arrangement that the user has already changed is kept.
        guard let memory, self.memory == ScreenMemory(), !isFiltering else { return }
        screen?.clients.sort(by: memory.order)
        screen?.clients.fold(Set(memory.foldedTags))
        screen?.clients.group(memory.isGroupedByTag)
    }

    /// Removes the client from the list. The panels have read its name there before.
    private mutating func removed(_ id: UUID) {
        guard let entry = clients.entry(id) else { return }
        let now = shownNow
        screen?.clients.remove(id, at: now)
        guard screen?.removing.remove(id) != nil else {
            return say(Saying(text: "deleted", client: entry.profile.name).housekeeping)
        }
        screen?.removedCount += 1
        // Several deletions get one message.
        guard let count = screen?.removedCount, screen?.removing.isEmpty == true else { return }
        screen?.removedCount = 0
        let undo = keymap.key("undo")
        say(
            count == 1
                ? Saying(text: "deleted: \(undo) restores it", client: entry.profile.name)
                : Saying(text: "\(count) clients deleted: \(undo) restores them"))
    }

    /// The message after a save. The notice comes last, since the border may cut it off.
    func savedText(isNew: Bool, of entry: ClientEntry, notice: String? = nil) -> Saying {
        let text = isNew ? "saved: \(keymap.key("refresh")) fetches its first token" : "saved"
        return Saying(text: notice.map { "\(text); \($0)" } ?? text, kind: .success, client: entry.profile.name)
    }

    // MARK: - Copies

    private mutating func say(_ copied: Copied, _ noun: String, _ ids: [UUID]) {
        // Activity has a line for each failure; one message covers all clients.
        for failed in copied.failed { log(failed) }
        // The failures come before the text that the border may cut off.
        let missing = copied.failed.isEmpty ? "" : " (\(copied.failed.count) of \(ids.count) failed and are left out)"
        var text = "\(noun)\(missing) \(copied.destination)"
        if ids.count > 1 {
            // The copied lines have this order.
            text += ": \(Question.names(ids.filter { id in !copied.failed.contains { $0.id == id } }.map { name($0) }))"
        }
        if let remark = copied.remark { text += "; \(remark)" }
        switch copied.facts?.status(at: now) {
        case .unknown?: text += "; expiry unknown"
        case .expired?: text += "; already expired"
        case .expiring?: text += "; expires soon"
        case .valid?, TokenStatus.none?, nil: break
        }
        clipboard = nil
        if copied.isSecret {
            let seconds = settings.clearClipboardSeconds
            if copied.canBeCleared, seconds > 0 {
                clipboard = CopiedSecret(clears: now.advanced(by: Double(seconds)))
            }
            if let beyond = copied.beyondClearing { text += "; \(beyond)" }
        }
        say(Saying(text: text, kind: copied.failed.isEmpty ? .success : .warning, client: name(ids)))
    }

    private mutating func say(_ clearing: ClipboardClearing) {
        switch clearing {
        case .cleared: say(Saying(text: "the clipboard was cleared").housekeeping)
        case .holdsSomethingElse: break
        case .couldNotTell:
            let text = "the clipboard did not answer and was not cleared: copy something else"
            say(Saying(text: text, kind: .warning).housekeeping)
        }
    }

    // MARK: -

    private mutating func log(_ failed: RefreshProgress.Failed) {
        let saying = Saying.failure(failed.failure, client: name(failed.id))
        log(saying.text, saying.kind, client: saying.client)
    }

    func name(_ id: UUID) -> String { clients.entry(id)?.profile.name ?? "" }

    /// The subject of a message: a client's name or the number of clients; empty for no client.
    func name(_ ids: [UUID]) -> String {
        switch ids.count {
        case 0: ""
        case 1: name(ids[0])
        default: "\(ids.count) clients"
        }
    }
}
