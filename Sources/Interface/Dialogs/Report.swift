import Credentials

/// What failed of many requests: each client with its reason.
struct Report {
    let failed: [ClientEntry]
    let total: Int
    var top = 0

    init(failed: [ClientEntry], of total: Int) {
        self.failed = failed
        self.total = total
    }

    func box(_ state: State) -> ListBox {
        let columns = DialogBox.columns(state.size, atMost: 86)
        var lines: [ListBox.Line] = []
        for entry in failed {
            lines.append(ListBox.Line(heading: entry.profile.name))
            guard case .failed(let attempt)? = state.clients.entry(entry.id)?.attempt else { continue }
            lines += ListBox.wrapped("\(state.glyphs.failed) \(attempt.failure.summary)", columns, .failed)
            for hint in attempt.failure.hints { lines += ListBox.wrapped(hint, columns) }
        }
        return ListBox(
            title: "\(failed.count) of \(total) failed", lines: lines, top: top, mostRows: lines.count,
            columns: columns)
    }
}

extension ListBox {
    static func wrapped(_ text: String, _ columns: Int, _ role: Role = .normal) -> [Line] {
        DisplayWidth.wrap(UntrustedText.line(text, limit: 2_000), into: columns).map { Line(text: $0, role: role) }
    }

    /// A labelled text over as many lines as it takes.
    static func labelled(_ label: String, _ text: String, _ columns: Int, _ role: Role = .normal) -> [Line] {
        let lines = DisplayWidth.wrap(text, into: columns)
        return (lines.isEmpty ? [""] : lines).enumerated().map {
            Line(left: $0.offset == 0 ? label : "", text: $0.element, role: role)
        }
    }

    /// Where a scrolled text begins after a key.
    func scrolled(_ action: Action?, from top: Int, _ size: Size) -> Int {
        let rows = listArea(size).rows
        let most = max(lines.count - rows, 0)
        let wanted =
            switch action {
            case .moveDown: top + 1
            case .moveUp: top - 1
            case .pageDown: top + max(rows - 1, 1)
            case .pageUp: top - max(rows - 1, 1)
            case .moveToFirst: 0
            case .moveToLast: most
            default: top
            }
        return max(min(wanted, most), 0)
    }
}

extension State {
    mutating func pressInReport(_ action: Action?) -> [Effect] {
        guard case .report(var report) = dialog else { return [] }
        if action == .cancel {
            dialog = nil
            return []
        }
        report.top = report.box(self).scrolled(action, from: report.top, size)
        dialog = .report(report)
        return []
    }
}
