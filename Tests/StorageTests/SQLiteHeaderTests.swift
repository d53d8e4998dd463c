import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("The header of an SQLite file, read with SQLite and without it")
struct SQLiteHeaderTests {
    /// Both readings of one file; nil for a file that passes.
    private func judgements(_ path: String) async -> [Failure?] {
        let file = VaultFile(path: path, isInOwnFolder: false)
        var found: [Failure?] = []
        for isUnopened in [true, false] {
            do throws(Failure) {
                try file.inspect(isUnopened: isUnopened)
                found.append(nil)
            } catch {
                found.append(error)
            }
        }
        return found
    }

    @Test("each altered byte of the header is judged as SQLite judges it")
    func altered() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        let whole = try #require(folder.contents())
        var refused = 0
        for offset in 0..<SQLiteHeader.length {
            for value in [0, 1, 2, 3, 64, 128, 255] as [UInt8] where whole[offset] != value {
                var altered = whole
                altered[offset] = value
                try altered.write(to: URL(fileURLWithPath: folder.vault))
                let found = await judgements(folder.vault)
                #expect(found[0] == found[1], "byte \(offset) as \(value)")
                if found[0] != nil { refused += 1 }
            }
        }
        #expect(refused > 200)
    }

    @Test("a file cut at any of its first bytes, or within a later page, is judged as SQLite judges it")
    func cut() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        let whole = try #require(folder.contents())
        for length in Array(1..<130) + [511, 512, 513, 8_191, 8_192, 8_193, whole.count - 1, whole.count] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: folder.vault))
            let found = await judgements(folder.vault)
            #expect(found[0] == found[1], "\(length) bytes")
            #expect((found[0] == nil) == (length == whole.count), "\(length) bytes")
        }
    }

    @Test("page sizes, and a page count that an older SQLite left unset")
    func members() throws {
        var bytes = Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0, count: 84)
        bytes[16...17] = [0x20, 0x00]
        bytes[21...23] = [64, 32, 32]
        bytes[27] = 7
        bytes[31] = 4
        bytes[63] = 3
        bytes[68...71] = [0x6B, 0x66, 0x6F, 0x62]
        let header = try #require(SQLiteHeader(bytes))
        #expect(header.pageSize == 8_192 && header.userVersion == 3 && header.applicationID == Schema.applicationID)
        #expect(header.pageCount == nil)
        bytes[95] = 7
        #expect(SQLiteHeader(bytes)?.pageCount == 4)
        bytes[16...17] = [0, 1]
        #expect(SQLiteHeader(bytes)?.pageSize == 65_536)
        bytes[16...17] = [0x30, 0x00]
        #expect(SQLiteHeader(bytes) == nil)
        #expect(SQLiteHeader(Array(bytes.prefix(99))) == nil)
    }
}
