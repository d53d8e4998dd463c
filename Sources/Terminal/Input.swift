import Credentials
import Interface

/// What came from the terminal.
public enum Input: Sendable, Equatable {
    case key(Key)
    /// What was pasted, as one piece and byte for byte as the terminal sent it: a line most often ends in CR alone.
    /// Never longer than `KeyDecoder.longestPaste`.
    case paste(Secret)
    /// A paste that could not be taken as one piece, and so was not taken at all.
    case pasteRefused(Failure)
}
