import Credentials

/// The error code and the error texts in a server's answer, from any place in it. The texts have not passed
/// `ServerText` yet.
struct ErrorDetails {
    /// The error code; nil if the answer has none.
    private(set) var code: String?
    /// The most informative sentence first.
    private(set) var sentences: [String] = []
    /// True if the code is in the outermost object. In an inner object it may concern something else.
    private(set) var isCodeOutermost = false
    /// True if the body contains no error code or text.
    private(set) var isBodySilent = false

    /// A longer code counts as a sentence.
    private static let longestCode = 80
    private static let mostSentences = 8
    private static let deepest = 4

    init(_ response: HTTPResponse, _ body: AnswerBody) {
        let isSuccess = (200...299).contains(response.status)
        switch body {
        // A successful answer may be the token itself, so only named texts are used.
        case .json(.list(let values)) where isSuccess:
            read(.list(values.filter { if case .object = $0 { true } else { false } }), response.status)
        case .json(.text(let text)): if !isSuccess { add(text) }
        case .json(let value): read(value, response.status)
        case .form(let members): read(.object(members), response.status)
        case .markup(let markup): read(markup, isSuccess: isSuccess)
        case .text, .empty, .compressed, .binary: break
        }
        isBodySilent = code == nil && sentences.isEmpty
        if !isSuccess { readChallenges(of: response) }
        if let long = code, long.count > Self.longestCode {
            sentences.insert(long, at: 0)
            code = nil
        }
        sentences = Array(sentences.prefix(Self.mostSentences))
    }

    private mutating func add(_ sentence: String) {
        guard !sentence.allSatisfy(\.isWhitespace), sentence != code, !sentences.contains(sentence) else { return }
        sentences.append(sentence)
    }

    private mutating func readChallenges(of response: HTTPResponse) {
        for challenge in Challenge.all(in: response) {
            code = code ?? challenge["error"]
            if let description = challenge["error_description"] { add(description) }
        }
    }

    private mutating func read(_ markup: Markup, isSuccess: Bool) {
        guard !markup.isHTML else {
            let title = markup.title ?? ""
            // The page of a successful answer may contain anything, even the token.
            let text = isSuccess ? "" : String(UntrustedText.line(markup.text, limit: 300))
            if !text.contains(UntrustedText.line(title)) || text.isEmpty { add(title) }
            return add(text)
        }
        code = markup.text(of: Markup.codeNames, isWhole: false)
        if isSuccess, code.map(Self.isSuccess) == true { code = nil }
        if let said = markup.text(of: Markup.sentenceNames, isWhole: !isSuccess) {
            add(said)
        } else if code == nil, !isSuccess {
            add(markup.text)
        }
    }

    /// Codes and messages of successful answers, in lower case, only letters and digits.
    private static let successes: Set<String> = [
        "ok", "okay", "success", "successful", "succeeded", "none", "noerror", "requestok", "requestsuccess",
        "operationsuccessful",
    ]

    private static func isSuccess(_ words: String) -> Bool {
        words.allSatisfy { $0 == "0" || $0.isWhitespace }
            || successes.contains(words.lowercased().filter { $0.isLetter || $0.isNumber })
    }

    // MARK: - JSON

    private mutating func read(_ value: JSONValue, _ status: Int) {
        let isSuccess = (200...299).contains(status)
        let objects = Self.objects(value)
        let codes = objects.lazy
            .map { Self.codes(of: $0, isError: false, isSuccess: isSuccess, depth: 0) }
            .map { $0.filter { $0 != String(status) && !(isSuccess && Self.isSuccess($0)) } }
            .first { !$0.isEmpty }
        isCodeOutermost = objects.contains { members in
            ["error", "errorcode", "errcode", "errors", "fault", "code"].contains { members.holds($0) }
        }
        // A code of several words is a sentence in the code's place.
        code = codes?.first { !$0.contains(where: \.isWhitespace) } ?? codes?.first
        for said in Self.texts(value, without: code, depth: 0) { add(said) }
        if case .object(let members) = value, let more = LooseMembers(members)["erroruri"].scalarText { add(more) }
    }

    private static func objects(_ value: JSONValue) -> [LooseMembers] {
        switch value {
        case .object(let members): [LooseMembers(members)]
        case .list(let values): values.prefix(mostSentences).flatMap(objects)
        default: []
        }
    }

