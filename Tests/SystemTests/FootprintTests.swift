import Foundation
import Testing

@testable import System

struct FootprintTests {
    @Test("trimming leaves the program running, with less of its files in memory")
    func trim() throws {
        func fileKilobytes() throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
            return try #require(line.split(separator: " ").dropLast().last.flatMap { Int($0) })
        }
        let before = try fileKilobytes()
        Footprint.trim()
        #expect(try fileKilobytes() < before)
    }
}
