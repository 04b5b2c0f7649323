//! Second factors.

use std::{sync::Arc, time::Duration};

use super::UsersBuilder;
use crate::{
    adapter::{Cookie, sealing::TokenKeys},
    domain::{BasePath, Error, PublicUrl, Result, Setting},
    port::{Transport as _, TransportContext, UserStore},
    service::{ActiveMfa, Mfa, Remembering},
    user::AuthUser,
};

/// The maximum length of the service name in authenticator apps.
const LONGEST_ISSUER: usize = 64;

impl<U: AuthUser> UsersBuilder<U> {
    /// Sets which users may or must have a second factor. Default: [`Mfa::off`]. Not possible under
    /// [`Policy::fastapi_users`](crate::Policy::fastapi_users).
    ///
    /// [`Users::migrate`](crate::Users::migrate) creates the tables `{table}_second_factor`, `{table}_recovery_code` and
    /// `{table}_remembered_device`. Mount [`totp_routes`](crate::totp_routes) for the routes to enroll.
    ///
    /// # Security
    /// Seeds are encrypted with a key that is derived from the secret of the service. After a change of the secret, pass the
    /// earlier one to [`Mfa::previous_secret`]; otherwise codes from authenticator apps are no longer accepted. Recovery codes
    /// still work.
    pub fn mfa(mut self, mfa: Mfa<U>) -> Self {
        self.mfa = mfa;
        self
    }

    pub(super) fn active_mfa(
        &self,
        store: &Arc<dyn UserStore<U>>,
        public_url: Option<&PublicUrl>,
        base_path: &BasePath,
    ) -> Result<Option<Arc<ActiveMfa<U>>>> {
        let refuse = |text: &str| Err(Error::setting(Setting::SecondFactor, text));
        if self.mfa.is_off() {
            return Ok(None);
        }
        if self.policy.keeps_quirks() {
            return refuse("fastapi-users has no second factors, so Policy::fastapi_users() allows none");
        }
        let settings = self.mfa.clone();
        let issuer = settings.given_issuer().or(public_url.map(PublicUrl::host)).unwrap_or("axum-users").to_owned();
        // A colon ends the name in the `otpauth` URL.
        if !(1..=LONGEST_ISSUER).contains(&issuer.chars().count())
            || issuer.contains(|c: char| c == ':' || c.is_control())
        {
            return refuse("the name of the service in apps has 1 to 64 characters, and none of them is a colon");
        }
        let Some(kept) = Arc::clone(store).second_factor_store() else {
            return refuse("the store keeps no second factors: implement UserStore::second_factor_store");
        };
        let keys = TokenKeys::of_second_factors(&self.secret, settings.previous_secrets())?;
        let remembering =
            settings.remembers()?.map(|lifetime| self.remembering(lifetime, public_url, base_path)).transpose()?;
        let user_type = std::any::type_name::<U>();
        Ok(Some(Arc::new(ActiveMfa { settings, store: kept, sealer: Arc::new(keys), issuer, user_type, remembering })))
    }

    /// Builds the cookie of remembered devices, with the settings of the service.
    fn remembering(
        &self,
        lifetime: Duration,
        public_url: Option<&PublicUrl>,
        base_path: &BasePath,
    ) -> Result<Remembering> {
        let relaxed: Vec<_> = self.policy.relaxations().collect();
        let context = TransportContext {
            relaxed: &relaxed,
            public_url,
            base_path: base_path.as_str(),
            largest_token: None,
            refresh: None,
        };
        let mut cookie = Cookie::of_remembered(lifetime);
        cookie.configure(&context)?;
        Ok(Remembering { cookie: Arc::new(cookie), lifetime })
    }
}
