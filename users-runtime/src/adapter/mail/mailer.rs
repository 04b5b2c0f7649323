//! Writes the mails of the flows and hands them to a transport.

use std::{sync::Arc, time::Duration};

use super::{EmailChanged, English, Letter, LinkMail, MailTemplates, Notice, Terminal};
use crate::{
    domain::{EmailAddress, PublicUrl, ResetToken, Result, VerifyToken},
    port::{Mail, MailError, MailTransport},
};

/// Writes mails and sends them. Cheap to clone; keep one in your `UserManager`, or use [`MailHooks`](super::MailHooks).
///
/// Links are made from the configured public URL only, with the token in the fragment, which no server sees and no
/// access log keeps: the page reads it with a script (`location.hash`) and posts it.
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
    verify_lifetime: Option<Duration>,
    reset_lifetime: Option<Duration>,
}

impl Mailer {
    /// A mailer over a transport, for a service that people reach at `public_url`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::domain::Error::Config) unless `public_url` is `https`, or `http` on a loopback host.
    pub fn new(transport: Arc<dyn MailTransport>, public_url: &str) -> Result<Self> {
        let site = PublicUrl::parse(public_url)?;
        Ok(Self(Arc::new(Inner {
            transport,
            templates: Arc::new(English),
            site_name: site.host().to_owned(),
            site,
            verify_path: "verify".to_owned(),
            reset_path: "reset-password".to_owned(),
            verify_lifetime: None,
            reset_lifetime: None,
        })))
    }

    /// A mailer that prints mails, tokens included, to standard output. For development only.
    ///
    /// # Errors
    /// As for [`Mailer::new`].
    pub fn terminal(public_url: &str) -> Result<Self> {
        Self::new(Arc::new(Terminal), public_url)
    }

    /// A mailer that hands mails to an SMTP server; see [`Smtp::from_url`](super::Smtp::from_url) for `url` and `from`.
    ///
    /// # Errors
    /// As for [`Mailer::new`] and [`Smtp::from_url`](super::Smtp::from_url).
    #[cfg(feature = "smtp")]
    pub fn smtp(url: &str, from: &str, public_url: &str) -> Result<Self> {
        Self::new(Arc::new(super::Smtp::from_url(url, from)?), public_url)
    }

    /// Names the site in mails (default: the host of the public URL).
    #[must_use]
    pub fn site_name(self, name: impl Into<String>) -> Self {
        self.with(|inner| inner.site_name = name.into())
    }

    /// Replaces the texts (default: [`English`]).
    #[must_use]
    pub fn templates(self, templates: impl MailTemplates) -> Self {
        self.with(|inner| inner.templates = Arc::new(templates))
    }

    /// Where the page is that reads a verification token from its fragment and posts it (default: `verify`).
    #[must_use]
    pub fn verify_path(self, path: impl Into<String>) -> Self {
        self.with(|inner| inner.verify_path = path.into())
    }

    /// Where the page is that reads a reset token from its fragment and asks for a password (default: `reset-password`).
    #[must_use]
    pub fn reset_path(self, path: impl Into<String>) -> Self {
        self.with(|inner| inner.reset_path = path.into())
    }

    /// Lets mails say how long tokens work. Give the values of your policy; by default mails promise no time.
    #[must_use]
    pub fn lifetimes(self, verify: Duration, reset: Duration) -> Self {
        self.with(|inner| (inner.verify_lifetime, inner.reset_lifetime) = (Some(verify), Some(reset)))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Sends a verification mail. `to` is the stored address of the user.
    ///
    /// # Errors
    /// [`MailError`] if the transport did not take it, or `to` is not one mailbox.
    pub async fn send_verification(&self, to: &str, token: &VerifyToken) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.site.page_with_secret(&inner.verify_path, "token", token.secret());
        let letter = inner.templates.verification(&inner.linked(to, &link, token.secret(), inner.verify_lifetime));
        self.post(to, letter).await
    }

