import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A write between two readings of the file")
struct WriterBetweenTests {
    @Test("A file that is too short at first and longer afterwards is not reported as damaged")
    func grown() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        let whole = try #require(folder.contents())
        // The first page counts more pages than exist, as between a checkpoint's first write and its last.
        try whole.dropLast(4_096).write(to: URL(fileURLWithPath: folder.vault))
        chmod(folder.vault, 0o600)
        var file = VaultFile(path: folder.vault, isInOwnFolder: false)
        let found = await failure { () throws(Failure) in try file.inspect() }
        #expect(found.summary.hasSuffix("is damaged: it was cut short, or its first page was altered"))
        let path = folder.vault
        file.whenLookedAt = {
            guard let file = fopen(path, "r+") else { return }
            _ = whole.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
            fclose(file)
        }
        #expect(throws: Never.self) { try file.inspect() }
        #expect(folder.contents() == whole)
    }
}
