//! Writes the mails of the flows and passes them to a transport.

use std::{sync::Arc, time::Duration};

use super::{
    CodeMail, EmailChanged, English, Letter, LinkMail, MailTemplates, NewLogin, Notice, NoticeKind, PasskeyNotice,
    Terminal,
};
use crate::{
    domain::{
        ConfirmEmailToken, EmailAddress, Error, InvitationToken, LinkKind, LinkTemplate, LoginCode, MagicLinkToken,
        PublicUrl, ResetToken, Result, UndoEmailToken, VerifyToken,
    },
    event::operation,
    port::{CONFIRM_LIFETIME, Mail, MailError, MailTransport, NewDevice, PasskeyChange, UNDO_LIFETIME},
};

/// Writes and sends mails. Cheap to clone; keep one in your `UserManager`, or use [`MailHooks`](super::MailHooks).
///
/// # Security
/// Links are built only from the configured public URL, never from a request's `Host` header. Unless [`Mailer::link`] sets
/// another place, the token is in the fragment, which browsers do not send to servers, so it does not appear in access
/// logs: the page reads it from `location.hash` and posts it.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    transport: Arc<dyn MailTransport>,
    templates: Arc<dyn MailTemplates>,
    site: PublicUrl,
    site_name: String,
    links: [LinkTemplate; LinkKind::ALL.len()],
    /// The URL to which the notices link.
    site_url: String,
    verify_lifetime: Option<Duration>,
    reset_lifetime: Option<Duration>,
    silent: Vec<NoticeKind>,
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
            links: links(&site, |kind| format!("{}#token={{token}}", kind.page()))?,
            site_url: site.as_str().to_owned(),
            site,
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

    /// Sets the link in a kind of mail: a URL with `{token}` as a placeholder for the token, in the fragment, the query
    /// or the path. A template without a scheme is relative to the public URL. Default: `verify#token={token}` and the
    /// like ([`LinkKind::page`]).
    ///
    /// ```
    /// # use users_runtime as axum_users;
    /// use axum_users::{Mailer, mail::LinkKind};
    ///
    /// # fn main() -> axum_users::Result<()> {
    /// let mailer = Mailer::terminal("https://api.example.com")?
    ///     .link(LinkKind::ResetPassword, "https://app.example.com/password-recovery/confirm?token={token}")?
    ///     .link(LinkKind::Verify, "welcome/{token}")?;
    /// # drop(mailer);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Security
    /// A token in the query or the path appears in the access logs of the server that serves the page, and in `Referer`
    /// headers unless the page sends a `Referrer-Policy`. It is useless once it is used, so let the page use it
    /// promptly, but only when the user presses a button: mail scanners open links.
    ///
    /// # Errors
    /// [`Error::Config`] unless the template has `{token}` once, after the host of a URL that could be the public URL:
    /// `https`, or `http` with a loopback host.
    pub fn link(self, kind: LinkKind, template: &str) -> Result<Self> {
        let template = LinkTemplate::parse(template, &self.0.site)?;
        Ok(self.with(|inner| inner.links[kind as usize] = template))
    }

    /// Sets the path of the page to which notices link, relative to the public URL. Default: the public URL.
    #[must_use]
    pub fn notices_lead_to(self, path: &str) -> Self {
        self.with(|inner| inner.site_url = inner.site.page(path))
    }

    /// Makes all links point to the [ready pages](crate::pages) under `prefix`, such as `/account`. The token is in the
    /// query, so that the pages work without scripts.
    ///
    /// # Errors
    /// [`Error::Config`] if the prefix has characters that are not allowed in a path.
    #[cfg(feature = "pages")]
    pub fn link_to_pages(self, prefix: &str) -> Result<Self> {
        let prefix = prefix.trim_end_matches('/');
        if prefix.contains(['?', '#', ':', '{']) {
            return Err(Error::setting(
                crate::domain::Setting::Mail,
                format!("`{prefix}` is not the path of pages, such as `/account`"),
            ));
        }
        let links = links(&self.0.site, |kind| format!("{prefix}/{}?token={{token}}", kind.page()))?;
        Ok(self.with(|inner| inner.links = links).notices_lead_to(&format!("{prefix}/log-in")))
    }

    /// Sets the lifetimes that the mails state. Pass the values of your policy; by default mails state no lifetime.
    #[must_use]
    pub fn lifetimes(self, verify: Duration, reset: Duration) -> Self {
        self.with(|inner| (inner.verify_lifetime, inner.reset_lifetime) = (Some(verify), Some(reset)))
    }

    /// Turns off a kind of notice. Default: all are sent.
    ///
    /// # Security
    /// Owners are then not notified when somebody else uses or takes over their account (OWASP ASVS 6.3.5, 6.3.7).
    #[must_use]
    pub fn without_notice(self, kind: NoticeKind) -> Self {
        self.with(|inner| inner.silent.push(kind))
    }

    /// Returns whether a kind of notice is sent.
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
        let link = inner.link_of(LinkKind::Verify, token.secret());
        let letter = inner.templates.verification(&inner.linked(to, &link, token.secret(), inner.verify_lifetime));
        self.post(to, letter).await
    }

    /// Sends a mail with a link to choose a new password to `to`, the user's stored address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_password_reset(&self, to: &str, token: &ResetToken) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.link_of(LinkKind::ResetPassword, token.secret());
        let letter = inner.templates.password_reset(&inner.linked(to, &link, token.secret(), inner.reset_lifetime));
        self.post(to, letter).await
    }

    /// Notifies the owner of an account of an attempt to register with its address.
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
        let link = inner.link_of(LinkKind::ConfirmEmail, token.secret());
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
        let link = inner.link_of(LinkKind::UndoEmail, token.secret());
        let linked = inner.linked(old_email, &link, token.secret(), Some(UNDO_LIFETIME));
        self.post(old_email, inner.templates.email_change_undo(&linked, new_email)).await
    }

    /// Sends a mail with a link to log in to `to`, the user's stored address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_magic_link(&self, to: &str, token: &MagicLinkToken) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.link_of(LinkKind::MagicLink, token.secret());
        self.post(to, inner.templates.magic_link(&inner.linked(to, &link, token.secret(), None))).await
    }

    /// Sends a mail with a code to log in to `to`, the user's stored address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_login_code(&self, to: &str, code: &LoginCode) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(to);
        self.post(to, self.0.templates.login_code(&CodeMail { to, site_name, site_url, code: code.secret() })).await
    }

    /// Sends a mail with a link that opens an invited account to `to`, the user's stored address.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_invitation(&self, to: &str, token: &InvitationToken) -> Result<(), MailError> {
        let inner = &*self.0;
        let link = inner.link_of(LinkKind::Invitation, token.secret());
        self.post(to, inner.templates.invitation(&inner.linked(to, &link, token.secret(), None))).await
    }

    /// Notifies the old address of an account that the address was changed to `new_email`.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_email_changed(&self, old_email: &str, new_email: &str) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(old_email);
        self.post(to, self.0.templates.email_changed(&EmailChanged { to, new_email, site_name, site_url })).await
    }

    /// Notifies the owner of an account of a change of its password.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_password_changed(&self, to: &str) -> Result<(), MailError> {
        self.post(to, self.0.templates.password_changed(&self.0.notice(to))).await
    }

    /// Notifies the owner of an account of a login from a new device.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_new_login(&self, to: &str, login: &NewDevice) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(to);
        let mail = NewLogin { to, site_name, site_url, device: &login.device, at: login.at };
        self.post(to, self.0.templates.new_login(&mail)).await
    }

    /// Notifies the owner of an account that `login` was ended because one of its refresh tokens was used twice.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_refresh_reuse(&self, to: &str, login: &NewDevice) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(to);
        let mail = NewLogin { to, site_name, site_url, device: &login.device, at: login.at };
        self.post(to, self.0.templates.refresh_reuse(&mail)).await
    }

    /// Notifies the owner of an account that a second factor was enrolled.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_second_factor_enrolled(&self, to: &str) -> Result<(), MailError> {
        self.post(to, self.0.templates.second_factor_enrolled(&self.0.notice(to))).await
    }

    /// Notifies the owner of an account that its second factor was removed.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_second_factor_removed(&self, to: &str) -> Result<(), MailError> {
        self.post(to, self.0.templates.second_factor_removed(&self.0.notice(to))).await
    }

    /// Notifies the owner of an account that a recovery code was used, and how many are left.
    ///
    /// # Errors
    /// As for [`Mailer::send_verification`].
    pub async fn send_recovery_code_used(&self, to: &str, left: u32) -> Result<(), MailError> {
        self.post(to, self.0.templates.recovery_code_used(&self.0.notice(to), left)).await
    }

    /// Notifies `to`, the user's stored address, of a change of a passkey.
    ///
    /// # Errors
    /// [`MailError`] if the transport did not accept the mail, or if `to` is not exactly one mailbox.
    pub async fn send_passkey_notice(&self, to: &str, change: &PasskeyChange) -> Result<(), MailError> {
        let Notice { to, site_name, site_url } = self.0.notice(to);
        let mail = PasskeyNotice { to, site_name, site_url, change };
        self.post(to, self.0.templates.passkey(&mail)).await
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
        Notice { to, site_name: &self.site_name, site_url: &self.site_url }
    }

    fn link_of(&self, kind: LinkKind, token: &str) -> String {
        self.links[kind as usize].link(token)
    }

    fn linked<'a>(&'a self, to: &'a str, link: &'a str, token: &'a str, lifetime: Option<Duration>) -> LinkMail<'a> {
        let Notice { to, site_name, site_url } = self.notice(to);
        LinkMail { to, site_name, site_url, link, token, lifetime }
    }
}

