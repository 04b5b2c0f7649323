//! Tokens of reset and verification mails.

use std::{fmt, future::ready, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{
    claims::Claims,
    jws,
    keys::HmacKey,
    purpose::{Purpose, ensure_distinct_audiences},
    ring::KeyRing,
    strategy::fresh_token_id,
};
use crate::{
    compat::mail_tokens as compat,
    domain::{Error, PasswordHash, ResetToken, Result, SecretKey, Setting, VerifyToken},
    port::{Binding, BoxFuture, Clock, MailToken, MailTokenError, MailTokens, PasswordHasher, Random, TokenSubject},
};

/// The settings of reset and verification tokens.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are built"]
pub struct MailTokenSettings {
    reset: PurposeSetting,
    verify: PurposeSetting,
    form: Form,
}

#[derive(Clone)]
struct PurposeSetting {
    lifetime: Duration,
    audience: String,
    secret: Option<SecretKey>,
}

/// The format of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The form of axum-users: signed with a derived key and bound by a keyed digest.
    Bound,
    /// The form of fastapi-users: signed with the secret, without key derivation. Tokens minted here are also bound by
    /// our digest; those that fastapi-users minted are bound by a password hash of the stored hash, or by the address.
    Upstream,
}

impl MailTokenSettings {
    /// The default lifetime of reset tokens: half an hour ([OWASP Forgot Password Cheat
    /// Sheet](https://cheatsheetseries.owasp.org/cheatsheets/Forgot_Password_Cheat_Sheet.html): short-lived;
    /// fastapi-users: one hour).
    pub const DEFAULT_RESET_LIFETIME: Duration = Duration::from_secs(1800);
    /// The default lifetime of verification tokens: one hour, as in fastapi-users.
    pub const DEFAULT_VERIFY_LIFETIME: Duration = Duration::from_secs(3600);
    /// The longest lifetime of either kind: one day.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

    /// Creates the default settings, with tokens in the form of axum-users.
    pub fn new() -> Self {
        Self {
            reset: PurposeSetting::of(Purpose::Reset, Self::DEFAULT_RESET_LIFETIME),
            verify: PurposeSetting::of(Purpose::Verify, Self::DEFAULT_VERIFY_LIFETIME),
            form: Form::Bound,
        }
    }

    /// Creates settings for tokens in the form of fastapi-users, valid for one hour, so that Rust and Python services
    /// with the same secret accept each other's tokens.
    ///
    /// # Security
    /// Tokens minted here have the additional claim `bnd`, which fastapi-users ignores. It binds them like the tokens of
    /// [`MailTokenSettings::new`]. Tokens that fastapi-users minted lack it: its reset tokens are bound only to the
    /// password and stay valid after a change of address, its verification tokens only to the id and address. Only the
    /// audience separates the purposes.
    pub fn fastapi_users() -> Self {
        let hour = Duration::from_secs(3600);
        Self {
            reset: PurposeSetting::of(Purpose::Reset, hour),
            verify: PurposeSetting::of(Purpose::Verify, hour),
            form: Form::Upstream,
        }
    }

    /// Sets the lifetime of reset tokens, from one second to one day. Default: [`Self::DEFAULT_RESET_LIFETIME`].
    pub fn reset_lifetime(mut self, lifetime: Duration) -> Self {
        self.reset.lifetime = lifetime;
        self
    }

    /// Sets the lifetime of verification tokens, from one second to one day. Default:
    /// [`Self::DEFAULT_VERIFY_LIFETIME`].
    pub fn verify_lifetime(mut self, lifetime: Duration) -> Self {
        self.verify.lifetime = lifetime;
        self
    }

    /// Sets the audience of reset tokens. Default: `fastapi-users:reset`.
    pub fn reset_audience(mut self, audience: impl Into<String>) -> Self {
        self.reset.audience = audience.into();
        self
    }

    /// Sets the audience of verification tokens. Default: `fastapi-users:verify`.
    pub fn verify_audience(mut self, audience: impl Into<String>) -> Self {
        self.verify.audience = audience.into();
        self
    }

    /// Uses a separate secret for reset tokens (fastapi-users' `reset_password_token_secret`) instead of the master
    /// secret.
    pub fn reset_secret(mut self, secret: SecretKey) -> Self {
        self.reset.secret = Some(secret);
        self
    }

    /// Uses a separate secret for verification tokens (fastapi-users' `verification_token_secret`) instead of the
    /// master secret.
    pub fn verify_secret(mut self, secret: SecretKey) -> Self {
        self.verify.secret = Some(secret);
        self
    }

