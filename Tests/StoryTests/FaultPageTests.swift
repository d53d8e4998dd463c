import Foundation
import Testing

@Suite("The page of faults", .timeLimit(.minutes(5)))
struct FaultPageTests {
    /// The stages in the order of the page.
    private static let faults =
        (StagedFault.ofSecrets + StagedFault.ofFiles + StagedFault.ofOwners + StagedFault.ofTheDisk
        + StagedFault.ofRequests + StagedFault.ofContent + StagedFault.ofCopies + StagedFault.ofLibraries)
        .enumerated().sorted { ($0.element.number, $0.offset) < ($1.element.number, $1.offset) }.map(\.element)

    @Test("docs/faults.md has each fault's output, its exit code, and its traces on disk and on the network")
    func everyFault() async throws {
        let staged = Self.faults.filter(\.isPossible)
        let areAllStaged = staged.count == Self.faults.count
        let seen = try await withThrowingTaskGroup(of: (Int, SeenFault).self) { group in
            var seen = [SeenFault?](repeating: nil, count: staged.count)
            for (index, fault) in staged.enumerated() {
                // Two stages at a time; the program runs on the other processors.
                if index >= 2, let (done, row) = try await group.next() { seen[done] = row }
                group.addTask {
                    do { return (index, try await FaultStage.play(fault)) } catch {
                        Issue.record(error, "\(fault.title)")
                        throw error
                    }
                }
            }
            for try await (done, row) in group { seen[done] = row }
            return seen.compactMap(\.self)
        }
        if ProcessInfo.processInfo.environment["KEYFOB_REFRESH_FAULTS"] == "1" {
            #expect(areAllStaged, "only root can stage every fault; jemalloc must be installed")
            if areAllStaged { try FaultPage.text(seen).write(to: FaultPage.file, atomically: true, encoding: .utf8) }
            return
        }
        let page = (try? String(contentsOf: FaultPage.file, encoding: .utf8)) ?? ""
        for fault in seen {
            #expect(page.contains(fault.section), "docs/faults.md differs: run make faults, and read the difference")
        }
        // Without root, or without jemalloc, some sections are not staged.
        if areAllStaged { #expect(page == FaultPage.text(seen)) }
    }
}
