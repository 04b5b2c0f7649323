//! Devices on which no second factor is required.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use zeroize::Zeroizing;

use crate::{
    account::proved::SecondFactor,
    domain::{AccessToken, RememberedDevice, StoreError, TokenId, digest_of},
    event::{EventKind, SecurityEvent},
    port::{Found, RequestContext},
    service::{ActiveMfa, Remembering, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Returns whether the client holds the token of a device of this user that is remembered.
    pub(super) async fn is_remembered(
        &self,
        mfa: &ActiveMfa<U>,
        found: &Found<U>,
        cx: &RequestContext,
    ) -> Result<bool, StoreError> {
        let Some((Remembering { cookie, .. }, headers)) = mfa.remembering.as_ref().zip(cx.headers()) else {
            return Ok(false);
        };
        let Some(token) = cookie.read(headers) else { return Ok(false) };
        let digest = digest_of(token.secret());
        mfa.store.use_device(&found.user.id().to_string(), &digest, found.epoch, self.now()).await
    }

    /// Remembers the device of a login with a code, if its user requests it and the service does that. Returns the cookie.
    pub(super) async fn remember_if_asked(
        &self,
        mfa: &ActiveMfa<U>,
        found: &Found<U>,
        given: SecondFactor<'_>,
        cx: &RequestContext,
    ) -> Result<HeaderMap, StoreError> {
        let Some(Remembering { cookie, lifetime }) = mfa.remembering.as_ref().filter(|_| given.remember) else {
            return Ok(HeaderMap::new());
        };
        let (mut secret, id) = (Zeroizing::new([0; 32]), self.random_bytes().map_err(StoreError::failed)?);
        self.inner().random.fill(&mut *secret).map_err(StoreError::failed)?;
        let token = AccessToken::new(URL_SAFE_NO_PAD.encode(*secret));
        let (subject, now) = (found.user.id().to_string(), self.now());
        let named = (TokenId::from_random(id), digest_of(token.secret()));
        let device = RememberedDevice::new(named, (subject, found.epoch), (now, now + *lifetime), cx.device());
        match mfa.store.remember(&device).await {
            Ok(()) => {}
            // The user was deleted meanwhile: no session will begin.
            Err(StoreError::Conflict) => return Ok(HeaderMap::new()),
            Err(error) => return Err(error),
        }
        self.record(&SecurityEvent::new(EventKind::RememberDevice, cx).of(&found.user.id()));
        Ok(cookie.grant(&token).headers)
    }

    /// Returns the devices of a user that are remembered now.
    pub(crate) async fn remembered_devices(
        &self,
        mfa: &ActiveMfa<U>,
        (user, epoch): (&U, crate::domain::Epoch),
    ) -> Result<Vec<RememberedDevice>, StoreError> {
        let now = self.now();
        let mut devices = mfa.store.devices(&user.id().to_string()).await?;
        devices.retain(|device| device.epoch == epoch && device.expires_at > now);
        Ok(devices)
    }
}
