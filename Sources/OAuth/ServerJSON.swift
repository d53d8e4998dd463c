import Credentials
import FoundationEssentials

/// JSON that a server has written, read so that nothing in it ends the process.
enum ServerJSON {
    /// - Returns: nil if it is no JSON, or none of this form. Bytes that are no UTF-8 are read as Latin-1. Half a surrogate
    ///   pair becomes U+FFFD: the decoder refuses it in a value, and Swift 6.0's traps if it stands in a name.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: UnsafeRawBufferPointer) -> Value? {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return nil }
        if !mayHaveLoneSurrogate(bytes) {
            // Not copied here; the decoder's own copies are wiped when they are freed (`CWipedHeap`).
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            if let value = try? JSONDecoder().decode(type, from: data) { return value }
        }
        let repaired = JSONValue.withoutLoneSurrogates(RepairedText(Array(bytes)).text)
        return try? JSONDecoder().decode(type, from: Data(repaired.utf8))
    }

    /// True if there is a `\uD…`, which is a half or a whole pair.
    private static func mayHaveLoneSurrogate(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.indices.dropLast(2).contains { index in
            bytes[index] == UInt8(ascii: "\\") && bytes[index + 1] == UInt8(ascii: "u")
                && bytes[index + 2] | 0x20 == UInt8(ascii: "d")
        }
    }
}
