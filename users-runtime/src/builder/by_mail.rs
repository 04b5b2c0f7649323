//! Logins and invitations by mail.

use std::sync::Arc;

use super::UsersBuilder;
use crate::{
    adapter::{
        Cookie,
        jwt::{JwtBoundTokens, JwtEmailCodes, Purpose},
    },
    domain::{BasePath, Error, PublicUrl, Result, Setting},
    port::{BoundTokens, Transport, TransportContext},
    service::{ByMail, EmailCode, Invitations, MagicLink, MailedCodes, MailedTokens},
    user::AuthUser,
};

/// The login methods by mail that an application has turned on.
#[derive(Default)]
pub(super) struct Settings {
    magic_link: Option<MagicLink>,
    email_code: Option<EmailCode>,
    invitations: Option<Invitations>,
}

impl<U: AuthUser> UsersBuilder<U> {
    /// Lets users log in with a mailed link, at every backend that issues tokens. Default: off. Not possible under
    /// [`Policy::fastapi_users`](crate::Policy::fastapi_users). The hook
    /// [`on_after_request_magic_link`](crate::UserManager::on_after_request_magic_link) mails the link.
    pub fn magic_link(mut self, settings: MagicLink) -> Self {
        self.by_mail.magic_link = Some(settings);
        self
    }

    /// Lets users log in with a mailed code of six digits, at every backend that issues tokens. Default: off. Not possible
    /// under [`Policy::fastapi_users`](crate::Policy::fastapi_users). The hook
    /// [`on_after_request_email_code`](crate::UserManager::on_after_request_email_code) mails the code.
    pub fn email_code(mut self, settings: EmailCode) -> Self {
        self.by_mail.email_code = Some(settings);
        self
    }

    /// Lets superusers and the application invite users. Default: off. Not possible under
    /// [`Policy::fastapi_users`](crate::Policy::fastapi_users). The hook
    /// [`on_after_invite`](crate::UserManager::on_after_invite) mails the link; the routes are those of
    /// [`invitation_routes`](crate::routes::invitation_routes).
    pub fn invitations(mut self, settings: Invitations) -> Self {
        self.by_mail.invitations = Some(settings);
        self
    }

    /// Builds the methods that are turned on.
    pub(super) fn ways_by_mail(&self, public_url: Option<&PublicUrl>, base_path: &BasePath) -> Result<ByMail> {
        let Settings { magic_link, email_code, invitations } = &self.by_mail;
        let is_on = magic_link.is_some() || email_code.is_some() || invitations.is_some();
        if is_on && self.policy.keeps_quirks() {
            return Err(Error::setting(
                Setting::Policy,
                "fastapi-users has no magic links, mailed codes and invitations, so Policy::fastapi_users() allows none",
            ));
        }
        Ok(ByMail {
            magic_links: match magic_link {
                Some(settings) => {
                    let lifetime = settings.checked()?;
                    Some(MailedTokens { tokens: self.bound_tokens(Purpose::MagicLink)?, lifetime })
                }
                None => None,
            },
            email_codes: match email_code {
                Some(settings) => Some(self.mailed_codes(settings, public_url, base_path)?),
                None => None,
            },
            invitations: match invitations {
                Some(settings) => {
                    let lifetime = settings.checked()?;
                    Some(MailedTokens { tokens: self.bound_tokens(Purpose::Invitation)?, lifetime })
                }
                None => None,
            },
        })
    }

    fn bound_tokens(&self, purpose: Purpose) -> Result<Arc<dyn BoundTokens>> {
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        Ok(Arc::new(JwtBoundTokens::new(purpose, &self.secret, clock, random)?))
    }

    fn mailed_codes(
        &self,
        settings: &EmailCode,
        public_url: Option<&PublicUrl>,
        base_path: &BasePath,
    ) -> Result<MailedCodes> {
        let lifetime = settings.checked()?;
        let relaxed: Vec<_> = self.policy.relaxations().collect();
        let context = TransportContext {
            relaxed: &relaxed,
            public_url,
            base_path: base_path.as_str(),
            largest_token: None,
            refresh: None,
        };
        let configured = |mut cookie: Cookie| -> Result<Arc<dyn Transport>> {
            cookie.configure(&context)?;
            Ok(Arc::new(cookie))
        };
        let cookie = Cookie::of_email_codes(lifetime);
        Ok(MailedCodes {
            codes: Arc::new(JwtEmailCodes::new(&self.secret, Arc::clone(&self.clock), Arc::clone(&self.random))?),
            lifetime,
            cookie: configured(cookie.clone())?,
            cross_site_cookie: configured(cookie.sent_from_other_sites())?,
        })
    }
}
