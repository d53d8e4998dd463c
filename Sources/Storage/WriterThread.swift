import Credentials
import Glibc
import Synchronization
import Threads

/// The thread of a vault: SQLite and Argon2 run here and nowhere else.
///
/// Writes that arrive while one transaction is being made durable share the next one, each in a savepoint of its own.
/// Their callers get their results once the shared transaction is on the disk.
final class WriterThread: Sendable {
    /// One write within a shared transaction.
    private struct Write {
        /// Does the work and returns the closure that reports it durable.
        var perform: @Sendable (OpenVault) throws(Failure) -> @Sendable () -> Void
        var fail: @Sendable (Failure) -> Void
        /// True if the write must reach the file itself, not only the log.
        var reachesFile: Bool
    }

    private enum Job {
        case read(@Sendable (OpenVault) -> Void)
        case write(Write)
        case close(@Sendable () -> Void)
    }

    private typealias Opening = @Sendable () throws(Failure) -> OpenVault

    private struct Queue {
        /// Opens the vault. nil as soon as the thread has begun to open it, because the closure holds the passphrase.
        var opening: Opening?
        var jobs: [Job] = []
        var isClosed = false
    }

    private let queue = Mutex(Queue())
    // Created in `init`, destroyed in `deinit`; several threads may use a semaphore.
    private nonisolated(unsafe) let wake: UnsafeMutablePointer<sem_t>
    /// Each change of the vault's faults, for one observer; ends when the vault is closed.
    let faults: AsyncStream<VaultFaults>
    private let faultChanges: AsyncStream<VaultFaults>.Continuation

    private init() {
        (faults, faultChanges) = AsyncStream.makeStream(of: VaultFaults.self, bufferingPolicy: .bufferingNewest(1))
        wake = .allocate(capacity: 1)
        sem_init(wake, 0, 0)
    }

    deinit {
        sem_destroy(wake)
        wake.deallocate()
    }

    /// Starts the thread and opens the vault on it; if that fails, the thread ends.
    ///
    /// `open` is released once it has run, not when the thread ends.
    static func start(
        opening open: @escaping @Sendable () throws(Failure) -> OpenVault
    ) async throws(Failure) -> WriterThread {
        let thread = WriterThread()
        thread.queue.withLock { $0.opening = open }
        let failure: Failure? = await withCheckedContinuation { continuation in
            let started = startThread {
                do throws(Failure) {
                    let vault = try thread.openVault()
                    vault.faultsChanged = { [faultChanges = thread.faultChanges] in faultChanges.yield($0) }
                    if let failure = vault.readOnlyBecause { vault.noteWriteFailure(failure) }
                    continuation.resume(returning: nil)
                    thread.serve(vault)
                } catch {
                    continuation.resume(returning: error)
                }
            }
            if !started { continuation.resume(returning: .noThread()) }
        }
        if let failure { throw failure }
        return thread
    }

    private func openVault() throws(Failure) -> OpenVault {
        let open = queue.withLock { queue in
            defer { queue.opening = nil }
            return queue.opening
        }
        guard let open else { throw Failure(.bug, "a vault's thread was started twice") }
        return try open()
    }

    /// Runs `work` outside of any transaction.
    func read<Value: Sendable>(
        _ work: @escaping @Sendable (OpenVault) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await answer { resume in
            .read { vault in
                do throws(Failure) { resume(.success(try work(vault))) } catch { resume(.failure(error)) }
            }
        }
    }

    /// Runs `work` in a transaction, alone or with other writes; returns when the change is durable. If `work` throws,
    /// nothing is changed.
    func write<Value: Sendable>(
        reachingFile: Bool, _ work: @escaping @Sendable (OpenVault) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await answer { resume in
            .write(
                Write(
                    perform: { (vault) throws(Failure) in
                        let value = try work(vault)
                        return { resume(.success(value)) }
                    },
                    fail: { resume(.failure($0)) },
                    reachesFile: reachingFile))
        }
    }

    /// Finishes the earlier work; any later call throws `locked`. Returns when the data key is wiped and the file
    /// closed.
    func close() async {
        await withCheckedContinuation { continuation in
            if !enqueue(.close { continuation.resume() }, closing: true) { continuation.resume() }
        }
    }

    /// Does the same as `close()`, without waiting.
    func closeSoon() { _ = enqueue(.close {}, closing: true) }

    private func answer<Value: Sendable>(
        _ job: (@escaping @Sendable (Result<Value, Failure>) -> Void) -> Job
    ) async throws(Failure) -> Value {
        try await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Failure>, Never>) in
            if !enqueue(job { continuation.resume(returning: $0) }) {
                continuation.resume(returning: .failure(.locked))
            }
        }.get()
    }

    private func enqueue(_ job: Job, closing: Bool = false) -> Bool {
        let isAccepted = queue.withLock { queue in
            guard !queue.isClosed else { return false }
            queue.isClosed = closing
            queue.jobs.append(job)
            return true
        }
        if isAccepted { sem_post(wake) }
        return isAccepted
    }

    /// The number of jobs that wait for the thread.
    var waitingJobs: Int { queue.withLock { $0.jobs.count } }

    private func nextJobs() -> [Job] {
        while sem_wait(wake) != 0 {}
        return queue.withLock { queue in
            defer { queue.jobs = [] }
            return queue.jobs
        }
    }

    private func serve(_ vault: OpenVault) {
        while true {
            var writes: [Write] = []
            var closing: (@Sendable () -> Void)?
            // Reads run before the writes: no read may see a write that is not durable yet.
            for job in nextJobs() {
                switch job {
                case .read(let work): work(vault)
                case .write(let write): writes.append(write)
                case .close(let done): closing = done
                }
            }
            if !writes.isEmpty { commitTogether(writes, to: vault) }
            if let closing {
                vault.close()
                faultChanges.finish()
                return closing()
            }
        }
    }

    private func commitTogether(_ writes: [Write], to vault: OpenVault) {
        var answers: [@Sendable () -> Void] = []
        var lasting: Failure?
        do throws(Failure) {
            try vault.beginWriting()
            for write in writes {
                do throws(Failure) {
                    answers.append(try vault.inSavepoint(write.perform))
                } catch {
                    // An error such as a full disk ends the whole transaction, not only this write.
                    guard vault.isWriting else { throw error }
                    if error.kind == .cannotWrite { lasting = error }
                    answers.append { write.fail(error) }
                }
            }
            try vault.commit(reachingFile: writes.contains(where: \.reachesFile))
        } catch {
            vault.rollBack()
            vault.noteWriteFailure(error)
            for write in writes { write.fail(error) }
            return
        }
        if let lasting { vault.noteWriteFailure(lasting) }
        for answer in answers { answer() }
    }
}
