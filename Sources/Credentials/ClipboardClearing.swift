/// What became of the wish to clear the clipboard of a text.
public enum ClipboardClearing: Sendable, Equatable {
    /// The text was there, and is no more.
    case cleared
    /// The text was not there any more: something else has been copied since, or nothing is left. It was left alone.
    case holdsSomethingElse
    /// What the clipboard holds could not be read, or not be cleared: the text may still be there.
    case couldNotTell
}
