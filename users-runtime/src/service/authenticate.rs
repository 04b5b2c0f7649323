//! Authentication of a request by its tokens.

use http::request::Parts;

use super::{Users, hide_unreadable};
#[cfg(feature = "oauth")]
use crate::port::ExternalSession;
use crate::{
    domain::{
        AccessToken, Epoch, Relaxation, Session, SessionKey, TOUCH_EVERY, Timestamp, UserId, is_of_another_backend,
    },
    event::{self, operation},
    port::{Found, FoundSession, Lookup, Resolved, StoreError, StoredSession, StrategyError, TokenState},
    user::AuthUser,
};

/// A user who is authenticated by a token.
#[derive(Debug, Clone)]
pub(crate) struct Authenticated<U> {
    pub(crate) user: U,
    pub(crate) session: Session,
    /// The user's epoch when the token was validated.
    pub(crate) epoch: Epoch,
    /// Whether the account is suspended now, so that the session must not be used.
    pub(crate) is_suspended: bool,
    pub(crate) token: AccessToken,
    /// The index of the backend that the token belongs to.
    pub(crate) backend: usize,
}

/// The request must be refused because its user could not be determined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthenticationError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Strategy(#[from] StrategyError),
}

/// The result of checking a request's tokens.
#[derive(Debug)]
pub(crate) enum Identity<U> {
    /// No enabled backend found a token.
    Anonymous,
    /// There were tokens, but none is valid. The index of the last backend that found one.
    BadToken(usize),
    /// A browser attached a token of this backend, and the request may come from a page of another site (CSRF).
    Forged(usize),
    /// The user of the first valid token.
    Known(Box<Authenticated<U>>),
    /// The first valid token was issued by another service.
    #[cfg(feature = "oauth")]
    External(Box<ExternalToken>),
}

/// A valid token of another service.
#[cfg(feature = "oauth")]
#[derive(Debug)]
pub(crate) struct ExternalToken {
    pub(crate) session: ExternalSession,
    pub(crate) token: AccessToken,
    /// The index of the backend that accepts it.
    pub(crate) backend: usize,
}

impl<U: AuthUser> Users<U> {
    /// Tries the enabled backends in the order of declaration. The first valid token wins, even one of another service whose user
    /// is refused later; an invalid token at one backend does not stop the search. A token that another site may have sent is not
    /// examined.
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
                identity = Identity::BadToken(index);
            }
            let Some(resolved) = backend.strategy.resolve(&token).await? else { continue };
            let resolved = match resolved {
                #[cfg(feature = "oauth")]
                Resolved::External(session) => {
                    return Ok(Identity::External(Box::new(ExternalToken { session, token, backend: index })));
                }
                resolved => resolved,
            };
            if let Some((found, session)) = self.find_session(resolved).await? {
                let known = self.authenticated(found, session, token, index);
                return Ok(Identity::Known(Box::new(known)));
            }
        }
        Ok(identity)
    }

    /// Describes the user of a valid token.
    pub(crate) fn authenticated(
        &self,
        found: Found<U>,
        session: Session,
        token: AccessToken,
        backend: usize,
    ) -> Authenticated<U> {
        let is_suspended = found.standing.is_suspended_at(self.now());
        Authenticated { user: found.user, session, epoch: found.epoch, is_suspended, token, backend }
    }

    /// Returns the user and the session of a token, if it is valid.
    pub(super) async fn find_session(&self, resolved: Resolved) -> Result<Option<(Found<U>, Session)>, StoreError> {
        match resolved {
            Resolved::Session(session) => {
                let Some(id) = U::Id::parse(&session.subject) else { return Ok(None) };
                let wanted = Lookup::User { id, token: session.token_id.clone() };
                let found = hide_unreadable(self.inner().loader.find(wanted).await)?;
                Ok(found.filter(|found| self.is_live(&session, found)).map(|found| {
                    let mut session = session;
                    session.proved_again(found.reauthentication);
                    (found, session)
                }))
            }
            Resolved::Stored(StoredSession { keys, lifetime, idle, backend }) => {
                for key in keys {
                    let found = hide_unreadable(self.inner().loader.find(Lookup::Session(key.clone())).await)?;
                    let Some(found) = found else { continue };
                    let Some(stored) = &found.session else { continue };
                    if is_of_another_backend(backend.as_deref(), stored.backend.as_deref()) {
                        continue;
                    }
                    let now = self.now();
                    let last_used = stored.last_seen_at.unwrap_or(stored.created_at);
                    let ends = [end(stored.created_at, lifetime), end(last_used, idle)];
                    if ends.into_iter().flatten().any(|end| end <= now) {
                        continue;
                    }
                    let mut session = session_of(&found.user, stored, end(stored.created_at, lifetime));
                    if !self.is_live(&session, &found) {
                        continue;
                    }
                    session.proved_again(found.reauthentication);
                    if now.signed_duration_since(last_used).to_std().is_ok_and(|unused| unused >= TOUCH_EVERY) {
                        self.touch(&key, now).await;
                    }
                    return Ok(Some((found, session)));
                }
                Ok(None)
            }
            #[cfg(feature = "oauth")]
            Resolved::External(_) => Ok(None),
        }
    }

    /// Records that a session was used. A failure is not reported to the client: the session merely reaches its idle
    /// limit earlier.
    async fn touch(&self, key: &SessionKey, now: Timestamp) {
        let Some(sessions) = &self.inner().sessions else { return };
        if let Err(error) = sessions.touch(key, now).await {
            let cause = event::cause(&error);
            operation!(WARN, "touch_failed", "the last use of a session was not recorded", cause);
        }
    }

    /// Returns whether a session is neither revoked nor ended by a raised epoch.
    pub(crate) fn is_live(&self, session: &Session, found: &Found<U>) -> bool {
        match (found.token, session.epoch) {
            (state, Some(epoch)) => state.is_live(epoch, found.epoch),
            (TokenState::Revoked, None) => false,
            (TokenState::KeptAt(epoch), None) => epoch == found.epoch,
            // Tokens of fastapi-users carry no epoch. While it runs in parallel, it keeps issuing them, even after
            // sessions were ended here and for users whose first epoch is not 0. Otherwise such a token is valid until
            // the epoch is first raised.
            (TokenState::Unmarked, None) => {
                self.policy().allows(Relaxation::KeepSessions) || found.epoch == Epoch::default()
            }
        }
    }
}

/// Returns when a session that started or was used at `from` ends, or `None` if it never ends.
fn end(from: Timestamp, after: Option<std::time::Duration>) -> Option<Timestamp> {
    let after = chrono::TimeDelta::from_std(after?).unwrap_or(chrono::TimeDelta::MAX);
    Some(from.checked_add_signed(after).unwrap_or(Timestamp::MAX_UTC))
}

fn session_of<U: AuthUser>(user: &U, stored: &FoundSession, expires_at: Option<Timestamp>) -> Session {
    Session {
        token_id: stored.id.clone(),
        epoch: stored.epoch,
        logged_in_at: stored.logged_in_at.or(Some(stored.created_at)),
        expires_at,
        methods: stored.methods,
        ..Session::new(user.id().to_string())
    }
}
