/// A desktop's program for its clipboard: how it copies, reads back and clears.
struct ClipboardTool: Sendable {
    let name: String
    /// What copies its standard input; each is tried after the one before it has failed.
    let copying: [[String]]
    /// Writes the clipboard's text as it is, and fails where it holds none.
    let reading: [String]
    /// Lists the types of what the clipboard holds, for where reading failed; nil: reading fails for no other reason than
    /// a display that does not answer.
    var listing: [String]?
    /// What `listing` says, and says nowhere else, of a clipboard that holds nothing.
    var emptiness: [String] = []
    /// With nothing on its standard input.
    let clearing: [String]

    /// `--type` keeps wl-copy from guessing it with xdg-mime; `--sensitive`, for clipboard managers to see, is known since
    /// 2.3, hence the second try.
    ///
    /// Accepted weakness: where the compositor lets only a focused window see the clipboard (GNOME's), wl-paste shows one
    /// for an instant, and takes the keyboard for as long.
    static let wayland = ClipboardTool(
        name: "wl-copy",
        copying: [
            ["wl-copy", "--sensitive", "--type", "text/plain"],
            ["wl-copy", "--type", "text/plain"],
        ],
        reading: ["wl-paste", "--no-newline"], listing: ["wl-paste", "--list-types"],
        emptiness: ["Nothing is copied", "No selection"], clearing: ["wl-copy", "--clear"])

    /// It can't clear, but copies an empty text.
    static let xclip = ClipboardTool(
        name: "xclip", copying: [["xclip", "-selection", "clipboard", "-in"]],
        reading: ["xclip", "-selection", "clipboard", "-out", "-target", "UTF8_STRING"],
        listing: ["xclip", "-selection", "clipboard", "-out", "-target", "TARGETS"],
        emptiness: ["target TARGETS not available"], clearing: ["xclip", "-selection", "clipboard", "-in"])

    /// Accepted weakness: it takes the clipboard an instant after it has ended, so that a clearing as soon as that (no
    /// person quits within milliseconds) finds what was there before.
    static let xsel = ClipboardTool(
        name: "xsel", copying: [["xsel", "--clipboard", "--input"]], reading: ["xsel", "--clipboard", "--output"],
        clearing: ["xsel", "--clipboard", "--clear"])

    /// The types that a copied text has, by their names on Wayland and X11.
    static let textTypes: Set<Substring> = ["text/plain", "text/plain;charset=utf-8", "UTF8_STRING", "STRING", "TEXT"]
}
