import Credentials
import Interface
import Model
import OAuth
import Storage
import System

/// The process's environment, its settings file, and managers with the real network, clock and pause.
enum Surroundings {
    static let environment = EnvironmentVariables.read()

    static let settingsFile = settingsFile(environment: environment)

    /// - Parameter environment: names the file's folder.
    static func settingsFile(environment: [String: String]) -> SettingsFile {
        SettingsFile(
            environment: environment, knownActions: Keymap.changeableActions,
            indispensableKeys: Keymap.indispensableKeys, isKeyName: { Key(name: $0) != nil })
    }

    static func manager(of vault: Vault) -> CredentialManager {
        let transport = CurlTransport(userAgent: Version.userAgent)
        let service = TokenService(
            transport: transport, clock: { Clocks.now() }, pause: { try await Pause.seconds($0) })
        return CredentialManager(
            vault: vault, service: service, transport: transport, clock: { Clocks.now() },
            pause: { try await Pause.seconds($0) })
    }
}
