import Credentials
import Settings

// Lasting faults: each has a line below the header until it is over.
extension State {
    mutating func vaultFaultsChanged(_ now: VaultFaults) {
        let before = screen?.vaultFaults ?? VaultFaults()
        screen?.vaultFaults = now
        // One entry for each fault: storing the entry is a write, which may fail for the same reason.
        if let file = now.file, before.file == nil { log(file.summary, .failure) }
        if let writing = now.writing, before.writing == nil {
            log("nothing can be saved: \(writing.summary)", .failure)
        }
    }

    mutating func watchChanged(_ watched: Watched, _ failure: Failure?) {
        if let failure, unwatched[watched] == nil { log(failure.summary, .failure) }
        unwatched[watched] = failure
    }

    /// One line for each fault, the most serious first, as many as fit; a mistake in the settings file may have several
    /// lines.
    var standingLines: [String] {
        let columns = size.columns - 2
        let most = Layout.standingRows(size)
        var lines = [vaultFaultLine(columns)].compactMap { $0 }
        let watches = Watched.allCases.compactMap { unwatched[$0]?.summary }.map(fitted)
        lines += settingsLines(columns, most: max(most - lines.count - watches.count, 1)) + watches
        return Array(lines.prefix(most))
    }

    /// The reason why every write must fail until the vault's file is back or the vault is reopened; nil if a write may
    /// succeed. A full disk is not a reason: only another write can find room.
    var reasonNotToSave: String? {
        guard let faults = screen?.vaultFaults else { return nil }
        if let file = faults.file { return "cannot save: \(withoutPath(file.summary))" }
        guard let writing = faults.writing, writing.isUntilReopened else { return nil }
        return withoutPath(writing.summary)
    }

    /// A watch may not report the return of the vault's file (a network folder, for example), so each refused key looks.
    func effects(ofRefusal reason: String) -> [Effect] { reason == reasonNotToSave ? [.lookAtVault] : [] }

    /// The line for a fault of the vault. A missing file hides the fault of writing, which it causes.
    private func vaultFaultLine(_ columns: Int) -> String? {
        guard let faults = screen?.vaultFaults else { return nil }
        if let file = faults.file {
            let reopening = faults.hasOldKey ? " (\(keymap.key("lock")) reopens it)" : ""
            return fitted(withoutPath(file.summary) + reopening)
        }
        guard let writing = faults.writing else { return nil }
        let summary = withoutPath(writing.summary)
        let reason = summary.firstRange(of: ": ").map { String(summary[$0.upperBound...]) } ?? summary
        let long =
            writing.isUntilReopened
            ? "nothing can be saved until the vault is reopened (\(keymap.key("lock"))): \(reason)"
            : "nothing can be saved: \(summary)"
        return fitted(DisplayWidth.of(long) <= columns ? long : "not saved: \(reason)")
    }

    private func fitted(_ line: String) -> String {
        DisplayWidth.fit(line, into: size.columns - 1, ellipsis: glyphs.ellipsis)
    }

    /// The text without the vault's path: only one vault is open, and the reason needs the room.
    func withoutPath(_ summary: String) -> String {
        guard let path = summary.firstRange(of: " \(vaultPath)") else { return summary }
        let rest = summary[path.upperBound...]
        let start = summary[..<path.lowerBound]
        return start.hasSuffix("the file") ? "\(start.dropLast(4))vault's file\(rest)" : "\(start)\(rest)"
    }

    /// The mistake in the settings file, and the safety settings in force; on a small screen only these settings.
    private func settingsLines(_ columns: Int, most: Int) -> [String] {
        guard let settingsMistake else { return [] }
        let safety = SettingName.ofSafety.map { "\($0.rawValue) \($0.fileText(in: settings))" }
        let inForce =
            areSettingsRead
            ? "the earlier settings stay in force: " : "the whole file is ignored; in force: "
        let long = "\(settingsMistake.summary); \(inForce)\(safety.joined(separator: ", "))"
        let short =
            "settings file \(areSettingsRead ? "broken" : "not used"): locks after \(SettingName.lockAfterMinutes.value(in: settings)), "
            + "clears after \(SettingName.clearClipboardSeconds.value(in: settings))"
        let lines = DisplayWidth.wrap(long, into: columns)
        if lines.count <= most { return lines }
        return most == 1 ? [fitted(short)] : Array(DisplayWidth.wrap(short, into: columns).prefix(most))
    }
}

extension Failure {
    /// True if nothing helps but to open the vault again.
    var isUntilReopened: Bool { hints.contains { $0.remedy == .reopen } }
}
