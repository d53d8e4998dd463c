/// The first 100 bytes of an SQLite file (https://sqlite.org/fileformat2.html, section 1.3), as far as they tell a vault
/// from another file.
struct SQLiteHeader: Equatable {
    static let length = 100

    /// Bytes; a power of two from 512 to 65,536.
    let pageSize: Int64
    /// Signed, as SQLite gives both.
    let userVersion: Int64
    let applicationID: Int64
    /// Pages that the file had after its last write; nil if a writer older than SQLite 3.7.0 left the number unset.
    let pageCount: Int64?

    /// nil if SQLite would not call a file that begins with `bytes` an SQLite file.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.length, bytes.starts(with: "SQLite format 3\0".utf8) else { return nil }
        func number(at offset: Int) -> Int64 {
            bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) }
        }
        // 1 stands for 65,536: the number has two bytes.
        let size = Int64(bytes[16]) << 8 | Int64(bytes[17])
        pageSize = size == 1 ? 65_536 : size
        // In this order: the version needed to read the file, the reserved end of each page, and fixed fractions of one.
        guard pageSize >= 512, pageSize & (pageSize - 1) == 0, bytes[19] <= 2, pageSize - Int64(bytes[20]) >= 480,
            bytes[21...23].elementsEqual([64, 32, 32])
        else { return nil }
        userVersion = Int64(Int32(truncatingIfNeeded: number(at: 60)))
        applicationID = Int64(Int32(truncatingIfNeeded: number(at: 68)))
        pageCount = number(at: 24) == number(at: 92) && number(at: 28) > 0 ? number(at: 28) : nil
    }
}
