import Credentials
import Formats

// The form as a panel: its keys, its questions and its events.
extension ClientForm: Panel {
    static let discoverKey: Key = .control("o")

    static let tables = [
        KeyTable<Self>(.form, editing),
        KeyTable<Self>(
            .discardQuestion,
            [
                Action("confirm", ["y"], "discard", "discard this form") { form, _ in
                    form.secret.wipe()
                    return .close
                },
                goBack,
            ]),
        KeyTable<Self>(
            .moveQuestion,
            [
                Action("confirm", ["y"], "keep", "save the client with the URLs that stay at other hosts", saves: true)
                {
                    $0.keptBehind = $0.leftBehind
                    return $0.submit(in: $1)
                },
                Action("clear", ["c"], "clear", "empty these fields and save the client", saves: true) {
                    $0.clearWhatStays()
                    return $0.submit(in: $1)
                },
                goBack,
            ]),
    ]

    private static let editing: [Action<Self>] = [
        Action(
            "submit", [.enter], "save", "save the client; on More, show the other fields",
            disabled: { form, state in form.focus == .more ? nil : state.reasonNotToSave },
            run: { form, state in
                form.focus == .more && !form.isSaving ? form.unfold() : form.submit(in: state)
            }),
        whileEdited("next_field", [.tab, .down], "next field", "next field", isHinted: true) {
            $0.moveFocus(by: 1)
            return .stay
        },
        whileEdited("previous_field", [.backTab, .up], "previous field", "previous field") {
            $0.moveFocus(by: -1)
            return .stay
        },
        whileEdited("next_choice", [.right, " "], "change", "next choice, in a field that has choices") {
            $0.choose(1)
        },
        whileEdited("previous_choice", [.left], "change back", "previous choice, in a field that has choices") {
            $0.choose(-1)
        },
        whileEdited(
            "discover", [discoverKey], "discover", "fill in the endpoints that the issuer publishes", isHinted: true
        ) { form in .effects(form.issuerToAsk().map { [.discover(issuer: $0)] } ?? []) },
        // A busy vault delays the save; the form can be closed meanwhile, after the question.
        Action(
            "cancel", [.escape, .control("c")], "cancel", "close the form; asks first if something was typed"
        ) { form, _ in form.cancel() },
    ]

    private static let goBack = Action<Self>(
        "cancel", ["n", .escape, .control("c")], "continue editing", "go back to the form"
    ) { form, _ in
        form.question = nil
        return .stay
    }

    /// An action that does nothing while the form is being saved.
    private static func whileEdited(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = false,
        run: @escaping @Sendable (inout ClientForm) -> Outcome?
    ) -> Action<Self> {
        Action(name, keys, label, description, isHinted: isHinted) { form, _ in form.isSaving ? .stay : run(&form) }
    }

    var context: Context {
        switch question {
        case nil: .form
        case .discard?: .discardQuestion
        case .move?: .moveQuestion
        }
    }

    mutating func submit(in state: State) -> Outcome {
        question = nil
        guard !isSaving, let draft = draft(in: state) else { return .stay }
        guard !mustAskWhatStays else {
            // The issuer's answer must not change the URLs in the question.
            askedIssuer = nil
            question = .move
            return .stay
        }
        isSaving = true
        return .effects(stopAsking() + [.save(draft)])
    }

    private mutating func cancel() -> Outcome {
        if askedIssuer != nil, !isSaving { return .effects(stopAsking()) }
        guard isTouched else { return .close }
        question = .discard
        return .stay
    }

    mutating func type(_ key: Key, in state: State) -> Outcome {
        guard !isSaving else { return .stay }
        return question == nil && handle(key) ? .stay : .say(state.noMeaning(of: key))
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        guard question == nil else { return .say(state.noMeaningOfPaste) }
        if !isSaving { insert(pasted) }
        return .stay
    }

    mutating func refuse(_ failure: Failure) -> Outcome {
        guard question == nil else { return .say(.failure(failure, isLogged: false)) }
        self.failure = failure
        return .stay
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        switch event {
        case .discovered(let issuer, .success(let endpoints)): fillIn(endpoints, of: issuer)
        case .discovered(let issuer, .failure(let failure)): discoveryFailed(failure, of: issuer)
        // A form that was opened after the saved one stays open.
        case .saved(let isNew, let id, .success(let entry)) where id == savingID:
            secret.wipe()
            let saying = state.savedText(isNew: isNew, of: entry, notice: notice)
            return Outcome(next: .close, sayings: [saying], isReported: true)
        case .saved(_, let id, .failure(let failure)) where id == savingID:
            return saveFailed(failure, in: state)
        case .vaultFaults where state.reasonNotToSave == nil:
            if failure?.isUntilReopened == true { failure = nil }
        case .clientChanged(let entry): return changed(entry, isLate: true, in: state)
        default: break
        }
        return .stay
    }

    var holdsTypedSecret: Bool { !secret.isEmpty }

    func draw(_ state: State, on canvas: inout Canvas) {
        ClientFormDialog.box(self, state).draw(on: &canvas)
        switch question {
        case nil: break
        case .discard?: discardQuestion.draw(on: &canvas)
        case .move?: moveQuestion(state).draw(on: &canvas)
        }
    }

    private var discardQuestion: Question {
        Question(
            title: "Discard",
            text: [
                "Discard this form?",
                secret.isEmpty ? "Nothing was saved." : "The typed secret was not saved anywhere.",
            ],
            answers: "y discards, n goes back")
    }
}
