import Credentials
import Interface
import Testing

@testable import Terminal

/// Decodes with the usual sequences.
private func decoder(isUTF8: Bool = true) -> KeyDecoder {
    KeyDecoder(isUTF8: isUTF8) { KeySequences { _ in nil } }
}

extension KeyDecoder {
    func decode(_ text: String, afterSilence silence: Double = 0) -> [Input] {
        decode(Array(text.utf8), afterSilence: silence)
    }

    func decode(_ bytes: [UInt8], afterSilence silence: Double = 0) -> [Input] {
        bytes.withUnsafeBytes { decode($0, afterSilence: silence) }
    }
}

@Suite struct KeyDecoderTests {
    @Test("characters come one by one, each with its combining marks")
    func characters() {
        #expect(decoder().decode("aé名👩‍💻") == "aé名👩‍💻".map { .key(.character($0)) })
        #expect(decoder().decode("e\u{301}x") == [.key(.character("e\u{301}")), .key(.character("x"))])
    }

    @Test("a character split by a read is joined again")
    func splitCharacter() {
        let decoder = decoder()
        let bytes = Array("名".utf8)
        #expect(decoder.decode(Array(bytes[..<2])).isEmpty)
        #expect(decoder.patience == KeyDecoder.sequenceDelay)
        #expect(decoder.decode(Array(bytes[2...])) == [.key(.character("名"))])
        #expect(decoder.patience == nil)
    }

    @Test("invalid UTF-8, C1 and bidi controls are dropped, and the next characters are not")
    func invalidText() {
        #expect(decoder().decode([0xFF, 0x61, 0xC0, 0x80, 0x62]) == [.key(.character("a")), .key(.character("b"))])
        #expect(decoder().decode([0xED, 0xA0, 0x80, 0x61]) == [.key(.character("a"))])
        #expect(decoder().decode("\u{9B}\u{202E}a") == [.key(.character("a"))])
        #expect(decoder().decode([0xE5, 0x61]) == [.key(.character("a"))])
    }

    @Test("a character has at most sixteen scalars")
    func manyMarks() {
        let marks = String(repeating: "\u{301}", count: 100)
        #expect(decoder().decode("e" + marks) == [.key(.character(Character("e" + marks.prefixScalars(15))))])
    }

