//! Settings that contradict each other, found before anything is built.

#[cfg(feature = "oauth")]
use super::{Backend, oauth};
use super::{UsersBuilder, tenant};
use crate::{
    domain::{Error, Result, Setting},
    user::AuthUser,
};

impl<U: AuthUser> UsersBuilder<U> {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Config`] for the first contradiction.
    pub(super) fn check(&self) -> Result<()> {
        if self.backends.is_empty() {
            return Err(Error::setting(
                Setting::Backend,
                "no backend: call .backend(Backend::bearer(\"jwt\", Jwt::new()))",
            ));
        }
        self.effective_limits().check()?;
        tenant::check(U::HAS_TENANTS, self.tenant.is_some())?;
        for (index, backend) in self.backends.iter().enumerate() {
            backend.check_name()?;
            if self.backends.iter().take(index).any(|other| other.name() == backend.name()) {
                return Err(Error::setting(Setting::Backend, format!("two backends are called `{}`", backend.name())));
            }
        }
        #[cfg(feature = "oauth")]
        oauth::check_issuers(self.backends.iter().filter_map(Backend::issuer))?;
        if let Some(name) = self.policy.new_email().invalid_domain() {
            return Err(Error::setting(
                Setting::Policy,
                format!("internal_domains() has {name:?}, which is no domain name. Write names such as \"corp.local\""),
            ));
        }
        if self.policy.is_private() && !self.policy.requires_verification() {
            return Err(Error::setting(
                Setting::Policy,
                "private_registration() needs require_verification(true): else a login tells whether the account is new",
            ));
        }
        if self.policy.is_private() && U::ID_MADE_BY_DATABASE {
            return Err(Error::setting(
                Setting::Policy,
                "private_registration() needs ids that axum-users makes: one that the database made cannot be made up",
            ));
        }
        Ok(())
    }
}
