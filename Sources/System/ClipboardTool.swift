/// A desktop's clipboard program, with its commands to copy, read back and clear.
struct ClipboardTool: Sendable {
    let name: String
    /// Commands that copy their standard input; each is tried after the one before it has failed.
    let copying: [[String]]
    /// Writes the clipboard's text unchanged; fails if the clipboard holds no text.
    let reading: [String]
    /// Lists the types of the clipboard's content, after reading failed; nil if reading fails only because the display
    /// does not answer.
    var listing: [String]?
    /// The texts that `listing` prints only for an empty clipboard.
    var emptiness: [String] = []
    /// Clears the clipboard; its standard input is empty.
    let clearing: [String]

    /// `--type` keeps wl-copy from guessing the type with xdg-mime. Only version 2.3 and later know `--sensitive`, a
    /// mark for clipboard managers; hence the second command.
    ///
    /// Accepted weakness: if the compositor lets only a focused window read the clipboard (GNOME's), wl-paste shows a
    /// window for an instant, which takes the keyboard.
    static let wayland = ClipboardTool(
        name: "wl-copy",
        copying: [
            ["wl-copy", "--sensitive", "--type", "text/plain"],
            ["wl-copy", "--type", "text/plain"],
        ],
        reading: ["wl-paste", "--no-newline"], listing: ["wl-paste", "--list-types"],
        emptiness: ["Nothing is copied", "No selection"], clearing: ["wl-copy", "--clear"])

    /// xclip has no command to clear: it copies an empty text.
    static let xclip = ClipboardTool(
        name: "xclip", copying: [["xclip", "-selection", "clipboard", "-in"]],
        reading: ["xclip", "-selection", "clipboard", "-out", "-target", "UTF8_STRING"],
        listing: ["xclip", "-selection", "clipboard", "-out", "-target", "TARGETS"],
        emptiness: ["target TARGETS not available"], clearing: ["xclip", "-selection", "clipboard", "-in"])

    /// Accepted weakness: xsel sets the clipboard some milliseconds after it has exited. Clearing within that time,
    /// faster than a person quits, finds the earlier content.
    static let xsel = ClipboardTool(
        name: "xsel", copying: [["xsel", "--clipboard", "--input"]], reading: ["xsel", "--clipboard", "--output"],
        clearing: ["xsel", "--clipboard", "--clear"])

    /// The types of a copied text, by their names on Wayland and X11.
    static let textTypes: Set<Substring> = ["text/plain", "text/plain;charset=utf-8", "UTF8_STRING", "STRING", "TEXT"]
}
