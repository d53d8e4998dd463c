import CLinux

/// How much memory the process is seen to hold.
public enum Footprint {
    /// Gives back what only starting and unlocking have needed: a static Swift program is large, and a fraction of it
    /// draws frames and takes keys. What is needed again is mapped again from the page cache, in microseconds.
    public static func trim() { clinux_give_back_text() }
}
