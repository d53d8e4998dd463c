import Credentials

/// The members of a form, of a query or of a fragment that are secret by their name.
enum SecretMembers {
    /// Stands in the place of their values.
    static let redacted = "<redacted>"

    private static let names: Set = [
        "client_secret", "client_assertion", "token", "access_token", "id_token", "refresh_token", "assertion",
        "subject_token", "actor_token", "code", "password",
    ]

    /// - Parameter name: as it is, no escapes in it.
    static func contain(_ name: String) -> Bool { names.contains(name.lowercased()) }

    /// `url` with the values of such members taken out of its query and of its fragment.
    static func redacted(in url: String) -> String {
        guard let query = url.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return url }
        var shown = String(url[..<query])
        var rest = url[query...]
        while let mark = rest.first {
            let member = rest.dropFirst().prefix { !"?&;#".contains($0) }
            let name = member.prefix { $0 != "=" }
            let isSecret = contain(String(decoding: FormEncoding.decoded(Array(name.utf8)), as: UTF8.self))
            shown += "\(mark)\(isSecret ? "\(name)=\(redacted)" : String(member))"
            rest = rest[member.endIndex...]
        }
        return shown
    }
}
