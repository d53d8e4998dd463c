import Credentials
import Testing

@testable import Formats

@Suite("References to clients")
struct ClientReferenceTests {
    @Test(
        "a reference is written with a percent-encoded name and read back",
        arguments: [
            ("billing", "keyfob://billing/access_token"), ("GBG GO (eu)", "keyfob://GBG%20GO%20%28eu%29/access_token"),
            ("a/b?c#d%e", "keyfob://a%2Fb%3Fc%23d%25e/access_token"), ("é", "keyfob://%C3%A9/access_token"),
            ("-abc~._", "keyfob://-abc~._/access_token"), ("a+b", "keyfob://a%2Bb/access_token"),
        ])
    func encoded(name: String, text: String) throws {
        let reference = ClientReference(name, .accessToken)
        #expect(reference.text == text)
        #expect(try ClientReference(text) == reference)
    }

    @Test("each member has a name; a member alone is a relative reference")
    func members() throws {
        let names = ["access_token", "authorization", "expires_at", "client_id", "token_url"]
        #expect(ClientReference.Member.allCases.map(\.rawValue) == names)
        for name in names {
            let relative = try ClientReference(name)
            #expect(relative.name == nil && relative.member.rawValue == name && relative.text == name)
            #expect(try ClientReference("keyfob://é +x/" + name) == ClientReference("é +x", relative.member))
        }
        #expect(ClientReference.Member.allCases.filter { !$0.needsToken } == [.clientID, .tokenURL])
    }

    @Test(
        "another text is refused, and only a member is repeated",
        arguments: [
            ("", "this is not a reference"), ("s3cret", "this is not a reference"),
            ("KEYFOB://a/access_token", "this is not a reference"),
            ("access_token ", "this is not a reference"),
            ("keyfob://", "a reference has a name and one member"),
            ("keyfob://a", "a reference has a name and one member"),
            ("keyfob://a/b/access_token", "a reference has a name and one member"),
            ("keyfob://a/access_token/", "a reference has a name and one member"),
            ("keyfob:///access_token", "the name in the reference is not percent-encoded UTF-8"),
            ("keyfob://%2/access_token", "the name in the reference is not percent-encoded UTF-8"),
            ("keyfob://%FF/access_token", "the name in the reference is not percent-encoded UTF-8"),
            ("keyfob://a/", "a client has no value \"\""), ("keyfob://a/secret", "a client has no value \"secret\""),
            ("keyfob://a/Access_Token", "a client has no value \"Access_Token\""),
            ("keyfob://a/x\u{1B}[31m", "a client has no value \"x[31m\""),
        ])
    func refused(text: String, summary: String) {
        let failure = Failure(
            .unacceptableInput, summary,
            hints: ["write keyfob://NAME/access_token|authorization|expires_at|client_id|token_url"])
        #expect(throws: failure) { try ClientReference(text) }
    }
}

@Suite("Variables for a command")
struct VariableTests {
    /// The variables of a file, a text for each.
    private func read(_ text: String) throws -> [String] {
        try read(Array(text.utf8))
    }

    private func read(_ bytes: [UInt8]) throws -> [String] {
        try EnvironmentFileText.read(Secret(bytes), named: ".env").map { assignment in
            switch assignment.value {
            case .plain(let value): "\(assignment.place) \(assignment.name)=<\(value.unwipeableText())>"
            case .reference(let reference): "\(assignment.place) \(assignment.name) → \(reference.text)"
            }
        }
    }