    /// Sends a mail with a link to a new password. `to` is the stored address of the user.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_password_reset(&self, to: &str, token: &ResetToken) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.site.page_with_secret(&inner.reset_path, "token", token.secret());
        let letter = inner.templates.password_reset(&inner.linked(to, &link, token.secret(), inner.reset_lifetime));
        self.post(to, letter).await
    }

    /// Tells the owner of an account that somebody tried to register with its address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_already_registered(&self, to: &str) -> Result<(), MailError> {
        self.post(to, self.0.templates.already_registered(&self.0.notice(to))).await
    }

    /// Tells the old address of an account that `new_email` took its place.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_email_changed(&self, old_email: &str, new_email: &str) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(old_email);
        self.post(to, self.0.templates.email_changed(&EmailChanged { to, new_email, site_name, site_url })).await
    }

    /// Tells the owner of an account that its password was changed.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_password_changed(&self, to: &str) -> Result<(), MailError> {
        self.post(to, self.0.templates.password_changed(&self.0.notice(to))).await
    }

    /// Sends a mail of the application's own.
    ///
    /// # Errors
    /// [`MailError`] if the transport did not take it, or the subject is not one line.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        if mail.subject.contains(char::is_control) {
            return Err(MailError("the subject has a control character".to_owned()));
        }
        self.0.transport.send(&mail).await
    }

    async fn post(&self, to: &str, letter: Letter) -> Result<(), MailError> {
        let to =
            EmailAddress::stored(to).ok_or_else(|| MailError("the stored address is not one mailbox".to_owned()))?;
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
    struct Letterbox(Mutex<Vec<Mail>>);

    impl MailTransport for Letterbox {
        fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
            Box::pin(std::future::ready(Ok(())))
        }
    }

    impl Letterbox {
        fn take(&self) -> Option<Mail> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
        }
    }

    fn mailer() -> Result<(Mailer, Arc<Letterbox>)> {
        let letterbox = Arc::new(Letterbox::default());
        Ok((Mailer::new(Arc::clone(&letterbox) as _, "https://shop.example.org/app")?, letterbox))
    }

    #[tokio::test]
    async fn links_carry_the_token_in_the_fragment_of_the_public_url() -> Result<()> {
        let (mailer, letterbox) = mailer()?;
        let leads_to = |mail: Option<Mail>, link: &str| {
            mail.is_some_and(|mail| {
                mail.to.as_str() == "ann@example.org"
                    && mail.text.contains(&format!("\n{link}\n"))
                    && mail.html.contains(&format!("href=\"{link}\""))
            })
        };
        assert!(mailer.send_verification("ann@example.org", &VerifyToken::new("a.b-c_d")).await.is_ok());
        assert!(leads_to(letterbox.take(), "https://shop.example.org/app/verify#token=a.b-c_d"));
        assert!(mailer.send_password_reset("ann@example.org", &ResetToken::new("x&y")).await.is_ok());
        assert!(leads_to(letterbox.take(), "https://shop.example.org/app/reset-password#token=x%26y"));
        Ok(())
    }

    #[tokio::test]
    async fn texts_name_and_pages_are_the_applications() -> Result<()> {
        struct Own;
        impl MailTemplates for Own {
            fn verification(&self, mail: &LinkMail<'_>) -> Letter {
                let seconds = mail.lifetime.map(|lifetime| lifetime.as_secs());
                Letter::new(mail.site_name).paragraph(format!("{} {} {seconds:?} {}", mail.to, mail.link, mail.token))
            }
        }
        let (mailer, letterbox) = mailer()?;
        let mailer = mailer
            .templates(Own)
            .site_name("The Shop")
            .verify_path("/account/confirm")
            .lifetimes(Duration::from_secs(3_600), Duration::from_secs(1_800));
        assert!(mailer.send_verification("ann@example.org", &VerifyToken::new("t")).await.is_ok());
        let mail = letterbox.take();
        assert!(mail.is_some_and(|mail| mail.subject == "The Shop"
            && mail.text == "ann@example.org https://shop.example.org/app/account/confirm#token=t Some(3600) t\n"));
        Ok(())
    }

    #[tokio::test]
    async fn nothing_is_sent_to_more_than_one_mailbox_or_with_a_second_header() -> Result<()> {
        let (mailer, letterbox) = mailer()?;
        for to in
            ["ann@example.org, eve@example.org", "ann@example.org\r\nBcc: eve@example.org", "Ann <a@b.org>", "ann", ""]
        {
            assert!(mailer.send_already_registered(to).await.is_err(), "{to:?}");
        }
        let forged = mailer.site_name("Shop\r\nBcc: eve@example.org");
        assert!(forged.send_already_registered("ann@example.org").await.is_err());
        assert!(letterbox.take().is_none());
        Ok(())
    }

    #[test]
    fn a_public_url_in_clear_is_refused_at_build() {
        assert!(Mailer::terminal("http://shop.example.org").is_err());
        assert!(Mailer::terminal("http://127.0.0.1:8000").is_ok());
    }
}
