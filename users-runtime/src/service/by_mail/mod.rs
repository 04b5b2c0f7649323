//! Logins by mail: their settings, and their parts in a service.

mod email_code;
mod invitations;
mod magic_link;

use std::{sync::Arc, time::Duration};

pub use self::{email_code::EmailCode, invitations::Invitations, magic_link::MagicLink};
use super::ActiveBackend;
use crate::{
    domain::{Error, Result, Setting},
    port::{BoundTokens, EmailCodes, Transport},
};

/// The login methods by mail that are turned on.
#[derive(Default)]
pub(crate) struct ByMail {
    pub(crate) magic_links: Option<MailedTokens>,
    pub(crate) email_codes: Option<MailedCodes>,
    pub(crate) invitations: Option<MailedTokens>,
}

/// Mailed tokens of one purpose.
pub(crate) struct MailedTokens {
    pub(crate) tokens: Arc<dyn BoundTokens>,
    pub(crate) lifetime: Duration,
}

/// Mailed codes, and the cookie of the browser that requests one.
pub(crate) struct MailedCodes {
    pub(crate) codes: Arc<dyn EmailCodes>,
    pub(crate) lifetime: Duration,
    pub(crate) cookie: Arc<dyn Transport>,
    /// The cookie for front ends on another site, used where the session cookie is also sent across sites.
    pub(crate) cross_site_cookie: Arc<dyn Transport>,
}

impl MailedCodes {
    /// Returns the cookie for a backend, if browsers attach its tokens.
    pub(crate) fn cookie_of(&self, backend: &ActiveBackend) -> Option<&dyn Transport> {
        if !backend.transport.is_sent_by_browsers() {
            return None;
        }
        let is_cross_site = backend.transport.trusted_origins().is_some();
        Some(if is_cross_site { &*self.cross_site_cookie } else { &*self.cookie })
    }
}

/// Checks a lifetime.
fn ensure_lifetime(of: &str, lifetime: Duration, longest: Duration) -> Result<Duration> {
    if lifetime < Duration::from_secs(1) || lifetime > longest {
        let reason = format!("the lifetime of {of} is {lifetime:?}: it must be between one second and {longest:?}");
        return Err(Error::setting(Setting::Token, reason));
    }
    Ok(lifetime)
}
