import Credentials

// The fields below the row *more*. They are folded while they hold nothing but the service's usual settings.
extension ClientForm {
    /// The optional fields, in the order of the form.
    static let optionalFields: [Field] = [
        .authentication, .basicEncoding, .extraParameters, .apiBase, .issuer, .revocationURL, .tags, .notes,
    ]

    /// The fields below *more* for the present choices.
    var foldedFields: [Field] { Self.optionalFields.filter { $0 != .basicEncoding || hasBasicEncoding } }

    /// True until one of the fields has had the focus, or has another value than the service's usual one, or a gap to
    /// fill in. An edit shows a service's usual values too.
    var isFolded: Bool {
        guard !isUnfolded else { return false }
        var usual = Content()
        usual.apply(origin == nil ? ServicePreset.all[content.preset] : .custom)
        usual.preset = content.preset
        usual.name = content.name
        usual.clientID = content.clientID
        usual.tokenURL = content.tokenURL
        usual.scope = content.scope
        return usual == content && Placeholder.problem(content.extraParameters) == nil
    }

    mutating func unfold() -> Outcome {
        set(focus: .authentication)
        return .stay
    }

    /// Moves the focus below *more* if the focused row has been unfolded.
    mutating func leaveUnfoldedRow() {
        if focus == .more, !isFolded { set(focus: .authentication) }
    }
}

// The mouse.
extension ClientForm {
    /// The number of the field at `position`, in `fields`.
    func line(at position: Position, in state: State) -> Int? {
        guard question == nil, !isSaving else { return nil }
        let box = ClientFormDialog.box(self, state)
        guard let line = box.line(at: position, state.size, upperEdge: state.layout.upperEdge) else { return nil }
        let number = line - (box.lines.count - fields.count)
        return fields.indices.contains(number) ? number : nil
    }

    mutating func choose(_ line: Int, in state: State) -> Outcome {
        guard fields.indices.contains(line) else { return .stay }
        if fields[line] == .more { return unfold() }
        set(focus: fields[line])
        return .stay
    }
}
