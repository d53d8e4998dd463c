import Credentials
import Interface

/// What came from the terminal.
public enum Input: Sendable, Equatable {
    case key(Key)
    case mouse(MouseEvent)
    /// What was pasted, as one piece and byte for byte as the terminal sent it: a line most often ends in CR alone.
    /// Never longer than `KeyDecoder.longestPaste`.
    case paste(Secret)
    /// A paste that could not be taken as one piece, and so was not taken at all; or a character that the locale does not
    /// have: dropped in silence, it would make another passphrase of the one that was typed.
    case refused(Failure)
}
