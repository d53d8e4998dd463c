import Credentials

/// The frame for `state` after `settle`.
public func view(_ state: State) -> Frame {
    let (size, layout) = (state.size, state.layout)
    var canvas = Canvas(size: size, glyphs: state.glyphs)
    guard !layout.isTooSmall else {
        canvas.fitted(
            "keyfob needs \(Layout.minimum.columns)x\(Layout.minimum.rows), this is \(size.columns)x\(size.rows)",
            column: 0, row: size.rows / 2, end: size.columns)
        return canvas.frame
    }
    canvas.upperEdge = layout.upperEdge
    if state.isOpen { drawMain(state, layout, on: &canvas) } else { state.gate.draw(state, on: &canvas) }
    if let commands = state.commands {
        commands.draw(state, on: &canvas)
        drawMessage(state, in: commands, on: &canvas)
    }
    canvas.fill(layout.standing)
    for (index, line) in state.standingLines.prefix(layout.standing.rows).enumerated() {
        canvas.text(line, column: 1, row: layout.standing.row + index, style: Style(.failed))
    }
    HintBar.draw(state, row: layout.hintRow, on: &canvas)
    return canvas.frame
}

private func drawMain(_ state: State, _ layout: Layout, on canvas: inout Canvas) {
    if layout.hasHeader { HeaderLine.draw(state, row: layout.headerRow, on: &canvas) }
    for (index, box) in layout.boxes.enumerated() {
        canvas.box(box, title: index == 0 ? clientsTitle(state) : layout.titles[index - 1])
    }
    for divider in layout.dividers { canvas.divider(divider.row, in: divider.box, title: divider.title) }
    ClientsPane.drawFilter(state, in: layout.filter, on: &canvas)
    if !state.clients.rows.isEmpty { ClientsTable.drawHeading(state, layout, on: &canvas) }
    ClientsPane.draw(state, in: layout.clients, on: &canvas)
    TokenPane.draw(state, in: layout.token, on: &canvas)
    CountdownPane.draw(state, in: layout.countdown, on: &canvas)
    ActivityPane.draw(state, in: layout.activity, on: &canvas)
    drawMessage(state, layout, on: &canvas)
    guard let panel = state.panel else { return }
    panel.draw(state, on: &canvas)
    // A message lies over an open panel.
    if state.message != nil, state.commands == nil { drawMessage(state, layout, on: &canvas) }
}

/// The list's title, with an order other than by name.
private func clientsTitle(_ state: State) -> String {
    state.clients.order == .name ? "Clients" : "Clients by \(state.clients.order.title)"
}

/// Draws the message in the lowest border, so that nothing moves, and cuts it to one row: Activity has all of it. The
/// open command menu draws the message itself.
private func drawMessage(_ state: State, _ layout: Layout, on canvas: inout Canvas) {
    guard let box = layout.boxes.last, state.commands == nil else { return }
    var message = state.message
    // Without a Token pane this is the only place left for a failure's reason.
    if message == nil, layout.token.isEmpty, let selected = state.clients.selected,
        case .failed(let failed) = selected.attempt
    {
        var text = failed.failure.summary
        // The selection shows the client's name; the reason needs the room.
        if let name = text.firstRange(of: " client \"\(selected.profile.name)\"") { text.removeSubrange(name) }
        message = State.Message(text: text, role: .failed)
    }
    guard let message else { return }
    let room = Layout.messageColumns(state.size)
    // A message wider than its box continues over the border of the box to its left.
    let width = min(DisplayWidth.of(message.text), room)
    let start = max(min(box.column + 2, box.endColumn - 4 - width), layout.body.column + 1)
    draw(message, column: start, row: layout.body.endRow - 1, columns: room, on: &canvas)
}

/// Draws the message in the command menu's lowest border.
private func drawMessage(_ state: State, in commands: any Panel, on canvas: inout Canvas) {
    guard let message = state.message, let box = commands.box(state) else { return }
    let area = box.below(canvas.upperEdge).area(state.size)
    draw(message, column: area.column + 2, row: area.endRow - 1, columns: area.columns - 6, on: &canvas)
}

private func draw(
    _ message: State.Message, column: Int, row: Int, columns: Int, on canvas: inout Canvas
) {
    let text = DisplayWidth.fit(message.text, into: columns, ellipsis: canvas.glyphs.ellipsis)
    canvas.fill(Rectangle(column: column, row: row, columns: DisplayWidth.of(text) + 2, rows: 1))
    canvas.text(text, column: column + 1, row: row, style: Style(message.role, bold: true))
}
