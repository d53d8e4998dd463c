/// The result of clearing the clipboard of a copied text.
public enum ClipboardClearing: Sendable, Equatable {
    /// The text was removed.
    case cleared
    /// The text was gone: the clipboard is empty or holds another text, and was left alone.
    case holdsSomethingElse
    /// The clipboard could not be read or cleared: the text may still be in it.
    case couldNotTell
}
