import Foundation
import System
import Testing

@Suite("The environment")
struct EnvironmentVariablesTests {
    @Test("the variables are the same as Foundation's")
    func variables() {
        #expect(EnvironmentVariables.read() == ProcessInfo.processInfo.environment)
    }
}
