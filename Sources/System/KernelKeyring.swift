import CLinux
import Credentials
import Files
import Glibc

/// Data keys of unlocked vaults, in the kernel's keyring of this user (user-keyring(7)), where every program of the user
/// can read them until they end.
///
/// Each call stands alone on its thread: a process keyring that a thread gets is not that of the threads before it
/// (credentials(7)). The session keyring is neither used nor replaced: pam_keyinit(8) revokes it at logout, and a
/// program that keyfob starts inherits it.
public enum KernelKeyring {
    /// The most seconds that a vault stays unlocked.
    public static let longestLifetime = 30 * 86_400

    /// - Throws: `Failure` of kind `cannotWrite` if the kernel refuses its keyrings to this process.
    public static func check() throws(Failure) { try linkUserKeyring() }

    /// True if the kernel refuses its keyrings to this process, which then has no key there to use or remove.
    public static var isRefused: Bool {
        clinux_keyctl(KEYCTL_LINK, KEY_SPEC_USER_KEYRING, processKeyring) != 0
            && [ENOSYS, EPERM, EACCES].contains(errno)
    }

    /// Keeps a vault's data key until `lifetime` seconds have passed, or `idle` seconds without `renew`; an earlier key
    /// of the vault is replaced. If the process is killed meanwhile, the earlier key stays, or the new one with its end.
    ///
    /// Accepted: the idle time is the kernel's timeout, which follows the wall clock. A clock that is set back lengthens
    /// the idle time, but not the lifetime.
    /// - Parameter id: the vault's ID, the only thing that the key's description tells.
    /// - Throws: as `check()`; the earlier key is unchanged then.
    public static func store(
        _ dataKey: Secret, ofVault id: [UInt8], lifetime: Int, idle: Int, now: Moment
    ) throws(Failure) {
        try store(dataKey, ofVault: id, lifetime: lifetime, idle: idle, now: now, afterEachCall: {})
    }

    /// - Parameter afterEachCall: called after each system call, for tests that end the process there.
    static func store(
        _ dataKey: Secret, ofVault id: [UInt8], lifetime: Int, idle: Int, now: Moment, afterEachCall: () -> Void
    ) throws(Failure) {
        precondition(lifetime > 0 && idle > 0 && lifetime <= longestLifetime, "0 would be a key without an end")
        func checked<Number: SignedInteger>(_ result: Number) throws(Failure) -> Number {
            guard result >= 0 else { throw refusal(errno) }
            afterEachCall()
            return result
        }
        try linkUserKeyring()
        afterEachCall()
        let payload = Payload(dataKey: dataKey, end: now.boot + Double(lifetime), bootID: now.bootID, idle: idle)
        // add_key(2) over a key in the user keyring would leave it without a timeout, so the key is made elsewhere.
        let key = try checked(
            payload.encoded.withBytes {
                clinux_add_key(description(id), $0.baseAddress, $0.count, KEY_SPEC_PROCESS_KEYRING)
            })
        do throws(Failure) {
            _ = try checked(clinux_keyctl(KEYCTL_SET_TIMEOUT, key, UInt32(min(lifetime, idle))))
            _ = try checked(clinux_keyctl(KEYCTL_SETPERM, key, possessorAll))
            _ = try checked(clinux_keyctl(KEYCTL_LINK, key, userKeyring))
        } catch {
            _ = clinux_keyctl(KEYCTL_UNLINK, key, processKeyring)
            throw error
        }
        _ = clinux_keyctl(KEYCTL_UNLINK, key, processKeyring)
        afterEachCall()
    }