/// Returns the links of all kinds.
fn links(site: &PublicUrl, template: impl Fn(LinkKind) -> String) -> Result<[LinkTemplate; LinkKind::ALL.len()]> {
    let [verify, reset, confirm, undo, log_in, invitation] =
        LinkKind::ALL.map(|kind| LinkTemplate::parse(&template(kind), site));
    Ok([verify?, reset?, confirm?, undo?, log_in?, invitation?])
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
    async fn links_have_the_token_in_the_fragment_of_the_public_url_or_where_the_application_sets_it() -> Result<()> {
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
        let mailer = mailer.link(LinkKind::UndoEmail, "/oops/{token}")?;
        let token = UndoEmailToken::new("u");
        assert!(mailer.send_email_change_undo("ann@example.org", "eve@example.org", &token).await.is_ok());
        let mail = outbox.take();
        assert!(
            mail.as_ref().is_some_and(|mail| mail.text.contains("eve@example.org") && mail.text.contains("7 days"))
        );
        assert!(has_link(mail, "https://shop.example.org/app/oops/u"));
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
            .link(LinkKind::Verify, "https://app.example.org/account/confirm?token={token}&from=mail")?
            .lifetimes(Duration::from_secs(3_600), Duration::from_secs(1_800));
        assert!(mailer.send_verification("ann@example.org", &VerifyToken::new("t")).await.is_ok());
        let mail = outbox.take();
        assert!(mail.is_some_and(|mail| mail.subject == "The Shop"
            && mail.text
                == "ann@example.org https://app.example.org/account/confirm?token=t&from=mail Some(3600) t\n"));
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
