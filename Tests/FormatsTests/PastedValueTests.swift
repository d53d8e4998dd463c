import Credentials
import Formats
import Testing

/// Pasted values, as their shell or file format reads them.
@Suite("A pasted value")
struct PastedValueTests {
    private func pasted(_ text: String) -> PastedClient? { PastedClient.read(Secret(utf8: text)) }

    @Test("is read as intended", arguments: PastedValues.read)
    func values(sample: PastedValues.Sample) {
        #expect(pasted(sample.text)?.secret == Secret(utf8: sample.secret), "\(sample.text)")
        #expect(pasted(sample.text)?.warnings.filter { !$0.contains("begins or ends") } == [], "\(sample.text)")
    }

    @Test("is read in a curl command too, with the variables set above", arguments: PastedValues.inCurl)
    func curl(sample: PastedValues.Sample) throws {
        let client = try #require(pasted(sample.text))
        #expect(client.secret == Secret(utf8: sample.secret), "\(sample.text)")
        #expect(client.clientID == "app", "\(sample.text)")
        #expect(client.tokenURL == "https://a/token", "\(sample.text)")
    }

    @Test("that is not read is reported and not guessed", arguments: PastedValues.unread)
    func unread(text: String) throws {
        let client = try #require(pasted(text))
        #expect(client.secret == nil, "\(text)")
        #expect(!client.warnings.isEmpty, "\(text)")
        #expect(!"\(client)".contains("s3cret"), "\(text)")
    }

    @Test("the warning names the field and the reason")
    func reasons() {
        let warnings: (String) -> [String]? = { pasted($0)?.warnings }
        #expect(
            warnings("CLIENT_ID=“a”\nCLIENT_SECRET=b$c\nTOKEN_URL=https://$HOST/token\nSCOPE=$(id)") == [
                "the client ID contains a typographic quote, dash or a no-break space: enter it",
                "the client secret is a placeholder in the paste: enter it",
                "the token URL is a placeholder in the paste: enter it",
                "the scope is the output of a command, which keyfob does not run: enter it",
            ])
    }

    @Test(
        "a secret surrounded by quotes, backticks or a dollar sign is used, with a warning",
        arguments: [
            "CLIENT_SECRET='\"s3cret\"'", "set CLIENT_SECRET=\"s3cret\"", "CLIENT_SECRET='`s3cret`'",
            "CLIENT_SECRET=s3cret$", "CLIENT_SECRET='$s3cret'", "CLIENT_SECRET='“s3cret”'",
            "curl -u \"app:'s3cret'\" https://a",
        ])
    func looksQuoted(text: String) throws {
        let client = try #require(pasted(text))
        #expect(client.secret?.unwipeableText().contains("s3cret") == true)
        #expect(
            client.warnings.contains(
                "the client secret begins or ends with a quote, a backtick or a dollar sign: check it"))
    }

    @Test("a paste made to be slow is read all the same")
    func slow() {
        for piece in [
            "$(", "a=\n", "secret", "`", "'", "a='", "\"", "=“", "<a ", "a=b'\n", "curl -u a:b c:\n", "{", "\"$(curl ",
        ] {
            let text = String(repeating: piece, count: 16_000 / piece.utf8.count)
            _ = PastedText(Secret(utf8: text))
            _ = PastedClient.read(Secret(utf8: text))
        }
    }

    @Test("a few lines cannot grow without limit")
    func growth() {
        var lines = "A0=0123456789\n"
        for number in 1...40 { lines += "A\(number)=$A\(number - 1)$A\(number - 1)\n" }
        #expect(pasted(lines + "CLIENT_ID=a\nCLIENT_SECRET=$A40")?.secret == nil)
        #expect(pasted("A=01234\nB=$A$A\nCLIENT_ID=a\nCLIENT_SECRET=$B$B")?.secret?.count == 20)
    }
}

/// The samples with their expected values.
enum PastedValues {
    struct Sample: Sendable {
        var text: String
        var secret: String
    }

    private static func samples(_ texts: [(String, String)]) -> [Sample] {
        texts.map { Sample(text: $0.0, secret: $0.1) }
    }

