//! Second factors as the service uses them: their storage, and the keys that encrypt seeds and pending logins.

mod pending;
mod settings;

use std::{sync::Arc, time::Duration};

use zeroize::Zeroizing;

pub(crate) use self::pending::PendingLogin;
pub use self::settings::Mfa;
use super::Users;
use crate::{
    domain::{StoreError, totp::Seed},
    port::{Opened, Random, RandomError, SealedField, Sealer, SecondFactorStore, Transport},
    service::Authenticated,
    user::AuthUser,
};

/// How devices are remembered.
pub(crate) struct Remembering {
    /// The cookie.
    pub(crate) cookie: Arc<dyn Transport>,
    pub(crate) lifetime: Duration,
}

/// The second factors of a service.
pub(crate) struct ActiveMfa<U: AuthUser> {
    pub(crate) settings: Mfa<U>,
    pub(crate) store: Arc<dyn SecondFactorStore>,
    pub(crate) sealer: Arc<dyn Sealer>,
    /// The name of the service in apps.
    pub(crate) issuer: String,
    /// The name of the user type, which distinguishes the pending logins of two types with one secret.
    pub(crate) user_type: &'static str,
    /// `None` if no device is remembered.
    pub(crate) remembering: Option<Remembering>,
}

impl<U: AuthUser> ActiveMfa<U> {
    fn with_field<T>(subject: &str, then: impl FnOnce(&SealedField<'_>) -> T) -> T {
        then(&SealedField { column: "second_factor.seed", row: &[subject] })
    }

    /// Encrypts the seed of a user.
    pub(crate) fn seal(&self, subject: &str, seed: &Seed, random: &dyn Random) -> Result<String, RandomError> {
        Self::with_field(subject, |field| self.sealer.seal(field, seed.as_bytes(), random))
    }

    /// Decrypts the seed of a user.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if its key is not known or it was changed or moved; it cannot be used to log in.
    pub(crate) fn open(&self, subject: &str, stored: &str) -> Result<Seed, StoreError> {
        let failed = |reason: &str| StoreError::failed(format!("the seed of a second factor cannot be read: {reason}"));
        let plain: Zeroizing<Vec<u8>> = match Self::with_field(subject, |field| self.sealer.open(field, stored)) {
            Opened::Plain(plain) => plain,
            Opened::Foreign => return Err(failed("it is not encrypted")),
            Opened::Unreadable(reason) => return Err(failed(reason)),
        };
        Seed::from_bytes(&plain).ok_or_else(|| failed("it has another length"))
    }
}

impl<U: AuthUser> Users<U> {
    /// Returns the second factors, unless they are off.
    pub(crate) fn mfa(&self) -> Option<&ActiveMfa<U>> {
        self.inner().mfa.as_deref()
    }

    /// Returns whether the session must not be used before its user has verified a second factor. A token of another
    /// service is not a login here: that service decides which factors it requires.
    pub(crate) fn needs_second_factor(&self, authenticated: &Authenticated<U>) -> bool {
        let Some(mfa) = self.mfa() else { return false };
        let backend = self.inner().backends.get(authenticated.backend);
        mfa.settings.requires(&authenticated.user)
            && !authenticated.session.methods.meets_requirement()
            && backend.is_none_or(|backend| backend.strategy.issues_tokens())
    }
}
