import CCurl
import Credentials

/// The headers of a request in libcurl's own format, so that libcurl makes no list of its own.
///
/// Each value is copied once, because libcurl reads a name and its value as one zero-terminated line.
final class CurlHeaders {
    private let lines: [WipedBytes]
    private let nodes: UnsafeMutableBufferPointer<curl_slist>

    init(_ headers: [HTTPHeader]) {
        // An empty `Expect` stops libcurl from asking permission to send a large body, which old servers answer with
        // 417.
        var headers = headers + [HTTPHeader(name: "Expect", value: "")]
        // libcurl declares every body as a form.
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(HTTPHeader(name: "Content-Type", value: ""))
        }
        lines = headers.map { header in
            let line = WipedBytes()
            line.append("\(header.name): ")
            line.append(header.value)
            line.append(0)
            return line
        }
        nodes = .allocate(capacity: lines.count)
        for (index, line) in lines.enumerated() {
            let text = UnsafeMutableRawPointer(mutating: line.all.baseAddress)?.assumingMemoryBound(to: CChar.self)
            let next = index + 1 < nodes.count ? nodes.baseAddress.map { $0 + index + 1 } : nil
            nodes.initializeElement(at: index, to: curl_slist(data: text, next: next))
        }
    }

    deinit { nodes.deallocate() }

    /// For CURLOPT_HTTPHEADER(3). Valid as long as this object, which the caller must keep alive.
    var list: UnsafeMutablePointer<curl_slist>? { nodes.baseAddress }
}

extension HTTPHeader {
    /// False if the header could end its line and begin another one.
    var isOneLine: Bool {
        let isControl: (UInt8) -> Bool = { $0 < 0x20 || $0 == 0x7F }
        return !name.utf8.contains(where: isControl) && !value.withBytes { $0.contains(where: isControl) }
    }
}
