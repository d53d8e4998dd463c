import Credentials
import Testing

@testable import OAuth

/// Error texts from any place in XML and pages.
@Suite("Error texts in markup")
struct MarkupErrorTests {
    struct Row: Sendable {
        var status = 401
        var type = ""
        var body: String
        var code: String?
        var words: [String]
    }

    private func said(_ row: Row, hiding secret: Secret? = nil) -> (words: [String], failure: Failure?) {
        let headers: [(name: String, value: String)] = row.type.isEmpty ? [] : [("Content-Type", row.type)]
        let failure = Samples.parse(Samples.response(row.status, row.body, headers: headers), hiding: secret).error
        let words = failure?.hints.filter { $0.hasPrefix("the server says: ") }.map { String($0.dropFirst(17)) }
        return (words ?? [], failure)
    }

    static let whole: [Row] = [
        Row(
            body: "<e><message>The client <i>abc</i> is disabled until Monday</message></e>",
            words: ["The client abc is disabled until Monday"]),
        Row(body: "<e><faultstring>Part one<!-- c --> part two</faultstring></e>", words: ["Part one part two"]),
        Row(body: "<e><message>Why: <![CDATA[a < b]]> fails</message></e>", words: ["Why: a < b fails"]),
        Row(body: "<e><message>Why: <![CDATA[a ]]><![CDATA[< b]]></message></e>", words: ["Why: a < b"]),
        Row(body: "<e><message>no <x:id>7</x:id> here<br/>at all</message></e>", words: ["no 7 here at all"]),
        Row(body: "<e><message><value>deep</value></message></e>", words: ["deep"]),
        Row(body: "<e><message> </message><message>second</message></e>", words: ["second"]),
        Row(
            body: "<e><error><code>E7</code><message>no</message></error></e>", code: "E7", words: ["no"]),
        Row(body: "<e><message>first</message><message>second</message></e>", words: ["first"]),
    ]

    static let elsewhere: [Row] = [
        Row(body: #"<Error code="X" message="attr &lt;words&gt;"/>"#, code: "X", words: ["attr <words>"]),
        Row(body: #"<r><fault Description='a > b'/></r>"#, words: ["a > b"]),
        Row(body: #"<r kind="7"/>"#, words: [#"<r kind="7"/>"#]),
        Row(body: #"<r client_secret="abc"/>"#, words: [#"<r client_secret="<redacted>"/>"#]),
        Row(body: "<r><note>no</note><client_secret>abc</client_secret></r>", words: ["no <redacted>"]),
        Row(body: "<html><body><noscript>Scripts are off</noscript></body></html>", words: ["Scripts are off"]),
        Row(body: #"<html><body><img alt="no"></body></html>"#, words: [#"<html><body><img alt="no"></body></html>"#]),
        Row(body: "<html><body></body></html>", words: []),
    ]

    static let noMarkup: [Row] = [
        Row(type: "text/plain", body: "<unknown client>", words: ["<unknown client>"]),
        Row(type: "text/plain", body: "< 5 requests left", words: ["< 5 requests left"]),
        Row(type: "text/html; charset=utf-8", body: "Client unknown", words: ["Client unknown"]),
        Row(type: "text/html", body: "No &quot;abc&quot; &#233;", words: ["No \"abc\" é"]),
    ]

    static let pages: [Row] = [
        Row(type: "text/html", body: "<b>Client</b> unknown", words: ["Client unknown"]),
        Row(type: "text/html", body: "No <code>abc</code> here<br>Bye", words: ["No abc here Bye"]),
    ]

    @Test("the whole text of an element is shown, across inner elements, comments and CDATA sections")
    func wholeElements() {
        for row in Self.whole {
            let (words, failure) = said(row)
            #expect(words == row.words, "\(row.body)")
            if let code = row.code { #expect(failure?.summary.contains(": \(code) (401)") == true, "\(row.body)") }
        }
    }

    @Test("a secret that is split over two sections is hidden")
    func splitSecret() {
        let row = Row(
            body: "<e><message>no <![CDATA[hunter2]]><!-- --><![CDATA[/hunter3]]></message></e>", words: [])
        #expect(said(row, hiding: Secret(utf8: "hunter2/hunter3")).words == [ServerText.repeatedSecret])
    }

    @Test("attributes are read, otherwise the beginning is displayed, and nothing of an empty page")
    func wordsElsewhere() {
        for row in Self.elsewhere {
            let (words, failure) = said(row)
            #expect(words == row.words, "\(row.body)")
            if let code = row.code { #expect(failure?.summary.contains(": \(code) (401)") == true, "\(row.body)") }
        }
        let styled = "<html><style>\(String(repeating: "a{} ", count: 20_000))</style><p>late"
        #expect(said(Row(body: styled, words: [])).words.first?.hasPrefix("<html><style>a{} ") == true)
        #expect(said(Row(status: 200, body: #"<r kind="7"/>"#, words: [])).words == [])
    }

    @Test("text without a tag is text, with any declared type")
    func plainText() {
        for row in Self.noMarkup {
            let (words, failure) = said(row)
            #expect(words == row.words, "\(row.body)")
            #expect(failure?.summary.hasSuffix("with status 401 and a body that is not a JSON object") == true)
        }
    }

    @Test("text/html with tags is a page, and XML declared as text/html stays XML")
    func pagesByType() {
        for row in Self.pages {
            let (words, failure) = said(row)
            #expect(words == row.words, "\(row.body)")
            #expect(failure?.summary.hasSuffix("with status 401 and a web page") == true)
        }
        let xml = Row(type: "text/html", body: "<oauth><error>x1</error><message>no</message></oauth>", words: [])
        #expect(said(xml).words == ["no"])
        #expect(said(xml).failure?.summary.hasSuffix(": x1 (401)") == true)
    }

    @Test("a successful answer without a token displays no text of unknown elements")
    func success() {
        let body = "<r><message>see <access_token>abc1</access_token></message><jwt>abc1</jwt></r>"
        #expect(said(Row(status: 200, body: body, words: [])).words == ["see"])
    }
}
