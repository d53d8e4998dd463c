import Credentials
import Foundation
import Testing

@Suite("Encodings")
struct EncodingTests {
    // MARK: - Base64

    private func base64(_ bytes: [UInt8], _ alphabet: Base64.Alphabet) -> String {
        Secret.written { text in bytes.withUnsafeBytes { Base64.append($0, to: text, in: alphabet) } }.unwipeableText()
    }

    @Test("base64 agrees with Foundation's for every length modulo three, and is read back", arguments: 0..<8)
    func base64(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ 200) }
        #expect(base64(bytes, .plain) == Data(bytes).base64EncodedString())
        for alphabet in [Base64.Alphabet.plain, .url] {
            let text = Secret(utf8: base64(bytes, alphabet))
            #expect(text.withBytes { Base64.decoded($0) } == Secret(bytes))
        }
    }

    @Test("the alphabet for URLs has - and _ in the place of + and /, and no padding")
    func base64ForURLs() {
        #expect(base64([0xFB, 0xFF], .plain) == "+/8=")
        #expect(base64([0xFB, 0xFF], .url) == "-_8")
        #expect(base64([0xFB], .url) == "-w")
    }

    // MARK: - Percent-encoding

    @Test("every byte but RFC 3986's unreserved ones is percent-encoded, and is read back")
    func everyByte() {
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        let bytes = Array(UInt8.min...UInt8.max)
        let expected = bytes.map {
            unreserved.contains($0) ? String(UnicodeScalar($0)) : String(format: "%%%02X", $0)
        }
        let encoded = Secret.written { PercentEncoding.append(bytes, to: $0) }.unwipeableText()
        #expect(encoded == expected.joined())
        #expect(PercentEncoding.decoded(encoded.utf8) == bytes)
        #expect(PercentEncoding.encoded("a/b é") { $0 == UInt8(ascii: "/") || $0 >= 0x61 } == "a/b%20é")
    }

    @Test(
        "an invalid escape stays unchanged and is reported; + is a space only in a form",
        arguments: [
            ("a+b%20c", "a b c", true), ("%c3%A9", "é", true), ("", "", true), ("%", "%", false), ("%4", "%4", false),
            ("%4g%41", "%4gA", false), ("%%41", "%A", false), ("%+1", "% 1", false),
        ])
    func decoding(text: String, decoded: String, isWhole: Bool) {
        var bytes: [UInt8] = []
        let whole = PercentEncoding.decode(text.utf8, isForm: true) { bytes.append($0) }
        #expect(String(decoding: bytes, as: UTF8.self) == decoded)
        #expect(whole == isWhole)
        #expect(PercentEncoding.decoded("a+b".utf8, isForm: false) == Array("a+b".utf8))
    }

    // MARK: - Quoting

    @Test(
        "a word is quoted only if a shell would not read it unchanged",
        arguments: [
            ("a-Z_0./:=@%+,", "a-Z_0./:=@%+,"), ("", "''"), ("=ls", "'=ls'"), ("~", "'~'"), ("a b", "'a b'"),
            ("it's", #"'it'\''s'"#), ("é", "'é'"), ("a;b", "'a;b'"), ("$HOME", "'$HOME'"), ("a\\b", #"'a'\\'b'"#),
        ])
    func word(text: String, word: String) {
        #expect(ShellQuoting.word(text) == word)
    }

    @Test("a JSON string contains no control character and no line separator")
    func json() throws {
        let text = "\"\\\u{0}\n\u{1F}\u{7F}\u{2027}\u{2028}\u{2029}\u{202A}é\u{E2}"
        let quoted = ShellQuoting.json.quoted(text)
        #expect(quoted == #""\"\\\u0000\u000a\u001f\u007f"# + "\u{2027}\\u2028\\u2029\u{202A}é\u{E2}\"")
        #expect(try JSONDecoder().decode(String.self, from: Data(quoted.utf8)) == text)
    }
}
