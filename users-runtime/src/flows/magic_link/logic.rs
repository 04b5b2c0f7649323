//! The steps of a login with a magic link.

use crate::{
    account::{MailedLogin, MailedLoginError, token_subject},
    domain::{EmailAddress, MagicLinkToken, UserId},
    event::{EventKind, SecurityEvent},
    port::{HookCall, RequestContext, TokenResponse},
    service::{ActiveBackend, AfterResponse, Held, Users},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Mails a link if an active user has the address. All of this happens after the response, so its timing does not allow
    /// account enumeration.
    #[tracing::instrument(target = "axum_users", name = "request_magic_link", skip_all)]
    pub(super) async fn request_magic_link(
        &self,
        email: EmailAddress,
        cx: &RequestContext,
    ) -> Result<(), AfterResponse> {
        self.after_response("on_after_request_magic_link", cx, move |users, cx, drawn| {
            let email = email.clone();
            Box::pin(async move {
                let Some(links) = &users.inner().by_mail.magic_links else { return Ok(()) };
                let found = users.recipient_of_login(email.as_str(), EventKind::RequestMagicLink, cx, drawn).await?;
                let Some(found) = found else { return Ok(()) };
                let subject = found.user.id().to_string();
                let token = links.tokens.mint(token_subject(&found, &subject), links.lifetime)?;
                users.run_hook(HookCall::MagicLinkRequested(&found.user, &MagicLinkToken::new(token)), cx).await
            })
        })
        .await
    }

    /// Logs in with the token of a link, once. Ends the sessions that the browser `held`, as a login with a password does.
    #[tracing::instrument(target = "axum_users", name = "redeem_magic_link", skip_all, fields(backend = %backend.name))]
    pub(super) async fn redeem_magic_link(
        &self,
        backend: &ActiveBackend,
        token: &MagicLinkToken,
        otp: Option<&str>,
        held: Option<Held>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, MailedLoginError> {
        let bad_token = |user: Option<&U::Id>| {
            let event = SecurityEvent::new(EventKind::Login, cx).at(&backend.name).refused("bad link");
            self.record(&user.into_iter().fold(event, SecurityEvent::of));
            MailedLoginError::BadSecret
        };
        let links = self.inner().by_mail.magic_links.as_ref().ok_or(MailedLoginError::BadSecret)?;
        let token = links.tokens.read(token.secret()).ok_or_else(|| bad_token(None))?;
        let id = U::Id::parse(&token.subject).ok_or_else(|| bad_token(None))?;
        let found = self.find_unused(id.clone(), &token.id).await?.ok_or_else(|| bad_token(Some(&id)))?;
        if !links.tokens.is_bound(&token, token_subject(&found, &id.to_string())) {
            return Err(bad_token(Some(&id)));
        }
        let login = MailedLogin { found, secret: (token.id, token.expires_at), backend, held, otp };
        self.log_in_by_mail(login, cx).await
    }
}