    static let read: [Sample] = samples([
        ("CLIENT_SECRET='s3'\\''cret'", "s3'cret"),
        ("CLIENT_SECRET=$'s3\\'\\x63ret'", "s3'cret"),
        ("CLIENT_SECRET=s3\\ cr\\$t", "s3 cr$t"),
        ("CLIENT_SECRET=`s3cret`", "s3cret"),
        ("`CLIENT_SECRET=s3cret`", "s3cret"),
        ("CLIENT_SECRET: `s3cret`", "s3cret"),
        ("- Client Secret: `s3cret`", "s3cret"),
        ("```env\nCLIENT_SECRET=s3cret\n```", "s3cret"),
        ("CLIENT_SECRET=\"s3\\\ncret\"", "s3cret"),
        ("CLIENT_SECRET=s3\\\ncret", "s3cret"),
        ("$env:CLIENT_SECRET = 'it''s'", "it's"),
        ("$env:CLIENT_SECRET = \"s`\"3`$c`tr\"\"et\"", "s\"3$c\tr\"et"),
        ("$body = @{\n  client_id = 'a'\n  client_secret = 's3cret'\n}\nInvoke-RestMethod -Body $body", "s3cret"),
        ("Client_Secret: 'it''s'", "it's"),
        ("client_secret: \"s\\\"3\"  # comment", "s\"3"),
        ("client_secret: s3#cret # comment", "s3#cret"),
        ("  \"client_secret\": \"s3cret\",", "s3cret"),
        ("{\"client_id\": \"a\", \"client_secret\": \"s3\\/cret\"}", "s3/cret"),
        ("{\n  \"web\": {\n    \"client_id\": \"a\",\n    \"client_secret\": \"s3cret\"\n  }\n}", "s3cret"),
        ("client_id=\"a\", client_secret=\"s3cret\",", "s3cret"),
        ("{ client_id: 'a', client_secret: 's3cret' }", "s3cret"),
        ("spring.registration.client-secret=s3cret", "s3cret"),
        ("CLIENT_ID=a CLIENT_SECRET=s3cret", "s3cret"),
        ("export CLIENT_ID=a CLIENT_SECRET=s3cret", "s3cret"),
        ("CLIENT_ID=a; CLIENT_SECRET=s3cret;", "s3cret"),
        ("CLIENT_SECRET=\"s3cret\";export CLIENT_SECRET", "s3cret"),
        ("Client ID: a\nClient Secret: s3cret\nToken URL: https://a/token", "s3cret"),
        ("CLIENT_ID=a && CLIENT_SECRET=s3cret", "s3cret"),
        ("CLIENT_ID=a CLIENT_SECRET=s3cret ./run.sh", "s3cret"),
        ("env CLIENT_ID=a CLIENT_SECRET=s3cret node app.js", "s3cret"),
        ("$ CLIENT_ID=a\n$ CLIENT_SECRET=s3cret", "s3cret"),
        ("> CLIENT_SECRET=s3cret", "s3cret"),
        ("% export CLIENT_SECRET=s3cret", "s3cret"),
        ("PS C:\\> $env:CLIENT_SECRET = 's3cret'", "s3cret"),
        ("C:\\Users\\me>set CLIENT_SECRET=s3^^cr et", "s3^cr et"),
        ("me@host:~$ export CLIENT_SECRET=s3cret", "s3cret"),
        ("\u{FEFF}CLIENT_SECRET=s3cret", "s3cret"),
        ("CLIENT_SECRET=old\nCLIENT_SECRET=s3cret\n", "s3cret"),
        ("export CLIENT_SECRET=\"s3cret\" # comment, it's one", "s3cret"),
        ("# it's a comment\nCLIENT_SECRET=s3cret", "s3cret"),
        ("NOTE=Bob's\nCLIENT_SECRET=s3cret\nOTHER=it's", "s3cret"),
        ("CLIENT_SECRET=s3#cr=t==", "s3#cr=t=="),
        ("CLIENT_SECRET = s3cret", "s3cret"),
        ("CLIENT_SECRET= s3cret", "s3cret"),
        ("CLIENT_SECRET='$ecret$1'", "$ecret$1"),
        ("A=s3\nCLIENT_SECRET=${A}cret", "s3cret"),
        ("set A=s3\nset CLIENT_SECRET=%A%cret", "s3cret"),
        ("$a = 's3'\n$env:CLIENT_SECRET = \"${a}cret\"", "s3cret"),
        ("CLIENT_ID=a\nAUDIENCE=\nCLIENT_SECRET=s3cret", "s3cret"),
        ("CLIENT_ID=a\rCLIENT_SECRET=s3cret\rSCOPE=b", "s3cret"),
        ("CLIENT_ID=a\r\nCLIENT_SECRET=s3cret\r\n", "s3cret"),
    ])

