import CNCurses
import Foundation
import Settings
import Testing

@testable import Interface
@testable import Terminal

@Suite struct ThemeTests {
    @Test(
        "the setting decides; if it is automatic, NO_COLOR, then COLORFGBG",
        arguments: [
            (.automatic, nil, .eitherBackground), (.automatic, "", .eitherBackground), (.automatic, "15;0", .dark),
            (.automatic, "0;15", .light), (.automatic, "0;default;15", .light), (.automatic, "15;default;0", .dark),
            (.automatic, "0;7", .light), (.automatic, "7;8", .dark), (.automatic, "12;6", .dark),
            (.automatic, "0;9", .light), (.automatic, "default;default", .eitherBackground),
            (.automatic, "0;16", .eitherBackground), (.automatic, "0;-1", .eitherBackground),
            (.automatic, ";", .eitherBackground), (.automatic, "0;1x", .eitherBackground),
            (.dark, "0;15", .dark), (.light, "15;0", .light), (.highContrast, nil, .highContrast), (.none, nil, .none),
        ] as [(Settings.Theme, String?, Theme)])
    func resolution(setting: Settings.Theme, colorfgbg: String?, theme: Theme) {
        #expect(Theme.resolved(setting, colorfgbg: colorfgbg, noColor: false) == theme)
        #expect(
            Theme.resolved(setting, colorfgbg: colorfgbg, noColor: true) == (setting == .automatic ? .none : theme))
    }

    @Test("every setting has its own theme; automatic's is the one for an unknown background")
    func everySetting() {
        let themes = Settings.Theme.allCases.map { Theme.resolved($0, colorfgbg: nil, noColor: false) }
        #expect(themes.count == Theme.allCases.count)
        #expect(Theme.allCases.allSatisfy { themes.contains($0) })
    }

    /// The least contrast with each background of the theme. No colour can have more than 4.58 on both black and
    /// white, and few colours come near.
    static let promises: [(Theme, backgrounds: [Color], contrast: Double)] = [
        (.dark, [.black], 4.5), (.light, [.white], 4.5), (.eitherBackground, [.black, .white], 3.8),
        (.highContrast, [.black], 7),
    ]

    @Test("every colour is readable on its theme's background (WCAG 2's contrast)", arguments: promises)
    func readable(theme: Theme, backgrounds: [Color], contrast: Double) {
        for role in Role.allCases {
            guard let number = Palette.color(of: role, .manyColors, theme) else { continue }
            for background in backgrounds {
                let found = Color(number).contrast(with: background)
                #expect(found >= contrast, "\(role): \(number) has \(found)")
            }
        }
    }

    @Test(
        "everyone can distinguish the states, including people who confuse red and green",
        arguments: [Theme.dark, .light, .eitherBackground, .highContrast], Color.Sight.allCases)
    func toldApart(theme: Theme, sight: Color.Sight) throws {
        let states: [Role] = [.valid, .expiring, .failed, .expired, .unknown, .refreshing, .muted]
        for (index, one) in states.enumerated() {
            for other in states[..<index] {
                let first = try #require(Palette.color(of: one, .manyColors, theme))
                let second = try #require(Palette.color(of: other, .manyColors, theme))
                let difference = Color(first).difference(from: Color(second), for: sight)
                // Some four times the least noticeable difference.
                #expect(difference >= 10, "\(one) \(first) and \(other) \(second): \(difference)")
            }
        }
    }

    @Test("colours whose values the user's settings change are used only on eight-colour terminals")
    func fixedValues() {
        for theme in Theme.allCases {
            for role in Role.allCases {
                #expect(Palette.color(of: role, .manyColors, theme).map { 16...255 ~= $0 } ?? true)
                #expect(Palette.color(of: role, .eightColors, theme).map { 0...7 ~= $0 } ?? true)
                #expect(Palette.color(of: role, .monochrome, theme) == nil)
                #expect(Palette.color(of: role, .manyColors, .none) == nil)
            }
        }
    }

    @Test(
        "of eight colours the light theme has none that is pale, and high contrast only pale ones, on black, never dim")
    func eightColors() {
        let pale = [COLOR_GREEN, COLOR_YELLOW, COLOR_CYAN, COLOR_WHITE].map(Int16.init)
        for role in Role.allCases {
            #expect(Palette.color(of: role, .eightColors, .light).map { !pale.contains($0) } ?? true)
            for depth in [Palette.Depth.eightColors, .manyColors] {
                #expect(Palette.color(of: role, depth, .highContrast) != nil, "\(role) has a colour for its background")
                #expect(Palette.attributes(of: role, depth, .highContrast) & cncurses_dim == 0)
            }
            #expect(Palette.color(of: role, .eightColors, .highContrast).map { pale.contains($0) } == true)
        }
        #expect(Theme.background(.eightColors, .highContrast) == 0)
        #expect(Theme.background(.manyColors, .highContrast) == 16)
        #expect(Theme.background(.manyColors, .dark) == nil)
    }

    @Test("the measures give the published values")
    func measures() {
        #expect(abs(Color.black.contrast(with: .white) - 21) < 0.001)
        // #767676, the lightest grey that WCAG accepts on white.
        #expect(abs(Color(243).contrast(with: .white) - 4.54) < 0.01)
        #expect(Color.white.difference(from: .black, for: .full) > 99.9)
        // Red and green differ greatly for most people, and little for people who confuse them.
        let (red, green) = (Color(160), Color(100))
        #expect(red.difference(from: green, for: .full) > 2 * red.difference(from: green, for: .withoutRed))
    }
}

