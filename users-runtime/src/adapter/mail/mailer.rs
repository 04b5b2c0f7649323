//! Writes the mails of the flows and passes them to a transport.

use std::{sync::Arc, time::Duration};

use super::{EmailChanged, English, Letter, LinkMail, MailTemplates, NewLogin, Notice, Terminal};
use crate::{
    domain::{ConfirmEmailToken, EmailAddress, Error, PublicUrl, ResetToken, Result, UndoEmailToken, VerifyToken},
    event::operation,
    port::{CONFIRM_LIFETIME, Mail, MailError, MailTransport, NewDevice, UNDO_LIFETIME},
};

/// Writes and sends mails. Cheap to clone; keep one in your `UserManager`, or use [`MailHooks`](super::MailHooks).
///
/// # Security
/// Links are built only from the configured public URL, never from a request's `Host` header. The token is in the
/// fragment, which browsers do not send to servers, so it does not appear in access logs: the page reads it from
/// `location.hash` and posts it.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    transport: Arc<dyn MailTransport>,
    templates: Arc<dyn MailTemplates>,
    site: PublicUrl,
    site_name: String,
    verify_path: String,
    reset_path: String,
    confirm_email_path: String,
    undo_email_path: String,
    verify_lifetime: Option<Duration>,
    reset_lifetime: Option<Duration>,
    silent: Vec<NoticeKind>,
}

/// A mail that tells the owner of an account what has happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The address of the account was changed. It goes to the old address.
    EmailChanged,
    /// The password was changed.
    PasswordChanged,
    /// Somebody logged in from a new device.
    NewLogin,
}

impl Mailer {
    /// Creates a mailer for the service at `public_url`.
    ///
    /// # Errors
    /// [`Error::Config`] unless `public_url` is `https`, or `http` with a loopback host, or a [`PublicUrl`] that was made
    /// for a private network.
    pub fn new<P>(transport: Arc<dyn MailTransport>, public_url: P) -> Result<Self>
    where
        P: TryInto<PublicUrl>,
        Error: From<P::Error>,
    {
        let site: PublicUrl = public_url.try_into()?;
        if site.is_http_in_private_network() {
            operation!(WARN, "plain_http_links", "mailed links lead to a page without TLS");
        }
        Ok(Self(Arc::new(Inner {
            transport,
            templates: Arc::new(English),
            site_name: site.host().to_owned(),
            site,
            verify_path: "verify".to_owned(),
            reset_path: "reset-password".to_owned(),
            confirm_email_path: "confirm-email".to_owned(),
            undo_email_path: "undo-email".to_owned(),
            verify_lifetime: None,
            reset_lifetime: None,
            silent: Vec::new(),
        })))
    }

    /// Creates a mailer that prints mails, including their tokens, to standard output. For development only.
    ///
    /// # Errors
    /// As for [`Mailer::new`].
    pub fn terminal<P>(public_url: P) -> Result<Self>
    where
        P: TryInto<PublicUrl>,
        Error: From<P::Error>,
    {
        Self::new(Arc::new(Terminal), public_url)
    }

    /// Creates a mailer for an SMTP server. See [`Smtp::from_url`](super::Smtp::from_url) for `url` and `from`.
    ///
    /// # Errors
    /// As for [`Mailer::new`] and [`Smtp::from_url`](super::Smtp::from_url).
    #[cfg(feature = "smtp")]
    pub fn smtp<P>(url: &str, from: &str, public_url: P) -> Result<Self>
    where
        P: TryInto<PublicUrl>,
        Error: From<P::Error>,
    {
        Self::new(Arc::new(super::Smtp::from_url(url, from)?), public_url)
    }

    /// Sets the name of the site in mails. Default: the host of the public URL.
    #[must_use]
    pub fn site_name(self, name: impl Into<String>) -> Self {
        self.with(|inner| inner.site_name = name.into())
    }

    /// Replaces the texts. Default: [`English`].
    #[must_use]
    pub fn templates(self, templates: impl MailTemplates) -> Self {
        self.with(|inner| inner.templates = Arc::new(templates))
    }

    /// Sets the path of the page that reads a verification token from the fragment and posts it. Default: `verify`.
    #[must_use]
    pub fn verify_path(self, path: impl Into<String>) -> Self {
        self.with(|inner| inner.verify_path = path.into())
    }

    /// Sets the path of the page that reads a reset token from the fragment and asks for a new password. Default:
    /// `reset-password`.
    #[must_use]
    pub fn reset_path(self, path: impl Into<String>) -> Self {
        self.with(|inner| inner.reset_path = path.into())
    }

