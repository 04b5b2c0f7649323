//! The sessions of users: listing and ending them.

use crate::{
    domain::{ListedSession, Session, TokenId},
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, Change, EndSessions, Found, Lookup, RequestContext, StoreError, StrategyError},
    service::Users,
    user::{AuthUser, Columns},
};

/// Operations on the sessions of users. Returned by [`Users::sessions`].
#[derive(Debug)]
pub struct Sessions<'a, U: AuthUser>(&'a Users<U>);

/// The reason why sessions were not listed or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionsError {
    /// The database is not available.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The strategy's storage is not available.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// The session that was to be kept has ended, or its user does not exist. Nothing was changed.
    #[error("the session has ended")]
    Ended,
}

impl<U: AuthUser> Users<U> {
    /// Returns the operations on sessions.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_, U> {
        Sessions(self)
    }

    /// Deletes expired sessions, revocation records, and entries of the audit log, and returns the number of deleted records. Run
    /// it once a day, or more often with many logins. It works in steps of a thousand rows, in a database with pauses of some
    /// milliseconds, and may run at any time, on several instances at once.
    ///
    /// # Errors
    /// [`SessionsError`] if a database fails. Records that were already deleted stay deleted.
    #[tracing::instrument(target = "axum_users", name = "purge_expired", skip_all)]
    pub async fn purge_expired(&self) -> Result<u64, SessionsError> {
        let now = self.now();
        let mut forgotten = self.inner().store.purge_expired(now).await?;
        for backend in &self.inner().backends {
            forgotten += backend.strategy.purge(now).await?;
            if let Some(refresh) = &backend.refresh {
                forgotten += refresh.store.purge(now).await?;
            }
        }
        #[cfg(feature = "totp")]
        if let Some(mfa) = self.mfa() {
            forgotten += mfa.store.purge(now).await?;
        }
        #[cfg(feature = "audit")]
        if let Some(audit) = &self.inner().audit {
            forgotten += audit.purge(now).await?;
        }
        Ok(forgotten)
    }
}

