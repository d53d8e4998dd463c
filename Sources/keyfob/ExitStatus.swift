import Credentials

/// The exit codes, a contract with scripts. If sysexits.h has a fitting code, that code is used.
enum ExitStatus {
    static let done: Int32 = 0
    static let usage: Int32 = 64

    static func of(_ kind: Failure.Kind) -> Int32 {
        switch kind {
        case .declined: 1
        case .usage, .unacceptableInput: usage
        case .vaultDamaged, .notAVault, .vaultTooNew: 65
        case .noSuchVault, .noSuchClient: 66
        case .unreachable: 69
        case .bug: 70
        case .vaultExists, .nameTaken, .conflict, .cannotWrite: 73
        case .vaultBusy: 75
        case .refused, .notAToken, .redirected: 76
        case .wrongPassphrase, .noPassphrase, .looseModes, .locked: 77
        case .unusableProfile: 78
        case .interrupted: 130
        }
    }
}
