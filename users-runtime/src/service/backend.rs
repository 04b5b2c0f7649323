//! A configured backend: a name, a transport and a strategy.

use std::sync::Arc;

use http::{HeaderMap, request::Parts};

use super::origin::{OriginRule, may_change_something};
use super::refresh::{ActiveRefresh, Held};
#[cfg(feature = "oauth")]
use crate::domain::oauth::IdentityRules;
use crate::port::{Strategy, Transport};

/// A backend as the service uses it. Its name is part of the routes' paths.
#[derive(Clone)]
pub(crate) struct ActiveBackend {
    pub(crate) name: Arc<str>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) strategy: Arc<dyn Strategy>,
    /// The rule for the origin of requests. `None` if browsers do not attach the token automatically, or if the policy
    /// turns the rule off.
    pub(crate) origin_rule: Option<OriginRule>,
    /// The refresh tokens, if it has any.
    pub(crate) refresh: Option<Arc<ActiveRefresh>>,
    /// How the subjects of tokens from other issuers become users.
    #[cfg(feature = "oauth")]
    pub(crate) identities: IdentityRules,
}

impl ActiveBackend {
    /// Returns whether a request with these headers may log in or out at this backend.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        self.origin_rule.as_ref().is_none_or(|rule| rule.admits(headers))
    }

    /// Returns whether a page of another site may have caused the browser to send this request with its token (CSRF).
    pub(super) fn may_be_forged(&self, request: &Parts) -> bool {
        may_change_something(request) && !self.admits(&request.headers)
    }

    /// Returns the tokens that a browser holds from an earlier login at this backend.
    pub(crate) fn held_by_browser(&self, headers: &HeaderMap) -> Option<Held> {
        if !self.transport.is_sent_by_browsers() {
            return None;
        }
        let refresh = self.refresh.as_ref().and_then(|_| self.transport.read_refresh(headers));
        let held = Held { access: self.transport.read(headers), refresh };
        (held.access.is_some() || held.refresh.is_some()).then_some(held)
    }
}
