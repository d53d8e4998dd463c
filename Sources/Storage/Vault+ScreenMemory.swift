import Credentials
import FoundationEssentials

extension Vault {
    /// The last stored state of the screen; nil if none was stored.
    public func screenMemory() async throws(Failure) -> ScreenMemory? {
        try await read { (vault) throws(Failure) in
            guard let record = try vault.read(.screenMemory, of: .zero) else { return nil }
            return try vault.decode(StoredScreenMemory.self, from: record.content, .screenMemory, of: .zero).memory
        }
    }

    /// Stores the state of the screen; replaces the stored state, also another process's.
    public func store(_ memory: ScreenMemory) async throws(Failure) {
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in
            let old = try vault.unlessDamaged { () throws(Failure) in try vault.read(.screenMemory, of: .zero)?.content
            }
            try vault.write(.screenMemory, of: .zero, StoredScreenMemory(memory), continuing: old)
        }
    }
}

extension UUID {
    /// The ID of a kind's only record.
    static let zero = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
