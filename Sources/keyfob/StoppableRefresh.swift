import Credentials
import FoundationEssentials
import Model
import System

/// A refresh of many clients that SIGINT, SIGTERM and SIGHUP stop, with a report of what has happened so far.
@MainActor
enum StoppableRefresh {
    /// - Returns: the progress, and the signal if there was one.
    static func run(
        _ entries: [ClientEntry], in manager: CredentialManager
    ) async throws(Failure) -> (progress: RefreshProgress, signal: Int32?) {
        let meter = RefreshMeter()
        let watch = SignalWatch()
        let ids = entries.map(\.id)
        let refreshing = Task { await result(ids, in: manager, meter) }
        let stopping = watch.map { watch in Task { await stop(refreshing, after: watch) } }
        let outcome = await refreshing.value
        meter.clear()
        watch?.end()
        let signal = await stopping?.value ?? nil
        return (try outcome.get(), signal)
    }

    // A function of its own: a task's closure with a typed `do` loses its result with Swift 6.3.1 -O.
    private static func result(
        _ ids: [UUID], in manager: CredentialManager, _ meter: RefreshMeter
    ) async -> Result<RefreshProgress, Failure> {
        do throws(Failure) {
            return .success(try await manager.refreshAll(ids) { meter.show($0) })
        } catch {
            return .failure(error)
        }
    }

    private static func stop(
        _ refreshing: Task<Result<RefreshProgress, Failure>, Never>, after watch: SignalWatch
    ) async -> Int32? {
        var first: Int32?
        for await signal in watch.signals {
            // A second signal does not wait for the end of the requests.
            guard first == nil else { Program.end(after: signal) }
            first = signal
            refreshing.cancel()
        }
        return first
    }
}
