import Synchronization
import Threads

/// Runs blocking work, each piece on its own thread, so that neither the main thread nor Swift's few shared threads
/// wait. The thread receives no signals.
public enum OwnThread {
    /// If the system has no thread to give, `work` runs on the caller's thread: it must end soon.
    public static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await runIfPossible(work) ?? work()
    }

    /// - Returns: nil, without running `work`, if the system has no thread to give.
    static func runIfPossible<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        let held = HeldWork(work)
        return await withCheckedContinuation { continuation in
            if !startThread({ continuation.resume(returning: held.run()) }) { continuation.resume(returning: nil) }
        }
    }

    public static func run<Value: Sendable, Problem: Error>(
        _ work: @escaping @Sendable () throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        let result: Result<Value, Problem> = await run {
            do throws(Problem) {
                return .success(try work())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// Work that is released when it has run, before its result is used: it may hold a secret, and the thread that ran it ends
/// later.
private final class HeldWork<Value: Sendable>: Sendable {
    private let work: Mutex<(@Sendable () -> Value)?>

    init(_ work: @escaping @Sendable () -> Value) { self.work = Mutex(work) }

    /// - Returns: nil if the work has run before.
    func run() -> Value? {
        let work = work.withLock { work in
            defer { work = nil }
            return work
        }
        return work?()
    }
}
