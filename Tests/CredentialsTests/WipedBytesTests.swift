import Credentials
import Testing

@Suite("Bytes that grow and are wiped")
struct WipedBytesTests {
    @Test("bytes, text, secrets and other memory are appended in their order, beyond the first capacity")
    func appending() {
        let bytes = WipedBytes(capacity: 1)
        bytes.append(0x61)
        bytes.append("bé")
        bytes.append(Secret(utf8: "cd"))
        [UInt8](repeating: 0x65, count: 100).withUnsafeBytes { bytes.append($0) }
        #expect(bytes.secret() == Secret(utf8: "abécd" + String(repeating: "e", count: 100)))
        #expect(bytes.count == 106)
        #expect(bytes.last == 0x65)
    }

    @Test("a range is repeated although the memory moves meanwhile")
    func repeating() {
        let bytes = WipedBytes(capacity: 4)
        bytes.append("abcd")
        bytes.repeat(1..<3)
        #expect(bytes.secret() == Secret(utf8: "abcdbc"))
        bytes.repeat(0..<0)
        #expect(bytes.count == 6)
    }

    @Test("bytes are removed at the start, at the end and all together; their memory is wiped")
    func removing() throws {
        let bytes = WipedBytes(capacity: 8)
        bytes.append("abcdef")
        let memory = try #require(bytes.all.baseAddress)
        bytes.removeFirst(2)
        bytes.removeFirst(0)
        bytes.removeLast()
        #expect(bytes.secret() == Secret(utf8: "cde"))
        #expect(bytes[0] == 0x63)
        #expect(Array(UnsafeRawBufferPointer(start: memory, count: 6)) == Array("cde\0\0\0".utf8))
        bytes.removeAll()
        #expect(bytes.isEmpty)
        #expect(bytes.last == nil)
        #expect(UnsafeRawBufferPointer(start: memory, count: 6).allSatisfy { $0 == 0 })
    }

    @Test("a written secret holds the written bytes")
    func written() {
        #expect(Secret.written { $0.append("ab") } == Secret(utf8: "ab"))
        #expect(Secret.written { _ in }.isEmpty)
    }
}