extension ScreenTests {
    private func twoStates(_ size: Size) -> Frame {
        var canvas = Canvas(size: size, glyphs: .unicode)
        canvas.text("refused", column: 0, row: 0, style: Style(.failed))
        canvas.text("valid", column: 0, row: 1, style: Style(.valid))
        return canvas.frame
    }

    @Test(
        "as many colours are used as the terminal has, and none if none are wanted",
        arguments: [
            ("xterm-256color", .dark, ["1m\u{1B}[38;5;203m", "\u{1B}[38;5;42m"]),
            ("xterm-256color", .light, ["1m\u{1B}[38;5;88m", "\u{1B}[38;5;29m"]),
            ("linux", .dark, ["\u{1B}[31mrefused", "\u{1B}[36m"]), ("linux", .light, ["\u{1B}[34m"]),
            ("vt100", .dark, [";1m"]), ("xterm-256color", .none, [";1m"]),
        ] as [(String, Theme, [String])])
    func colors(type: String, theme: Theme, expected: [String]) throws {
        try withScreen(type, theme: theme) { screen, terminal in
            screen.paint(twoStates(screen.size))
            let output = terminal.output()
            for sequence in expected { #expect(output.contains(sequence), "\(sequence)") }
            #expect(output.contains(/\u{1B}\[[0-9;]*3[0-8][;m]/) == !expected.contains(";1m"))
            #expect(!output.contains("48;5;16m"))
        }
    }

    @Test("high contrast paints every empty cell black")
    func highContrast() throws {
        try withScreen(theme: .highContrast) { screen, terminal in
            screen.paint(twoStates(screen.size))
            let output = terminal.output()
            #expect(output.contains("48;5;16m"))
            #expect(output.contains("38;5;203m"))
            #expect(output.contains("38;5;231m"))
        }
    }

    @Test("another theme paints everything again in its colours; the same theme paints nothing")
    func anotherTheme() throws {
        try withScreen(theme: .none) { screen, terminal in
            screen.paint(twoStates(screen.size))
            #expect(!terminal.output().contains("38;5;"))
            for (theme, color) in [(Theme.dark, 203), (.light, 88), (.highContrast, 203), (.eitherBackground, 197)] {
                screen.use(theme)
                screen.paint(twoStates(screen.size))
                let output = terminal.output()
                #expect(output.contains("38;5;\(color)m"), "\(theme)")
                #expect(output.contains("refused"))
                #expect(output.contains("48;5;16m") == (theme == .highContrast), "\(theme)")
            }
            terminal.send("\u{1B}[?62c")
            #expect(screen.readInput() == [], "the background was asked for, and not answered")
            screen.use(.eitherBackground)
            screen.paint(twoStates(screen.size))
            #expect(terminal.output() == "")
            screen.use(.none)
            screen.paint(twoStates(screen.size))
            let output = terminal.output()
            #expect(output.contains("refused"))
            #expect(!output.contains("38;5;"))
            screen.stop()
            _ = terminal.output()
            screen.use(.dark)
            #expect(terminal.output() == "")
        }
    }

    @Test("the terminal's number of colours decides the depth")
    func depths() {
        #expect(
            [0, 7, 8, 88, 256].map { Palette.Depth(colorCount: $0) }
                == [.monochrome, .monochrome, .eightColors, .eightColors, .manyColors])
    }
}
