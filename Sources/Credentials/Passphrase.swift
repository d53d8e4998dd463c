/// What can be said of a new passphrase.
public enum Passphrase {
    /// Why `passphrase` is easily guessed, in words that follow "this passphrase is weak: "; nil where nothing obvious
    /// speaks against it. No measure of strength: only what anybody can see.
    public static func weakness(of passphrase: Secret) -> String? {
        passphrase.withBytes { bytes in
            if bytes.count < 12 { return "shorter than 12 characters" }
            if bytes.allSatisfy({ (0x30...0x39).contains($0) }) { return "digits only" }
            if Set(bytes).count < 6 { return "the same few characters again and again" }
            return nil
        }
    }
}
