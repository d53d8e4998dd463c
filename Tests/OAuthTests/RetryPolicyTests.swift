import Credentials
import Foundation
import Testing

@testable import OAuth

struct RetryPolicyTests {
    let policy = RetryPolicy()

    @Test("429, 502, 503 and 504 are tried again twice, a little later each time", arguments: [429, 502, 503, 504])
    func safe(status: Int) {
        let answered = RetryPolicy.Occurrence.answered(status: status, retryAfter: nil)
        #expect(policy.wait(after: answered, sent: 1, random: 0) == 0.5)
        #expect(policy.wait(after: answered, sent: 1, random: 0.5) == 0.75)
        #expect(policy.wait(after: answered, sent: 2, random: 0) == 1)
        #expect(policy.wait(after: answered, sent: 3, random: 0) == nil)
    }

    @Test(
        "every other status is final, even with a Retry-After",
        arguments: [200, 201, 301, 400, 401, 403, 404, 405, 413, 500, 501])
    func final(status: Int) {
        #expect(policy.wait(after: .answered(status: status, retryAfter: 1), sent: 1, random: 0) == nil)
    }

    @Test("Retry-After is obeyed up to ten seconds, and a longer one is final")
    func retryAfter() {
        #expect(policy.wait(after: .answered(status: 503, retryAfter: 0), sent: 1, random: 0) == 0)
        #expect(policy.wait(after: .answered(status: 503, retryAfter: 10), sent: 2, random: 0.5) == 10.25)
        #expect(policy.wait(after: .answered(status: 503, retryAfter: 10.1), sent: 1, random: 0) == nil)
        #expect(policy.wait(after: .answered(status: 429, retryAfter: .infinity), sent: 1, random: 0) == nil)
    }

    @Test("a closed kept connection is tried again almost immediately, other failures are final")
    func transport() throws {
        #expect(try #require(policy.wait(after: .closedReusedConnection, sent: 1, random: 0.99)) < 0.1)
        #expect(policy.wait(after: .closedReusedConnection, sent: 3, random: 0) == nil)
        #expect(policy.wait(after: .otherTransportFailure, sent: 1, random: 0) == nil)
    }

    @Test(
        "Retry-After is read as seconds or as any of HTTP's three dates",
        arguments: [
            ("7", 7), ("0", 0), ("Sun, 06 Nov 1994 08:49:47 GMT", 10), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("Sun Nov  6 08:49:38 1994", 1),
        ] as [(String, Double)])
    func header(value: String, seconds: Double) {
        let now = Date(timeIntervalSince1970: 784_111_777)
        let response = Samples.response(503, "", headers: [("Retry-After", value)])
        #expect(RetryAfter.seconds(response, now: now) == seconds)
    }

    @Test(
        "an unreadable Retry-After is ignored",
        arguments: [
            "", "soon", "-5", "1.5", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "6 6 6 6 6",
        ])
    func unreadable(value: String) {
        let response = Samples.response(503, "", headers: [("Retry-After", value)])
        #expect(RetryAfter.seconds(response, now: Samples.start.wall) == nil)
    }

    @Test("HTTP dates agree with the calendar over four hundred years of leap days")
    func dates() throws {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for step in stride(from: 0, to: 146_097, by: 37) {
            let date = Date(timeIntervalSince1970: Double(step) * 86_400 + 3_661)
            let parts = calendar.dateComponents([.year, .month, .day], from: date)
            let text = String(
                format: "Xxx, %02d %@ %04d 01:01:01 GMT", parts.day!, names[parts.month! - 1], parts.year!)
            #expect(HTTPDate.parse(text) == date, "\(text)")
        }
        #expect(HTTPDate.parse("Sunday, 06-Nov-26 08:49:37 GMT") == HTTPDate.parse("Fri, 06 Nov 2026 08:49:37 GMT"))
    }

    @Test("without repetition of answers, a request that the server has not received is still repeated")
    func answersOnce() {
        var policy = RetryPolicy()
        policy.repeatsAnswered = false
        for status in [429, 500, 502, 503, 504] {
            #expect(policy.wait(after: .answered(status: status, retryAfter: 1), sent: 1, random: 0) == nil)
        }
        #expect(policy.wait(after: .closedReusedConnection, sent: 1, random: 0.5) == 0.05)
    }
}
