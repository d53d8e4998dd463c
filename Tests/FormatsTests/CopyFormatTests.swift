import Credentials
import Formats
import Foundation
import Testing

@Suite("Copy formats")
struct CopyFormatTests {
    private static let now = Moment(wall: Date(timeIntervalSince1970: 1_795_442_531), boot: 0, bootID: "")
    private static let value = "abc.DEF-1_~+/="

    private func profile(_ name: String = "billing", apiBase: String = "") -> ClientProfile {
        ClientProfile(name: name, clientID: "app-1", apiBase: apiBase, created: Self.now.wall)
    }

    private func token(lifetime: Double? = 3_600) -> AccessToken {
        AccessToken(
            value: Secret(utf8: Self.value),
            facts: TokenFacts(
                type: "bearer", requested: Self.now, obtained: Self.now, lifetime: lifetime,
                characterCount: Self.value.count))
    }

    private func text(_ format: CopyFormat, _ profile: ClientProfile, later: Double = 60) -> String {
        format.render(CopySubject(profile: profile, token: token(), now: Self.now.advanced(by: later))).unwipeableText()
    }

    @Test(
        "each format, word for word",
        arguments: [
            (CopyFormat.header, "Authorization: Bearer abc.DEF-1_~+/="),
            (.token, "abc.DEF-1_~+/="),
            (.curl, "curl -H 'Authorization: Bearer abc.DEF-1_~+/=' 'https://api.example.com/'"),
            (.httpie, "http GET 'https://api.example.com/' 'Authorization: Bearer abc.DEF-1_~+/='"),
            (.wget, "wget -qO- --header='Authorization: Bearer abc.DEF-1_~+/=' 'https://api.example.com/'"),
            (
                .powershell,
                "Invoke-RestMethod -Uri 'https://api.example.com/' "
                    + "-Headers @{ Authorization = 'Bearer abc.DEF-1_~+/=' }"
            ),
            (
                .fetch,
                "await fetch(\"https://api.example.com/\", "
                    + "{ headers: { Authorization: \"Bearer abc.DEF-1_~+/=\" } })"
            ),
            (
                .python,
                """
                import requests
                response = requests.get("https://api.example.com/", headers={"Authorization": "Bearer abc.DEF-1_~+/="})
                print(response.status_code, response.text)
                """
            ),
            (.bash, "export ACCESS_TOKEN='abc.DEF-1_~+/='"),
            (.fish, "set -gx ACCESS_TOKEN 'abc.DEF-1_~+/='"),
            (.powershellVariable, "$env:ACCESS_TOKEN = 'abc.DEF-1_~+/='"),
            (
                .json,
                """
                {
                  "access_token": "abc.DEF-1_~+/=",
                  "token_type": "bearer",
                  "expires_in": 3540,
                  "expires_at": "2026-11-23T15:02:11Z"
                }
                """
            ),
            (
                .postman,
                """
                {
                  "name": "billing",
                  "values": [
                    { "key": "base_url", "value": "https://api.example.com", "type": "default", "enabled": true },
                    { "key": "access_token", "value": "abc.DEF-1_~+/=", "type": "secret", "enabled": true }
                  ],
                  "_postman_variable_scope": "environment"
                }
                """
            ),
            (.http, "### billing\nGET https://api.example.com/\nAuthorization: Bearer abc.DEF-1_~+/="),
            (.headersJSON, #"{"Authorization":"Bearer abc.DEF-1_~+/="}"#),
            (.curlConfig, #"header = "Authorization: Bearer abc.DEF-1_~+/=""#),
            (.githubActions, "::add-mask::abc.DEF-1_~+/="),
            (
                .execCredential,
                #"""
                {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":\#
                {"token":"abc.DEF-1_~+/=","expirationTimestamp":"2026-11-23T15:02:11Z"}}
                """#
            ),
            (.clientID, "app-1"),
        ])
    func render(format: CopyFormat, expected: String) {
        #expect(text(format, profile()) == expected)
    }

    @Test("names are the values of --format, and no two formats share a name or a title")
    func names() {
        #expect(
            CopyFormat.allCases.map(\.name) == [
                "header", "token", "curl", "httpie", "wget", "powershell", "fetch", "python", "bash", "fish",
                "powershell-env", "json", "postman", "http", "headers-json", "curl-config", "github-actions",
                "exec-credential",
                "client-id",
            ])
        #expect(Set(CopyFormat.allCases.map(\.title)).count == CopyFormat.allCases.count)
        #expect(Set(CopyFormat.allCases.map(\.noun)).count == CopyFormat.allCases.count)
        #expect(CopyFormat.allCases.filter { !$0.needsToken || !$0.holdsToken } == [.clientID])
    }

    @Test("a preview is one line with the mask where the token is", arguments: CopyFormat.allCases)
    func preview(format: CopyFormat) {
        let hostile = profile("bill\u{202E}ing\n\u{1B}[2J")
        let preview = format.preview(hostile, token().facts, at: Self.now, mask: "••••")
        #expect(preview.contains("••••") == format.holdsToken)
        #expect(!preview.unicodeScalars.contains(where: UntrustedText.isControl))
        let copied = format.render(CopySubject(profile: hostile, token: token(), now: Self.now))
        let masked = copied.unwipeableText().replacingOccurrences(of: Self.value, with: "••••")
        #expect(preview == UntrustedText.line(masked, limit: 500))
    }

    @Test("a format with the API base reports if an example URL replaces it", arguments: CopyFormat.allCases)
    func exampleURL(format: CopyFormat) {
        for base in ["", "-o/tmp/x"] {
            let isShown = text(format, profile(apiBase: base)).contains("https://api.example.com")
            #expect(format.exampleURL(for: profile(apiBase: base)) == (isShown ? "https://api.example.com/" : nil))
        }
        #expect(format.exampleURL(for: profile(apiBase: "https://a.example")) == nil)
    }

    @Test("an unknown expiry is null, also in the preview without a token")
    func unknownExpiry() throws {
        let subject = CopySubject(profile: profile(), token: token(lifetime: nil), now: Self.now)
        let object = try JSONSerialization.jsonObject(with: Data(CopyFormat.json.render(subject).unwipeableText().utf8))
        let members = try #require(object as? [String: Any])
        #expect(members["expires_in"] is NSNull)
        #expect(members["expires_at"] is NSNull)
        #expect(
            CopyFormat.json.preview(profile(), nil, at: Self.now, mask: "*").hasPrefix("{ \"access_token\": \"*\","))
    }

    @Test("an exec credential of unknown expiry has no expirationTimestamp")
    func unknownExpiryForKubectl() throws {
        let subject = CopySubject(profile: profile(), token: token(lifetime: nil), now: Self.now)
        #expect(
            CopyFormat.execCredential.render(subject).unwipeableText()
                == #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","#
                + #""status":{"token":"abc.DEF-1_~+/="}}"#)
    }

    @Test("without a token, a format that needs one gives nothing at all", arguments: CopyFormat.allCases)
    func withoutToken(format: CopyFormat) {
        let copied = format.render(CopySubject(profile: profile(), token: nil, now: Self.now))
        #expect(copied.isEmpty == format.needsToken)
    }

    @Test(
        "requests go to the API base, or to the health check if it is GBG GO's",
        arguments: [
            (
                "https://eu.platform.go.gbgplc.com/v2/captain",
                "https://eu.platform.go.gbgplc.com/v2/captain/journey/health"
            ),
            (
                "https://US.platform.go.gbgplc.com:443/v2/captain/",
                "https://US.platform.go.gbgplc.com:443/v2/captain/journey/health"
            ),
            ("https://platform.go.gbgplc.com.evil.example/", "https://platform.go.gbgplc.com.evil.example/"),
            ("https://evilplatform.go.gbgplc.com/a", "https://evilplatform.go.gbgplc.com/a"),
            ("https://a/platform.go.gbgplc.com", "https://a/platform.go.gbgplc.com"),
            ("https://api.example.com/v1", "https://api.example.com/v1"),
            ("", "https://api.example.com/"), ("-o/tmp/x", "https://api.example.com/"),
            ("javascript:x", "https://api.example.com/"), ("https://", "https://"), ("https:///", "https:///"),
            ("http://[::1]:8080/a[1]{b}", "http://[::1]:8080/a%5B1%5D%7Bb%7D"),
            ("https://münchen.example/ä b\n\"", "https://münchen.example/%C3%A4%20b%0A%22"),
        ])
    func target(base: String, url: String) {
        var elsewhere = profile(apiBase: base)
        elsewhere.tokenURL = "https://gbgplc.com.evil.example/token"
        #expect(!text(.http, elsewhere).contains("/journey/health"), "only a client of GBG's server is GBG's")
        #expect(text(.http, profile(apiBase: base)) == "### billing\nGET \(url)\nAuthorization: Bearer \(Self.value)")
    }

    // MARK: - Run

    private static let bases = NastyText.samples.map { "https://h.example/\($0)" }

    /// The plain text of a URL with `%XX`, and of the samples that contain an escape themselves.
    private func said(_ url: String) -> String? { url.removingPercentEncoding }

    @Test(
        "curl, HTTPie and wget get the header and the URL as one argument each, from any shell",
        arguments: ["bash", "dash", "zsh", "fish"].filter(Program.isThere))
    func commands(shell: String) async throws {
        let folder = try Program.Folder()
        for name in ["curl", "http", "wget"] { try folder.standIn(for: name) }
        let bases = Self.bases.filter { said($0) == $0 }
        let script = bases.flatMap { base in
            [CopyFormat.curl, .httpie, .wget].map { text($0, profile(apiBase: base)) + "\n" }
        }
        let output = try await folder.run(shell, script: Data(script.joined().utf8))
        let header = "Authorization: Bearer \(Self.value)"
        var calls = output.strings.split(separator: "").map(Array.init)[...]
        #expect(calls.count == bases.count * 3)
        for base in bases {
            let curl = calls.popFirst() ?? []
            #expect(curl.dropLast() == ["curl", "-H", header])
            #expect(curl.last.flatMap(said) == base)
            let httpie = calls.popFirst() ?? []
            #expect(httpie.prefix(2) == ["http", "GET"] && httpie.dropFirst(3) == [header])
            #expect(httpie.dropFirst(2).first.flatMap(said) == base)
            let wget = calls.popFirst() ?? []
            #expect(wget.dropLast() == ["wget", "-qO-", "--header=\(header)"])
            #expect(wget.last.flatMap(said) == base)
        }
    }

    @Test("the variable is set and exported", arguments: ["bash", "dash", "zsh", "fish"].filter(Program.isThere))
    func variable(shell: String) async throws {
        let format = shell == "fish" ? CopyFormat.fish : .bash
        let script = text(format, profile()) + "\nsh -c 'printf \"%s\\0\" \"$ACCESS_TOKEN\"'\n"
        #expect(try await Program.Folder().run(shell, script: Data(script.utf8)).strings == [Self.value])
    }

    @Test("Python requests the URL with the header", .enabled(if: Program.isThere("python3"), "needs python3"))
    func python() async throws {
        let folder = try Program.Folder()
        let module = """
            import sys
            status_code, text = 200, ""
            def get(url, headers):
                sys.stdout.write(url + "\\0" + repr(headers) + "\\0")
                return sys.modules[__name__]
            """
        try folder.write("requests.py", Data(module.utf8))
        let bases = Self.bases.filter { said($0) == $0 }
        let script = bases.map { text(.python, profile(apiBase: $0)) + "\n" }.joined()
        let output = try await folder.run("python3", script: Data(script.utf8)).strings
        // The printed answer separates two calls.
        let urls = stride(from: 0, to: output.count, by: 2).map {
            output[$0].replacingOccurrences(of: "200 \n", with: "")
        }
        #expect(urls.map(said) == bases)
        #expect(
            Set(stride(from: 1, to: output.count, by: 2).map { output[$0] }) == [
                "{'Authorization': 'Bearer \(Self.value)'}"
            ])
    }

    @Test("PowerShell and JavaScript read the URL and the header, whatever the API base")
    func languages() throws {
        for base in Self.bases where said(base) == base {
            let powershell = text(.powershell, profile(apiBase: base))
            let middle = try #require(powershell.range(of: " -Headers @{ Authorization = ", options: .backwards))
            let uri = powershell[..<middle.lowerBound].dropFirst("Invoke-RestMethod -Uri ".count)
            #expect(PowerShell.string(String(uri)).flatMap(said) == base)
            #expect(powershell[middle.upperBound...] == "'Bearer \(Self.value)' }")

            let script = text(.fetch, profile(apiBase: base))
            let comma = try #require(script.range(of: ", { headers: ", options: .backwards))
            let url = try JSONSerialization.jsonObject(
                with: Data(script[..<comma.lowerBound].dropFirst("await fetch(".count).utf8), options: .fragmentsAllowed
            )
            #expect((url as? String).flatMap(said) == base)
        }
    }

    @Test("JSON formats are valid JSON with any client name")
    func json() throws {
        for name in NastyText.samples {
            let object = try JSONSerialization.jsonObject(with: Data(text(.postman, profile(name)).utf8))
            #expect((object as? [String: Any])?["name"] as? String == UntrustedText.line(name))
            let lines = text(.http, profile(name)).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count == 3 && lines[0] == "### \(UntrustedText.line(name))")
        }
    }
}
