import Credentials
import Interface

/// An input from the terminal.
public enum Input: Sendable, Equatable {
    case key(Key)
    case mouse(MouseEvent)
    /// A whole paste, byte for byte as the terminal sent it: lines usually end in CR alone. At most
    /// `KeyDecoder.longestPaste` bytes.
    case paste(Secret)
    /// A paste that was not received whole and was dropped; or a character that the locale does not have: dropping it
    /// silently would change a typed passphrase.
    case refused(Failure)
}
