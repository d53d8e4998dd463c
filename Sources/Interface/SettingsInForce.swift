import Credentials
import Settings

// Changes of the settings file.
extension State {
    mutating func settingsChanged(_ new: Settings) {
        if settingsMistake != nil {
            say(Saying(text: "the settings file is corrected and in force", kind: .success, isLogged: false))
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
}
