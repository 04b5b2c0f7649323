//! The proof of a complete authentication, which every login needs before a session is issued: [`Users::issue`] accepts
//! nothing else.

use http::HeaderMap;

use crate::{
    account::{Proof, SignInError},
    domain::{AuthMethod, AuthMethods, MfaToken, StoreError},
    port::{BoxFuture, Found, RandomError, RequestContext},
    service::{ActiveBackend, LOGIN_MFA_BAD_CODE, LOGIN_MFA_REQUIRED, Limited, Users},
    user::AuthUser,
};

/// A user who has passed every authentication step of a login. Created only by [`Users::prove`] and [`Proved::by_application`].
pub(crate) struct Proved<U> {
    found: Found<U>,
    methods: AuthMethods,
    /// Additional headers of the response, such as the cookie of a remembered device.
    headers: HeaderMap,
}

/// The data that a client sends in addition to the first factor.
#[derive(Clone, Copy, Default)]
pub(crate) struct SecondFactor<'a> {
    /// The code of an authenticator app, or a recovery code.
    pub(crate) otp: Option<&'a str>,
    /// Whether to remember the device, if the service does that.
    pub(crate) remember: bool,
}

impl<'a> SecondFactor<'a> {
    /// For a form or body with the optional field `otp`.
    pub(crate) fn given(otp: Option<&'a str>) -> Self {
        Self { otp, remember: false }
    }

    /// For a form in which the user can request that the device be remembered.
    pub(crate) fn remembering(self, remember: bool) -> Self {
        Self { remember, ..self }
    }
}

/// The reason why the first factor is not enough.
pub(crate) enum NotProved<U> {
    /// The user has a second factor but sent none: [`LOGIN_MFA_REQUIRED`]. With the user, for login methods whose first
    /// factor works only once.
    #[cfg_attr(not(feature = "oauth"), allow(dead_code, reason = "only logins with providers read the user"))]
    Required(Box<Found<U>>),
    /// The code is wrong: [`LOGIN_MFA_BAD_CODE`]. Recorded and reported already.
    BadCode,
    /// Too many wrong codes.
    Limited(Limited),
    Store(StoreError),
}

impl<U> NotProved<U> {
    /// Returns the error for a login method whose first factor can be sent again.
    pub(crate) fn into_error<E: From<SignInError> + From<Limited>>(self) -> E {
        match self {
            Self::Required(_) => SignInError::Refused(LOGIN_MFA_REQUIRED.code).into(),
            Self::BadCode => SignInError::Refused(LOGIN_MFA_BAD_CODE.code).into(),
            Self::Limited(limited) => limited.into(),
            Self::Store(error) => SignInError::Store(error).into(),
        }
    }
}

impl<U> From<StoreError> for NotProved<U> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<U> Proved<U> {
    pub(super) fn by_first_factor(found: Found<U>, proof: Proof) -> Self {
        Self { found, methods: proof.methods(), headers: HeaderMap::new() }
    }

    /// A user whom the application signs in without credentials.
    pub(super) fn by_application(found: Found<U>) -> Self {
        Self::by_first_factor(found, Proof::Application)
    }

    /// The same user, as stored after a change that the login itself made.
    pub(super) fn read_again(self, found: Found<U>) -> Self {
        Self { found, ..self }
    }

    pub(super) fn and(self, method: AuthMethod) -> Self {
        Self { methods: self.methods.and(method.into()), ..self }
    }

    pub(super) fn with_headers(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn found(&self) -> &Found<U> {
        &self.found
    }

    pub(crate) fn user(&self) -> &U {
        &self.found.user
    }

    /// The authentication methods, for the session.
    pub(crate) fn methods(&self) -> AuthMethods {
        self.methods
    }
}

impl<U: AuthUser> Users<U> {
    /// Requires a second factor of a user who has enrolled, after the first factor was verified and the gates were
    /// passed. Every path from credentials to a session goes through this function.
    pub(crate) fn prove<'a>(
        &'a self,
        found: Found<U>,
        proof: Proof,
        given: SecondFactor<'a>,
        backend: &'a ActiveBackend,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<Proved<U>, NotProved<U>>> {
        #[cfg(feature = "totp")]
        if let Some(mfa) = self.mfa() {
            return self.require_second_factor(mfa, found, (proof, given), backend, cx);
        }
        let _ = (given, backend, cx);
        Box::pin(std::future::ready(Ok(Proved::by_first_factor(found, proof))))
    }

    /// Returns the token of a login at `backend` that waits for the second factor, for a login method whose first
    /// factor cannot be sent again. Redeemed once, within five minutes, by `POST /auth/{backend}/second-factor`.
    #[cfg_attr(not(feature = "oauth"), allow(dead_code, reason = "only providers prove something once"))]
    pub(crate) fn pending_login(
        &self,
        found: &Found<U>,
        proof: Proof,
        backend: &ActiveBackend,
    ) -> Result<MfaToken, RandomError> {
        #[cfg(feature = "totp")]
        if let Some(mfa) = self.mfa() {
            let id = crate::domain::TokenId::from_random(self.random_bytes()?);
            let (subject, methods) = (found.user.id().to_string(), proof.methods());
            let pending = crate::service::PendingLogin::new(id, subject, found.epoch, methods, self.now());
            return mfa.token_of(&pending, &backend.name, &*self.inner().random).map(MfaToken::new);
        }
        let _ = (found, proof, backend);
        Err(RandomError)
    }
}