    /// - Parameter isError: true if the object is the error itself, so that its name, type and status belong to the
    ///   error.
    private static func codes(
        of members: LooseMembers, isError: Bool, isSuccess: Bool, depth: Int
    ) -> [String] {
        guard depth < deepest else { return [] }
        func nested(_ name: String) -> [String] {
            objects(members[name]).flatMap { codes(of: $0, isError: true, isSuccess: isSuccess, depth: depth + 1) }
        }
        func scalar(_ name: String) -> [String] { members[name].scalarText.map { [$0] } ?? [] }
        var found = scalar("error") + nested("error")
        if let fault = members.object("fault") {
            for code in [fault.object("detail")?["errorcode"], fault["code"], fault["faultcode"]] {
                if let code = code?.scalarText { found.append(code) }
            }
        }
        found += scalar("errorcode") + nested("errors")
        if isError || !isSuccess || isFailure(members) { found += scalar("code") }
        found += scalar("errcode") + scalar("__type")
        if isError {
            if case .text = members["status"] { found += scalar("status") }
            found += scalar("name") + scalar("type")
        }
        guard found.isEmpty else { return found }
        return envelopes(members).lazy.map {
            Self.codes(of: $0, isError: false, isSuccess: isSuccess, depth: depth + 1)
        }
        .first { !$0.isEmpty } ?? []
    }

    /// True if the `code` in a successful answer is an error. Some services use 1 or 20000 for success, so the text
    /// beside the code decides; without text only a number from 400 to 599 is an error.
    private static func isFailure(_ members: LooseMembers) -> Bool {
        let code = members["code"].scalarText ?? ""
        let words = sentences(of: members, without: code, depth: deepest - 2)
        if case .flag(true) = members["success"] { return false }
        guard words.isEmpty else { return !words.contains(where: isSuccess) }
        return Int(code).map { (400...599).contains($0) } ?? false
    }

    /// Inner objects that may hold the error if the outermost one does not, such as `data`, `response` and `status`.
    private static func envelopes(_ members: LooseMembers) -> [LooseMembers] {
        members.values.sorted { $0.key < $1.key }.flatMap { objects($0.value) }
    }

    private static func texts(_ value: JSONValue, without code: String?, depth: Int) -> [String] {
        guard depth < deepest else { return [] }
        switch value {
        case .list(let values):
            return values.prefix(mostSentences).flatMap { texts($0, without: code, depth: depth + 1) }
        case .object(let members): return sentences(of: LooseMembers(members), without: code, depth: depth)
        default: return value.scalarText.map { [$0] } ?? []
        }
    }

    private static func sentences(of members: LooseMembers, without code: String?, depth: Int) -> [String] {
        func member(_ name: String) -> [String] {
            texts(members[name], without: code, depth: depth + 1).filter { $0 != code }
        }
        let error = member("error")
        let description = member("errordescription")
        guard description.isEmpty else { return error + description }
        if case .object = members["error"], !error.isEmpty { return error }
        let sources: [() -> [String]] = [
            { members.object("fault")?["faultstring"].scalarText.map { [$0] } ?? member("fault") },
            { member("faultstring") },
            { member("errorsummary") }, { member("errormessage") },
            { fields(members["errors"], depth: depth + 1) ?? member("errors") },
            { titled(member("title"), member("detail")) },
            { member("message") }, { member("msg") }, { member("errmsg") },
            { member("problem") + member("action") }, { member("description") }, { member("reason") },
            { depth > 0 ? member("text") : [] },
        ]
        let found = sources.lazy.map { $0() }.first { !$0.isEmpty } ?? []
        guard error.isEmpty, found.isEmpty else { return error + found }
        return envelopes(members).lazy.map { Self.sentences(of: $0, without: code, depth: depth + 1) }
            .first { !$0.isEmpty } ?? []
    }

    /// Errors by form member: `{"client_id": ["is missing"]}`.
    private static func fields(_ errors: JSONValue, depth: Int) -> [String]? {
        guard depth < deepest, case .object(let members) = errors,
            sentences(of: LooseMembers(members), without: nil, depth: depth + 1).isEmpty
        else { return nil }
        return members.sorted { $0.key < $1.key }.flatMap { name, value in
            texts(value, without: nil, depth: depth + 1).map { "\(name): \($0)" }
        }
    }

    /// RFC 9457 §3.1: the title names the problem, the detail this occurrence.
    private static func titled(_ title: [String], _ detail: [String]) -> [String] {
        guard title.count == 1, detail.count == 1, !detail[0].contains(title[0]) else {
            return detail.isEmpty ? title : detail
        }
        return ["\(title[0]): \(detail[0])"]
    }
}
