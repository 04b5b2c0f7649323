//! A backend at work: a name, a transport and a strategy.

use std::sync::Arc;

use http::{HeaderMap, request::Parts};

use super::origin::{OriginRule, may_change_something};
use crate::{
    domain::AccessToken,
    port::{Strategy, Transport},
};

/// A way to log in: what a token is and how it travels, under a name that is part of the routes' paths.
#[derive(Clone)]
pub(crate) struct ActiveBackend {
    pub(crate) name: Arc<str>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) strategy: Arc<dyn Strategy>,
    /// Whose requests count; `None` where browsers do not attach the token, and where the policy takes the rule away.
    pub(crate) origin_rule: Option<OriginRule>,
}

impl ActiveBackend {
    /// Whether a request with these headers may log in or out here.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        self.origin_rule.as_ref().is_none_or(|rule| rule.admits(headers))
    }

    /// Whether a page that has no business here may have made a browser send this request with its token.
    pub(super) fn may_be_forged(&self, request: &Parts) -> bool {
        may_change_something(request) && !self.admits(&request.headers)
    }

    /// The token that a browser holds from an earlier login here.
    pub(crate) fn held_by_browser(&self, headers: &HeaderMap) -> Option<AccessToken> {
        self.transport.is_sent_by_browsers().then(|| self.transport.read(headers)).flatten()
    }
}
