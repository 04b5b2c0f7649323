//! Who a request comes from.

use http::request::Parts;

use super::Users;
use crate::{
    domain::{AccessToken, Epoch, Session, UserId},
    port::{Found, Lookup, StoreError, StrategyError, TokenState},
    user::AuthUser,
};

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
    /// The first good token's user.
    Known(Box<Authenticated<U>>),
}

impl<U: AuthUser> Users<U> {
    /// Asks the enabled backends in the order of declaration; the first user found wins, and a bad token in one backend
    /// does not stop the next (contract.md section 7).
    pub(crate) async fn identify(&self, request: &Parts) -> Result<Identity<U>, AuthenticationError> {
        let parts = self.parts();
        let mut identity = Identity::Anonymous;
        for (index, backend) in parts.backends.iter().enumerate() {
            if let Some(enabled) = &parts.enabled
                && !enabled.is_enabled(request, &backend.name).await
            {
                continue;
            }
            let Some(token) = backend.transport.read(&request.headers) else { continue };
            identity = Identity::BadToken;
            let Some(session) = backend.strategy.resolve(&token).await? else { continue };
            let Some(id) = U::Id::parse(&session.subject) else { continue };
            let lookup = Lookup { id, token: session.token_id.clone() };
            let Some(found) = parts.loader.find(lookup).await? else { continue };
            if is_live(&session, &found) {
                let known = Authenticated { user: found.user, session, epoch: found.epoch, token, backend: index };
                return Ok(Identity::Known(Box::new(known)));
            }
        }
        Ok(identity)
    }
}

/// Whether a session is neither logged out nor ended by a raised epoch.
fn is_live<U>(session: &Session, found: &Found<U>) -> bool {
    match found.token {
        TokenState::Revoked => false,
        TokenState::KeptAt(epoch) => epoch == found.epoch,
        // A token that fastapi-users minted knows no epoch: it is good until the user's sessions are ended for the first time.
        TokenState::Unmarked => session.epoch.unwrap_or_default() == found.epoch,
    }
}
