import Credentials
import Formats
import FoundationEssentials
import Model
import System

/// The variables that the command line of `exec` asks for, before the vault is opened.
struct ExecPlan: Sendable {
    /// The clients that are named before the command; a relative reference means the only one.
    let names: [String]
    let assignments: [VariableAssignment]
    /// The variable for the path of the token's file.
    let tokenFile: String?

    /// - Throws: `unacceptableInput`, with the place, for a bad variable, a bad reference, a variable given twice, a file
    ///   that cannot be read; `usage` if a relative reference may mean several clients.
    init(names: [String], variables: [String], files: [String], tokenFile: String?) throws(Failure) {
        self.names = names
        var assignments: [VariableAssignment] = []
        for text in variables { assignments.append(try VariableAssignment(option: text)) }
        for path in files {
            assignments += try EnvironmentFileText.read(
                EnvironmentFile.read(path), named: UntrustedText.line(path, limit: 400))
        }
        let holdsReference = assignments.contains { $0.reference != nil }
        if variables.isEmpty, tokenFile == nil, !names.isEmpty || !holdsReference {
            // A variable that the user gives counts.
            let given = Set(assignments.map(\.name))
            assignments = Self.usual.filter { !given.contains($0.name) } + assignments
        }
        self.tokenFile = try tokenFile.map { name throws(Failure) in
            try VariableAssignment.checkedName(name, at: "--token-file")
        }
        try Self.checkUnique(assignments, tokenFile)
        self.assignments = assignments
        try checkOneClient()
    }

    /// The error number of a search for the command; nil if there is a file that may be started, or if the command's PATH
    /// is not known yet.
    var commandProblem: Int32? {
        guard let path = assignments.first(where: { $0.name == "PATH" }) else {
            return tokenFile == "PATH" ? nil : Command.problem(path: nil)
        }
        guard case .plain(let value) = path.value else { return nil }
        return Command.problem(path: value)
    }

    private static let usual = [
        VariableAssignment("ACCESS_TOKEN", .reference(ClientReference(nil, .accessToken)), at: "ACCESS_TOKEN"),
        VariableAssignment("AUTHORIZATION", .reference(ClientReference(nil, .authorization)), at: "AUTHORIZATION"),
        VariableAssignment("TOKEN_EXPIRES_AT", .reference(ClientReference(nil, .expiresAt)), at: "TOKEN_EXPIRES_AT"),
    ]

    private static func checkUnique(_ assignments: [VariableAssignment], _ tokenFile: String?) throws(Failure) {
        var seen: Set<String> = tokenFile.map { [$0] } ?? []
        for assignment in assignments where !seen.insert(assignment.name).inserted {
            throw Failure(
                .unacceptableInput, "\(assignment.place): the variable \(assignment.name) is given twice",
                hints: ["leave one of the two out"])
        }
    }

    private func checkOneClient() throws(Failure) {
        let isRelative = assignments.contains { $0.reference.map { $0.name == nil } ?? false }
        guard names.count > 1, isRelative || tokenFile != nil else { return }
        let examples = names.prefix(2).enumerated().map { number, name in
            let reference = ClientReference(name, .accessToken).text
            return "--env TOKEN_\(number + 1)=\(reference)"
        }
        throw Failure(
            .usage, "several clients are named, and a variable can hold the token of one",
            hints: [
                isRelative
                    ? "name a variable for each: \(examples.joined(separator: " "))"
                    : "name only the client of --token-file"
            ])
    }
}

/// The values of a plan's variables, read from the vault. Each client has at most one token request.
struct ExecValues: Sendable {
    private let plan: ExecPlan
    /// The client of each reference, in the order of the plan's assignments; nil for a plain value.
    private let entries: [ClientEntry?]
    private let tokens: [UUID: CredentialManager.Served]
    /// The tokens, in the order of their requests.
    let served: [CredentialManager.Served]
    /// The token of the token's file; nil if the plan has no such file.
    let ofTokenFile: CredentialManager.Served?

    /// - Throws: `noSuchClient` for an unknown name, with the place, before any request; the failure of the first client
    ///   without a token.
    @MainActor
    init(_ plan: ExecPlan, _ validity: ValidityOptions, in manager: CredentialManager) async throws(Failure) {
        var entries: [ClientEntry?] = []
        for name in plan.names { _ = try await manager.entry(named: name) }
        for assignment in plan.assignments {
            guard let reference = assignment.reference else {
                entries.append(nil)
                continue
            }
            do throws(Failure) {
                entries.append(try await manager.entry(named: reference.name ?? plan.names.first))
            } catch {
                guard error.kind == .noSuchClient else { throw error }
                throw Failure(error.kind, "\(assignment.place): \(error.summary)", hints: error.hints)
            }
        }
        let fileEntry = plan.tokenFile == nil ? nil : try await manager.entry(named: plan.names.first)

        var served: [CredentialManager.Served] = []
        let needing = zip(plan.assignments, entries).compactMap { assignment, entry -> ClientEntry? in
            assignment.reference?.member.needsToken == true ? entry : nil
        }
        let all = needing + [fileEntry].compactMap { $0 }
        let areSeveral = Set(all.map(\.id)).count > 1
        for entry in all where !served.contains(where: { $0.entry.id == entry.id }) {
            do throws(Failure) { served.append(try await validity.token(of: entry, in: manager)) } catch {
                throw areSeveral ? Self.naming(entry, in: error) : error
            }
        }
        self.plan = plan
        self.entries = entries
        self.served = served
        tokens = Dictionary(served.map { ($0.entry.id, $0) }) { first, _ in first }
        ofTokenFile = fileEntry.flatMap { entry in served.first { $0.entry.id == entry.id } }
    }

    private static func naming(_ entry: ClientEntry, in failure: Failure) -> Failure {
        let name = "\"\(UntrustedText.line(entry.profile.name))\""
        guard !failure.summary.contains(name) else { return failure }
        return Failure(failure.kind, "client \(name): \(failure.summary)", hints: failure.hints)
    }

    /// - Parameter tokenFile: the path for the variable of the token's file.
    /// - Throws: `unacceptableInput` for a value that no variable can hold.
    func variables(tokenFile path: String = "") throws(Failure) -> [Command.Variable] {
        var variables: [Command.Variable] = []
        for (assignment, entry) in zip(plan.assignments, entries) {
            let value: Secret?
            switch assignment.value {
            case .plain(let plain): value = plain
            case .reference(let reference): value = entry.flatMap { self.value(of: $0, reference.member) }
            }
            guard value?.withBytes({ $0.contains(0) }) != true else {
                throw Failure(.unacceptableInput, "\(assignment.place): the value has a zero byte")
            }
            variables.append(Command.Variable(assignment.name, value))
        }
        if let name = plan.tokenFile { variables.append(Command.Variable(name, Secret(utf8: path))) }
        return variables
    }

    /// nil for the expiry of a token whose expiry is unknown.
    private func value(of entry: ClientEntry, _ member: ClientReference.Member) -> Secret? {
        let token = tokens[entry.id]?.token
        switch member {
        case .accessToken: return token?.value
        case .authorization:
            return token.map { token in
                Secret.written { text in
                    text.append("Bearer ")
                    text.append(token.value)
                }
            }
        case .expiresAt: return token?.facts.expires(at: Clocks.now()).map { Secret(utf8: $0.ISO8601Format()) }
        case .clientID: return Secret(utf8: entry.profile.clientID)
        case .tokenURL: return Secret(utf8: entry.profile.tokenURL)
        }
    }
}