    @Test("outside UTF-8 the locale decodes the bytes")
    func localeCharacters() {
        useUTF8()
        #expect(decoder(isUTF8: false).decode("aé") == [.key(.character("a")), .key(.character("é"))])
        #expect(
            decoder(isUTF8: false).decode([0xFF, 0x61])
                == [.refused(KeyDecoder.strangeCharacter), .key(.character("a"))], "nothing is dropped in silence")
    }

    @Test(
        "control characters are keys",
        arguments: [
            ([0x00], Key.control("@")), ([0x01], .control("a")), ([0x03], .control("c")), ([0x08], .backspace),
            ([0x09], .tab), ([0x0A], .enter), ([0x0C], .control("l")), ([0x0D], .enter), ([0x1A], .control("z")),
            ([0x1C], .control("\\")), ([0x1D], .control("]")), ([0x1E], .control("^")), ([0x1F], .control("_")),
            ([0x7F], .backspace),
        ] as [([UInt8], Key)])
    func controls(bytes: [UInt8], key: Key) {
        #expect(decoder().decode(bytes) == [.key(key)])
    }

    @Test(
        "arrows, Home and End come in every form in use",
        arguments: [
            ("\u{1B}[A", .up), ("\u{1B}OA", .up), ("\u{1B}[B", .down), ("\u{1B}OB", .down), ("\u{1B}[C", .right),
            ("\u{1B}OC", .right), ("\u{1B}[D", .left), ("\u{1B}OD", .left),
            ("\u{1B}[H", .home), ("\u{1B}OH", .home), ("\u{1B}[1~", .home), ("\u{1B}[7~", .home),
            ("\u{1B}[F", .end), ("\u{1B}OF", .end), ("\u{1B}[4~", .end), ("\u{1B}[8~", .end),
            ("\u{1B}[Z", .backTab), ("\u{1B}[3~", .delete), ("\u{1B}[5~", .pageUp), ("\u{1B}[6~", .pageDown),
            ("\u{1B}[[A", .function(1)), ("\u{1B}[24~", .function(12)), ("\u{1B}OM", .enter),
            ("\u{1B}Op", .character("0")), ("\u{1B}Oy", .character("9")), ("\u{1B}On", .character(".")),
        ] as [(String, Key)])
    func sequences(text: String, key: Key) {
        #expect(decoder().decode(text) == [.key(key)])
        // And byte by byte.
        let decoder = decoder()
        #expect(text.utf8.flatMap { decoder.decode([$0]) } == [.key(key)])
        #expect(decoder.patience == nil)
    }

    @Test("the terminal database overrides the usual sequences, but no single control character")
    func databaseFirst() {
        let decoder = KeyDecoder(isUTF8: true) {
            KeySequences { name in
                ["kf5": Array("\u{1B}Ot".utf8), "kcud1": [0x0A], "khome": Array("\u{1B}[@".utf8)][name]
            }
        }
        #expect(
            decoder.decode("\u{1B}Ot\n\u{1B}[@\u{1B}Ou").compactMap(\.key)
                == [.function(5), .enter, .home, .character("5")])
    }

    @Test("an escape character without a following byte is the Esc key")
    func escapeAlone() {
        let decoder = decoder()
        #expect(decoder.decode("\u{1B}").isEmpty)
        #expect(decoder.patience == KeyDecoder.escapeDelay)
        #expect(decoder.finish() == [.key(.escape)])
        #expect(decoder.patience == nil)
        #expect(decoder.decode("\u{1B}\u{1B}").isEmpty)
        #expect(decoder.finish() == [.key(.escape), .key(.escape)])
        #expect(decoder.decode("\u{1B}\u{1B}\u{1B}") == [.key(.escape)])
        #expect(decoder.finish() == [.key(.escape), .key(.escape)])
    }

    @Test(
        "Alt with a key is ignored, and never Esc",
        arguments: [
            "\u{1B}b", "\u{1B}\r", "\u{1B}\u{7F}", "\u{1B}é", "\u{1B}\u{1B}[A", "\u{1B}\u{1B}OA",
        ])
    func alt(text: String) {
        #expect(decoder().decode(text + "x") == [.key(.character("x"))])
    }

    @Test(
        "unknown sequences are skipped whole",
        arguments: [
            "\u{1B}[1;5A", "\u{1B}[1;2P", "\u{1B}O5A", "\u{1B}[M !!", "\u{1B}[M \u{1B}[", "\u{1B}[I", "\u{1B}[?62;4c",
            "\u{1B}]11;rgb:0000/0000/0000\u{7}", "\u{1B}]52;c;cQ==\u{1B}\\", "\u{1B}P1$r0m\u{1B}\\", "\u{1B}[201~",
        ])
    func swallowed(text: String) {
        let decoder = decoder()
        #expect(decoder.decode(text + "x") == [.key(.character("x"))])
        #expect(text.utf8.flatMap { decoder.decode([$0]) } == [])
        #expect(decoder.patience == nil)
    }

    @Test(
        "a sequence or an answer that never ends is dropped, not typed",
        arguments: [
            "\u{1B}[", "\u{1B}O", "\u{1B}[1;", "\u{1B}]52;c;abc", "\u{1B}P", "\u{1B}]0\u{1B}",
        ])
    func endless(text: String) {
        let decoder = decoder()
        #expect(decoder.decode(text) == [])
        #expect(decoder.patience != nil)
        #expect(decoder.finish() == [])
        #expect(decoder.patience == nil)
        #expect(decoder.decode("x") == [.key(.character("x"))])
    }

    @Test("a control inside a sequence ends it and counts")
    func brokenSequence() {
        #expect(decoder().decode("\u{1B}[12\rx") == [.key(.enter), .key(.character("x"))])
    }

    @Test("a sequence that is too long is not waited for")
    func longSequence() {
        let decoder = decoder()
        _ = decoder.decode("\u{1B}[" + String(repeating: "1", count: 80))
        #expect(decoder.patience == nil)
    }
}

