import Foundation
import Testing

@testable import System

struct PauseTests {
    @Test("it ends after its time, not before")
    func ends() async throws {
        let start = ContinuousClock.now
        try await Pause.seconds(0.05)
        let passed = ContinuousClock.now - start
        #expect(passed >= .milliseconds(50))
        #expect(passed < .seconds(10))
    }

    @Test("nothing, less than nothing and what is no number are no wait", arguments: [0, -1, -Double.infinity, .nan])
    func nothing(_ seconds: Double) async throws {
        let start = ContinuousClock.now
        try await Pause.seconds(seconds)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("cancelled at any moment, it ends at once and says so", arguments: [3_600, 1e300, Double.infinity])
    func cancelledMeanwhile(_ seconds: Double) async throws {
        let start = ContinuousClock.now
        let long = Task { try await Pause.seconds(seconds) }
        await Task.yield()
        long.cancel()
        await #expect(throws: CancellationError.self) { try await long.value }
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("in a task that is cancelled already it does not even begin")
    func cancelledBefore() async {
        let start = ContinuousClock.now
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await Pause.seconds(3_600)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