impl<U: AuthUser> Sessions<'_, U> {
    /// Returns the valid sessions of a user that are stored in the database or in Redis, in the order of their logins.
    /// JWTs without refresh tokens are not stored and therefore not listed; [`Sessions::end_all`] revokes them as well.
    ///
    /// # Errors
    /// [`SessionsError`] if a storage is not available.
    #[tracing::instrument(target = "axum_users", name = "list_sessions", skip_all, fields(user.id = %id))]
    pub async fn list(&self, id: U::Id) -> Result<Vec<ListedSession>, SessionsError> {
        if !self.is_of_this_tenant(id.clone()).await? {
            return Ok(Vec::new());
        }
        let subject = id.to_string();
        let mut listed: Vec<ListedSession> = Vec::new();
        for backend in &self.0.inner().backends {
            for session in backend.strategy.list(&subject).await? {
                // Backends with different transports may share one storage.
                if listed.iter().all(|other| other.session.token_id != session.session.token_id) {
                    listed.push(session);
                }
            }
        }
        for backend in &self.0.inner().backends {
            for mut session in self.0.refreshable_sessions(backend, &subject).await? {
                // Its access token may also be stored, and may have been used after the last refresh.
                listed.retain(|other| {
                    let is_same = other.session.token_id == session.session.token_id;
                    session.last_seen_at = session.last_seen_at.max(other.last_seen_at.filter(|_| is_same));
                    !is_same
                });
                listed.push(session);
            }
        }
        let lookups: Vec<_> = listed
            .iter()
            .map(|listed| Lookup::User { id: id.clone(), token: listed.session.token_id.clone() })
            .collect();
        let found = self.0.inner().store.find(&lookups).await?;
        let live = listed.into_iter().zip(found);
        let mut live: Vec<ListedSession> = live
            .filter_map(|(mut listed, found)| {
                let found = found.filter(|found| self.0.is_live(&listed.session, found))?;
                listed.session.proved_again(found.reauthentication);
                Some(listed)
            })
            .collect();
        live.sort_by_key(|listed| listed.session.logged_in_at);
        Ok(live)
    }

    /// Returns whether the user belongs to the tenant of this handle: stored sessions have no tenant, so that of their
    /// user applies. A call without a tenant is an error.
    async fn is_of_this_tenant(&self, id: U::Id) -> Result<bool, StoreError> {
        Ok(!U::HAS_TENANTS || self.0.find(Lookup::by_id(id)).await?.is_some())
    }

    /// Ends the session of a user with this id, as listed by [`Sessions::list`]. Returns whether it existed.
    ///
    /// # Errors
    /// [`SessionsError`] if the session may not have been ended.
    pub async fn end(&self, id: U::Id, session: &TokenId) -> Result<bool, SessionsError> {
        self.end_in(id, session, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "end_session", skip_all, fields(user.id = %id))]
    pub(crate) fn end_in<'a>(
        &'a self,
        id: U::Id,
        session: &'a TokenId,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<bool, SessionsError>> {
        Box::pin(async move {
            if TokenId::parse(&session.0).is_none() || !self.is_of_this_tenant(id.clone()).await? {
                return Ok(false);
            }
            let subject = id.to_string();
            let mut ended = None;
            for backend in &self.0.inner().backends {
                let event = SecurityEvent::new(EventKind::EndSessions, cx).of(&id).in_session(Some(session));
                let ending = self.0.recording_end(backend, &event);
                // Backends may share a storage: the first one finds the session.
                let refreshes = self.0.end_refresh(backend, &subject, session).await?;
                if ending.store.end(&subject, session).await? || refreshes {
                    ended = ended.or(Some((event, ending)));
                }
            }
            if let Some((event, ending)) = &ended {
                self.0.record_changed(event, ending);
            }
            Ok(ended.is_some())
        })
    }

    /// Ends all sessions of a user except `spared`, and revokes all other JWTs.
    ///
    /// # Errors
    /// [`SessionsError::Ended`] if `spared` is not valid any more, otherwise [`SessionsError`] if the database fails. The
    /// sessions then stay as they are.
    pub async fn end_others(&self, user: &U, spared: &Session) -> Result<(), SessionsError> {
        self.end_others_in(user, spared, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "end_other_sessions", skip_all, fields(user.id = %user.id()))]
    pub(crate) fn end_others_in<'a>(
        &'a self,
        user: &'a U,
        spared: &'a Session,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), SessionsError>> {
        Box::pin(async move {
            // Read again: a session that was ended during the request must not spare itself.
            let wanted = Lookup::User { id: user.id(), token: spared.token_id.clone() };
            let found = self.0.find(wanted).await?.filter(|found| self.0.is_live(spared, found));
            let Found { user: stored, epoch, .. } = found.ok_or(SessionsError::Ended)?;
            let change = Change {
                if_epoch: Some(epoch),
                end_sessions: EndSessions::all_but(&self.0.kept_until(spared)),
                ..Change::new(stored, Columns::NONE)
            };
            let event = SecurityEvent::new(EventKind::EndSessions, cx).of(&user.id());
            let recording = self.0.recording(&event);
            recording.store.update(change).await?.ok_or(SessionsError::Ended)?;
            self.0.record_changed(&event, &recording);
            Ok(())
        })
    }

    /// Ends all sessions of one user. The next request with any of the user's tokens gets 401.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails. The sessions then stay valid.
    #[tracing::instrument(target = "axum_users", name = "end_all_sessions", skip_all, fields(user.id = %id))]
    pub async fn end_all(&self, id: U::Id) -> Result<(), StoreError> {
        let event = SecurityEvent::new(EventKind::EndSessions, &RequestContext::none()).of(&id);
        let recording = self.0.recording(&event);
        recording.store.end_sessions(Some(id)).await?;
        self.0.record_changed(&event, &recording);
        Ok(())
    }

    /// Ends all sessions of all users.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails. The sessions then stay valid.
    #[tracing::instrument(target = "axum_users", name = "end_all_sessions_of_all_users", skip_all)]
    pub async fn end_everyone(&self) -> Result<(), StoreError> {
        let event = SecurityEvent::new(EventKind::EndSessions, &RequestContext::none());
        let recording = self.0.recording(&event);
        recording.store.end_sessions(None).await?;
        self.0.record_changed(&event, &recording);
        Ok(())
    }
}
