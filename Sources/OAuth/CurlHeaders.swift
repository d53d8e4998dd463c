import CCurl
import Credentials

/// The headers of a request in the form that libcurl reads, without a copy of its own.
///
/// Each value is copied once, here: libcurl takes a name and its value only as one line that ends with a zero byte.
final class CurlHeaders {
    private let lines: [WipedBytes]
    private let nodes: UnsafeMutableBufferPointer<curl_slist>

    init(_ headers: [HTTPHeader]) {
        // Without an empty `Expect`, libcurl asks for leave to send a large body, which old servers answer with 417.
        var headers = headers + [HTTPHeader(name: "Expect", value: "")]
        // libcurl takes every body for a form.
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

    /// For CURLOPT_HTTPHEADER(3). Valid as long as this object, which the caller must keep.
    var list: UnsafeMutablePointer<curl_slist>? { nodes.baseAddress }
}

extension HTTPHeader {
    /// False if the header could end its line and begin another.
    var isOneLine: Bool {
        let isControl: (UInt8) -> Bool = { $0 < 0x20 || $0 == 0x7F }
        return !name.utf8.contains(where: isControl) && !value.withBytes { $0.contains(where: isControl) }
    }
}
