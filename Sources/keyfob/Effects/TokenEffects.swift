import Credentials
import Formats
import FoundationEssentials
import Interface
import Model
import System

// The effects on tokens: refresh, revoke, inspect, try.
extension EffectRunner {
    func refresh(_ id: UUID) {
        work { manager, post in
            do throws(Failure) {
                let refreshed = try await manager.refresh(id)
                let token = NewToken(seconds: refreshed.seconds, warnings: refreshed.token.facts.warnings)
                post(.refreshed(id, .success(token)))
                if let failure = refreshed.notStored { post(.trouble(failure)) }
            } catch {
                post(.refreshed(id, .failure(error)))
            }
        }
    }

    func refresh(_ ids: [UUID]) {
        lastRefreshOfMany = work { manager, post in
            do throws(Failure) {
                try await manager.refreshAll(ids) { post(.refreshAllProgressed($0)) }
            } catch {
                post(.refreshAllFailed(error))
            }
        }
    }

    /// Stops the earlier search: the screen no longer waits for it.
    func findRevocation(of ids: [UUID]) {
        stop(lastRevocationSearch)
        lastRevocationSearch = work(
            answer: { .revocationFound(ids, $0) },
            by: { manager throws(Failure) in
                try await manager.revocationPlans(for: ids)
            })
    }

    func revoke(as plan: RevocationPlan) {
        work(
            answer: { .revoked(plan.client, $0) }, by: { manager throws(Failure) in try await manager.revoke(as: plan) }
        )
    }

    func inspect(_ id: UUID) {
        work { manager, post in
            do throws(Failure) {
                let exchange = await manager.exchange(of: id)
                let token = try await manager.token(of: id)
                let name = try await manager.entry(id)?.profile.name
                var claims = token.flatMap { JSONWebToken($0.value) }
                // Without a readable secret there is nothing to redact.
                if let shown = claims,
                    let redaction = (try? await manager.redaction(of: shown.header + shown.claims, from: id)) ?? nil
                {
                    claims = shown.showing(redaction)
                }
                let bundle = exchange.map {
                    SupportBundle.text($0, client: name, version: Version.number, now: Clocks.now().wall)
                }
                post(
                    .inspected(
                        id,
                        Inspection(
                            exchange: exchange, token: claims,
                            hasToken: token != nil, bundle: bundle ?? "")))
            } catch {
                post(.trouble(error))
            }
        }
    }

    func loadTrials(of id: UUID) {
        work { manager, post in
            do throws(Failure) {
                post(.trialsLoaded(id, try await manager.trials(of: id)))
            } catch {
                post(.trouble(error))
            }
        }
    }

    func send(_ trial: TrialRequest, number: Int, of id: UUID, at apiBase: String) {
        work(
            answer: { .trialAnswered(number, $0) },
            by: { manager throws(Failure) in
                try await manager.attempt(trial, with: id, at: apiBase)
            })
    }
}
