import Credentials
import Settings

// The settings, as the file has them or as they were changed on the screen.
extension State {
    mutating func settingsChanged(_ new: Settings) {
        if settingsMistake != nil {
            say(Saying(text: "the settings file is mended and in force", kind: .success, isLogged: false))
        }
        settingsMistake = nil
        areSettingsRead = true
        put(new)
    }

    mutating func settingsBroken(_ failure: Failure) {
        settingsMistake = failure
        put(settingsInFile)
    }

    private mutating func put(_ new: Settings) {
        settings = new
        settingsInFile = new
        keymap = Keymap.with(new.keys)
    }

    /// The mistake in the settings file and the settings of safety that hold instead, in the rows above the hints. It
    /// stays for as long as the mistake; a small screen has no room for more than what holds.
    var standingLines: [String] {
        guard let settingsMistake else { return [] }
        let safety = SettingName.ofSafety.map { "\($0.rawValue) (now \($0.fileText(in: settings)))" }
        let inForce =
            areSettingsRead
            ? "the settings read before stay in force: " : "nothing of the file is in force, nor its "
        let long = "\(settingsMistake.summary); \(inForce)\(safety.joined(separator: ", "))"
        let short =
            "settings file \(areSettingsRead ? "broken" : "not used"): locks after \(SettingName.lockAfterMinutes.value(in: settings)), "
            + "clears after \(SettingName.clearClipboardSeconds.value(in: settings))"
        let most = max(size.rows / 4, 2)
        let lines = DisplayWidth.wrap(long, into: size.columns - 2)
        return lines.count <= most ? lines : Array(DisplayWidth.wrap(short, into: size.columns - 2).prefix(most))
    }
}
