/// Digits five pixels high, for the countdown of the selected client.
enum LargeDigits {
    /// Five rows of `#` and space for each available character.
    private static let shapes: [Character: [String]] = [
        "0": ["###", "# #", "# #", "# #", "###"],
        "1": [" # ", "## ", " # ", " # ", "###"],
        "2": ["###", "  #", "###", "#  ", "###"],
        "3": ["###", "  #", "###", "  #", "###"],
        "4": ["# #", "# #", "###", "  #", "  #"],
        "5": ["###", "#  ", "###", "  #", "###"],
        "6": ["###", "#  ", "###", "# #", "###"],
        "7": ["###", "  #", "  #", "  #", "  #"],
        "8": ["###", "# #", "###", "# #", "###"],
        "9": ["###", "# #", "###", "  #", "###"],
        ":": [" ", "#", " ", "#", " "],
        "d": ["  #", "  #", "###", "# #", "###"],
        "h": ["#  ", "#  ", "###", "# #", "# #"],
        "m": ["     ", "     ", "#####", "# # #", "# # #"],
        " ": [" ", " ", " ", " ", " "],
    ]

    /// The characters of `text` as five strings of `#` and space, with one space between two characters.
    static func pixels(_ text: String) -> [String] {
        (0..<5).map { row in text.compactMap { shapes[$0]?[row] }.joined(separator: " ") }
    }

    /// `text` as lines of the screen, the largest that fits: five rows of cells two columns wide, else of cells one
    /// column wide, else three rows of half blocks, else nil.
    static func lines(_ text: String, columns: Int, rows: Int, glyphs: Glyphs) -> [String]? {
        let pixels = pixels(text)
        let width = pixels[0].count
        guard width <= columns else { return nil }
        if rows >= 5 {
            let cell = glyphs.full
            let repeats = width * 2 <= columns ? 2 : 1
            return pixels.map { line in
                line.map { String(repeating: $0 == "#" ? cell : " ", count: repeats) }.joined()
            }
        }
        guard rows >= 3, !glyphs.isASCII else { return nil }
        let bitmap = pixels.map { Array($0) } + [Array(repeating: Character(" "), count: width)]
        return stride(from: 0, to: 6, by: 2).map { row in
            (0..<width).map { column in
                switch (bitmap[row][column], bitmap[row + 1][column]) {
                case ("#", "#"): glyphs.full
                case ("#", _): glyphs.upperHalf
                case (_, "#"): glyphs.lowerHalf
                default: " "
                }
            }.joined()
        }
    }
}
