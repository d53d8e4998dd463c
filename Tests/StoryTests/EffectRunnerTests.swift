import CSQLite
import Credentials
import DemoServer
import Foundation
import Interface
import Settings
import Storage
import System
import Terminal
import Testing

@testable import keyfob

@Suite("Effects that run at the same time, and at the end", .timeLimit(.minutes(5)))
@MainActor
struct EffectRunnerTests {
    @Test("quitting waits for a copy that has begun, and clears it")
    func quitDuringCopy() async throws {
        let stage = try await EffectStage()
        stage.runner.perform(.copySecret(stage.client))
        #expect(await stage.see { stage.has("arrived") })
        let finishing = Task { await stage.runner.finish(clearsCopies: true) }
        // Everything else that quitting waits for is done by then.
        #expect(await stage.see { !stage.isVaultOpen })
        stage.letPass(2)
        await finishing.value
        #expect(await stage.see { stage.has("landed") })
        #expect(!stage.has("buffer"))
    }

    @Test("if copies are never cleared, quitting still waits for the copy, and leaves it")
    func quitDuringLastingCopy() async throws {
        let stage = try await EffectStage()
        stage.runner.perform(.copySecret(stage.client))
        #expect(await stage.see { stage.has("arrived") })
        let finishing = Task { await stage.runner.finish(clearsCopies: false) }
        #expect(await stage.see { !stage.isVaultOpen })
        stage.letPass(1)
        await finishing.value
        #expect(stage.has("landed") && stage.has("buffer"))
    }

    @Test("quitting waits for a clearing that has begun")
    func quitDuringClearing() async throws {
        let stage = try await EffectStage()
        stage.runner.perform(.copySecret(stage.client))
        stage.letPass(1)
        #expect(await stage.sees { if case .copied = $0 { true } else { false } })
        #expect(stage.has("buffer"))
        stage.runner.perform(.clearClipboard)
        #expect(await stage.see { stage.has("listing") })
        let finishing = Task { await stage.runner.finish(clearsCopies: true) }
        stage.letPass(1)
        await finishing.value
        #expect(!stage.has("buffer"))
    }

    @Test("a copy that finishes after a lock is cleared at once and reported, unless copies are never cleared")
    func lockDuringCopy() async throws {
        for clears in [true, false] {
            let stage = try await EffectStage(clearsCopies: clears)
            stage.runner.perform(.copySecret(stage.client))
            #expect(await stage.see { stage.has("arrived") })
            stage.runner.perform(.lock)
            #expect(!stage.runner.mayStop)
            stage.letPass(2)
            #expect(await stage.see { stage.runner.mayStop })
            #expect(stage.has("landed"))
            #expect(stage.has("buffer") == !clears)
            let said = stage.events.contains { if case .clipboardCleared(.cleared) = $0 { true } else { false } }
            #expect(said == clears)
        }
    }

    /// The effects that send a request, and the place where each waits for the answer.
    enum Asking: String, CaseIterable {
        case refresh, refreshMany, copy, trial, revocation, discoveryOfRevocation, discovery

        var endpoint: DemoServer.Endpoint {
            switch self {
            case .refresh, .refreshMany, .copy: .token
            case .trial: .api
            case .revocation: .revocation
            case .discoveryOfRevocation, .discovery: .discovery
            }
        }

        func effect(_ client: ClientEntry, _ server: DemoServer) -> Effect {
            let (profile, client) = (client.profile, client.id)
            let destination = RevocationPlan.Destination.endpoint(url: profile.revocationURL, isForeign: false)
            return switch self {
            case .refresh: .refresh(client)
            case .refreshMany: .refreshMany([client])
            case .copy: .copy([client], .header)
            case .trial: .sendTrial(1, client, TrialRequest(path: "/journey/health"), apiBase: profile.apiBase)
            case .revocation:
                .revoke(
                    RevocationPlan(
                        client: client, revision: 1, credentialsID: profile.credentialsID, destination: destination))
            case .discoveryOfRevocation: .findRevocation([client])
            case .discovery: .discover(issuer: server.issuer)
            }
        }
    }

