import Threads

/// Work that blocks, each piece on a thread of its own, so that it holds up neither the main thread nor Swift's few
/// shared ones. The thread takes no signals.
public enum OwnThread {
    /// Without a thread to be had it runs on the caller's: `work` must end soon.
    public static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await runIfPossible(work) ?? work()
    }

    /// - Returns: nil if the system has no thread to give; `work` was not begun then.
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