    /// Sets the path of the page that reads the token of a new address from the fragment and posts it. Default:
    /// `confirm-email`.
    #[must_use]
    pub fn confirm_email_path(self, path: impl Into<String>) -> Self {
        self.with(|inner| inner.confirm_email_path = path.into())
    }

    /// Sets the path of the page that reads the token of an undone change from the fragment, asks and posts it. Default:
    /// `undo-email`.
    #[must_use]
    pub fn undo_email_path(self, path: impl Into<String>) -> Self {
        self.with(|inner| inner.undo_email_path = path.into())
    }

    /// Sets the lifetimes that the mails state. Pass the values of your policy; by default mails state no lifetime.
    #[must_use]
    pub fn lifetimes(self, verify: Duration, reset: Duration) -> Self {
        self.with(|inner| (inner.verify_lifetime, inner.reset_lifetime) = (Some(verify), Some(reset)))
    }

    /// Does not send a kind of notices. Default: all are sent.
    ///
    /// # Security
    /// Owners then do not notice that somebody else uses or takes over their account (OWASP ASVS 6.3.5, 6.3.7).
    #[must_use]
    pub fn without_notice(self, kind: NoticeKind) -> Self {
        self.with(|inner| inner.silent.push(kind))
    }

    /// Returns whether a kind of notices is sent.
    pub(super) fn notifies(&self, kind: NoticeKind) -> bool {
        !self.0.silent.contains(&kind)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Sends a verification mail to `to`, the user's stored address.
    ///
    /// # Errors
    /// [`MailError`] if the transport did not accept the mail, or if `to` is not exactly one mailbox.
    pub async fn send_verification(&self, to: &str, token: &VerifyToken) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.site.page_with_secret(&inner.verify_path, "token", token.secret());
        let letter = inner.templates.verification(&inner.linked(to, &link, token.secret(), inner.verify_lifetime));
        self.post(to, letter).await
    }

    /// Sends a mail with a link to choose a new password to `to`, the user's stored address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_password_reset(&self, to: &str, token: &ResetToken) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.site.page_with_secret(&inner.reset_path, "token", token.secret());
        let letter = inner.templates.password_reset(&inner.linked(to, &link, token.secret(), inner.reset_lifetime));
        self.post(to, letter).await
    }

    /// Tells the owner of an account about an attempt to register with its address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_already_registered(&self, to: &str) -> Result<(), MailError> {
        self.post(to, self.0.templates.already_registered(&self.0.notice(to))).await
    }

    /// Sends a mail with a link that confirms `new_email` to that address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_email_change_confirmation(
        &self,
        new_email: &str,
        token: &ConfirmEmailToken,
    ) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.site.page_with_secret(&inner.confirm_email_path, "token", token.secret());
        let linked = inner.linked(new_email, &link, token.secret(), Some(CONFIRM_LIFETIME));
        self.post(new_email, inner.templates.email_change_confirmation(&linked)).await
    }

    /// Sends a mail with a link that undoes a change to `new_email` to `old_email`, the user's stored address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_email_change_undo(
        &self,
        old_email: &str,
        new_email: &str,
        token: &UndoEmailToken,
    ) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.site.page_with_secret(&inner.undo_email_path, "token", token.secret());
        let linked = inner.linked(old_email, &link, token.secret(), Some(UNDO_LIFETIME));
        self.post(old_email, inner.templates.email_change_undo(&linked, new_email)).await
    }

    /// Tells the old address of an account about `new_email`, which was changed at once.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_email_changed(&self, old_email: &str, new_email: &str) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(old_email);
        self.post(to, self.0.templates.email_changed(&EmailChanged { to, new_email, site_name, site_url })).await
    }

    /// Tells the owner of an account about a change of its password.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_password_changed(&self, to: &str) -> Result<(), MailError> {
        self.post(to, self.0.templates.password_changed(&self.0.notice(to))).await
    }

    /// Tells the owner of an account about a login from a new device.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_new_login(&self, to: &str, login: &NewDevice) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(to);
        let mail = NewLogin { to, site_name, site_url, device: &login.device, at: login.at };
        self.post(to, self.0.templates.new_login(&mail)).await
    }

    /// Sends another mail of the application.
    ///
    /// # Errors
    /// [`MailError`] if the transport did not accept the mail, or if the subject has a control character.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        if mail.subject.contains(char::is_control) {
            return Err(MailError::permanent("the subject has a control character"));
        }
        self.0.transport.send(&mail).await
    }

    async fn post(&self, to: &str, letter: Letter) -> Result<(), MailError> {
        let to = EmailAddress::stored(to)
            .ok_or_else(|| MailError::permanent("the stored address is not exactly one mailbox"))?;
        self.send(Mail { to, subject: letter.subject, text: letter.text, html: letter.html }).await
    }
}

