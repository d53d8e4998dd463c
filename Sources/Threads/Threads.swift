import CLinux

/// Runs `work` on a new detached thread, which handles no signals except those of its own faults
/// (`clinux_start_thread`).
/// - Parameter name: the thread's name in `ps -L`, at most 15 bytes; nil keeps the name of the starting thread.
/// - Returns: false, without running `work`, if the system cannot create a thread.
public func startThread(named name: String? = nil, _ work: @escaping @Sendable () -> Void) -> Bool {
    let context = Unmanaged.passRetained(Work(name: name, run: work))
    guard clinux_start_thread(runWork, context.toOpaque()) != 0 else { return true }
    context.release()
    return false
}

private final class Work: Sendable {
    let name: String?
    let run: @Sendable () -> Void

    init(name: String?, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

private func runWork(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
    if let name = work.name { clinux_name_thread(name) }
    work.run()
    return nil
}
