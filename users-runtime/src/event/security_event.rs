//! One security event: what happened, and to whom.

use std::{fmt::Display, net::IpAddr};

use super::{CurrentRequest, EventKind, Outcome, untrusted::Untrusted, write};
use crate::{
    domain::{Limit, TokenId},
    port::RequestContext,
};

/// A security event. The log and the audit log contain the same data: no password, token, hash or email address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub(crate) struct SecurityEvent {
    pub(crate) kind: EventKind,
    pub(crate) outcome: Outcome,
    /// The user concerned.
    pub(crate) user_id: Option<String>,
    /// The user who caused it, if that is another one.
    pub(crate) actor_id: Option<String>,
    pub(crate) backend: Option<String>,
    pub(crate) client: Option<IpAddr>,
    /// The header `x-request-id`, cut and with control characters escaped.
    pub(crate) request_id: Option<String>,
    /// The session of the request, or the one that a login began.
    pub(crate) session_id: Option<TokenId>,
    /// The limit that was reached.
    pub(crate) limit: Option<Limit>,
    /// The names of the fields that were changed.
    pub(crate) changed: Vec<&'static str>,
}

impl SecurityEvent {
    /// Describes a success in a request.
    pub(crate) fn new(kind: EventKind, cx: &RequestContext) -> Self {
        let session = cx.caller().and_then(|caller| caller.session.clone());
        let event = Self::from_client(kind, cx.client(), cx.header("x-request-id"));
        Self { actor_id: cx.caller().map(|caller| caller.user_id.clone()), session_id: session, ..event }
    }

    /// Describes a success in the request that is being handled, where its context is not available.
    pub(super) fn here(kind: EventKind) -> Self {
        CurrentRequest::with(|current| match current {
            Some(current) => Self::in_current(kind, current),
            None => Self::from_client(kind, None, None),
        })
    }

    /// Describes a success in this request.
    pub(crate) fn in_current(kind: EventKind, current: &CurrentRequest) -> Self {
        Self::from_client(kind, current.client, current.request_id())
    }

    fn from_client(kind: EventKind, client: Option<IpAddr>, request_id: Option<&str>) -> Self {
        Self {
            kind,
            outcome: Outcome::Success,
            user_id: None,
            actor_id: None,
            backend: None,
            client,
            request_id: request_id.map(|id| Untrusted(id).to_string()),
            session_id: None,
            limit: None,
            changed: Vec::new(),
        }
    }

    /// Makes it a refusal for this reason.
    pub(crate) fn refused(self, reason: &'static str) -> Self {
        Self { outcome: Outcome::Refused(reason), ..self }
    }

    /// Makes it a failure of the service for this reason.
    pub(crate) fn failed(self, reason: &'static str) -> Self {
        Self { outcome: Outcome::Failed(reason), ..self }
    }

    /// Makes it a refusal because this limit is reached.
    pub(crate) fn beyond(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self.refused(limit.reason()) }
    }

    /// Sets the user concerned.
    pub(crate) fn of(self, user: &impl Display) -> Self {
        Self { user_id: Some(user.to_string()), ..self }
    }

    /// Sets the backend.
    pub(crate) fn at(self, backend: &str) -> Self {
        Self { backend: Some(backend.to_owned()), ..self }
    }

    /// Sets the session, if it has an id.
    pub(crate) fn in_session(self, session: Option<&TokenId>) -> Self {
        Self { session_id: session.cloned(), ..self }
    }

    /// Sets the names of the fields that were changed.
    pub(crate) fn changing(self, fields: Vec<&'static str>) -> Self {
        Self { changed: fields, ..self }
    }

    /// Writes it to the log, and counts it.
    pub(crate) fn write(&self) {
        write(self, None);
    }

    /// Returns the user who caused it, if that is not the user concerned.
    pub(crate) fn actor(&self) -> Option<&String> {
        self.actor_id.as_ref().filter(|actor| Some(*actor) != self.user_id.as_ref())
    }

    /// Returns the names of the fields that were changed, if there are any.
    pub(crate) fn changed_names(&self) -> Option<String> {
        (!self.changed.is_empty()).then(|| self.changed.join(" "))
    }
}
