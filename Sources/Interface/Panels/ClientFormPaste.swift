import Credentials
import Formats

// A block or a command that is pasted into the form.
extension ClientForm {
    /// Fills the fields that the paste describes, whatever field has the focus: a visible field would show the secret.
    mutating func fillIn(from pasted: PastedClient) {
        guard !pasted.isUndecided, pasted.hasFields else {
            notice = "nothing was filled in: \(pasted.warnings.joined(separator: "; "))"
            return
        }
        let completes = completes(pasted)
        guard pasted.tokenURL != nil || completes || isMeant(for: pasted) else {
            guard origin == nil else {
                notice = "nothing was filled in: the paste has no token URL and is for another service"
                return
            }
            return begin(with: pasted)
        }
        guard completes || !isNew || pasted.clientID == nil || pasted.secret == nil else { return begin(with: pasted) }
        var notices = pasted.warnings
        if let url = pasted.tokenURL {
            content.tokenURL = url
            if let left = leavePreset() { notices.append(left) }
        }
        if let clientID = pasted.clientID { content.clientID = clientID }
        if let scope = pasted.scope { content.scope = scope }
        if let authentication = pasted.authentication { content.authentication = authentication }
        if let encoding = pasted.basicEncoding { content.basicEncoding = encoding }
        if !pasted.extraParameters.isEmpty { content.extraParameters = ParameterText.text(pasted.extraParameters) }
        if let refusal = pasted.secret.flatMap(secret.replace) { notices.append(refusal) }
        set(focus: focus)
        notice =
            notices.isEmpty ? "the fields were filled in from the paste: check them" : notices.joined(separator: "; ")
    }

    /// True while only name, tags and notes are typed: then a paste of a whole client begins the form again.
    private var isNew: Bool {
        origin == nil && secretOf == nil && secret.isEmpty && content.clientID.isEmpty
            && content.tokenURL == fills.first?.tokenURL
    }

    /// True if a paste without a URL belongs to the chosen service: the user has yet to complete the service's URL, and
    /// nothing is sent before that.
    private func completes(_ pasted: PastedClient) -> Bool {
        guard origin == nil, pasted.tokenURL == nil, content.tokenURL.contains("{") else { return false }
        return pasted.namedService.map { $0.key == ServicePreset.all[content.preset].key } ?? true
    }

    /// False if the pasted ID or secret may not belong to the form's token URL: another service's, or ID and secret
    /// without a URL while keyfob filled in the form's URL.
    private func isMeant(for pasted: PastedClient) -> Bool {
        guard pasted.clientID != nil || pasted.secret != nil, !content.tokenURL.isEmpty else { return true }
        if let named = pasted.namedService {
            let isGBG = EndpointHost(ClientName.trimmed(content.tokenURL))?.isGBG == true
            return isGBG == (named.key == ServicePreset.gbgGO.key) && named.covers(tokenURL: content.tokenURL)
        }
        let isFilledIn = origin == nil && content.tokenURL == fills.first?.tokenURL
        return !isFilledIn || pasted.clientID == nil || pasted.secret == nil
    }

    private mutating func begin(with pasted: PastedClient) {
        var form = ClientForm(pasted: pasted, isFirst: isFirst)
        if pasted.clientID == nil { form.content.clientID = content.clientID }
        if pasted.secret == nil, !secret.isEmpty { _ = form.secret.replace(with: secret.secret()) }
        form.content.name = content.name
        form.content.tags = content.tags
        form.content.notes = content.notes
        form.set(focus: form.focus)
        self = form
    }
}