    /// Returns both audiences with their purposes, for [`ensure_distinct_audiences`].
    pub fn audiences(&self) -> impl Iterator<Item = (Purpose, &str)> {
        [(Purpose::Reset, self.reset.audience.as_str()), (Purpose::Verify, self.verify.audience.as_str())].into_iter()
    }

    /// Builds the tokens. `hasher` is only used for fastapi-users' reset tokens.
    ///
    /// # Errors
    /// [`Error::Config`] for a lifetime under one second or over one day, an empty audience or one of another purpose,
    /// or an unusable secret.
    pub fn build(
        self,
        secret: &SecretKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        hasher: Arc<dyn PasswordHasher>,
    ) -> Result<JwtMailTokens> {
        let others = [Purpose::Access].into_iter().chain(Purpose::WITH_FIXED_AUDIENCES);
        let others = others.map(|purpose| (purpose, purpose.default_audience()));
        ensure_distinct_audiences(self.audiences().chain(others))?;
        Ok(JwtMailTokens {
            reset: TokenKind::build(Purpose::Reset, self.reset, self.form, secret)?,
            verify: TokenKind::build(Purpose::Verify, self.verify, self.form, secret)?,
            form: self.form,
            clock,
            random,
            hasher,
        })
    }
}

impl Default for MailTokenSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl PurposeSetting {
    fn of(purpose: Purpose, lifetime: Duration) -> Self {
        Self { lifetime, audience: purpose.default_audience().to_owned(), secret: None }
    }
}

impl fmt::Debug for PurposeSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PurposeSetting")
            .field("lifetime", &self.lifetime)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// Reset and verification tokens as JSON Web Tokens with HS256. Built from [`MailTokenSettings`].
///
/// Tokens in the form of axum-users have the claims `sub`, `email` (verification only), `aud`, `exp`, `iat`, `jti` and
/// `bnd`: a keyed digest of the id, address, password hash and epoch. A token becomes invalid if any of these changes.
pub struct JwtMailTokens {
    reset: TokenKind,
    verify: TokenKind,
    form: Form,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    hasher: Arc<dyn PasswordHasher>,
}

/// The keys and settings of reset or verification tokens.
struct TokenKind {
    ring: KeyRing,
    binding: Hmac<Sha256>,
    audience: String,
    lifetime: Duration,
}

/// The claims of both forms, in the order of fastapi-users, followed by ours.
#[derive(Serialize)]
struct MailClaims<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_fgpt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    aud: &'a str,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    bnd: String,
}

impl TokenKind {
    fn build(purpose: Purpose, setting: PurposeSetting, form: Form, master: &SecretKey) -> Result<Self> {
        if setting.lifetime < Duration::from_secs(1) || setting.lifetime > MailTokenSettings::MAX_LIFETIME {
            return Err(Error::setting(
                Setting::Token,
                format!(
                    "the lifetime of {purpose:?} tokens is {:?}: it must be between one second and one day",
                    setting.lifetime
                ),
            ));
        }
        let secret = setting.secret.as_ref().unwrap_or(master);
        let key = match form {
            Form::Bound => HmacKey::from_bytes(purpose.signing_key(secret)?.as_slice()),
            Form::Upstream => HmacKey::hs256(secret)?,
        };
        let binding = Hmac::new_from_slice(purpose.binding_key(secret)?.as_slice())
            .map_err(|_| Error::setting(Setting::Token, "no key can be derived from the secret"))?;
        Ok(Self { ring: KeyRing::hmac(key), binding, audience: setting.audience, lifetime: setting.lifetime })
    }

