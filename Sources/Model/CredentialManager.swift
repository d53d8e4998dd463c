import Credentials
public import FoundationEssentials
import OAuth
import Storage

/// The clients of one open vault and the tokens they get, for the screen and the subcommands.
///
/// The vault is the truth. The manager keeps only the last read state of the clients, for notifications of changes, and
/// the requests in flight: at most one for each client, shared by all callers.
public actor CredentialManager {
    /// A change of the clients. Its entries include requests in flight: only the manager knows `Attempt.refreshing`.
    public enum Change: Sendable, Equatable {
        /// All readable clients, sorted by name.
        case loaded([ClientEntry])
        /// A client is new or has changed.
        case entry(ClientEntry)
        case removed(UUID)
        /// The vault could not be read, and earlier changes may be out of date; or a record of a client is damaged.
        case failed(Failure)
        /// A client that is kept fresh has a new token; `seconds` is the request's duration.
        case renewed(UUID, seconds: Double)
        /// Renewing a client's token has failed; the next attempt is in `nextIn` seconds; nil: none is scheduled.
        case renewalFailed(UUID, Failure, nextIn: Double?)
        /// The token of a client that is kept fresh is about to expire, and renewing it has failed so far. Sent once
        /// for each token.
        case aboutToExpire(UUID)
        /// True if there is something to undo; sent when the value changes, and after each undo.
        case undoable(Bool)
    }

    /// A token fetched just now.
    public struct Refreshed: Sendable, Equatable {
        /// The client with the new token's facts.
        public var entry: ClientEntry
        public var token: AccessToken
        /// Seconds from the request's first sending to its last answer, or of waiting for another process's request.
        public var seconds: Double
        /// The failure to store the token, which is still usable; nil if it was stored.
        public var notStored: Failure?
    }

    typealias Waiter = CheckedContinuation<Result<Refreshed, Failure>, Never>

    let vault: Vault
    private let transport: SessionTransport
    let service: TokenService
    let trialService: TrialService
    let revocation: Revocation
    let discovery: Discovery
    let clock: @Sendable () -> Moment
    let pause: @Sendable (Double) async throws -> Void
    let random: @Sendable () -> Double

    var inFlight = InFlightRequests<Waiter>()
    /// For each client whose request lock this process holds: the request's number.
    var turns: [UUID: UInt64] = [:]
    private(set) var isClosed = false
    private var lastNumber: UInt64 = 0

    /// The last token request of each client.
    var exchanges: [UUID: HTTPExchange] = [:]

    private(set) var roster = Roster()
    private(set) var observers = Observers()
    private var reading: Task<Void, Never>?

    /// The last edit or removal, one change for each client, for undo; empty if there is nothing to undo.
    var undoable: [UndoableChange] = []

    /// nil: nothing is renewed automatically.
    var renewals: Renewals?

    /// The cancelled tasks of a manager that is being closed.
    private var ending: [Task<Void, Never>] = []

    /// - Parameters:
    ///   - vault: open; the manager closes it.
    ///   - transport: for tried requests, revocation and discovery.
    ///   - clock: the current time.
    ///   - pause: waits the seconds given; throws if the task is cancelled.
    ///   - random: a number from 0 up to 1.
    public init(
        vault: Vault, service: TokenService, transport: any HTTPTransport,
        clock: @escaping @Sendable () -> Moment,
        pause: @escaping @Sendable (Double) async throws -> Void,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.vault = vault
        self.service = service
        let transport = SessionTransport(transport)
        self.transport = transport
        trialService = TrialService(transport: transport, clock: clock)
        revocation = Revocation(transport: transport, clock: clock)
        discovery = Discovery(transport: transport)
        self.clock = clock
        self.pause = pause
        self.random = random
    }

    // MARK: - Reading

    /// Every change from now on, beginning with `loaded`, a `failed` for each damaged record and `undoable` if there is
    /// something to undo. If the clients cannot be read, `failed` comes first, and `loaded` as soon as they can be
    /// read. The stream ends when the manager is closed.
    public func changes() -> AsyncStream<Change> {
        let (stream, continuation) = AsyncStream.makeStream(of: Change.self)
        guard !isClosed else {
            continuation.finish()
            return stream
        }
        let number = nextNumber()
        // Added before the caller has the stream: even a stream that is dropped at once ends after this.
        observers.add(continuation, number)
        continuation.onTermination = { [weak self] _ in Task { await self?.removeObserver(number) } }
        roster.markAllStale()
        Task { await catchUp() }
        return stream
    }

    /// Every readable client, read from the vault, sorted by name. Then `damaged` holds the failures of the others.
    public func entries() async throws(Failure) -> [ClientEntry] {
        guard !isClosed else { throw .locked }
        roster.markAllStale()
        await catchUp()
        guard !isClosed else { throw .locked }
        if let loadFailure = roster.loadFailure { throw loadFailure }
        return sortedEntries()
    }

    /// The clients' damaged records (`VaultSnapshot.damaged`), when all clients were last read.
    public var damaged: [Failure] { roster.damaged }

    /// The damaged records of some clients, from the vault now, found without reading the others.
    public func damage(of ids: [UUID]) async throws(Failure) -> [Failure] {
        guard !isClosed else { throw .locked }
        var damaged: [Failure] = []
        for id in ids { damaged += try await vault.damage(of: id) }
        return damaged
    }

    /// One client, from the vault; nil if it does not exist. Throws like `Vault.entry`.
    public func entry(_ id: UUID) async throws(Failure) -> ClientEntry? {
        try await vault.entry(id).map { observed($0) }
    }

    /// The client named `name`, compared by `ClientName.key`, found without reading the others.
    /// - Throws: `noSuchClient`; `vaultDamaged` if a damaged profile may be that client's.
    public func entry(named name: String) async throws(Failure) -> ClientEntry {
        guard !isClosed else { throw .locked }
        if let entry = try await vault.entry(named: ClientName.trimmed(name)) { return observed(entry) }
        let shownName = UntrustedText.line(name, limit: 100)
        // The damaged record may be the name's.
        let key = ClientName.key(ClientName.trimmed(name))
        if let entry = try await entries().first(where: { ClientName.key($0.profile.name) == key }) { return entry }
        if let damage = roster.damagedProfile {
            throw Failure(
                .vaultDamaged, "no readable client is named \"\(shownName)\": \(damage.summary)",
                hints: ["keyfob verify lists the damaged records", "keyfob list shows the names that can be read"])
        }
        throw Failure(
            .noSuchClient, "no client named \"\(shownName)\"", hints: ["keyfob list shows the names"])
    }

    /// Call when the vault's folder has changed. Reads everything again if another process has written, else only the
    /// clients that could not be read before.
    public func vaultMayHaveChanged() async {
        guard !isClosed else { return }
        do throws(Failure) {
            if try await vault.changedElsewhere() { roster.markAllStale() }
            await catchUp()
        } catch {
            observers.notifyAll(error)
        }
    }

    // MARK: - Closing

    /// Ends the session like `cancelAll` and closes the vault, which finishes its writes and wipes its key. Afterwards
    /// every method throws `locked`.
    public func close() async {
        cancelAll()
        // Each task holds a secret until it has ended.
        for task in ending { await task.value }
        await vault.close()
    }

    /// Cancels every request and renewal and drops their answers; their callers get `locked`. No more requests are
    /// sent. Activity and the screen's state can still be stored until `close`.
    public func cancelAll() {
        guard !isClosed else { return }
        isClosed = true
        transport.close()
        ending = inFlight.tasks + (renewals.map { Array($0.underWay.values) } ?? [])
        stopRenewing()
        for id in inFlight.clients { abort(id, with: .locked) }
        observers.finish()
        roster.wipe()
        exchanges = [:]
        undoable = []
    }

    /// `failure`, or `locked` if the manager was closed meanwhile: a cancelled request is a consequence of the lock.
    func lockedIfClosed(_ failure: Failure) -> Failure { isClosed ? .locked : failure }

    // MARK: - Keeping up with the vault

    /// Reads the client again; returns when observers have been notified.
    func catchUp(with id: UUID) async {
        roster.markStale([id])
        await catchUp()
    }

    /// Reads several clients again; if there are many, all clients in one pass.
    func catchUp(with ids: [UUID]) async {
        roster.markStale(ids)
        if ids.count > 32 { roster.markAllStale() }
        await catchUp()
    }

    /// One read at a time, so that an older state never overwrites a newer one. A call during a read waits for that
    /// read and then for the next one, which sees all earlier writes.
    private func catchUp() async {
        if let reading { await reading.value }
        if reading == nil, roster.hasStale {
            reading = Task {
                await readStale()
                reading = nil
                renewWhatIsDue()
            }
        }
        if let reading { await reading.value }
    }

    /// A client that cannot be read stays stale, because the vault reports each change only once.
    private func readStale() async {
        guard !isClosed else { return }
        let (ids, isAll) = roster.removeStale()
        if isAll, await readAll(among: ids) { return }
        // If reading all has failed, reading one may still work.
        for id in ids { await read(id) }
    }

    /// - Parameter ids: clients that may be new; a client that is not in the vault was removed.
    /// - Returns: false if the read failed.
    private func readAll(among ids: Set<UUID>) async -> Bool {
        do throws(Failure) {
            let snapshot = try await vault.snapshot()
            guard !isClosed else { return true }
            let (gone, newlyDamaged) = roster.loaded(
                snapshot.entries, damaged: snapshot.damaged, profile: snapshot.damagedProfile, among: ids)
            for id in gone { apply(id, nil) }
            for entry in snapshot.entries { apply(entry.id, entry) }
            for failure in newlyDamaged { notify(.failed(failure)) }
            notifyLoaded()
            return true
        } catch {
            roster.couldNotLoad(error)
            observers.notifyAll(error)
            return false
        }
    }

    private func read(_ id: UUID) async {
        do throws(Failure) {
            apply(id, try await vault.entry(id))
        } catch {
            roster.markStale([id])
            observers.notifyAll(error)
        }
    }

    private func apply(_ id: UUID, _ entry: ClientEntry?) {
        guard !isClosed else { return }
        roster.put(entry, for: id)
        if entry == nil { exchanges[id] = nil }
        if inFlight.asksOtherwise(id, than: entry?.profile.credentialsID) {
            abort(id, with: entry.map { .editedMeanwhile($0.profile.name) } ?? .removedMeanwhile)
        }
        scheduleRenewal(of: id, entry)
        notifyState(of: id)
    }

    // MARK: - Notifying

    /// The client as observers see it: a request in flight replaces the outcome of the last attempt.
    func observed(_ id: UUID) -> ClientEntry? { roster.cached[id].map { observed($0) } }

    private func observed(_ entry: ClientEntry) -> ClientEntry {
        var entry = entry
        if let request = inFlight[entry.id] { entry.attempt = .refreshing(since: request.since) }
        return entry
    }

    /// The client as observers see it now, from `written` if reading the client again has failed.
    func observed(afterWriting written: ClientEntry) -> ClientEntry {
        guard let cached = roster.cached[written.id], cached.revision >= written.revision else {
            return observed(written)
        }
        return observed(cached)
    }

    /// Notifies observers of the client's state, unless they already know it.
    func notifyState(of id: UUID) {
        let entry = observed(id)
        guard roster.isNews(entry, of: id) else { return }
        notify(entry.map { .entry($0) } ?? .removed(id))
    }

    func notify(_ change: Change) { observers.notify(change) }

    /// Sends all clients to the observers that wait for them.
    private func notifyLoaded() {
        guard observers.someWait else { return }
        observers.load(
            [.loaded(sortedEntries())] + damaged.map { .failed($0) } + (undoable.isEmpty ? [] : [.undoable(true)]))
    }

    private func removeObserver(_ number: UInt64) { observers.remove(number) }

    private func sortedEntries() -> [ClientEntry] {
        roster.cached.values.map { observed($0) }
            .map { (key: ClientName.key($0.profile.name), entry: $0) }
            .sorted { $0.key < $1.key }
            .map(\.entry)
    }

    func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }
}

extension Failure {
    static let locked = Failure(.locked, "the vault was locked", hints: ["unlock the vault and try again"])
    static let removedMeanwhile = Failure(
        .noSuchClient, "the client was removed during its token request",
        hints: ["the answer was dropped; nothing was stored"])

    static func editedMeanwhile(_ name: String) -> Failure {
        Failure(
            .conflict, "client \"\(UntrustedText.line(name))\" was edited during its token request",
            hints: [Hint("the answer was dropped", .refresh)])
    }
}
