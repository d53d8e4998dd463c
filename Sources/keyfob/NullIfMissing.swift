/// A member of an answer that JSON has as null if there is no value. A synthesized `encode(to:)` would leave the member
/// out, but each member of an answer is always present.
@propertyWrapper
struct NullIfMissing<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}