    /// Returns the digest that binds a token: HMAC-SHA-256 of the id, address, password hash and epoch. Each string is
    /// preceded by its length, so that different subjects never have the same input.
    fn digest(&self, of: TokenSubject<'_>) -> String {
        let mut mac = self.binding.clone();
        for part in [of.subject, of.email, of.hashed_password.as_stored()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.update(&of.epoch.0.to_be_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

impl JwtMailTokens {
    /// Mints a token that is bound by our digest, in either form.
    fn mint(
        &self,
        kind: &TokenKind,
        of: TokenSubject<'_>,
        fingerprint: Option<&PasswordHash>,
        email: Option<&str>,
    ) -> Result<String, MailTokenError> {
        let now = self.clock.now();
        let (iat, jti) = match self.form {
            Form::Bound => {
                let jti = fresh_token_id(self.random.as_ref()).map_err(|_| MailTokenError::Failed)?;
                (Some(now.timestamp()), Some(jti))
            }
            Form::Upstream => (None, None),
        };
        let claims = MailClaims {
            sub: of.subject,
            password_fgpt: fingerprint.map(PasswordHash::as_stored),
            email,
            aud: &kind.audience,
            exp: (now + kind.lifetime).timestamp(),
            iat,
            jti,
            bnd: kind.digest(of),
        };
        jws::sign(&kind.ring, &claims).ok_or(MailTokenError::Failed)
    }

    /// Reads a token of one kind: verifies the signature, then checks the audience and the times, then reads the
    /// binding.
    fn read(
        &self,
        kind: &TokenKind,
        token: &str,
        binding: fn(Form, &mut Claims<'_>) -> Option<Binding>,
    ) -> Option<MailToken> {
        let payload = jws::verify(&kind.ring, token)?;
        let mut claims = Claims::read(&payload)?;
        let is_ours = claims.is_for(&[&kind.audience])
            && claims.expires_at().is_some()
            && claims.is_live(self.clock.now(), Duration::ZERO);
        if !is_ours {
            return None;
        }
        let binding = binding(self.form, &mut claims)?;
        Some(MailToken {
            subject: claims.sub.0.into_owned(),
            email: claims.email.map(|email| email.0.into_owned()),
            binding,
        })
    }

    /// Returns the kind of a token that was read: only verification tokens contain an address.
    const fn kind_of(&self, token: &MailToken) -> &TokenKind {
        if token.email.is_some() { &self.verify } else { &self.reset }
    }
}

/// Returns the binding of a reset token. A token with an address is not a reset token.
fn reset_binding(form: Form, claims: &mut Claims<'_>) -> Option<Binding> {
    if claims.email.is_some() {
        return None;
    }
    let digest = digest_of(claims);
    match form {
        Form::Bound => digest,
        Form::Upstream => {
            let fingerprint = claims.password_fgpt.take()?;
            digest.or_else(|| Some(compat::reset_binding(fingerprint.0.into_owned())))
        }
    }
}

/// Returns the binding of a verification token. A token without an address is not a verification token.
fn verify_binding(form: Form, claims: &mut Claims<'_>) -> Option<Binding> {
    claims.email.as_ref()?;
    let digest = digest_of(claims);
    match form {
        Form::Bound => digest,
        Form::Upstream => digest.or(Some(Binding::Address)),
    }
}

/// Takes the digest of a token. Every token minted here has one, and it takes precedence over the bindings of
/// fastapi-users.
fn digest_of(claims: &mut Claims<'_>) -> Option<Binding> {
    claims.bnd.take().map(|bnd| Binding::Digest(bnd.0.into_owned()))
}

impl MailTokens for JwtMailTokens {
    fn mint_reset<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<ResetToken, MailTokenError>> {
        Box::pin(async move {
            let fingerprint = match self.form {
                Form::Bound => None,
                Form::Upstream => Some(compat::fingerprint(self.hasher.as_ref(), of).await?),
            };
            self.mint(&self.reset, of, fingerprint.as_ref(), None).map(ResetToken::new)
        })
    }

    fn read_reset(&self, token: &ResetToken) -> Option<MailToken> {
        self.read(&self.reset, token.secret(), reset_binding)
    }

    fn mint_verify<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<VerifyToken, MailTokenError>> {
        Box::pin(ready(self.mint(&self.verify, of, None, Some(of.email)).map(VerifyToken::new)))
    }

    fn read_verify(&self, token: &VerifyToken) -> Option<MailToken> {
        self.read(&self.verify, token.secret(), verify_binding)
    }

    fn is_bound<'a>(
        &'a self,
        token: &'a MailToken,
        to: TokenSubject<'a>,
    ) -> BoxFuture<'a, Result<bool, MailTokenError>> {
        Box::pin(async move {
            Ok(match &token.binding {
                Binding::Digest(bound) => {
                    let expected = self.kind_of(token).digest(to);
                    bool::from(bound.as_bytes().ct_eq(expected.as_bytes()))
                }
                Binding::Fingerprint(fingerprint) => {
                    compat::is_bound_to_password(self.hasher.as_ref(), fingerprint, to).await?
                }
                Binding::Address => compat::is_bound_to_address(token.email.as_deref(), to),
            })
        })
    }
}

impl fmt::Debug for JwtMailTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtMailTokens")
            .field("form", &self.form)
            .field("reset_lifetime", &self.reset.lifetime)
            .field("verify_lifetime", &self.verify.lifetime)
            .finish_non_exhaustive()
    }
}