@Suite("Keys in the forms of kitty's protocol and modifyOtherKeys")
struct KeyReportTests {
    private static let reports: [(String, Key)] = [
        // Kitty's protocol: code ; modifiers : event ; text.
        ("27u", .escape), ("27;1u", .escape), ("27;1:1u", .escape), ("27;1:2u", .escape), ("27;129u", .escape),
        ("99;5u", .control("c")), ("99;5:1u", .control("c")), ("99:67;5u", .control("c")),
        ("99:67;6u", .control("c")), ("1089::99;5u", .control("c")), ("1089:1057:99;69:1u", .control("c")),
        ("108;5u", .control("l")), ("122;5u", .control("z")), ("91;5u", .escape), ("105;5u", .tab),
        ("13u", .enter), ("13;1:1u", .enter), ("13;2u", .enter), ("9u", .tab), ("9;2u", .backTab),
        ("127u", .backspace), ("127;1:2u", .backspace), ("104;5u", .backspace), ("32;5u", .control("@")),
        ("113u", "q"), ("113;1;113u", "q"), ("97;2u", "A"), ("97:65;2u", "A"), ("97;65u", "A"), ("97;66u", "a"),
        ("49:33;2u", "!"), ("49;2;33u", "!"), ("228u", "ä"), ("228;2u", "Ä"), ("113;;64u", "@"), ("32u", " "),
        ("1:1A", .up), ("1;1:1A", .up), ("1;1B", .down), ("1;129C", .right), ("1;1:2D", .left),
        ("1;1:1H", .home), ("1;65F", .end), ("1;1P", .function(1)), ("1;1:1Q", .function(2)), ("1;1S", .function(4)),
        ("13;1:1~", .function(3)), ("15;1:1~", .function(5)), ("24;1~", .function(12)), ("57376u", .function(13)),
        ("5;1:1~", .pageUp), ("6;129~", .pageDown), ("2;1~", .insert), ("3;1:1~", .delete), ("7;1~", .home),
        ("57399u", "0"), ("57408u", "9"), ("57414u", .enter), ("57419u", .up), ("57420;1:1u", .down),
        ("57425u", .insert), ("57426u", .delete), ("57411u", "*"),
        // xterm's modifyOtherKeys.
        ("27;5;99~", .control("c")), ("27;1;27~", .escape), ("27;5;108~", .control("l")), ("27;6;67~", .control("c")),
        ("27;2;9~", .backTab), ("27;5;13~", .enter), ("27;2;127~", .backspace), ("27;2;33~", "!"), ("27;2;65~", "A"),
        ("27;5;91~", .escape), ("27;5;50~", .control("@")), ("27;5;63~", .backspace), ("27;2;32~", " "),
    ]

    @Test("every used key is read, wherever a read splits its sequence")
    func keys() {
        for (report, key) in Self.reports {
            let bytes = Array("\u{1B}[\(report)".utf8)
            let wanted: [Input] = [.key(key), .key("x")]
            #expect(decoder().decode(bytes + [0x78]) == wanted, "\(report)")
            for cut in 1..<bytes.count {
                let decoder = decoder()
                let first = decoder.decode(Array(bytes[..<cut]))
                #expect(first.isEmpty && decoder.patience != nil, "\(report) cut at \(cut)")
                #expect(decoder.decode(Array(bytes[cut...]) + [0x78]) == wanted, "\(report) cut at \(cut)")
            }
        }
    }

    @Test("releases, modifiers alone, Alt, Super and invalid characters are no keys")
    func nothing() {
        let reports = [
            "27;1:3u", "99;5:3u", "13;1:3u", "1;1:3A", "3;1:3~", "113;1:3u", "57441;2u", "57442;5:1u", "57358u",
            "27;3u", "98;3u", "99;9u", "113;33u", "1;3A", "1;5A", "5;5~", "57424;3u", "0u", "u", "55296u",
            "1114112u", "99999999999999999999u", "133u", "8238u", "13;3~", "27;3;98~", "27;5;1089~", "27;9;27~",
            "29;1:1~", "57427u", "1;1:1R", "113;99999999999999999999u",
        ]
        for report in reports {
            let bytes = Array("\u{1B}[\(report)".utf8)
            #expect(decoder().decode(bytes + [0x78]) == [.key("x")], "\(report)")
            let slow = decoder()
            #expect(bytes.flatMap { slow.decode([$0]) } == [], "\(report)")
            #expect(slow.patience == nil, "\(report)")
        }
    }

