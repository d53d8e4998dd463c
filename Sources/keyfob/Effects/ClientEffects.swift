import Credentials
import FoundationEssentials
import Interface
import Model
import OAuth
import System

// The effects on clients: save, remove, undo, discover.
extension EffectRunner {
    func save(_ draft: ClientDraft) {
        work(
            answer: { .saved(isNew: draft.revision == nil, draft.profile.id, $0) },
            by: { manager throws(Failure) in
                try TokenURL.check(draft.profile.tokenURL)
                return try await draft.save(in: manager)
            })
    }

    func remove(_ revisions: [ClientRevision]) {
        work { manager, post in
            do throws(Failure) {
                try await manager.remove(revisions.map { (id: $0.id, revision: $0.revision) })
            } catch {
                post(.removeFailed(error))
            }
        }
    }

    func undo() {
        work { manager, post in
            do throws(Failure) {
                let undone = try await manager.undo()
                post(.undone(undone.entries, failure: undone.failure))
            } catch {
                post(.undone([], failure: error))
            }
        }
    }

    /// - Returns: the number of the task.
    func discover(_ issuer: String) -> Int? {
        work { manager, post in
            do throws(Failure) {
                post(.discovered(issuer: issuer, .success(try await manager.discover(issuer))))
            } catch {
                // Cancelled. The form may already be asking the same issuer again.
                guard error.kind != .interrupted else { return }
                post(.discovered(issuer: issuer, .failure(error)))
            }
        }
    }
}

extension ClientDraft {
    fileprivate func save(in manager: CredentialManager) async throws(Failure) -> ClientEntry {
        guard let revision else {
            var secret = secret
            if secret == nil, let secretOf { secret = try await manager.secret(of: secretOf) }
            guard let secret else { throw Failure(.bug, "the new client has no secret") }
            return try await manager.create(profile, secret: secret)
        }
        // A newly typed secret has already made the current secret the previous one.
        guard secret == nil else { return try await manager.update(profile, from: revision, secret: secret) }
        return try await manager.update(profile, from: revision, secret: nil, previous: previousSecret)
    }
}
