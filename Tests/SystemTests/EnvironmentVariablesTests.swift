import Foundation
import System
import Testing

@Suite("The environment")
struct EnvironmentVariablesTests {
    @Test("the variables are those that Foundation finds")
    func variables() {
        #expect(EnvironmentVariables.read() == ProcessInfo.processInfo.environment)
    }
}
