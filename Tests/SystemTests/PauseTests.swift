import Foundation
import Testing

@testable import System

@Suite(.timeLimit(.minutes(5)))
struct PauseTests {
    @Test("it ends after its time, not before")
    func ends() async throws {
        let start = ContinuousClock.now
        try await Pause.seconds(0.05)
        #expect(ContinuousClock.now - start >= .milliseconds(50))
    }

    @Test("0, a negative number and NaN do not wait", arguments: [0, -1, -Double.infinity, .nan])
    func nothing(_ seconds: Double) async throws {
        try await Pause.seconds(seconds)
    }

    @Test("cancelled at any moment, it ends at once and throws", arguments: [3_600, 1e300, Double.infinity])
    func cancelledMeanwhile(_ seconds: Double) async throws {
        let long = Task { try await Pause.seconds(seconds) }
        await Task.yield()
        long.cancel()
        await #expect(throws: CancellationError.self) { try await long.value }
    }

    @Test("in a cancelled task it does not begin")
    func cancelledBefore() async {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await Pause.seconds(3_600)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