    @Test(
        "a lock ends each request: its connection is closed, and no event of it arrives; so does quitting",
        arguments: Asking.allCases, [true, false])
    func lockDuringRequest(_ asking: Asking, isLock: Bool) async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        var profile = server.profile("billing", "app", issuer: server.issuer)
        if asking == .revocation { profile.revocationURL = server.revocationURL }
        let stage = try await EffectStage(profile)
        if asking.endpoint != .token {
            stage.runner.perform(.refresh(stage.client))
            #expect(await stage.sees { if case .refreshed = $0 { true } else { false } })
        }
        server.hang(at: [asking.endpoint])
        stage.runner.perform(asking.effect(ClientEntry(profile: profile, revision: 1), server))
        #expect(await stage.see { server.waitingCount == 1 })
        #expect(try stage.connections(to: server) > 0)
        let countBefore = stage.events.count
        if isLock {
            stage.runner.perform(.lock)
            #expect(await stage.see { stage.runner.mayStop })
        } else {
            await stage.runner.finish(clearsCopies: true)
        }
        #expect(!stage.isVaultOpen)
        #expect(try await stage.see { try stage.connections(to: server) == 0 })
        #expect(stage.events.count == countBefore)
        #expect(!stage.has("arrived"), "nothing was copied")
    }

    @Test("a lock cancels requests at once, before the vault has written its records")
    func lockDuringRecord() async throws {
        let server = try DemoServer.with(["app": .slow(seconds: 3_600, lifetime: 60)])
        let stage = try await EffectStage(server.profile("billing", "app"))
        stage.runner.perform(.refresh(stage.client))
        #expect(await stage.see { server.waitingCount == 1 })
        // Another process is writing: the records wait for it.
        var other: OpaquePointer?
        try #require(sqlite3_open(stage.story.vault, &other) == SQLITE_OK)
        defer { sqlite3_close(other) }
        try #require(sqlite3_exec(other, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
        stage.runner.perform(.record([ActivityEntry(at: Date(), text: "locked")]))
        stage.runner.perform(.lock)
        #expect(try await stage.see { try stage.connections(to: server) == 0 })
        #expect(!stage.runner.mayStop)
        try #require(sqlite3_exec(other, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
        #expect(await stage.see { stage.runner.mayStop })
        let vault = try await Vault.open(at: stage.story.vault, passphrase: Secret(utf8: Story.passphrase))
        #expect(try await vault.activity().map(\.text) == ["locked"])
        await vault.close()
    }

    @Test("stopping a discovery, or asking another issuer, closes the connection, and the vault stays open")
    func stoppedDiscovery() async throws {
        let (first, second) = (try DemoServer.with([:]), try DemoServer.with([:]))
        for server in [first, second] { server.hang(at: [.discovery]) }
        let stage = try await EffectStage()
        stage.runner.perform(.discover(issuer: first.issuer))
        #expect(await stage.see { first.waitingCount == 1 })
        stage.runner.perform(.discover(issuer: second.issuer))
        #expect(await stage.see { second.waitingCount == 1 })
        #expect(try await stage.see { try stage.connections(to: first) == 0 })
        #expect(try stage.connections(to: second) == 1)
        stage.runner.perform(.stopDiscovering)
        #expect(try await stage.see { try stage.connections(to: second) == 0 })
        #expect(stage.isVaultOpen)
        #expect(!stage.events.contains { if case .discovered(_, .failure) = $0 { true } else { false } })
    }

    @Test(
        "stopping the refresh of many closes its connections and names the cancelled clients; another client's refresh goes on"
    )
    func stoppedRefresh() async throws {
        let (server, other) = (try DemoServer.with([:]), try DemoServer.with([:]))
        defer { for server in [server, other] { server.stop() } }
        for server in [server, other] { server.hang(at: [.token]) }
        let (many, single) = (server.profile("billing", "app"), other.profile("single", "app"))
        let stage = try await EffectStage(many, single)
        stage.runner.perform(.refreshMany([many.id]))
        stage.runner.perform(.refresh(single.id))
        #expect(await stage.see { server.waitingCount == 1 && other.waitingCount == 1 })
        stage.runner.perform(.stopRefreshing)
        let end = RefreshProgress(done: 1, total: 1, cancelled: [many.id])
        #expect(await stage.sees { if case .refreshAllProgressed(end) = $0 { true } else { false } })
        #expect(try await stage.see { try stage.connections(to: server) == 0 })
        #expect(try stage.connections(to: other) == 1 && stage.isVaultOpen)
        stage.runner.perform(.stopRefreshing)
        #expect(!stage.events.contains { if case .refreshed = $0 { true } else { false } })
    }

    @Test("stopping the copy of many closes its connections and copies nothing; one client's copy goes on")
    func stoppedCopy() async throws {
        let (server, other) = (try DemoServer.with([:]), try DemoServer.with([:]))
        defer { for server in [server, other] { server.stop() } }
        for server in [server, other] { server.hang(at: [.token]) }
        let many = [server.profile("billing", "app"), server.profile("shop", "app")]
        let single = other.profile("single", "app")
        let stage = try await EffectStage(many[0], many[1], single)
        let ids = many.map(\.id)
        stage.runner.perform(.copy(ids, .header))
        stage.runner.perform(.copy([single.id], .header))
        #expect(await stage.see { server.waitingCount == 2 && other.waitingCount == 1 })
        stage.runner.perform(.stopCopying)
        let summary = "stopped, 0 of 2 tokens fetched, 2 cancelled"
        #expect(
            await stage.sees { event in
                if case .copied(ids, _, .failure(let failure)) = event { failure.summary == summary } else { false }
            })
        #expect(try await stage.see { try stage.connections(to: server) == 0 })
        #expect(try stage.connections(to: other) == 1)
        #expect(!stage.has("arrived"), "nothing was copied")
    }

    @Test("a copy of many that is on its way to the clipboard is not stopped any more")
    func lateStopOfCopy() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        defer { server.stop() }
        let many = [server.profile("billing", "app"), server.profile("shop", "app")]
        let stage = try await EffectStage(many[0], many[1])
        stage.runner.perform(.copy(many.map(\.id), .header))
        #expect(await stage.see { stage.has("arrived") })
        stage.runner.perform(.stopCopying)
        stage.letPass(1)
        #expect(await stage.sees { if case .copied(_, _, .success) = $0 { true } else { false } })
        #expect(stage.has("buffer"))
    }

    @Test("after quick changes of settings, the screen gets only the last settings")
    func quickSettings() async throws {
        let stage = try await EffectStage()
        var settings = Settings()
        for theme in [Settings.Theme.dark, .light, .none] {
            settings.theme = theme
            stage.runner.perform(.saveSettings(.theme, settings))
        }
        #expect(await stage.see { !stage.postedSettings.isEmpty })
        #expect(stage.postedSettings == [settings])
        #expect(try stage.runner.settingsFile.read() == settings)
    }

    @Test("if settings cannot be written, the file's settings hold, and the failure is reported")
    func unwritableSettings() async throws {
        let stage = try await EffectStage()
        // A file in the place of the settings' folder.
        try FileManager.default.createDirectory(at: stage.story.configuration, withIntermediateDirectories: true)
        try Data().write(to: stage.story.settings.deletingLastPathComponent())
        var settings = Settings()
        settings.theme = .dark
        stage.runner.perform(.saveSettings(.theme, settings))
        #expect(await stage.see { !stage.postedSettings.isEmpty })
        #expect(stage.postedSettings == [Settings()])
        #expect(stage.troubles.map(\.kind) == [.cannotWrite])
    }

    @Test("a replaced file is a fault of the vault, also if activity and the list's state cannot be written")
    func notKept() async throws {
        let stage = try await EffectStage()
        // Wait until opening has read everything: a failed read would be reported too.
        #expect(await stage.see { stage.events.contains { if case .remembered = $0 { true } else { false } } })
        // Another file in its place: writes to the open file would be lost.
        try FileManager.default.moveItem(atPath: stage.story.vault, toPath: stage.story.vault + ".away")
        try Data().write(to: URL(fileURLWithPath: stage.story.vault))
        for _ in 0..<2 {
            stage.runner.perform(.remember(ScreenMemory()))
            stage.runner.perform(.record([ActivityEntry(at: Date(), text: "locked")]))
        }
        await stage.runner.lastRecord?.value
        #expect(await stage.see { stage.vaultFaults.last?.file != nil })
        #expect(stage.vaultFaults.last?.file?.summary.hasSuffix("was replaced or removed while it was open") == true)
        #expect(stage.troubles.isEmpty)
        // The file is back in its place, and the next look finds it.
        try FileManager.default.removeItem(atPath: stage.story.vault)
        try FileManager.default.moveItem(atPath: stage.story.vault + ".away", toPath: stage.story.vault)
        stage.runner.vaultMayHaveChanged()
        #expect(await stage.see { stage.vaultFaults.last == VaultFaults() })
    }

    @Test("with an open vault the job can be stopped at once; after a lock, when the vault is closed")
    func stopping() async throws {
        let stage = try await EffectStage()
        #expect(stage.runner.mayStop)
        stage.runner.perform(.lock)
        #expect(!stage.runner.mayStop)
        #expect(await stage.see { stage.runner.mayStop })
    }
}

