import CLinux

/// The process's resident memory.
public enum Footprint {
    /// Releases the pages of code that only starting and unlocking needed: a static Swift program is large, and drawing
    /// frames and reading keys needs a fraction of it. A page that is needed again is mapped again from the page cache,
    /// in microseconds.
    public static func trim() { clinux_give_back_text() }
}
