import Credentials
import FoundationEssentials
import Model

/// The progress of a refresh on stderr: a bar on a terminal, else a line for each tenth of the clients.
struct RefreshMeter: Sendable {
    /// nil if stderr is not a terminal.
    private let columns = Output.complaintColumns

    func show(_ progress: RefreshProgress) {
        let (total, ended) = (progress.total, progress.done + progress.notAsked.count)
        guard total > 1 else { return }
        if let columns {
            let failed = progress.failures.count + progress.notAsked.count
            Output.draw("\r" + Self.line(ended, of: total, failed: failed, columns: columns))
        } else if ended > 0, ended < total, ended * 10 / total != (ended - 1) * 10 / total {
            Output.complain("\(ended) of \(total) done")
        }
    }

    /// Removes the bar: blanks do that on every terminal.
    func clear() {
        guard let columns else { return }
        Output.draw("\r\(String(repeating: " ", count: Self.room(columns)))\r")
    }

    /// The bar with its numbers; in a narrow terminal the numbers alone. A longer line would wrap, and CR would not return
    /// to its beginning.
    static func line(_ ended: Int, of total: Int, failed: Int, columns: Int) -> String {
        let filled = ended * 20 / total
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 20 - filled)
        let numbers = "\(ended) of \(total)\(failed == 0 ? "" : ", \(failed) failed")"
        let line = "[\(bar)] \(numbers)"
        return line.count <= room(columns) ? line : String(numbers.prefix(room(columns)))
    }

    /// Not the last column, where some terminals wrap.
    private static func room(_ columns: Int) -> Int { min(max(columns - 1, 1), 60) }
}

/// The end of a refresh of many clients.
struct RefreshReport: Sendable {
    /// Clients with one reason for a message.
    private struct Group<Reason: Equatable & Sendable>: Sendable {
        let reason: Reason
        var names: [String]
    }

    private let total: Int
    private var failed: [Group<Failure>] = []
    private var warned: [Group<String>] = []
    /// The failure if the refresh was stopped.
    private let stopped: Failure?

    /// - Parameter entries: the clients, whose order decides which failure is the first.
    init(_ progress: RefreshProgress, of entries: [ClientEntry]) {
        total = progress.total
        stopped = progress.isStopped ? Failure.stopped(progress) : nil
        let cancelled = progress.cancelled.map {
            RefreshProgress.Failed(id: $0, failure: Failure(.interrupted, "the request was cancelled"))
        }
        let all = progress.failures + progress.notAsked + cancelled + progress.notStored
        let failures = Dictionary(all.map { ($0.id, $0.failure) }) { first, _ in first }
        let warnings = Dictionary(progress.warned.map { ($0.id, $0.warnings) }) { first, _ in first }
        for entry in entries {
            let name = entry.profile.name
            for warning in warnings[entry.id] ?? [] { Self.add(name, warning, to: &warned) }
            if let failure = failures[entry.id] { Self.add(name, failure.withoutName(name), to: &failed) }
        }
    }

    private static func add<Reason>(_ name: String, _ reason: Reason, to groups: inout [Group<Reason>]) {
        if let place = groups.firstIndex(where: { $0.reason == reason }) {
            groups[place].names.append(name)
        } else {
            groups.append(Group(reason: reason, names: [name]))
        }
    }

    /// - Throws: once every warning and reason is printed, the first failure's kind; `interrupted` if the refresh was
    ///   stopped.
    func tell(_ choice: VaultChoice) throws(Failure) {
        for group in warned { Output.complain("\(Self.list(group.names)): \(group.reason)") }
        for group in failed {
            let failure = ShellCommand.naming(choice, in: group.reason)
            Output.complain("\(Self.list(group.names)): \(failure.summary)", hints: failure.hints)
        }
        if let stopped { throw stopped }
        let clients = total == 1 ? "client" : "clients"
        guard let first = failed.first else { return Output.complain("refreshed \(total) \(clients)") }
        let count = failed.reduce(0) { $0 + $1.names.count }
        throw Failure(first.reason.kind, "\(count) of \(total) \(clients) failed")
    }

    private static func list(_ names: [String]) -> String {
        let most = 20
        let quoted = names.prefix(most).map { "\"\($0)\"" }.joined(separator: ", ")
        return quoted + (names.count > most ? " and \(names.count - most) more" : "")
    }
}

extension Failure {
    /// The failure with *the client* in place of its name, to compare it with other clients' failures.
    fileprivate func withoutName(_ name: String) -> Failure {
        var failure = self
        for named in ["client \"\(name)\"", "\"\(name)\""] {
            if let range = failure.summary.firstRange(of: named) {
                failure.summary.replaceSubrange(range, with: "the client")
            }
        }
        return failure
    }
}