    static let inCurl: [Sample] = samples([
        ("curl -u app:'s3'\\''cret' https://a/token", "s3'cret"),
        ("curl -u 'app:s3\ncret' https://a/token", "s3\ncret"),
        ("curl -u \"app:s3\\\ncret\" https://a/token", "s3cret"),
        ("curl -u `app:s3cret` https://a/token", "s3cret"),
        ("`curl -u app:s3cret https://a/token`", "s3cret"),
        ("Run this:\n```sh\n$ curl -u app:s3cret \\\n> https://a/token\n```", "s3cret"),
        ("CLIENT_ID=app\nSECRET='s3cret'\ncurl -u \"$CLIENT_ID:$SECRET\" https://a/token", "s3cret"),
        ("ID=app; SECRET=s3cret; curl -d client_id=${ID} -d client_secret=${SECRET} https://a/token", "s3cret"),
        ("export ID=app SECRET=s3\ncurl -d \"client_id=$ID&client_secret=${SECRET}cret\" https://a/token", "s3cret"),
        ("HOST=a\ncurl -u app:s3cret https://$HOST/token", "s3cret"),
        ("TOKEN=\"$(curl -s -u app:s3cret https://a/token | jq -r .access_token)\"", "s3cret"),
        ("TOKEN=$(curl -s -u app:s3cret https://a/token)", "s3cret"),
        ("set S=s3\r\ncurl -u \"app:%S%cret\" https://a/token", "s3cret"),
        ("curl ^\n -d \"client_id=app&client_secret=s3^cret\" https://a/token", "s3^cret"),
        ("$s = 's3'\ncurl.exe -u \"app:${s}cret\" `\n  https://a/token", "s3cret"),
        ("curl.exe -u \"app:s`\"3\" `\n  https://a/token", "s\"3"),
        ("curl.exe -u 'app:it''s' `\n  https://a/token", "it's"),
        ("# gets a token\ncurl -u app:s3cret https://a/token", "s3cret"),
        ("# gets a token\rcurl -u app:s3cret \\\r https://a/token\r", "s3cret"),
        ("env A=b curl -u app:s3cret https://a/token", "s3cret"),
        ("A=b curl -u app:s3cret https://a/token", "s3cret"),
        ("user@host:~$ curl -u app:s3cret https://a/token", "s3cret"),
        ("curl -d '{\n  \"client_id\": \"app\",\n  \"client_secret\": \"s3cret\"\n}' https://a/token", "s3cret"),
    ])

    static let unread: [String] = [
        "CLIENT_SECRET=s3${X}cret", "CLIENT_SECRET=\"s3$X\"", "CLIENT_SECRET=s3cret$ecret",
        "CLIENT_SECRET=${X:-s3cret}",
        "CLIENT_SECRET=pa$$s3cret", "CLIENT_SECRET=s3cret$1b", "CLIENT_SECRET=“s3cret”", "CLIENT_SECRET=‘s3cret’",
        "CLIENT_SECRET=«s3cret»", "CLIENT_SECRET=„s3cret“", "CLIENT_SECRET=–s3cret", "CLIENT_SECRET=s3cret\u{A0}",
        "CLIENT_SECRET=\u{202F}s3cret", "CLIENT_SECRET='s3\u{2007}cret'", "CLIENT_SECRET: “s3cret”",
        "declare -x CLIENT_SECRET=\"s3cret\"", "typeset -x CLIENT_SECRET=s3cret", "set \"CLIENT_SECRET=s3cret\"",
        "setx CLIENT_SECRET s3cret", "set -x CLIENT_SECRET s3cret", "setenv CLIENT_SECRET s3cret",
        "CLIENT_SECRET=$(cat s3cret)", "CLIENT_SECRET=\"$(cat s3cret)\"", "CLIENT_SECRET=\"`cat s3cret`\"",
        "CLIENT_SECRET=`cat s3cret`", "CLIENT_SECRET=s3cret more", "CLIENT_SECRET=s3cret;x", "CLIENT_SECRET=s3cret&x",
        "CLIENT_SECRET=s3(cret", "CLIENT_SECRET=s3cret>x", "CLIENT_SECRET=it's3cret", "CLIENT_SECRET='s3cret",
        "CLIENT_SECRET=\"s3cret", "CLIENT_SECRET=#s3cret", "CLIENT_SECRET=s3cret,", "CLIENT_SECRET: |\n  s3cret",
        "$env:CLIENT_SECRET = \"s3cret$x\"", "$env:CLIENT_SECRET = (Get-Content s3cret)",
        "set CLIENT_SECRET=s3%X_X%cret",
        "curl -u \"app:s3$SECRET\" https://a/token", "curl -u app:${SECRET}s3cret https://a/token",
        "curl -d “client_secret=s3cret” https://a/token", "curl -d client_secret=“s3cret” https://a/token",
        "curl –d client_secret=s3cret https://a/token", "curl —data client_secret=s3cret https://a/token",
        "curl -u\u{A0}app:s3cret https://a/token", "curl\u{A0}-u\u{A0}app:s3cret\u{A0}https://a/token",
        "curl -d client_secret=\u{A0}s3cret https://a/token", "curl -u “app:s3cret” https://a/token",
        "curl -d client_secret=$(cat s3cret) https://a/token", "curl -d client_secret=<your s3cret> https://a/token",
    ]
}
