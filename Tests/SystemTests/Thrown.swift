import Credentials

/// The failure that `work` throws; nil where it throws nothing, or something else. (`#expect(throws:)` returns it only
/// since Swift 6.1.)
func thrown(by work: () async throws -> Void) async -> Failure? {
    do { try await work() } catch { return error as? Failure }
    return nil
}
