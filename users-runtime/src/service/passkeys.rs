//! The settings of passkeys, and the parts that their routes share.

use std::sync::Arc;

use crate::{
    domain::UserHandles,
    port::{PasskeyCeremonies, PasskeyFlows},
};

/// The default limit on the passkeys of a user.
const AT_MOST: u32 = 20;

/// Logins with passkeys (WebAuthn), for [`UsersBuilder::passkeys`](crate::UsersBuilder::passkeys). The routes are those of
/// [`passkey_routes`](crate::passkeys::passkey_routes), and of [`passkey_sign_up_routes`](crate::passkeys::passkey_sign_up_routes) if
/// anybody may register.
///
/// | setting | default |
/// |---|---|
/// | [`relying_party`](Self::relying_party): the domain that passkeys belong to | the host of the public URL |
/// | [`origin`](Self::origin): whose pages may use them | that of the public URL |
/// | [`name`](Self::name): what authenticators show | the host of the public URL |
/// | [`at_most`](Self::at_most): passkeys of a user | 20 |
///
/// The authenticator always verifies the user, by a PIN or a biometric, so a login uses two factors.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::passkeys::Passkeys;
///
/// let passkeys = Passkeys::new().relying_party("example.com").origin("https://app.example.com").name("Example");
/// ```
///
/// # Security
/// The relying party cannot be changed later: all passkeys would be lost. Choose a domain that only you use: a passkey of
/// `example.com` works on every page of the listed origins, and browsers offer it to pages below that domain.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are given to the builder"]
pub struct Passkeys {
    relying_party: Option<String>,
    origins: Vec<String>,
    name: Option<String>,
    at_most: u32,
}

impl Passkeys {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self { relying_party: None, origins: Vec::new(), name: None, at_most: AT_MOST }
    }

    /// Sets the domain that passkeys belong to, such as `example.com`. The pages that use them are on it or on a domain below it.
    pub fn relying_party(self, domain: impl Into<String>) -> Self {
        Self { relying_party: Some(domain.into()), ..self }
    }

    /// Adds an origin whose pages may use the passkeys, such as `https://app.example.com`. The first call replaces that of the
    /// public URL.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Sets the name of the service that authenticators show.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// Sets how many passkeys a user may have.
    pub fn at_most(self, passkeys: u32) -> Self {
        Self { at_most: passkeys, ..self }
    }

    pub(crate) fn given_relying_party(&self) -> Option<&str> {
        self.relying_party.as_deref()
    }

    pub(crate) fn given_origins(&self) -> &[String] {
        &self.origins
    }

    pub(crate) fn given_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn cap(&self) -> u32 {
        self.at_most
    }
}

impl Default for Passkeys {
    fn default() -> Self {
        Self::new()
    }
}

/// The passkeys of a service, as it uses them.
pub(crate) struct ActivePasskeys {
    pub(crate) ceremonies: Arc<dyn PasskeyCeremonies>,
    pub(crate) flows: Arc<dyn PasskeyFlows>,
    pub(crate) handles: UserHandles,
    pub(crate) at_most: u32,
}
