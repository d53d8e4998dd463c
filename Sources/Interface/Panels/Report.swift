import Credentials
import FoundationEssentials

extension Context {
    static let report = Context(title: "What failed")
}

/// What failed of many requests: each client with its reason.
struct Report: ScrolledPanel {
    private let failures: [RefreshProgress.Failed]
    private let total: Int
    var top = 0

    init(_ progress: RefreshProgress) {
        failures = progress.failures
        total = progress.total
    }

    static let tables = [
        KeyTable<Self>(
            .report,
            scrolling() + scrollingToEnds() + [
                closing([.escape, "q", .control("c")])
            ])
    ]

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 86)
        let failures = failures.filter { state.clients.entry($0.id) != nil }
        var lines: [ListBox.Line] = []
        for failed in failures {
            lines.append(ListBox.Line(heading: state.name(failed.id)))
            lines += ListBox.wrapped("\(state.glyphs.failed) \(failed.failure.summary)", columns, .failed)
            for hint in failed.failure.hints { lines += ListBox.wrapped(hint, columns) }
        }
        return ListBox(
            title: "\(failures.count) of \(total) failed", lines: lines, top: top, mostRows: lines.count,
            columns: columns)
    }
}
