/// A check of a new passphrase.
public enum Passphrase {
    /// The reason why `passphrase` is easy to guess, to follow "this passphrase is weak: "; nil if nothing obvious is
    /// wrong. Not a measure of strength.
    public static func weakness(of passphrase: Secret) -> String? {
        passphrase.withBytes { bytes in
            if bytes.count < 12 { return "shorter than 12 characters" }
            if bytes.allSatisfy({ (0x30...0x39).contains($0) }) { return "digits only" }
            if Set(bytes).count < 6 { return "fewer than 6 different characters" }
            return nil
        }
    }
}
