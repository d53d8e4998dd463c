import Credentials
import Files
import Glibc

/// The file that passes variables to the next steps of a GitHub Actions job.
struct WorkflowEnvironment {
    private let path: String

    /// - Throws: `usage` outside a job, before a token is fetched for nothing.
    init() throws(Failure) {
        path = Surroundings.environment["GITHUB_ENV", default: ""]
        guard !path.isEmpty else {
            throw Failure(
                .usage, "GITHUB_ENV names no file", hints: ["the format github-actions is for a step of GitHub Actions"]
            )
        }
    }

    /// Appends `ACCESS_TOKEN=…` as a line of its own. A token has no line breaks.
    func append(_ token: Secret) throws(Failure) {
        let line = Secret.written { text in
            text.append("ACCESS_TOKEN=")
            text.append(token)
            text.append("\n")
        }
        guard let file = Descriptor(opening: path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o600),
            line.withBytes({ writeAll($0, to: file.number) })
        else {
            let code = errno
            let name = UntrustedText.line(path, limit: 400)
            throw Failure(.cannotWrite, "could not append to \(name), the file of GITHUB_ENV: \(errorText(code))")
        }
    }
}
