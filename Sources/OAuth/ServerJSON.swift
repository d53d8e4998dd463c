import Credentials
import FoundationEssentials

/// Decodes a server's JSON such that no input can end the process.
enum ServerJSON {
    /// - Returns: nil if the bytes are not JSON of this form. Invalid UTF-8 is read as Latin-1. Half a surrogate pair
    ///   becomes U+FFFD: the decoder rejects it in a value, and Swift 6.0's decoder traps on it in a name.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: UnsafeRawBufferPointer) -> Value? {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return nil }
        if !mayHaveLoneSurrogate(bytes) {
            // No copy is made here; the decoder's own copies are wiped when freed (`CWipedHeap`).
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            if let value = try? JSONDecoder().decode(type, from: data) { return value }
        }
        let repaired = JSONValue.withoutLoneSurrogates(RepairedText(Array(bytes)).text)
        return try? JSONDecoder().decode(type, from: Data(repaired.utf8))
    }

    /// True if the bytes contain `\uD…`, which is half a pair or a whole one.
    private static func mayHaveLoneSurrogate(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.indices.dropLast(2).contains { index in
            bytes[index] == UInt8(ascii: "\\") && bytes[index + 1] == UInt8(ascii: "u")
                && bytes[index + 2] | 0x20 == UInt8(ascii: "d")
        }
    }
}
