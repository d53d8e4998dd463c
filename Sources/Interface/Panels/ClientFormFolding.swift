import Credentials

// The fields below the row *more*. They are folded while they hold nothing but the service's usual settings.
extension ClientForm {
    /// The fields that no client needs, in the order of the form.
    static let optionalFields: [Field] = [
        .authentication, .basicEncoding, .extraParameters, .apiBase, .issuer, .revocationURL, .tags, .notes,
    ]

    /// The fields that there are below *more*.
    var foldedFields: [Field] { Self.optionalFields.filter { $0 != .basicEncoding || hasBasicEncoding } }

    /// True until the focus has been on one of the fields, or one of them holds another value than the service's usual
    /// one, or a gap that must be filled in. An edit shows what the client holds, the usual settings too.
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

    /// Goes on below *more* if what was filled in has unfolded the fields under the focus.
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