/// A runner on an open vault with one client, and a clipboard that the test can delay: tmux is a script that
/// waits for `letPass` before it copies a text and before it lists its buffers.
@MainActor
final class EffectStage {
    let story: Story
    let runner: EffectRunner
    let client: UUID
    private(set) var events: [Event] = []
    var postedSettings: [Settings] {
        events.compactMap { if case .settingsChanged(let settings) = $0 { settings } else { nil } }
    }
    var troubles: [Failure] {
        events.compactMap { event in
            switch event {
            case .trouble(let failure), .noticed(let failure): failure
            default: nil
            }
        }
    }
    var vaultFaults: [VaultFaults] {
        events.compactMap { if case .vaultFaults(let faults) = $0 { faults } else { nil } }
    }
    private let mailbox: Mailbox<Message>
    private let gate: Int32
    private let clearsCopies: Bool

    init(
        _ profile: ClientProfile = ClientProfile(name: "billing", clientID: "app", created: Date()),
        _ others: ClientProfile..., clearsCopies: Bool = true
    ) async throws {
        self.clearsCopies = clearsCopies
        client = profile.id
        story = try await Story.with([profile] + others)
        let tools = story.folder.appendingPathComponent("bin")
        try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
        try Data(
            """
            #!/bin/sh
            cd '\(story.folder.path)'
            case $1 in
            load-buffer) : >arrived; read -r line <gate; cat >buffer; : >landed;;
            list-buffers) : >listing; read -r line <gate; test ! -f buffer || echo "$(($(wc -c <buffer))) b";;
            save-buffer) cat buffer;;
            delete-buffer) rm buffer;;
            esac
            """.utf8
        ).write(to: tools.appendingPathComponent("tmux"))
        chmod(tools.appendingPathComponent("tmux").path, 0o700)
        let gatePath = story.folder.appendingPathComponent("gate").path
        mkfifo(gatePath, 0o600)
        gate = open(gatePath, O_RDWR | O_CLOEXEC)
        let environment = [
            "PATH": "\(tools.path):/usr/bin:/bin", "TMUX": "a", "XDG_CONFIG_HOME": story.configuration.path,
        ]
        mailbox = try Mailbox()
        runner = EffectRunner(
            location: VaultLocation(path: story.vault), mailbox: mailbox,
            settingsFile: SettingsFile(environment: environment, knownActions: [], isKeyName: { _ in true }),
            environment: environment,
            // The test decides when the clipboard answers, however long that takes.
            clipboardLimits: Clipboard.Limits(display: 60, tmux: 60))
        runner.perform(.unlock(passphrase: Secret(utf8: Story.passphrase)))
        try #require(await sees { if case .clientsLoaded = $0 { true } else { false } })
    }

    deinit { close(gate) }

    /// Lets the next `count` calls of the clipboard go on.
    func letPass(_ count: Int) { for _ in 0..<count { write(gate, "\n", 1) } }

    func has(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: story.folder.appendingPathComponent(file).path)
    }

    var isVaultOpen: Bool {
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return descriptors.contains {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == story.vault
        }
    }

    /// The number of open connections to the server.
    func connections(to server: DemoServer) throws -> Int { try OpenConnections.count(of: getpid(), to: server.port) }

    /// True if `condition` becomes true while messages are handled like in the interface.
    func see(_ condition: () throws -> Bool) async rethrows -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        repeat {
            for message in mailbox.drain() {
                if let event = runner.receive(message, clearsCopies: clearsCopies) { events.append(event) }
            }
            if try condition() { return true }
            try? await Task.sleep(for: .milliseconds(2))
        } while ContinuousClock.now < deadline
        return false
    }

    /// True if such an event arrives or has arrived.
    func sees(_ isMeant: (Event) -> Bool) async -> Bool { await see { events.contains(where: isMeant) } }
}
