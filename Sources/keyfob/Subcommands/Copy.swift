import ArgumentParser
import Credentials
import Files
import Formats
import Glibc
import Settings
import System

struct Copy: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy a client's header, or its token in another form, and clear it later.",
        usage: "keyfob copy [<options>] [<name>]",
        discussion: """
            Waits until the clipboard is cleared, after the seconds of the setting clear_clipboard_seconds (45); Ctrl-C \
            clears at once. A text copied by another program meanwhile stays. If the clipboard cannot be read back \
            (OSC 52), nothing is cleared.

            EXAMPLES
              keyfob copy billing
              keyfob copy billing --format curl
              keyfob copy billing --no-clear
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var token: TokenOptions
    @ParentCommand var root: Keyfob

    @Option(name: .customLong("format"), help: "The form of the copied text, as of keyfob header.")
    var form = ClipboardFormat(format: .header)

    private var format: CopyFormat { form.format }

    @Flag(help: "End at once, and leave the text in the clipboard.")
    var noClear = false

    func validate() throws {
        guard format != .githubActions else {
            throw ValidationError("github-actions writes to a file and cannot be copied: use keyfob header")
        }
    }

    func perform() async throws(Failure) {
        let seconds = format.holdsToken && !noClear ? clearingSeconds() : 0
        let (sentence, way, hold) = try await copy(from: options.over(root.vault), isCleared: seconds > 0)
        guard format.holdsToken else { return Output.complain(sentence + Self.clause(way.remark)) }
        guard let hold, seconds > 0 else {
            return Output.complain("\(sentence)\(Self.clause(way.remark)), not cleared")
        }
        Output.complain(
            sentence + Self.clause(way.beyondClearing),
            hints: ["it is cleared in \(seconds) s; an interrupt clears it now"])
        let signal = SignalPause.wait(seconds: seconds)
        Output.complain(Self.text(of: await hold.clearIfUnchanged()))
        if let signal { Program.end(after: signal) }
    }

    /// The secret is wiped when this returns: the wait holds none.
    @MainActor
    private func copy(
        from choice: VaultChoice, isCleared: Bool
    ) async throws(Failure) -> (sentence: String, way: Clipboard.Way, hold: ClipboardHold?) {
        let rendered = try await token.rendered(as: format, from: choice, notingUse: true)
        let terminal = Descriptor(opening: "/dev/tty", O_WRONLY)
        let clipboard = Clipboard(environment: Surroundings.environment) { sequence in
            if let terminal { _ = sequence.withBytes { writeAll($0, to: terminal.number) } }
        }
        // From here on a signal must not end the process before the clipboard is cleared.
        if isCleared { SignalPause.begin() }
        let (way, hold) = try await clipboard.copy(rendered.text)
        guard way != .osc52 || terminal != nil else {
            throw Failure(.cannotWrite, "no clipboard can be reached: no terminal for OSC 52")
        }
        return ("\(format.noun) of \"\(rendered.client)\" \(way.sentence)", way, hold)
    }

    /// A settings file with a mistake sets nothing, as on the screen.
    private func clearingSeconds() -> Int {
        do throws(Failure) { return try Surroundings.settingsFile.read().clearClipboardSeconds } catch {
            Output.failure(error)
            return Settings().clearClipboardSeconds
        }
    }

    private static func clause(_ text: String?) -> String { text.map { ", \($0)" } ?? "" }

    private static func text(of clearing: ClipboardClearing) -> String {
        switch clearing {
        case .cleared: "the clipboard is cleared"
        case .holdsSomethingElse: "the clipboard holds another text, which stays"
        case .couldNotTell: "the clipboard could not be cleared: the text may still be in it"
        }
    }
}

/// A format that `copy` offers. The other formats are read too, for a message of their own.
struct ClipboardFormat: ExpressibleByArgument {
    let format: CopyFormat

    init(format: CopyFormat) { self.format = format }

    init?(argument: String) {
        guard let format = CopyFormat(argument: argument) else { return nil }
        self.init(format: format)
    }

    var defaultValueDescription: String { format.name }

    static var allValueStrings: [String] { CopyFormat.allCases.filter { $0 != .githubActions }.map(\.name) }
    static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
