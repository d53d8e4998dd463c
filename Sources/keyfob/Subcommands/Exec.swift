import ArgumentParser
import Credentials
import Files
import Glibc
import Model
import System

struct Exec: Subcommand {
    static let name = "exec"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Run a command with a client's token in its environment.",
        usage: """
            keyfob exec [<options>] [<name>] -- <command> ...
            keyfob exec [<options>] [<name> ...] --env <var=ref> ... -- <command> ...
            """,
        discussion: """
            The command gets ACCESS_TOKEN, AUTHORIZATION (Bearer …) and TOKEN_EXPIRES_AT (unset if the expiry is \
            unknown); with --env, it gets the variables that --env names instead. A reference is \
            keyfob://NAME/access_token, or authorization, expires_at, client_id or token_url in place of access_token; \
            keyfob show prints the references of a client. Without keyfob://NAME/, a reference of --env means the client \
            that is named before the command.

            keyfob becomes the command: its terminal, signals and exit code are the command's own. 127 means that there is \
            no such command, 126 that it cannot be run. With --token-file, keyfob stays until the command ends, and ends \
            with the command's exit code, or with 128 and the signal's number. The file is in XDG_RUNTIME_DIR if that \
            folder is yours alone and has room, otherwise in /dev/shm. keyfob renews the token; if a renewal fails, the \
            file keeps the earlier token. The renewal ends if the token is revoked or removed or the vault is replaced; if \
            keyfob unlock had opened the vault, also with keyfob lock and at the end of --for. keyfob passes on the \
            signals that would end it, apart from SIGQUIT; a signal that is sent to the whole process group reaches the \
            command twice.

            An environment file has lines VAR=VALUE and comments after #. A value in single quotes is taken as it is; in \
            double quotes, \\n, \\r, \\t and a backslash before ", \\ or $ are escapes. Nothing is expanded. A value that \
            begins with keyfob:// is a reference: such a file holds no secret and fits into git. If the file has \
            references and no client is named, ACCESS_TOKEN and the other two are not set.

            EXAMPLES
              keyfob exec billing -- sh -c 'curl -H "Authorization: $AUTHORIZATION" $URL'
              keyfob exec billing --env HURL_SECRET_token=access_token -- hurl a.hurl
              keyfob exec --env-file .env -- npm test
              keyfob exec aws --token-file AWS_WEB_IDENTITY_TOKEN_FILE -- aws s3 ls
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    /// The names, then the command's words. The parser does not tell which words follow `--`.
    @Argument(
        help: ArgumentHelp(
            "The client's name (default: the vault's only client); after --, the command.", valueName: "name"),
        completion: .custom(ExecCompletion.candidates))
    var words: [String] = []

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("A variable and the reference to its value; may be repeated.", valueName: "var=ref"))
    var variables: [String] = []

    @Option(
        name: .customLong("env-file"),
        help: ArgumentHelp("A file of variables, also /dev/fd/N; may be repeated.", valueName: "file"),
        completion: .file())
    var files: [String] = []

    @Option(
        name: .customLong("token-file"),
        help: ArgumentHelp(
            "A variable for the path of a file, in which keyfob keeps the token fresh.", valueName: "var"))
    var tokenFile: String?

    @OptionGroup var validity: ValidityOptions

    func perform() async throws(Failure) {
        let count = Command.wordCount
        guard count > 0 else {
            throw Failure(
                .usage, "no command is given", hints: ["put the command after --: keyfob exec NAME -- COMMAND"])
        }
        let plan = try ExecPlan(
            names: Array(words.dropLast(count)), variables: variables, files: files, tokenFile: tokenFile)
        let choice = options.over(root.vault)
        choice.keepSecretsFromCommand()
        // Before the passphrase is asked for and a token is requested in vain.
        if let problem = plan.commandProblem { fail(problem) }
        if plan.tokenFile == nil {
            let problem = try await becomeCommand(plan, choice)
            fail(problem)
        } else {
            try await end(stayingFor(plan, choice))
        }
    }

    /// - Returns: the error number of the failure to become the command; the token's copies are wiped then.
    @MainActor
    private func becomeCommand(_ plan: ExecPlan, _ choice: VaultChoice) async throws(Failure) -> Int32 {
        let values = try await choice.withManager(handsOutToken: true) { manager throws(Failure) in
            try await ExecValues(plan, validity, in: manager)
        }
        for served in values.served { validity.report(served, choice) }
        return Command(try values.variables()).become()
    }

    private func fail(_ problem: Int32) -> Never {
        let words = words.suffix(Command.wordCount)
        let name = UntrustedText.line(words.first ?? "", limit: 200)
        switch problem {
        case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG:
            Output.complain("no command named \"\(name)\"")
            Program.end(127)
        default:
            Output.complain("cannot run \"\(name)\": \(errorText(problem))")
            Program.end(126)
        }
    }

    // MARK: - With a token file

    /// The command's end, or the error number of the failure to start it.
    private typealias Outcome = Result<Command.Ending, SystemError>

    @MainActor
    private func stayingFor(_ plan: ExecPlan, _ choice: VaultChoice) async throws(Failure) -> Outcome {
        let location = try choice.location()
        let places = try TokenFile.places(environment: Surroundings.environment)
        return try await choice.withManagerAndKey { manager, unlockedID throws(Failure) in
            let started = try await start(plan, manager, choice, places, unlockedID)
            defer { started.file.remove() }
            if let problem = started.problem { return .failure(problem) }
            let renewal = TokenFileRenewal(of: started.client, started.token, in: manager, to: started.file, choice)
            renewal.start(started.run, location, unlockedID)
            let ending = started.run.wait()
            await renewal.stop()
            return .success(ending)
        }
    }

    /// A started command and its token file. It holds no secret: keyfob has none while the command runs.
    private struct Started {
        let run: CommandRun
        let file: TokenFile
        let client: ClientEntry
        let token: TokenFacts
        /// The failure to start the command; nil if it runs.
        var problem: SystemError?
    }

    @MainActor
    private func start(
        _ plan: ExecPlan, _ manager: CredentialManager, _ choice: VaultChoice, _ places: [String],
        _ unlockedID: [UInt8]?
    ) async throws(Failure) -> Started {
        let values = try await ExecValues(plan, validity, in: manager)
        if let unlockedID { KernelKeyring.renew(vault: unlockedID, now: Clocks.now()) }
        for served in values.served { validity.report(served, choice) }
        guard let served = values.ofTokenFile else { throw Failure(.bug, "the token's file has no token") }
        // The file is created after the signals are held back: no signal leaves it behind.
        let run = try CommandRun()
        let file = try TokenFile(in: places, holding: served.token.value)
        let command = Command(try values.variables(tokenFile: file.path))
        var started = Started(run: run, file: file, client: served.entry, token: served.token.facts)
        do throws(SystemError) { try run.start(command) } catch { started.problem = error }
        return started
    }

    @MainActor
    private func end(_ outcome: Outcome) -> Never {
        switch outcome {
        case .success(.exited(let code)): Program.end(code)
        case .success(.signalled(let signal)):
            Program.end(after: signal)
        case .failure(let error): fail(error.code)
        }
    }
}
