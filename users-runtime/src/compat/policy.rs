//! The policy under which a client of fastapi-users sees no difference.

use crate::{domain::PasswordPolicy, service::Policy};

impl Policy {
    /// The behavior that a client of fastapi-users 15 observes, for moving a live service over. [`Policy::relaxations`]
    /// lists every rule of [`Policy::recommended`] that it turns off.
    ///
    /// # Security
    /// Tokens stay valid after a logout and a change of the password, any password is accepted, guesses are not
    /// limited, and tokens of all purposes share one key. Switch to `recommended()` when the old service is gone.
    #[must_use]
    pub fn fastapi_users() -> Self {
        Self::recommended()
            .keep_quirks()
            .without_revocation()
            .keep_sessions()
            .allow_password_change_without_current()
            .change_email_at_once()
            .passwords(PasswordPolicy::none())
            .inline_hooks()
            .without_challenge()
            .pwdlib_hashes()
            .raw_keys()
            .accept_upstream_tokens(None)
            .internationalized_email()
            .slash_redirect()
            .plaintext_tokens()
            .without_origin_check()
            .plain_cookie_names()
            .keep_site_data()
            .without_limits()
    }
}