    @Test("an environment file has comments, blank lines, export, quotes, plain values and references")
    func file() throws {
        let text = """
            # a comment

            A=keyfob://GBG%20GO/access_token
              export B='keyfob://b/authorization'  # the header
            C = no
            """
        #expect(throws: Failure.self) { try read(text) }
        let good = """
            \u{FEFF}# a comment
            \t
            A=keyfob://GBG%20GO/access_token
              export\tB='keyfob://b/authorization'  # the header
            C=plain text # with a comment\r
            D=a#b
            E=#x
            F= # nothing
            G=
            H='$x "y" \\n'
            I="a\\"b\\\\c\\n\\t\\$d \\x 'e'"
            J=$HOME/x
            exported=1
            export=2
            K='a=b'
            """
        #expect(
            try read(good) == [
                ".env:3 A → keyfob://GBG%20GO/access_token", ".env:4 B → keyfob://b/authorization",
                ".env:5 C=<plain text>", ".env:6 D=<a#b>", ".env:7 E=<#x>", ".env:8 F=<>", ".env:9 G=<>",
                ".env:10 H=<$x \"y\" \\n>", ".env:11 I=<a\"b\\c\n\t$d \\x 'e'>", ".env:12 J=<$HOME/x>",
                ".env:13 exported=<1>", ".env:14 export=<2>", ".env:15 K=<a=b>",
            ])
        #expect(try read("") == [] && read("\n\n") == [] && read("A=1") == [".env:1 A=<1>"])
    }

    @Test("bytes that are not UTF-8 are kept")
    func bytes() throws {
        let read = try EnvironmentFileText.read(Secret(Array("A=".utf8) + [0xFF, 0x80]), named: "f")
        guard case .plain(let value)? = read.first?.value else {
            Issue.record("no plain value")
            return
        }
        #expect(value == Secret([0xFF, 0x80]))
    }

    @Test(
        "a line that is no variable is refused with its place, and no value is repeated",
        arguments: [
            ("s3cret", ".env:2: this is no variable"), ("export s3cret", ".env:2: this is no variable"),
            ("=s3cret", ".env:2: the name of the variable is not valid"),
            ("1A=s3cret", ".env:2: the name of the variable is not valid"),
            ("A B=s3cret", ".env:2: the name of the variable is not valid"),
            ("A =s3cret", ".env:2: the name of the variable is not valid"),
            ("é=s3cret", ".env:2: the name of the variable is not valid"),
            ("A=\"s3cret", ".env:2: the quotes are not closed"), ("A='s3cret", ".env:2: the quotes are not closed"),
            ("A='s3'cret", ".env:2: text follows the closing quotes"),
            ("A='s3'#cret", ".env:2: text follows the closing quotes"),
            ("A=s3cret\u{0}", ".env:2: the line has a zero byte"),
            ("A=Bearer keyfob://a/access_token", ".env:2: a reference must be the whole value"),
            ("A=keyfob://a/s3", ".env:2: a client has no value \"s3\""),
            ("A=keyfob://s3cret", ".env:2: a reference has a name and one member"),
        ])
    func refusedLine(line: String, summary: String) {
        do throws(Failure) {
            _ = try EnvironmentFileText.read(Secret(utf8: "X=1\n\(line)\nY=2\n"), named: ".env")
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .unacceptableInput && error.summary == summary)
            #expect(!"\(error)".contains("s3cret"))
        }
    }

    @Test("an option is a variable and a reference, and its refusal repeats no value")
    func option() throws {
        let absolute = try VariableAssignment(option: "A=keyfob://a/client_id")
        #expect(absolute.name == "A" && absolute.place == "--env A")
        #expect(absolute.reference == ClientReference("a", .clientID))
        #expect(try VariableAssignment(option: "_x1=expires_at").reference == ClientReference(nil, .expiresAt))
        let refusals = [
            "s3cret": "--env needs a variable and a reference",
            "=access_token": "--env: the name of the variable is not valid",
            "A B=access_token": "--env: the name of the variable is not valid",
            "A=s3cret": "--env A: this is not a reference",
            "A=": "--env A: this is not a reference",
            "A=keyfob://a/b": "--env A: a client has no value \"b\"",
        ]
        for (text, summary) in refusals {
            do throws(Failure) {
                _ = try VariableAssignment(option: text)
                Issue.record("accepted: \(text)")
            } catch {
                #expect(error.kind == .unacceptableInput && error.summary == summary)
                #expect(!"\(error)".contains("s3cret"))
            }
        }
    }
}
