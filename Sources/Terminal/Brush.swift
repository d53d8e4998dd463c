import CNCurses
import Glibc
import Interface

/// Converts cells to ncurses' characters.
struct Brush {
    let palette: Palette
    let isUTF8: Bool

    /// Appends the cells of a part of a row, each wide character once. The run has exactly as many columns as there are
    /// cells.
    func append(_ cells: ArraySlice<Cell>, to run: inout [cchar_t]) {
        var index = cells.startIndex
        while index < cells.endIndex {
            let cell = cells[index]
            let isWide = index + 1 < cells.endIndex && cells[index + 1].text.isEmpty && !cell.text.isEmpty
            // Most cells are equal to their neighbour; without this a fifth of the work for the first frame is theirs.
            if !isWide, index > cells.startIndex, cell == cells[index - 1], !cell.text.isEmpty, let last = run.last {
                run.append(last)
                index += 1
                continue
            }
            let width = append(cell, columns: isWide ? 2 : 1, to: &run)
            // The C library's width is less than the interface's.
            if isWide, width == 1 { append(Cell(style: cell.style), columns: 1, to: &run) }
            index += isWide ? 2 : 1
        }
    }

    /// - Returns: the number of columns, at most `columns`: a wider or invalid character would move the rest of the
    ///   row.
    @discardableResult
    private func append(_ cell: Cell, columns: Int, to run: inout [cchar_t]) -> Int {
        var width = 1
        // A base character, four combining ones (CCHARW_MAX), and the terminator.
        let character = withUnsafeTemporaryAllocation(of: wchar_t.self, capacity: 6) { characters in
            var count = 0
            for scalar in cell.text.unicodeScalars {
                guard count < 5 else { break }
                characters[count] = wchar_t(bitPattern: scalar.value)
                count += 1
            }
            if count == 0 {
                characters[0] = wchar_t(bitPattern: UInt32(UInt8(ascii: " ")))
                count = 1
            } else if characters[0] < 0x20 || characters[0] > 0x7E {
                width = Int(wcwidth(characters[0]))
                if width < 1 || width > columns || !(isUTF8 || wctob(wint_t(characters[0])) != EOF) {
                    characters[0] = wchar_t(bitPattern: UInt32(UInt8(ascii: "?")))
                    count = 1
                    width = 1
                }
            }
            characters[count] = 0
            let rendition = palette.rendition(of: cell.style)
            var character = cchar_t()
            setcchar(&character, characters.baseAddress, rendition.attributes, rendition.pair, nil)
            return character
        }
        run.append(character)
        return width
    }
}
