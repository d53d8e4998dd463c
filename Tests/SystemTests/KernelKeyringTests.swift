import CLinux
import Credentials
import Foundation
import Testing

@testable import System

/// The real keyring of the user who runs the tests; each test has a vault ID of its own.
@Suite(
    "Data keys in the kernel's keyring",
    .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
struct KernelKeyringTests {
    private let id: [UInt8] = (0..<16).map { _ in UInt8.random(in: 0...255) }
    private let dataKey = Secret((0..<32).map { _ in UInt8.random(in: 0...255) })
    private let now = Clocks.now()

    private func store(lifetime: Int = 600, idle: Int = 600) throws {
        try KernelKeyring.store(dataKey, ofVault: id, lifetime: lifetime, idle: idle, now: now)
    }

    /// The line of the vault's key in /proc/keys: number, flags, users, timeout, permissions. The key is found by its
    /// number: the kernel lists the key of a killed process for a moment more.
    private func line(of id: [UInt8]) throws -> [String]? {
        try KernelKeyring.check()
        let key = clinux_find_key(KEY_SPEC_USER_KEYRING, KernelKeyring.description(id))
        guard key >= 0 else { return nil }
        let number = String(format: "%08x", key)
        // `String(contentsOfFile:)` reads the first page of a file in /proc, and takes it for the whole.
        let listed = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/keys")).readToEnd()
        let keys = String(decoding: listed ?? Data(), as: UTF8.self)
        return keys.split(separator: "\n").first { $0.hasPrefix(number) }?
            .split(separator: " ").map(String.init)
    }

    @Test("a stored key is read until it is removed, from other threads too")
    func storeAndRead() async throws {
        #expect(try KernelKeyring.dataKey(ofVault: id, now: now) == nil)
        #expect(try !KernelKeyring.remove(vault: id))
        try store()
        #expect(try KernelKeyring.dataKey(ofVault: id, now: now) == dataKey)
        #expect(KernelKeyring.holdsKeys)
        let (id, now) = (id, now)
        #expect(await OwnThread.run { try? KernelKeyring.dataKey(ofVault: id, now: now) } == dataKey)
        #expect(try KernelKeyring.remove(vault: id))
        #expect(try KernelKeyring.dataKey(ofVault: id, now: now) == nil)
        #expect(try !KernelKeyring.remove(vault: id))
    }

    @Test("the description is the vault's ID, and only processes of the user can use the key")
    func description() throws {
        try store()
        let line = try #require(try line(of: id))
        #expect(line[4] == "3f000000")
        #expect(line[7...] == ["user", "keyfob:\(id.map { String(format: "%02x", $0) }.joined()):", line[9]])
        try KernelKeyring.remove(vault: id)
    }

    @Test("only a live key with the name of a vault's shows that a vault may be unlocked")
    func liveKeys() async throws {
        func add(_ name: String) throws -> Int32 {
            try KernelKeyring.check()
            let key = clinux_add_key(name, [1], 1, KEY_SPEC_USER_KEYRING)
            try #require(key > 0)
            return key
        }
        let id = id.map { String(format: "%02x", $0) }.joined()
        let ofVault = try add("keyfob:\(id)")
        #expect(KernelKeyring.isLiveVaultKey(ofVault) && KernelKeyring.holdsKeys)
        let others = try ["keyfo:\(id)", "other:keyfob:\(id)", ";keyfob:\(id)", String(repeating: "x", count: 1_000)]
            .map(add)
        for key in others { #expect(!KernelKeyring.isLiveVaultKey(key)) }
        // The user keyring itself has a description too.
        #expect(!KernelKeyring.isLiveVaultKey(KEY_SPEC_USER_KEYRING) && !KernelKeyring.isLiveVaultKey(0))
        #expect(clinux_keyctl(KEYCTL_SET_TIMEOUT, ofVault, 1) == 0)
        await eventually("the key ends") { !KernelKeyring.isLiveVaultKey(ofVault) }
        for key in others + [ofVault] {
            _ = clinux_keyctl(KEYCTL_UNLINK, key, UInt32(bitPattern: KEY_SPEC_USER_KEYRING))
        }
    }

    @Test("the timeout is the lesser of lifetime and idle; storing again replaces key and timeout")
    func timeout() throws {
        try store(lifetime: 86_400 * 2, idle: 400_000)
        #expect(try line(of: id)?[3] == "2d")
        try store(lifetime: 400_000, idle: 1_000)
        #expect(try line(of: id)?[3] == "16m")
        let other = Secret([UInt8](repeating: 7, count: 32))
        try KernelKeyring.store(other, ofVault: id, lifetime: 50, idle: 50, now: now)
        #expect(try line(of: id)?[3].hasSuffix("s") == true)
        #expect(try KernelKeyring.dataKey(ofVault: id, now: now) == other)
        try KernelKeyring.remove(vault: id)
    }

    @Test("reading renews nothing; renewing starts the idle time again, up to the end and never without one")
    func renewing() throws {
        try store(lifetime: 86_400 * 3, idle: 86_400 * 2 + 100)
        let key = clinux_find_key(KEY_SPEC_USER_KEYRING, KernelKeyring.description(id))
        #expect(clinux_keyctl(KEYCTL_SET_TIMEOUT, key, 3_700) == 0)
        _ = try KernelKeyring.dataKey(ofVault: id, now: now)
        #expect(try line(of: id)?[3] == "1h")
        KernelKeyring.renew(vault: id, now: now)
        #expect(try line(of: id)?[3] == "2d")
        KernelKeyring.renew(vault: id, now: now.advanced(by: 86_400 * 2 - 200))
        #expect(try line(of: id)?[3] == "1d")
        KernelKeyring.renew(vault: id, now: now.advanced(by: 86_400 * 3 - 0.1))
        #expect(try line(of: id)?[3].hasSuffix("s") ?? true)
        try KernelKeyring.remove(vault: id)
        KernelKeyring.renew(vault: id, now: now)
        #expect(try line(of: id) == nil)
    }

    @Test("the kernel ends the key at its timeout")
    func kernelTimeout() async throws {
        try store(lifetime: 2, idle: 1)
        await eventually("the key ends") {
            (try? KernelKeyring.dataKey(ofVault: id, now: now)) == nil
        }
    }

    @Test("the end counts on the boot clock and in its boot, whatever the wall clock says; an ended key is removed")
    func end() throws {
        try store(lifetime: 100)
        var late = now
        late.boot += 99
        late.wall += 1e6
        #expect(try KernelKeyring.dataKey(ofVault: id, now: late) == dataKey)
        late.boot += 1
        late.wall = now.wall
        #expect(try KernelKeyring.dataKey(ofVault: id, now: late) == nil)
        #expect(try line(of: id) == nil)
        try store()
        var rebooted = now
        rebooted.bootID = "another"
        #expect(try KernelKeyring.dataKey(ofVault: id, now: rebooted) == nil)
    }

    @Test("another program's key of that name is no key of a vault", arguments: [0, 1, 48, 49, 200, 4_000])
    func foreignKey(_ count: Int) throws {
        try KernelKeyring.check()
        let payload = [UInt8](repeating: 2, count: max(count, 1))
        let key = clinux_add_key(
            KernelKeyring.description(id), payload, payload.count, KEY_SPEC_USER_KEYRING)
        #expect(key > 0)
        #expect(try KernelKeyring.dataKey(ofVault: id, now: now) == nil)
        #expect(try KernelKeyring.remove(vault: id))
    }

    @Test("a process killed after any of its system calls leaves the earlier key or the new one, each with an end")
    func killed() async throws {
        if let part = ChildProcess.part {
            let parts = part.split(separator: " ").compactMap { Int($0) }
            var calls = 0
            let child = [UInt8](parts[1...].map { UInt8($0) })
            try KernelKeyring.store(
                Secret([UInt8](repeating: 9, count: 32)), ofVault: child, lifetime: 300, idle: 300, now: Clocks.now()
            ) {
                calls += 1
                if calls == parts[0] { kill(getpid(), SIGKILL) }
            }
            _exit(calls == 6 ? 0 : 1)
        }
        let new = Secret([UInt8](repeating: 9, count: 32))
        for hasEarlier in [false, true] {
            for call in 1...7 {
                if hasEarlier { try store() }
                let numbers = ([call] + id.map(Int.init)).map { String($0) }.joined(separator: " ")
                let result = await Subprocess.run(
                    try ChildProcess.arguments(for: "KernelKeyringTests.killed"),
                    environment: ChildProcess.environment(numbers), timeout: 60)
                #expect(result.ending == (call == 7 ? .exited(0) : .signalled(SIGKILL)), "\(call)")
                let expected = call >= 5 ? new : hasEarlier ? dataKey : nil
                #expect(try KernelKeyring.dataKey(ofVault: id, now: Clocks.now()) == expected, "\(call)")
                if expected != nil { #expect(try line(of: id)?[3] != "perm", "\(call)") }
                try KernelKeyring.remove(vault: id)
            }
        }
    }

    @Test(
        "a kernel that refuses its keyring is a failure with the reason",
        arguments: [
            ENOSYS: "this kernel has none", EPERM: "keyctl(2) is refused", EACCES: "keyctl(2) is refused",
            EDQUOT: "the user's quota of keys is used up", ENOMEM: "cannot allocate memory",
        ])
    func refusal(_ code: Int32, _ reason: String) {
        let failure = KernelKeyring.refusal(code)
        #expect(failure.kind == .cannotWrite)
        #expect(failure.summary == "the kernel's keyring cannot be used: \(reason)")
        #expect(failure.hints.count == 1)
    }

    @Test("a process whose session keyring was revoked reads and stores all the same, and keeps that session keyring")
    func revokedSession() async throws {
        if let part = ChildProcess.part {
            // As a login does it: a session keyring of its own, revoked by pam_keyinit(8) when the login ends.
            let child = part.split(separator: " ").compactMap { UInt8($0) }
            guard clinux_keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0) > 0,
                clinux_keyctl(KEYCTL_REVOKE, KEY_SPEC_SESSION_KEYRING, 0) == 0,
                let read = try KernelKeyring.dataKey(ofVault: child, now: Clocks.now()), read.withBytes({ $0[0] }) == 5
            else { _exit(1) }
            try KernelKeyring.store(
                Secret([UInt8](repeating: 6, count: 32)), ofVault: child, lifetime: 300, idle: 300, now: Clocks.now())
            _exit(clinux_keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) < 0 && errno == EKEYREVOKED ? 0 : 2)
        }
        try KernelKeyring.store(
            Secret([UInt8](repeating: 5, count: 32)), ofVault: id, lifetime: 300, idle: 300, now: now)
        let result = await Subprocess.run(
            try ChildProcess.arguments(for: "KernelKeyringTests.revokedSession"),
            environment: ChildProcess.environment(id.map { String($0) }.joined(separator: " ")), timeout: 60)
        #expect(result.ending == .exited(0))
        let stored = try KernelKeyring.dataKey(ofVault: id, now: Clocks.now())
        #expect(stored == Secret([UInt8](repeating: 6, count: 32)))
        try KernelKeyring.remove(vault: id)
    }
}
