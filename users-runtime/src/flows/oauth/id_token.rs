//! The exchange of an ID token that an application on a device got from the provider.

use sha2::{Digest as _, Sha256};

use super::{USED_ID_TOKEN, error::OAuthError};
use crate::{
    domain::{
        CLOCK_SKEW, TokenId,
        oauth::{ExternalIdentity, STATE_LIFETIME},
    },
    event::{EventKind, SecurityEvent},
    port::{DeviceIdToken, RequestContext},
    service::{OAuthProvider, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Verifies an ID token, and uses it up. It must have been issued recently, so that a token found in a log cannot be used.
    #[tracing::instrument(target = "axum_users", name = "oauth_id_token", skip_all, fields(provider = provider.name()))]
    pub(super) async fn identity_of_id_token(
        &self,
        provider: &OAuthProvider,
        token: &str,
        nonce: &str,
        cx: &RequestContext,
    ) -> Result<ExternalIdentity, OAuthError> {
        let refused = |reason| self.record(&SecurityEvent::new(EventKind::OAuth, cx).refused(reason));
        let now = self.now();
        let limited = self.is_limited();
        let given = DeviceIdToken { token, nonce, issued_after: now - STATE_LIFETIME, now, limited };
        let identity = provider.provider().verify_id_token(given).await.map_err(|error| {
            refused("provider");
            OAuthError::of_provider(provider, &error)
        })?;
        if self.oauth_accounts()?.redeem(&name_of(token), now + STATE_LIFETIME + CLOCK_SKEW).await? {
            return Ok(identity);
        }
        refused("used ID token");
        Err(USED_ID_TOKEN.into())
    }
}

/// Returns a name for an ID token. It is derived only from the signed part, because other bytes may also be a valid signature.
fn name_of(token: &str) -> TokenId {
    let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
    let digest: [u8; 32] = Sha256::digest(signed.as_bytes()).into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    TokenId::from_random(half)
}
