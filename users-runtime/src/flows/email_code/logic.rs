//! The steps of a login with a mailed code.

use crate::{
    account::{MailedLogin, MailedLoginError, kept_until, token_subject},
    domain::{EmailAddress, LoginCode, LoginCodeRequest},
    event::{EventKind, SecurityEvent},
    port::{CodeRequest, Found, HookCall, MailTokenError, NewCodeRequest, RequestContext, StoreError, TokenResponse},
    service::{ActiveBackend, AfterResponse, Held, Limited, MailedCodes, Users},
    user::AuthUser,
};

/// A code as a client sent it.
pub(super) struct SentCode {
    pub(super) request: LoginCodeRequest,
    pub(super) code: LoginCode,
    /// The cookie of the browser.
    pub(super) cookie: Option<String>,
    /// The code of the second factor, if there is one.
    pub(super) otp: Option<String>,
}

/// The reason why a code was not requested.
#[derive(Debug)]
pub(super) enum RequestError {
    Token(MailTokenError),
    AfterResponse(AfterResponse),
}

/// The reason why a code was refused.
#[derive(Debug)]
pub(super) enum EmailCodeError {
    Limited(Limited),
    Login(MailedLoginError),
}

impl<E: Into<MailedLoginError>> From<E> for EmailCodeError {
    fn from(error: E) -> Self {
        Self::Login(error.into())
    }
}

impl<U: AuthUser> Users<U> {
    /// Creates a request for a code, and mails the code if an active user has the address. Only the request is created before the
    /// response, in the same way for every address, so neither the response nor its time reveals whether there is an account.
    #[tracing::instrument(target = "axum_users", name = "request_email_code", skip_all, fields(backend = %backend.name))]
    pub(super) async fn request_email_code(
        &self,
        backend: &ActiveBackend,
        email: EmailAddress,
        cookie: Option<&str>,
        cx: &RequestContext,
    ) -> Result<LoginCodeRequest, RequestError> {
        let codes = self.inner().by_mail.email_codes.as_ref();
        let codes = codes.ok_or(RequestError::Token(MailTokenError::Failed))?;
        let new = NewCodeRequest { address: email.as_str(), backend: &backend.name, cookie, lifetime: codes.lifetime };
        let (name, request) = codes.codes.mint(new).map_err(RequestError::Token)?;
        let mailed = self.after_response("on_after_request_email_code", cx, move |users, cx, drawn| {
            let request = request.clone();
            Box::pin(async move {
                let Some(codes) = &users.inner().by_mail.email_codes else { return Ok(()) };
                let found = users.recipient_of_login(&request.address, EventKind::RequestEmailCode, cx, drawn).await?;
                let Some(found) = found else { return Ok(()) };
                let subject = found.user.id().to_string();
                let code = codes.codes.code(&request, token_subject(&found, &subject));
                users.run_hook(HookCall::EmailCodeRequested(&found.user, &code), cx).await
            })
        });
        mailed.await.map_err(RequestError::AfterResponse)?;
        Ok(name)
    }

    /// Logs in with a code, once. The limit of the account and the attempts of the request are counted before the code
    /// is compared, in the same way for addresses without an account. Ends the sessions that the browser `held`.
    #[tracing::instrument(target = "axum_users", name = "redeem_email_code", skip_all, fields(backend = %backend.name))]
    pub(super) async fn redeem_email_code(
        &self,
        backend: &ActiveBackend,
        sent: &SentCode,
        held: Option<Held>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, EmailCodeError> {
        let event = SecurityEvent::new(EventKind::Login, cx).at(&backend.name);
        let codes = self.inner().by_mail.email_codes.as_ref().ok_or(MailedLoginError::BadSecret)?;
        let request = codes.codes.read(&sent.request).filter(|request| {
            request.backend == *backend.name && codes.codes.is_of_browser(request, sent.cookie.as_deref())
        });
        let Some(request) = request else {
            self.record(&event.refused("bad code request"));
            return Err(MailedLoginError::BadSecret.into());
        };
        let counted = self.count_email_code(&request.address, event.clone(), cx).await;
        let counted = counted.map_err(EmailCodeError::Limited)?;
        if !self.take_try(codes, &request).await? {
            self.record(&event.refused("too many tries of a code"));
            return Err(MailedLoginError::BadSecret.into());
        }
        let found = self.find_by_address(&request.address).await?;
        if !is_code_of(codes, &request, found.as_ref(), &sent.code) {
            let user = found.map(|found| found.user);
            self.record(&user.iter().fold(event.refused("wrong code"), |event, user| event.of(&user.id())));
            self.report_failed_login(request.address.clone(), user, super::BAD_CODE.code, cx).await;
            return Err(MailedLoginError::BadSecret.into());
        }
        let unused = match found {
            Some(found) => self.find_unused(found.user.id(), &request.id).await?,
            None => None,
        };
        // Looked up again, so the account may have been changed.
        let Some(found) = unused.filter(|found| is_code_of(codes, &request, Some(found), &sent.code)) else {
            self.record(&event.refused("used code"));
            return Err(MailedLoginError::BadSecret.into());
        };
        let secret = (request.id.clone(), request.expires_at);
        let login = MailedLogin { found, secret, backend, held, otp: sent.otp.as_deref() };
        let response = self.log_in_by_mail(login, cx).await;
        // The code was right, even if the second factor was missing or wrong, which has its own limit.
        if !matches!(response, Err(MailedLoginError::BadSecret)) {
            self.give_back(counted).await;
        }
        Ok(response?)
    }

    /// Takes one of the attempts of a request. Each is a separate record in the store, so that concurrent requests, on
    /// any node, cannot make more attempts than allowed.
    async fn take_try(&self, codes: &MailedCodes, request: &CodeRequest) -> Result<bool, StoreError> {
        let until = kept_until(request.expires_at);
        for number in 1..=CodeRequest::TRIES {
            if self.inner().store.use_once(&codes.codes.name_of_try(request, number), until).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns whether a client has sent the code of a request for this account. Takes the same time without an account.
fn is_code_of<U: AuthUser>(
    codes: &MailedCodes,
    request: &CodeRequest,
    found: Option<&Found<U>>,
    sent: &LoginCode,
) -> bool {
    let id = found.map(|found| found.user.id().to_string());
    let of = found.zip(id.as_deref()).map(|(found, id)| token_subject(found, id));
    codes.codes.is_code(request, of, sent.secret())
}
