import Glibc

/// A system call that failed.
public struct SystemError: Error, Equatable {
    public let code: Int32
    /// The file or folder that the call failed on; empty if there is none.
    public let path: String

    public init(code: Int32, path: String = "") {
        self.code = code
        self.path = path
    }
}

/// The system's text for an error number, in lower case: `no such file or directory`.
public func errorText(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.prefix(1).lowercased() + text.dropFirst()
}
