import Foundation

/// A colour as light: red, green and blue, each 0 to 1 and linear.
struct Color: Sendable {
    /// An eye: with all cones, or without the cones for long or for middle wavelengths.
    enum Sight: CaseIterable, Sendable {
        case full, withoutRed, withoutGreen

        /// Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
        fileprivate var matrix: [[Double]] {
            switch self {
            case .full: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
            case .withoutRed:
                [
                    [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998],
                ]
            case .withoutGreen:
                [
                    [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881],
                ]
            }
        }
    }

    private let light: [Double]

    static let black = Color(16)
    static let white = Color(231)

    /// One of xterm's 256 colours from 16 on: a cube of 6 × 6 × 6, then 24 greys. sRGB's values made linear.
    init(_ number: Int16) {
        let number = Int(number)
        let steps = [0, 95, 135, 175, 215, 255]
        let values =
            number < 232
            ? [(number - 16) / 36, (number - 16) / 6 % 6, (number - 16) % 6].map { steps[$0] }
            : Array(repeating: 8 + 10 * (number - 232), count: 3)
        light = values.map { value in
            let value = Double(value) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
    }

    /// WCAG 2's relative luminance.
    private var luminance: Double { zip([0.2126, 0.7152, 0.0722], light).map(*).reduce(0, +) }

    /// WCAG 2's contrast ratio, 1 to 21.
    func contrast(with other: Color) -> Double {
        let (dark, bright) = (min(luminance, other.luminance), max(luminance, other.luminance))
        return (bright + 0.05) / (dark + 0.05)
    }

    /// The distance in CIE L*a*b* (1976), where about 2.3 is just noticed.
    func difference(from other: Color, for sight: Sight) -> Double {
        zip(lab(for: sight), other.lab(for: sight)).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
    }

    private func lab(for sight: Sight) -> [Double] {
        let seen = sight.matrix.map { row in min(max(zip(row, light).map(*).reduce(0, +), 0), 1) }
        // sRGB to XYZ, by the white point D65.
        let x = (0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.9505
        let y = 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]
        let z = (0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.089
        let f = [x, y, z].map { $0 > 0.008856 ? cbrt($0) : 7.787 * $0 + 16.0 / 116 }
        return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
    }
}
