import Credentials

/// The question for the vault's passphrase.
struct UnlockForm {
    let passphrase = SecretField()
    /// Since when the vault is being opened; nil while it is not.
    var workingSince: Moment?
    var failure: Failure?
    /// Why it is asked, in words, where that is not plain.
    var notice: String?
    /// Whether clients were kept fresh until the vault was locked.
    var keepsNothingFresh = false

    var isWorking: Bool { workingSince != nil }
}

/// The question for a new vault's passphrase, twice.
struct NewVaultForm {
    enum Field: CaseIterable { case passphrase, repeated }

    let passphrase = SecretField()
    let repeated = SecretField()
    var focus = Field.passphrase
    var workingSince: Moment?
    var failure: Failure?
    /// A weakness that was named; taking the same passphrase again accepts it.
    var namedWeakness: String?

    var isWorking: Bool { workingSince != nil }
    var focused: SecretField { focus == .passphrase ? passphrase : repeated }
}