    /// True if a vault of this user is unlocked, whichever: a cheap answer for the first frame, before SQLite is loaded
    /// to read the vault's ID.
    public static var holdsKeys: Bool {
        guard (try? linkUserKeyring()) != nil else { return false }
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: mostListed) { keys in
            let size = MemoryLayout<Int32>.stride
            // A list of key numbers (keyctl_read(3)), and its whole length in bytes.
            let length = clinux_read_key(KEY_SPEC_USER_KEYRING, keys.baseAddress, keys.count * size)
            guard length <= keys.count * size else { return true }
            return keys.prefix(max(length, 0) / size).contains(where: isLiveVaultKey)
        }
    }

    /// The most keys that `holdsKeys` looks at.
    private static let mostListed = 1_024

    /// True if a vault's key has this number. The kernel keeps an ended key for some minutes, and describes it no more.
    static func isLiveVaultKey(_ key: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            // TYPE;UID;GID;PERMISSIONS;DESCRIPTION and a NUL (keyctl_describe(3)).
            let length = clinux_describe_key(key, buffer.baseAddress, buffer.count)
            guard (1...buffer.count).contains(length) else { return false }
            let fields = buffer[..<length].split(separator: UInt8(ascii: ";"), maxSplits: 4)
            return fields.count == 5 && fields[0].elementsEqual("user".utf8) && fields[4].starts(with: prefix.utf8)
        }
    }

    /// The data key of an unlocked vault; nil if the vault is not unlocked.
    /// - Throws: as `check()`.
    public static func dataKey(ofVault id: [UInt8], now: Moment) throws(Failure) -> Secret? {
        try entry(ofVault: id, now: now)?.payload.dataKey
    }

    /// Seconds until the data key of an unlocked vault ends, however often it is used; nil if the vault is not unlocked.
    /// - Throws: as `check()`.
    public static func secondsLeft(ofVault id: [UInt8], now: Moment) throws(Failure) -> Double? {
        try entry(ofVault: id, now: now).map { $0.payload.end - now.boot }
    }

    /// Starts the idle time again. Does nothing if the vault is not unlocked.
    public static func renew(vault id: [UInt8], now: Moment) {
        guard let found = try? entry(ofVault: id, now: now) else { return }
        // At least 1: 0 would take the timeout away.
        let seconds = max(1, min(Int((found.payload.end - now.boot).rounded(.up)), found.payload.idle))
        _ = clinux_keyctl(KEYCTL_SET_TIMEOUT, found.key, UInt32(seconds))
    }

    /// Removes the data key of a vault; the key ends for every process, also if a process has linked it elsewhere.
    /// - Returns: false if the vault was not unlocked.
    /// - Throws: as `check()`.
    @discardableResult
    public static func remove(vault id: [UInt8]) throws(Failure) -> Bool {
        try linkUserKeyring()
        let key = clinux_find_key(KEY_SPEC_USER_KEYRING, description(id))
        guard key >= 0 else { return false }
        remove(key)
        return true
    }

    private static func remove(_ key: Int32) {
        _ = clinux_keyctl(KEYCTL_REVOKE, key, 0)
        _ = clinux_keyctl(KEYCTL_UNLINK, key, userKeyring)
    }

    private static func entry(
        ofVault id: [UInt8], now: Moment
    ) throws(Failure) -> (key: Int32, payload: Payload)? {
        try linkUserKeyring()
        let key = clinux_find_key(KEY_SPEC_USER_KEYRING, description(id))
        guard key >= 0 else { return nil }
        var count = 0
        let read = Secret(count: Payload.longest) { count = clinux_read_key(key, $0.baseAddress, $0.count) }
        // A key that ended since it was found, or was made by another program, is no key of a vault.
        guard (0...Payload.longest).contains(count), let payload = Payload(read.slice(0..<count)) else { return nil }
        guard payload.bootID == now.bootID, now.boot < payload.end else {
            remove(key)
            return nil
        }
        return (key, payload)
    }

    /// Makes the user's keys readable for this thread, also after its session keyring was revoked.
    private static func linkUserKeyring() throws(Failure) {
        guard clinux_keyctl(KEYCTL_LINK, KEY_SPEC_USER_KEYRING, processKeyring) == 0 else { throw refusal(errno) }
    }

    private static let userKeyring = UInt32(bitPattern: KEY_SPEC_USER_KEYRING)
    private static let processKeyring = UInt32(bitPattern: KEY_SPEC_PROCESS_KEYRING)
    /// Every right for a process whose keyrings lead to the key, none for other processes (keyctl_setperm(3)).
    private static let possessorAll: UInt32 = 0x3f00_0000

    private static let prefix = "keyfob:"

    static func description(_ id: [UInt8]) -> String {
        let digits = id.flatMap { [Hexadecimal.digit($0 >> 4), Hexadecimal.digit($0 & 15)] }
        return prefix + String(decoding: digits, as: UTF8.self)
    }

    static func refusal(_ code: Int32) -> Failure {
        let reason =
            switch code {
            case ENOSYS: "this kernel has none"
            case EPERM, EACCES: "keyctl(2) is refused"
            case EDQUOT: "the user's quota of keys is used up"
            default: errorText(code)
            }
        return Failure(
            .cannotWrite, "the kernel's keyring cannot be used: \(reason)",
            hints: [
                code == EDQUOT
                    ? "raise kernel.keys.maxbytes and kernel.keys.maxkeys with sysctl"
                    : "containers often refuse it; without it the passphrase is needed each time"
            ])
    }
}

/// The content of a key: a 1, the end in milliseconds since the machine started, the idle time in seconds (8 bytes each,
/// little-endian), 32 bytes of data key, the boot's ID.
private struct Payload {
    var dataKey: Secret
    /// On CLOCK_BOOTTIME. The kernel's own timeout is on the wall clock, which can be set back.
    var end: Double
    var bootID: String
    var idle: Int

    static let keyBytes = 32
    static let longest = 128
    private static let prefix = 17

    init(dataKey: Secret, end: Double, bootID: String, idle: Int) {
        self.dataKey = dataKey
        self.end = end
        self.bootID = bootID
        self.idle = idle
    }

    var encoded: Secret {
        Secret.written { bytes in
            bytes.append(1)
            for number in [UInt64(end * 1_000), UInt64(idle)] {
                withUnsafeBytes(of: number.littleEndian) { bytes.append($0) }
            }
            bytes.append(dataKey)
            bytes.append(bootID)
        }
    }

    init?(_ encoded: Secret) {
        let start = Self.prefix
        guard encoded.count >= start + Self.keyBytes else { return nil }
        let parts = encoded.withBytes { bytes in
            (
                version: bytes[0], end: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self)),
                idle: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 9, as: UInt64.self)),
                bootID: String(decoding: bytes[(start + Self.keyBytes)...], as: UTF8.self)
            )
        }
        guard parts.version == 1, let idle = Int(exactly: parts.idle) else { return nil }
        self.init(
            dataKey: encoded.slice(start..<start + Self.keyBytes), end: Double(parts.end) / 1_000,
            bootID: parts.bootID, idle: idle)
    }
}