impl Inner {
    fn notice<'a>(&'a self, to: &'a str) -> Notice<'a> {
        Notice { to, site_name: &self.site_name, site_url: self.site.as_str() }
    }

    fn linked<'a>(&'a self, to: &'a str, link: &'a str, token: &'a str, lifetime: Option<Duration>) -> LinkMail<'a> {
        let Notice { to, site_name, site_url } = self.notice(to);
        LinkMail { to, site_name, site_url, link, token, lifetime }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("site", &self.0.site.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::port::BoxFuture;

    #[derive(Default)]
    struct Outbox(Mutex<Vec<Mail>>);

    impl MailTransport for Outbox {
        fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
            Box::pin(std::future::ready(Ok(())))
        }
    }

    impl Outbox {
        fn take(&self) -> Option<Mail> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
        }
    }

    fn mailer() -> Result<(Mailer, Arc<Outbox>)> {
        let outbox = Arc::new(Outbox::default());
        Ok((Mailer::new(Arc::clone(&outbox) as _, "https://shop.example.org/app")?, outbox))
    }

    #[tokio::test]
    async fn links_have_the_token_in_the_fragment_of_the_public_url() -> Result<()> {
        let (mailer, outbox) = mailer()?;
        let has_link = |mail: Option<Mail>, link: &str| {
            mail.is_some_and(|mail| {
                mail.to.as_str() == "ann@example.org"
                    && mail.text.contains(&format!("\n{link}\n"))
                    && mail.html.contains(&format!("href=\"{link}\""))
            })
        };
        assert!(mailer.send_verification("ann@example.org", &VerifyToken::new("a.b-c_d")).await.is_ok());
        assert!(has_link(outbox.take(), "https://shop.example.org/app/verify#token=a.b-c_d"));
        assert!(mailer.send_password_reset("ann@example.org", &ResetToken::new("x&y")).await.is_ok());
        assert!(has_link(outbox.take(), "https://shop.example.org/app/reset-password#token=x%26y"));
        let token = ConfirmEmailToken::new("c");
        assert!(mailer.send_email_change_confirmation("ann@example.org", &token).await.is_ok());
        assert!(has_link(outbox.take(), "https://shop.example.org/app/confirm-email#token=c"));
        let (mailer, token) = (mailer.undo_email_path("/oops"), UndoEmailToken::new("u"));
        assert!(mailer.send_email_change_undo("ann@example.org", "eve@example.org", &token).await.is_ok());
        let mail = outbox.take();
        assert!(
            mail.as_ref().is_some_and(|mail| mail.text.contains("eve@example.org") && mail.text.contains("7 days"))
        );
        assert!(has_link(mail, "https://shop.example.org/app/oops#token=u"));
        Ok(())
    }

    #[tokio::test]
    async fn the_application_replaces_texts_site_name_and_pages() -> Result<()> {
        struct Custom;
        impl MailTemplates for Custom {
            fn verification(&self, mail: &LinkMail<'_>) -> Letter {
                let seconds = mail.lifetime.map(|lifetime| lifetime.as_secs());
                Letter::new(mail.site_name).paragraph(format!("{} {} {seconds:?} {}", mail.to, mail.link, mail.token))
            }
        }
        let (mailer, outbox) = mailer()?;
        let mailer = mailer
            .templates(Custom)
            .site_name("The Shop")
            .verify_path("/account/confirm")
            .lifetimes(Duration::from_secs(3_600), Duration::from_secs(1_800));
        assert!(mailer.send_verification("ann@example.org", &VerifyToken::new("t")).await.is_ok());
        let mail = outbox.take();
        assert!(mail.is_some_and(|mail| mail.subject == "The Shop"
            && mail.text == "ann@example.org https://shop.example.org/app/account/confirm#token=t Some(3600) t\n"));
        Ok(())
    }

    #[tokio::test]
    async fn a_mail_has_one_recipient_and_no_injected_headers() -> Result<()> {
        let (mailer, outbox) = mailer()?;
        for to in
            ["ann@example.org, eve@example.org", "ann@example.org\r\nBcc: eve@example.org", "Ann <a@b.org>", "ann", ""]
        {
            assert!(mailer.send_already_registered(to).await.is_err(), "{to:?}");
        }
        let forged = mailer.site_name("Shop\r\nBcc: eve@example.org");
        assert!(forged.send_already_registered("ann@example.org").await.is_err());
        assert!(outbox.take().is_none());
        Ok(())
    }

    #[test]
    fn a_public_url_without_tls_is_refused() {
        assert!(Mailer::terminal("http://shop.example.org").is_err());
        assert!(Mailer::terminal("http://127.0.0.1:8000").is_ok());
    }
}
