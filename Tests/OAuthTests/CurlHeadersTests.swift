import Credentials
import Testing

@testable import OAuth

@Suite("The headers that libcurl reads")
struct CurlHeadersTests {
    private func lines(_ headers: [HTTPHeader]) -> [String] {
        let made = CurlHeaders(headers)
        return withExtendedLifetime(made) {
            sequence(first: made.list, next: { $0?.pointee.next }).compactMap { $0 }.map {
                String(cString: $0.pointee.data)
            }
        }
    }

    @Test("each is a line, in their order, with an empty Expect and, if none is given, an empty Content-Type")
    func list() {
        let credentials = HTTPHeader(name: "Authorization", scheme: "Basic", credentials: Secret(utf8: "YTpi"))
        #expect(lines([credentials]) == ["Authorization: Basic YTpi", "Expect: ", "Content-Type: "])
        #expect(
            lines([HTTPHeader(name: "content-type", value: "application/json"), HTTPHeader(name: "A", value: "é")])
                == ["content-type: application/json", "A: é", "Expect: "])
        #expect(lines([]) == ["Expect: ", "Content-Type: "])
    }

    @Test("a control character in the name or the value could begin another line")
    func oneLine() {
        for text in ["a\nb", "a\rb", "a\0", "\u{7F}"] {
            #expect(!HTTPHeader(name: "A", value: text).isOneLine)
            #expect(!HTTPHeader(name: text, value: "a").isOneLine)
            #expect(!HTTPHeader(name: "A", scheme: "Bearer", credentials: Secret(utf8: text)).isOneLine)
        }
        #expect(HTTPHeader(name: "A", value: "a b~é").isOneLine)
    }
}
