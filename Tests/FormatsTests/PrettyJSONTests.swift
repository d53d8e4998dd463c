import Credentials
import Formats
import Foundation
import Testing

@Suite("Pretty JSON")
struct PrettyJSONTests {
    private func lines(_ text: String, isCut: Bool = false) -> [String]? { PrettyJSON.lines(text.utf8, isCut: isCut) }

    @Test("order, numbers and escapes stay as they are written, a member or element a line")
    func layout() {
        let text =
            #" {"z":1.50e+3,"a":[ ],"b":{},"n":12345678901234567890,"s":"\u00e9\n\"","l":[1,{"x":null},true,[false]]} "#
        #expect(
            lines(text) == [
                "{", "  \"z\": 1.50e+3,", "  \"a\": [],", "  \"b\": {},", "  \"n\": 12345678901234567890,",
                #"  "s": "\u00e9\n\"","#, "  \"l\": [", "    1,", "    {", "      \"x\": null", "    },", "    true,",
                "    [", "      false", "    ]", "  ]", "}",
            ])
        #expect(lines("\u{FEFF}-0.5") == ["-0.5"])
        #expect(lines("\"a\"") == ["\"a\""])
    }

    @Test(
        "invalid JSON is rejected",
        arguments: [
            "", " ", "OK", "<html>", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "+1", "1e", "nul", "tru e",
            "\"a", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "{\"a\" 1}", "[1 2]", "{} {}", "[1]]", "'a'", "NaN", "// a\n1",
        ])
    func wrong(text: String) {
        #expect(lines(text) == nil)
    }

    @Test("a cut text is formatted up to the cut, and an invalid one is rejected even if cut")
    func cut() {
        #expect(lines("{\"a\":[1,2", isCut: true) == ["{", "  \"a\": [", "    1,", "    2", "…"])
        #expect(lines("{\"a\":\"b", isCut: true) == ["{", "  \"a\": \"b", "…"])
        #expect(lines("{\"a\":tr", isCut: true) == ["{", "  \"a\": tr", "…"])
        #expect(lines("{\"a\" 1", isCut: true) == nil)
        #expect(lines("", isCut: true) == nil)
        #expect(lines("{}", isCut: true) == ["{}"])
        let long = "[" + String(repeating: "1,", count: 40_000) + "1]"
        let read = lines(long) ?? []
        #expect(read.count > 30_000 && read.last == "…")
    }

    @Test("64 levels are read, one more is not")
    func depth() {
        let nested: (Int) -> String = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(lines(nested(64))?.count == 127)
        #expect(lines(nested(65)) == nil)
        #expect(lines(nested(30_000)) == nil)
        #expect(lines(String(repeating: "{\"a\":", count: 65), isCut: true) == nil)
    }

    @Test("a line has no control characters and a maximum length")
    func hostile() {
        #expect(lines("{\"a\u{202E}b\":\"c\u{9B}31m\u{7F}d\"}") == ["{", "  \"ab\": \"c31md\"", "}"])
        #expect(PrettyJSON.lines(Array("[\"".utf8) + [0xFF, 0xC0] + Array("\"]".utf8)) == ["[", "  \"��\"", "]"])
        let long = lines("\"" + String(repeating: "a", count: 60_000) + "\"")
        #expect(long?.count == 1 && long?.first?.count == 2_000 && long?.first?.last == "…")
    }

    @Test("formatting keeps the meaning, and accepts the same input as Foundation")
    func agreement() throws {
        let seeds = [
            #"{"a":[1,-2.5,3e2,{"b":null,"c":"x\"y\\"}],"d":true,"e":{"f":[]}}"#, #"["é","日本",0,false,{"":""}]"#,
        ].map { Array($0.utf8) }
        let alphabet = Array(#"{}[],:"\0123.eE+-tfnau "#.utf8)
        var generator = SystemRandomNumberGenerator()
        for round in 0..<2_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<(round % 4) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: place)
                default: bytes[place] = alphabet.randomElement(using: &generator) ?? 0
                }
            }
            // Foundation rejects invalid UTF-8, which is displayed here, and accepts a final comma, which JSON forbids.
            guard let text = String(validating: bytes, as: UTF8.self), text.firstMatch(of: /,\s*[}\]]/) == nil else {
                continue
            }
            let before = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            let lines = PrettyJSON.lines(bytes)
            #expect((before != nil) == (lines != nil), "\(text)")
            guard let before, let lines else { continue }
            let after = try JSONSerialization.jsonObject(
                with: Data(lines.joined(separator: "\n").utf8), options: .fragmentsAllowed)
            // White space is folded in the displayed text.
            if !text.contains("  ") { #expect(before as? NSObject == after as? NSObject, "\(text)") }
        }
    }
}
