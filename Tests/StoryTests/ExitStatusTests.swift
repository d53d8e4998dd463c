import Credentials
import Testing

@testable import keyfob

@Suite("The table of exit codes")
struct ExitStatusTests {
    @Test("each kind of failure has the exit code of the contract, a bug in keyfob too")
    func table() {
        let contract: [Int32: [Failure.Kind]] = [
            1: [.declined],
            64: [.usage, .unacceptableInput], 65: [.vaultDamaged, .notAVault, .vaultTooNew],
            66: [.noSuchVault, .noSuchClient], 69: [.unreachable], 70: [.bug],
            73: [.vaultExists, .nameTaken, .conflict, .cannotWrite], 75: [.vaultBusy],
            76: [.refused, .notAToken, .redirected], 77: [.wrongPassphrase, .noPassphrase, .looseModes, .locked],
            78: [.unusableProfile], 130: [.interrupted],
        ]
        for (status, kinds) in contract {
            for kind in kinds { #expect(ExitStatus.of(kind) == status, "\(kind)") }
        }
        #expect(Set(contract.values.joined()) == Set(Failure.Kind.allCases), "no kind is without one")
    }
}