    @Test("text of several characters is typed, and combines with the next typed mark")
    func text() {
        #expect(decoder().decode("\u{1B}[0;;101:769ux") == [.key("e\u{301}"), .key("x")])
        #expect(decoder().decode("\u{1B}[97u\u{1B}[98u") == [.key("a"), .key("b")])
    }

    @Test("a bracketed paste and a mouse report are read as before")
    func others() {
        #expect(decoder().decode("\u{1B}[200~\u{1B}[99;5u\u{1B}[201~") == [.paste(Secret(utf8: "\u{1B}[99;5u"))])
    }
}

@Suite struct PasteTests {
    @Test("a paste of several lines is one input, byte for byte, including control characters")
    func onePaste() {
        let text = "line one\rline two\r\n\u{1B}[A\u{3}\tq"
        #expect(
            decoder().decode("a\u{1B}[200~" + text + "\u{1B}[201~b")
                == [.key(.character("a")), .paste(Secret(utf8: text)), .key(.character("b"))])
    }

    @Test("reads may split a paste anywhere, and a paste may be empty")
    func anywhere() {
        let whole = Array("\u{1B}[200~secret\u{1B}[20 \u{1B}\u{1B}[201~".utf8)
        let expected: [Input] = [.paste(Secret(utf8: "secret\u{1B}[20 \u{1B}"))]
        for cut in 1..<whole.count {
            let decoder = decoder()
            #expect(decoder.decode(Array(whole[..<cut])) + decoder.decode(Array(whole[cut...])) == expected)
        }
        let slow = decoder()
        #expect(whole.flatMap { slow.decode([$0]) } == expected)
        #expect(decoder().decode("\u{1B}[200~\u{1B}[201~") == [.paste(Secret(utf8: ""))])
    }

    @Test("a paste is never waited for")
    func noPatience() {
        let decoder = decoder()
        #expect(decoder.decode("\u{1B}[200~abc\u{1B}") == [])
        #expect(decoder.patience == nil)
    }

    @Test("a paste of 1 MiB is accepted; a longer one is refused whole, and keys work afterwards")
    func bounds() {
        let decoder = decoder()
        let block = [UInt8](repeating: 0x61, count: 1 << 16)
        _ = decoder.decode("\u{1B}[200~")
        for _ in 0..<16 { #expect(decoder.decode(block) == []) }
        guard case .paste(let secret)? = decoder.decode("\u{1B}[201~").first else {
            Issue.record("no paste came")
            return
        }
        #expect(secret.count == KeyDecoder.longestPaste)
        _ = decoder.decode("\u{1B}[200~")
        for _ in 0..<17 { #expect(decoder.decode(block) == []) }
        let failure = Failure(.unacceptableInput, "the paste is longer than 1 MiB", hints: ["nothing was taken"])
        #expect(decoder.decode("b\u{1B}[201~x") == [.refused(failure), .key(.character("x"))])
        #expect(decoder.decode("\u{1B}[200~y\u{1B}[201~") == [.paste(Secret(utf8: "y"))])
    }

    @Test("a paste without an end is dropped at the first key after a second")
    func unterminated() {
        let decoder = decoder()
        let failure = Failure(
            .unacceptableInput, "the paste did not end and was dropped", hints: ["paste it again"])
        #expect(decoder.decode("\u{1B}[200~half a sec\u{1B}[2") == [])
        #expect(decoder.decode("q", afterSilence: 0.9) == [])
        #expect(decoder.decode("\u{1B}[A", afterSilence: 1) == [.refused(failure), .key(.up)])
        #expect(decoder.decode("x") == [.key(.character("x"))])
    }

    @Test("the rest of a slow paste becomes no key")
    func slowPaste() {
        let decoder = decoder()
        _ = decoder.decode("\u{1B}[200~one")
        #expect(decoder.decode("\rtwo and more", afterSilence: 5) == [])
        #expect(decoder.decode("\r3\u{1B}[20", afterSilence: 0.2) == [])
        #expect(decoder.decode("1~", afterSilence: 5) == [.paste(Secret(utf8: "one\rtwo and more\r3"))])
    }
}

extension Input {
    fileprivate var key: Key? { if case .key(let key) = self { key } else { nil } }
}

extension String {
    fileprivate func prefixScalars(_ count: Int) -> String { String(UnicodeScalarView(unicodeScalars.prefix(count))) }
}
