//! Who a request comes from.

use http::request::Parts;

use super::Users;
use crate::{
    domain::{AccessToken, Epoch, Relaxation, Session, SessionKey, Timestamp, UserId},
    port::{Found, FoundSession, Lookup, Resolved, StoreError, StoredSession, StrategyError, TokenState},
    user::AuthUser,
};

/// How old the note of a session's last use may become before it is written anew.
const TOUCH_EVERY: chrono::TimeDelta = chrono::TimeDelta::minutes(1);

/// A user as proved by a token.
#[derive(Debug, Clone)]
pub(crate) struct Authenticated<U> {
    pub(crate) user: U,
    pub(crate) session: Session,
    /// The user's epoch when the token was found alive.
    pub(crate) epoch: Epoch,
    pub(crate) token: AccessToken,
    /// Which backend the token belongs to.
    pub(crate) backend: usize,
}

/// It is not known who a request comes from; it must be refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthenticationError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Strategy(#[from] StrategyError),
}

/// What a request's tokens say.
#[derive(Debug)]
pub(crate) enum Identity<U> {
    /// No enabled backend found a token.
    Anonymous,
    /// There were tokens, and none is good.
    BadToken,
    /// A browser attached a token of this backend, and it is not known that a page of the service's own asked it to.
    Forged(usize),
    /// The first good token's user.
    Known(Box<Authenticated<U>>),
}

impl<U: AuthUser> Users<U> {
    /// Asks the enabled backends in the order of declaration; the first user found wins, and a bad token in one backend
    /// does not stop the next (contract.md section 7). A token that may be a forger's is not even looked at.
    #[tracing::instrument(target = "axum_users", name = "authenticate", level = "debug", skip_all)]
    pub(crate) async fn identify(&self, request: &Parts) -> Result<Identity<U>, AuthenticationError> {
        let parts = self.inner();
        let mut identity = Identity::Anonymous;
        for (index, backend) in parts.backends.iter().enumerate() {
            if let Some(enabled) = &parts.enabled
                && !enabled.is_enabled(request, &backend.name).await
            {
                continue;
            }
            let Some(token) = backend.transport.read(&request.headers) else { continue };
            if backend.may_be_forged(request) {
                identity = Identity::Forged(index);
                continue;
            }
            if !matches!(identity, Identity::Forged(_)) {
                identity = Identity::BadToken;
            }
            let Some(resolved) = backend.strategy.resolve(&token).await? else { continue };
            if let Some((found, session)) = self.find_session(resolved).await? {
                let known = Authenticated { user: found.user, session, epoch: found.epoch, token, backend: index };
                return Ok(Identity::Known(Box::new(known)));
            }
        }
        Ok(identity)
    }

    /// The user of a token, with the session, if it is alive.
    async fn find_session(&self, resolved: Resolved) -> Result<Option<(Found<U>, Session)>, StoreError> {
        match resolved {
            Resolved::Session(session) => {
                let Some(id) = U::Id::parse(&session.subject) else { return Ok(None) };
                let found = self.inner().loader.find(Lookup::User { id, token: session.token_id.clone() }).await?;
                Ok(found.filter(|found| self.is_live(&session, found)).map(|found| (found, session)))
            }
            Resolved::Stored(StoredSession { keys, lifetime, idle }) => {
                for key in keys {
                    let Some(found) = self.inner().loader.find(Lookup::Session(key.clone())).await? else { continue };
                    let Some(stored) = found.session.clone() else { continue };
                    let now = self.now();
                    let last_used = stored.last_seen_at.unwrap_or(stored.created_at);
                    let ends = [end(stored.created_at, lifetime), end(last_used, idle)];
                    if ends.into_iter().flatten().any(|end| end <= now) {
                        continue;
                    }
                    let session = session_of(&found.user, &stored, end(stored.created_at, lifetime));
                    if !self.is_live(&session, &found) {
                        continue;
                    }
                    if now.signed_duration_since(last_used) >= TOUCH_EVERY {
                        self.touch(&key, now).await;
                    }
                    return Ok(Some((found, session)));
                }
                Ok(None)
            }
        }
    }

    /// Notes that a session was used. Without the note it ends sooner and not later, so a failure refuses nobody.
    async fn touch(&self, key: &SessionKey, now: Timestamp) {
        let Some(sessions) = &self.inner().sessions else { return };
        if let Err(error) = sessions.touch(key, now).await {
            tracing::warn!(target: "axum_users", %error, "the last use of a session was not noted");
        }
    }

    /// Whether a session is neither logged out nor ended by a raised epoch.
    pub(crate) fn is_live(&self, session: &Session, found: &Found<U>) -> bool {
        match (found.token, session.epoch) {
            (state, Some(epoch)) => state.is_live(epoch, found.epoch),
            (TokenState::Revoked, None) => false,
            (TokenState::KeptAt(epoch), None) => epoch == found.epoch,
            // What fastapi-users minted knows no epoch. While it runs beside us it mints on after sessions were ended here, and
            // for users whose first epoch is not 0 (decision 32); else such a token is good until that happens for the first time.
            (TokenState::Unmarked, None) => {
                self.policy().allows(Relaxation::KeepSessions) || found.epoch == Epoch::default()
            }
        }
    }
}

/// When a session that started or was used at `from` ends; `None` for never.
fn end(from: Timestamp, after: Option<std::time::Duration>) -> Option<Timestamp> {
    let after = chrono::TimeDelta::from_std(after?).unwrap_or(chrono::TimeDelta::MAX);
    Some(from.checked_add_signed(after).unwrap_or(Timestamp::MAX_UTC))
}

fn session_of<U: AuthUser>(user: &U, stored: &FoundSession, expires_at: Option<Timestamp>) -> Session {
    Session {
        subject: user.id().to_string(),
        token_id: stored.id.clone(),
        epoch: stored.epoch,
        logged_in_at: Some(stored.created_at),
        expires_at,
    }
}
