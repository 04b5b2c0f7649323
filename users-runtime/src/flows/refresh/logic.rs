//! The steps of a refresh.

use crate::{
    domain::{Limit, Login, RefreshFamily, RefreshToken, Rotated, Rotation},
    event::{EventKind, SecurityEvent},
    port::{HookCall, NewDevice, RequestContext, StoreError, StrategyError, TokenResponse},
    service::{ActiveBackend, ActiveRefresh, Limited, Users, whole_milliseconds},
    user::AuthUser,
};

/// The reason why a refresh failed.
#[derive(Debug)]
pub(super) enum RefreshError {
    BadToken,
    Limited(Limited),
    Store(StoreError),
    Strategy(StrategyError),
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<StrategyError> for RefreshError {
    fn from(error: StrategyError) -> Self {
        match error {
            StrategyError::UserGone => Self::BadToken,
            error => Self::Strategy(error),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// Replaces a refresh token, and issues an access token in the same session. The session must be valid as in every
    /// request; the gates of a login are not checked again.
    #[tracing::instrument(target = "axum_users", name = "refresh", skip_all, fields(backend = %backend.name))]
    pub(super) async fn refresh(
        &self,
        backend: &ActiveBackend,
        token: Option<RefreshToken>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, RefreshError> {
        let refresh = backend.refresh.as_ref().ok_or(RefreshError::BadToken)?;
        let event = SecurityEvent::new(EventKind::Refresh, cx).at(&backend.name);
        let presented = match &token {
            Some(token) => refresh.family_of(&backend.name, token).await?,
            None => None,
        };
        let Some((family, presented)) = presented else {
            self.record(&event.refused("bad token"));
            return Err(RefreshError::BadToken);
        };
        let event = event.of(&family.subject).in_session(Some(&family.id));
        let found = match self.user_of_family(&family).await? {
            Ok(found) => found,
            Err(reason) => {
                self.record(&event.refused(reason));
                return Err(RefreshError::BadToken);
            }
        };
        // Every refresh is a write, which the holder of a genuine token could otherwise repeat as fast as the storage allows.
        let counted = self.count_by_user(Limit::Refresh, &found.user.id(), EventKind::Refresh, cx).await;
        let _counted = counted.map_err(RefreshError::Limited)?;
        let at = whole_milliseconds(self.now());
        let rotation = Rotation {
            id: family.id.clone(),
            generation: presented.generation,
            at,
            expires_at: refresh.expiry(at, family.ends_at),
            epoch: found.epoch,
            grace: refresh.settings.replays(),
        };
        match refresh.store.rotate(&rotation).await? {
            Rotated::Rotated(family) | Rotated::Replayed(family) => {
                let response = self.issue_refreshed(backend, refresh, &family).await?;
                self.record(&event);
                Ok(response)
            }
            Rotated::Reused => {
                // The owner cannot be distinguished from the attacker, so neither may continue. Reported first, because
                // the following steps can fail and the client can disconnect.
                self.record(&event.refused("a used token came back"));
                self.notify_refresh_reuse(found.user, &family, cx).await;
                self.end_refresh(backend, &family.subject, &family.id).await?;
                backend.strategy.end(&family.subject, &family.id).await?;
                Err(RefreshError::BadToken)
            }
            Rotated::Ended => {
                self.record(&event.refused("expired"));
                Err(RefreshError::BadToken)
            }
        }
    }

    /// Issues the access token beside the newest refresh token. Every call with the same family issues the same.
    async fn issue_refreshed(
        &self,
        backend: &ActiveBackend,
        refresh: &ActiveRefresh,
        family: &RefreshFamily,
    ) -> Result<TokenResponse, StrategyError> {
        let (next, seed) = refresh.newest(family)?;
        let login = Login::new(family.subject.clone(), family.epoch, family.rotated_at, family.device.clone())
            .in_session(family.id.clone())
            .proved_with(family.methods)
            .refreshed(family.logged_in_at, seed);
        let token = backend.strategy.issue(&login).await?;
        Ok(backend.grant(&token, Some(&next)))
    }

    /// Notifies the owner after the response that a login was ended because a token was reused.
    async fn notify_refresh_reuse(&self, user: U, family: &RefreshFamily, cx: &RequestContext) {
        let device = NewDevice::new(family.device.clone(), family.logged_in_at);
        self.after_response_or_log("on_after_refresh_reuse", cx, move |users, cx, drawn| {
            let (user, device) = (user.clone(), device.clone());
            Box::pin(async move {
                if !users.may_notify("refresh-reuse", user.account().email, drawn).await {
                    return Ok(());
                }
                users.run_hook(HookCall::RefreshReused(&user, &device), cx).await
            })
        })
        .await;
    }
}
