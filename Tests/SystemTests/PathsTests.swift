import Credentials
import Testing

@testable import System

struct PathsTests {
    @Test("the vault's path is the option, then KEYFOB_VAULT, then the default")
    func order() throws {
        let environment = ["KEYFOB_VAULT": "/env.db", "XDG_DATA_HOME": "/data", "HOME": "/home/a"]
        #expect(try Paths.vault(option: "option.db", environment: environment) == "option.db")
        #expect(try Paths.vault(option: nil, environment: environment) == "/env.db")
        #expect(
            try Paths.vault(option: nil, environment: ["KEYFOB_VAULT": "", "HOME": "/home/a"])
                == "/home/a/.local/share/keyfob/vault.db")
    }

    @Test("the default is in XDG_DATA_HOME if that is an absolute path, else in the home folder")
    func defaultFolder() throws {
        #expect(
            try Paths.defaultVault(environment: ["XDG_DATA_HOME": "/data/", "HOME": "/h"]) == "/data/keyfob/vault.db")
        for ignored in ["", "data", "./data"] {
            #expect(
                try Paths.defaultVault(environment: ["XDG_DATA_HOME": ignored, "HOME": "/h"])
                    == "/h/.local/share/keyfob/vault.db")
        }
        #expect(try Paths.defaultVault(environment: ["HOME": "/"]) == "/.local/share/keyfob/vault.db")
    }

    @Test("without HOME the password database's home folder is used")
    func noHome() throws {
        #expect(try Paths.defaultVault(environment: [:]).hasSuffix("/.local/share/keyfob/vault.db"))
        #expect(try Paths.defaultVault(environment: [:]).hasPrefix("/"))
    }

    @Test("the settings are in XDG_CONFIG_HOME if that is an absolute path, else in the home folder's .config")
    func settings() {
        #expect(
            Paths.settingsFile(environment: ["XDG_CONFIG_HOME": "/config//", "HOME": "/h"])
                == "/config/keyfob/config.json")
        for ignored in ["", "config", "./config", "~/config"] {
            #expect(
                Paths.settingsFile(environment: ["XDG_CONFIG_HOME": ignored, "HOME": "/h"])
                    == "/h/.config/keyfob/config.json")
        }
        #expect(Paths.settingsFile(environment: [:])?.hasSuffix("/.config/keyfob/config.json") == true)
    }

    @Test("a path is shown with ~ for the home folder, and without control characters")
    func shown() {
        #expect(Paths.printable("/home/a/.config/x", environment: ["HOME": "/home/a/"]) == "~/.config/x")
        #expect(Paths.printable("/home/ab/x", environment: ["HOME": "/home/a"]) == "/home/ab/x")
        #expect(Paths.printable("/etc/x", environment: ["HOME": "/"]) == "/etc/x")
        #expect(Paths.printable("/etc/\u{1B}x\n", environment: ["HOME": "/h"]) == "/etc/x")
    }
}
