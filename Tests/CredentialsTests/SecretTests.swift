import Credentials
import Testing

@Suite("Secrets")
struct SecretTests {
    private let secret = Secret(utf8: "hunter2-hunter2")

    @Test("no description, mirror or dump of a secret holds its bytes, alone or inside something else")
    func redacted() {
        struct Holder { let inner: Secret }
        var dumped = ""
        dump(Holder(inner: secret), to: &dumped)
        for text in ["\(secret)", secret.debugDescription, String(reflecting: Holder(inner: secret)), dumped] {
            #expect(!text.contains("hunter2"))
        }
        #expect("\(secret)" == "<redacted>")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("equal bytes are equal secrets; another length or one other byte is another secret")
    func equality() {
        #expect(Secret(utf8: "abc") == Secret([97, 98, 99]))
        #expect(Secret(utf8: "abc") != Secret(utf8: "abd"))
        #expect(Secret(utf8: "abc") != Secret(utf8: "abcd"))
        #expect(Secret([]) == Secret([]))
    }

    @Test("the address points to the bytes, and an empty secret has an address too")
    func address() {
        #expect(secret.address == secret.withBytes { $0.baseAddress })
        // libcurl treats NULL as a body that it must read by a callback.
        #expect(Secret([]).address != nil)
    }

    @Test("fingerprints are equal if and only if the bytes are")
    func fingerprints() {
        let secret = Secret(utf8: "0123456789abcdef0123456789abcdef")
        #expect(secret.fingerprint == Secret(utf8: "0123456789abcdef0123456789abcdef").fingerprint)
        let others = ["", "0", "0123456789abcdef0123456789abcdeF", "0123456789abcdef0123456789abcdef0"]
        for other in others { #expect(secret.fingerprint != Secret(utf8: other).fingerprint) }
        #expect(Secret([]).fingerprint == Secret([]).fingerprint)
    }

    @Test("trimming takes ASCII white space off both ends and leaves what is inside")
    func trimming() {
        #expect(Secret(utf8: " \t\r\na b\n ").trimmed() == Secret(utf8: "a b"))
        #expect(Secret(utf8: "  \n").trimmed().isEmpty)
        #expect(Secret(utf8: "ab").trimmed() == Secret(utf8: "ab"))
    }

    @Test("an error while filling is rethrown and leaves no secret behind")
    func failingFill() {
        struct Trouble: Error {}
        #expect(throws: Trouble.self) {
            _ = try Secret(count: 4) { (_) throws(Trouble) in throw Trouble() }
        }
    }

    @Test("a buffer inserts, removes, and rejects input that does not fit")
    func buffer() throws {
        let buffer = try #require(SecretBuffer(capacity: 6))
        func insert(_ text: String, at offset: Int) -> Bool {
            Array(text.utf8).withUnsafeBytes { buffer.insert($0, at: offset) }
        }
        #expect(insert("ad", at: 0))
        #expect(insert("bc", at: 1))
        #expect(buffer.secret() == Secret(utf8: "abcd"))
        #expect(!insert("xyz", at: 4))
        #expect(buffer.secret() == Secret(utf8: "abcd"))
        buffer.remove(1..<3)
        #expect(buffer.secret() == Secret(utf8: "ad"))
        buffer.wipe()
        #expect(buffer.isEmpty)
        #expect("\(buffer)" == "<redacted>")
    }
}

@Suite("Text from outside")
struct UntrustedTextTests {
    @Test(
        "control characters are removed, white space becomes one space",
        arguments: [
            ("a\u{1B}[31mb", "a[31mb"), ("a\u{9B}b", "ab"), ("a\r\nb\tc", "a b c"), ("\u{202E}abc\u{2066}", "abc"),
            ("a\u{200B}b\u{FEFF}", "ab"), ("  a  b  ", "a b"), ("a\u{0}b", "a b"), ("\u{7F}x", "x"),
            ("a\u{2028}b", "a b"), ("", ""),
        ])
    func stripped(text: String, expected: String) {
        #expect(UntrustedText.line(text) == expected)
    }

    @Test("a long text is cut and ends in an ellipsis")
    func bounded() {
        #expect(UntrustedText.line(String(repeating: "x", count: 300), limit: 10) == "xxxxxxxxx…")
        #expect(
            UntrustedText.line("x" + String(repeating: "\u{301}", count: 100_000), limit: 10).unicodeScalars.count <= 40
        )
        #expect(UntrustedText.line(bytes: [0x61, 0xFF, 0x62], limit: 10) == "a\u{FFFD}b")
    }
}

@Suite("Names")
struct ClientNameTests {
    @Test("a name is trimmed and put into NFC")
    func normalized() throws {
        #expect(Array(try ClientName.checked("  Cafe\u{301} ").unicodeScalars) == Array("Caf\u{E9}".unicodeScalars))
    }

    @Test("names that differ only in case or normal form are the same")
    func key() {
        #expect(ClientName.key("CAFE\u{301}").unicodeScalars.elementsEqual(ClientName.key("caf\u{E9}").unicodeScalars))
        #expect(ClientName.key("a") != ClientName.key("b"))
    }

    @Test("100 characters are a name, 101 and none are not, nor is one with control or bidi characters")
    func limits() throws {
        #expect(try ClientName.checked(String(repeating: "é", count: 100)).count == 100)
        for text in ["", "  ", String(repeating: "x", count: 101), "a\u{7}b", "a\u{202E}b", "a\nb"] {
            #expect(throws: Failure.self) { try ClientName.checked(text) }
        }
        #expect(try ClientName.checked("👩‍💻 東京") == "👩‍💻 東京")
    }
}
