import Credentials

/// The frame that shows `state` as it has settled.
public func view(_ state: State) -> Frame {
    let (size, layout) = (state.size, state.layout)
    var canvas = Canvas(size: size, glyphs: state.glyphs)
    guard !layout.isTooSmall else {
        canvas.fitted(
            "keyfob needs \(Layout.minimum.columns)x\(Layout.minimum.rows), this is \(size.columns)x\(size.rows)",
            column: 0, row: size.rows / 2, end: size.columns)
        return canvas.frame
    }
    if state.isOpen { drawMain(state, layout, on: &canvas) } else { state.gate.draw(state, on: &canvas) }
    state.commands?.draw(state, on: &canvas)
    let standing = state.standingLines
    for (index, line) in standing.enumerated() {
        let row = layout.hintRow - standing.count + index
        canvas.fill(Rectangle(column: 0, row: row, columns: size.columns, rows: 1))
        canvas.text(line, column: 1, row: row, style: Style(.failed))
    }
    HintBar.draw(state, row: layout.hintRow, on: &canvas)
    return canvas.frame
}

private func drawMain(_ state: State, _ layout: Layout, on canvas: inout Canvas) {
    HeaderLine.draw(state, row: layout.headerRow, on: &canvas)
    for (index, box) in layout.boxes.enumerated() {
        canvas.box(box, title: index == 0 ? clientsTitle(state) : "Token")
    }
    for divider in layout.dividers { canvas.divider(divider.row, in: divider.box, title: divider.title) }
    ClientsPane.drawFilter(state, in: layout.filter, on: &canvas)
    ClientsPane.draw(state, in: layout.clients, on: &canvas)
    TokenPane.draw(state, in: layout.token, on: &canvas)
    CountdownPane.draw(state, in: layout.countdown, on: &canvas)
    ActivityPane.draw(state, in: layout.activity, on: &canvas)
    drawMessage(state, layout, on: &canvas)
    guard let panel = state.panel else { return }
    panel.draw(state, on: &canvas)
    // What is said while a panel is open stands over it.
    if state.message != nil { drawMessage(state, layout, on: &canvas) }
}

/// How the list is sorted, where it is not by name.
private func clientsTitle(_ state: State) -> String {
    state.clients.order == .name ? "Clients" : "Clients by \(state.clients.order.title)"
}

/// In the lowest border, so that nothing moves when a message comes or goes; where it takes more rows, over what stands
/// above.
private func drawMessage(_ state: State, _ layout: Layout, on canvas: inout Canvas) {
    guard let box = layout.boxes.last else { return }
    var message = state.message
    // Without a Token pane this is the only place left for a failure's reason.
    if message == nil, layout.token.isEmpty, case .failed(let failed)? = state.clients.selected?.attempt {
        message = State.Message(text: failed.failure.summary, role: .failed)
    }
    guard let message else { return }
    let lines = DisplayWidth.wrap(message.text, into: layout.body.columns - 6).prefix(4)
    let width = lines.map(DisplayWidth.of).max() ?? 0
    // A message that is wider than its box goes on over the one to its left.
    let start = max(min(box.column + 2, box.endColumn - 4 - width), layout.body.column + 2)
    for (index, line) in lines.enumerated() {
        let row = layout.body.endRow - lines.count + index
        canvas.fill(Rectangle(column: start, row: row, columns: width + 2, rows: 1))
        canvas.text(line, column: start + 1, row: row, style: Style(message.role, bold: true))
    }
}
