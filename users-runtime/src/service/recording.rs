//! Security events: every one goes to the log, and with the feature `audit` into the audit log as well.
//!
//! The event of a change is written into the audit log in the transaction of the change, and to the log after it. Where the
//! store cannot do that, and for events without a change, the entry is queued.

use std::sync::Arc;

use super::{ActiveBackend, Users};
#[cfg(feature = "audit")]
use crate::port::{AuditEntry, SessionChange};
use crate::{
    event::{CurrentRequest, SecurityEvent},
    port::{RequestContext, Strategy, UserStore},
    user::AuthUser,
};

/// The storage for one change.
pub(crate) struct Recording<S: ?Sized> {
    /// The storage, which may write the audit entries of the change itself.
    pub(crate) store: Arc<S>,
    /// Whether it writes them.
    #[cfg(feature = "audit")]
    is_recording: bool,
}

impl<S: ?Sized> Recording<S> {
    /// A storage that writes no entries.
    fn plain(store: &Arc<S>) -> Self {
        Self {
            store: Arc::clone(store),
            #[cfg(feature = "audit")]
            is_recording: false,
        }
    }

    /// The storage that writes the entries, or the plain one.
    #[cfg(feature = "audit")]
    fn of(store: &Arc<S>, recording: Option<Arc<S>>) -> Self {
        match recording {
            Some(store) => Self { store, is_recording: true },
            None => Self::plain(store),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// Records an event that belongs to no change in the users' database.
    pub(crate) fn record(&self, event: &SecurityEvent) {
        event.write();
        self.queue(event);
    }

    /// Records the event of a change that was made in `change`.
    #[cfg_attr(not(feature = "audit"), allow(unused_variables, reason = "there is no audit log"))]
    pub(crate) fn record_changed<S: ?Sized>(&self, event: &SecurityEvent, change: &Recording<S>) {
        event.write();
        #[cfg(feature = "audit")]
        if !change.is_recording {
            self.queue(event);
        }
    }

    /// Returns the store for a change with this event.
    pub(crate) fn recording(&self, event: &SecurityEvent) -> Recording<dyn UserStore<U>> {
        self.recording_all(&[event])
    }

    /// Returns the store for a change with these events.
    #[cfg_attr(not(feature = "audit"), allow(unused_variables, reason = "there is no audit log"))]
    pub(crate) fn recording_all(&self, events: &[&SecurityEvent]) -> Recording<dyn UserStore<U>> {
        let store = &self.inner().store;
        #[cfg(feature = "audit")]
        if let Some(entries) = self.entries(events) {
            return Recording::of(store, Arc::clone(store).recording(entries));
        }
        Recording::plain(store)
    }

    /// Returns the storage of accounts at providers for a change with these events, if there is one.
    #[cfg(feature = "oauth")]
    #[cfg_attr(not(feature = "audit"), allow(unused_variables, reason = "there is no audit log"))]
    pub(crate) fn recording_links(
        &self,
        events: &[&SecurityEvent],
    ) -> Option<Recording<dyn crate::port::OAuthStore<U>>> {
        let store = self.inner().oauth_accounts.as_ref()?;
        #[cfg(feature = "audit")]
        if let Some(entries) = self.entries(events) {
            return Some(Recording::of(store, Arc::clone(store).recording(entries)));
        }
        Some(Recording::plain(store))
    }

    /// Returns the strategy of a backend for a login with this event.
    #[cfg_attr(not(feature = "audit"), allow(unused_variables, reason = "there is no audit log"))]
    pub(crate) fn recording_login(&self, backend: &ActiveBackend, event: &SecurityEvent) -> Recording<dyn Strategy> {
        #[cfg(feature = "audit")]
        if let Some(entries) = self.entries(&[event]) {
            let recording = Arc::clone(&backend.strategy).recording(SessionChange::Begins, entries);
            return Recording::of(&backend.strategy, recording);
        }
        Recording::plain(&backend.strategy)
    }

    /// Returns the strategy of a backend for the end of a session with this event. For a session without an id, the
    /// event is not written in the transaction, because the session may not be stored at all.
    #[cfg_attr(not(feature = "audit"), allow(unused_variables, reason = "there is no audit log"))]
    pub(crate) fn recording_end(&self, backend: &ActiveBackend, event: &SecurityEvent) -> Recording<dyn Strategy> {
        #[cfg(feature = "audit")]
        if event.session_id.is_some()
            && let Some(entries) = self.entries(&[event])
        {
            let recording = Arc::clone(&backend.strategy).recording(SessionChange::Ends, entries);
            return Recording::of(&backend.strategy, recording);
        }
        Recording::plain(&backend.strategy)
    }

    /// Returns the parts of the request with this context that events need.
    pub(crate) fn current_request(&self, cx: &RequestContext) -> CurrentRequest {
        let request_id = cx.headers().and_then(|headers| headers.get("x-request-id")).cloned();
        CurrentRequest { client: cx.client(), request_id, sink: self.inner().event_sink() }
    }

    #[cfg(feature = "audit")]
    fn queue(&self, event: &SecurityEvent) {
        if let Some(audit) = &self.inner().audit {
            audit.push(event, self.inner().tenant_text());
        }
    }

    #[cfg(not(feature = "audit"))]
    #[allow(clippy::unused_self, reason = "with the feature it depends on the service")]
    fn queue(&self, _: &SecurityEvent) {}

    /// Returns the entries of these events, if there is an audit log.
    #[cfg(feature = "audit")]
    fn entries(&self, events: &[&SecurityEvent]) -> Option<Arc<[AuditEntry]>> {
        let audit = self.inner().audit.as_ref()?;
        Some(events.iter().map(|event| audit.entry(event, self.inner().tenant_text())).collect())
    }
}
