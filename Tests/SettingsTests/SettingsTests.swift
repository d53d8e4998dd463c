import Testing

@testable import Settings

@Suite("Settings")
struct SettingsTests {
    @Test("what is copied is cleared after 45 s, and the vault locks after 10 minutes, unless something else is set")
    func defaults() {
        #expect(Settings().clearClipboardSeconds == 45)
        #expect(Settings().lockAfterMinutes == 10)
        #expect(Settings().oldSecretDays == 90)
        #expect(Settings().notification == .off)
    }
}
