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
        await withCheckedContinuation { continuation in
            if !startThread({ continuation.resume(returning: work()) }) { continuation.resume(returning: nil) }
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
