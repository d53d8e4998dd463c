import Credentials

/// The failure that `work` throws; nil if it throws nothing or another error. (`#expect(throws:)` returns it only
/// since Swift 6.1.)
func thrown<Value>(by work: () async throws -> Value) async -> Failure? {
    do { _ = try await work() } catch { return error as? Failure }
    return nil
}
