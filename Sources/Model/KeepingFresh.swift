import Credentials
import FoundationEssentials

// Automatic renewal of the clients that are kept fresh. `RenewalSchedule` decides when; this extension waits, requests
// and notifies.
extension CredentialManager {
    /// The most renewals under way at once.
    static let mostRenewals = 8

    struct Renewals {
        struct Alarm {
            let number: UInt64
            /// Seconds on the boot clock (`Moment.boot`).
            let at: Double
            let task: Task<Void, Never>
        }

        /// The only client that is renewed, whatever its switch; nil: every client that is kept fresh.
        var only: UUID?
        var schedule = RenewalSchedule()
        var underWay: [UUID: Task<Void, Never>] = [:]
        /// The sleep until something is due; nil if nothing is scheduled or `mostRenewals` are under way.
        var alarm: Alarm?
    }

    /// Renews the tokens of the clients that are kept fresh (`ClientProfile.keepsFresh`), until the manager is closed.
    /// Observers get `renewed`, `renewalFailed` and `aboutToExpire`. While no client is kept fresh, nothing waits and
    /// nothing wakes the process. A second call changes nothing.
    ///
    /// Several processes may keep one vault's clients fresh: a due client is read again first, and a token that another
    /// process has stored counts. A request of another process is waited for.
    /// - Parameter only: the only client to renew, also if it is not kept fresh; nil: each client that is kept fresh.
    public func keepFresh(only: UUID? = nil) async {
        guard !isClosed, renewals == nil else { return }
        renewals = Renewals(only: only)
        // A failure is reported, and the clients are read again when the vault's folder changes.
        if roster.cached.isEmpty { _ = try? await entries() }
        for entry in roster.cached.values { scheduleRenewal(of: entry.id, entry) }
        renewWhatIsDue()
    }

    /// Call when the machine has woken up or the clock was set: renews every token that is due by now. A sleep does not
    /// count the time that the machine is suspended.
    public func clockJumped() {
        renewals?.alarm?.task.cancel()
        renewals?.alarm = nil
        renewWhatIsDue()
    }

    /// Updates the schedule with a client as read; nil if the client was removed.
    func scheduleRenewal(of id: UUID, _ entry: ClientEntry?) {
        guard renewals != nil else { return }
        guard var entry else { return renewals?.schedule.forget(id) ?? () }
        if let only = renewals?.only { entry.profile.keepsFresh = id == only }
        renewals?.schedule.update(entry, at: clock(), random: random())
    }

    /// Starts the due renewals and sleeps until the next. Cheap if nothing has changed.
    func renewWhatIsDue() {
        guard !isClosed, let count = renewals?.underWay.count else { return }
        let now = clock()
        let due = renewals?.schedule.due(at: now, limit: Self.mostRenewals - count) ?? RenewalSchedule.Due()
        for id in due.warnings { notify(.aboutToExpire(id)) }
        for id in due.renewals { renewals?.underWay[id] = Task { await renew(id) } }
        setAlarm(at: now)
    }

    func stopRenewing() {
        renewals?.alarm?.task.cancel()
        for task in renewals?.underWay.values.map({ $0 }) ?? [] { task.cancel() }
        renewals = nil
    }

    private func setAlarm(at now: Moment) {
        let isFull = renewals?.underWay.count == Self.mostRenewals
        let seconds = isFull ? nil : renewals?.schedule.secondsUntilNext(at: now)
        let at = seconds.map { now.boot + $0 }
        // The alarm is already set for this time.
        if let at, let set = renewals?.alarm?.at, abs(at - set) < 0.001 { return }
        renewals?.alarm?.task.cancel()
        renewals?.alarm = nil
        guard let seconds, let at else { return }
        let number = nextNumber()
        let task = Task { [weak self, pause] in
            do { try await pause(seconds) } catch { return }
            await self?.alarmRang(number)
        }
        renewals?.alarm = Renewals.Alarm(number: number, at: at, task: task)
    }

    private func alarmRang(_ number: UInt64) {
        guard renewals?.alarm?.number == number else { return }
        renewals?.alarm = nil
        renewWhatIsDue()
    }

    private func renew(_ id: UUID) async {
        // Another process may have fetched a token meanwhile.
        await catchUp(with: id)
        if renewals?.schedule.confirm(id, at: clock()) == true {
            // A person's request in flight is shared, and reported as that person's.
            let isOurs = inFlight[id] == nil
            var failure: Failure?
            do throws(Failure) {
                let refreshed = try await refresh(id, isAutomatic: true, since: LastAnswer(roster.cached[id]))
                if isOurs { notify(.renewed(id, seconds: refreshed.seconds)) }
            } catch {
                failure = error
            }
            renewals?.schedule.answered(id, failure, at: clock(), random: random())
            if let failure, isOurs, Self.isReported(failure) {
                let next = renewals?.schedule.secondsUntilRenewal(of: id, at: clock())
                notify(.renewalFailed(id, failure, nextIn: next))
            }
        }
        renewals?.underWay[id] = nil
        renewWhatIsDue()
    }

    /// False if the client was removed or edited meanwhile, or the vault locked.
    private static func isReported(_ failure: Failure) -> Bool {
        switch failure.kind {
        case .noSuchClient, .conflict, .locked, .interrupted: false
        default: true
        }
    }
}
