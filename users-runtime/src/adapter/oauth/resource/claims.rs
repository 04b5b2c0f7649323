//! The claims of an access token (RFC 9068 section 4).

use chrono::DateTime;
use serde_json::{Map, Value};

use crate::{
    adapter::{jwt::ForeignToken, oauth::profile::Profile},
    domain::{CLOCK_SKEW, Timestamp, oauth::Subject},
    port::ExternalSession,
};

/// The values that a token must match.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
    pub(super) scopes: Vec<String>,
    /// Whether the type may be `JWT` or absent.
    pub(super) accepts_jwt_type: bool,
    /// The claim of the subject.
    pub(super) subject: &'static str,
}

impl Expected {
    pub(super) fn new(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audiences: vec![audience.to_owned()],
            scopes: Vec::new(),
            accepts_jwt_type: false,
            subject: "sub",
        }
    }

    /// Checks everything but the signature.
    ///
    /// # Errors
    /// The reason of the refusal, for the log.
    pub(super) fn check(&self, token: &ForeignToken<'_>, now: Timestamp) -> Result<ExternalSession, &'static str> {
        let claims = &token.claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        match token.kind().as_deref() {
            Some("at+jwt") => {}
            None | Some("jwt") if self.accepts_jwt_type => {
                if is_other_token(claims) {
                    return Err("it is no access token");
                }
            }
            _ => return Err("it has another type than at+jwt"),
        }
        if text("iss") != Some(&self.issuer) {
            return Err("another issuer");
        }
        if !texts(claims, "aud").iter().any(|named| self.audiences.iter().any(|audience| audience == named)) {
            return Err("another audience");
        }
        if claims.contains_key("cnf") {
            return Err("it is bound to a key of the client");
        }
        let expires_at = time(claims, "exp")?.ok_or("it never expires")?;
        if expires_at <= now {
            return Err("it has expired");
        }
        for name in ["nbf", "iat"] {
            if time(claims, name)?.is_some_and(|at| at > now + CLOCK_SKEW) {
                return Err("it is from the future");
            }
        }
        let scopes: Vec<&str> =
            ["scope", "scp"].iter().flat_map(|name| texts(claims, name)).flat_map(str::split_whitespace).collect();
        if !self.scopes.iter().all(|wanted| scopes.contains(&wanted.as_str())) {
            return Err("it lacks a scope");
        }
        let subject = text(self.subject).and_then(Subject::parse).ok_or("it has no usable subject")?;
        Ok(ExternalSession {
            logged_in_at: time(claims, "auth_time")?.filter(|at| *at <= now + CLOCK_SKEW),
            expires_at: Some(expires_at),
            ..ExternalSession::new(Profile::OPENID.person(subject, claims.clone()))
        })
    }
}

/// Returns whether a token whose header does not mark it as an access token is another kind of token. Cognito
/// (`token_use`) and Keycloak (`typ`) state the kind in a claim; otherwise it is recognized by the claims of ID tokens
/// (OpenID Connect Core section 2) and of security events such as logouts (RFC 8417).
fn is_other_token(claims: &Map<String, Value>) -> bool {
    if claims.contains_key("events") {
        return true;
    }
    let marks: Vec<bool> = [("token_use", "access"), ("typ", "Bearer")]
        .iter()
        .filter_map(|(name, of_access)| Some((claims.get(*name)?, of_access)))
        .map(|(value, of_access)| value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(of_access)))
        .collect();
    match marks.is_empty() {
        true => ["nonce", "at_hash", "c_hash"].iter().any(|name| claims.contains_key(*name)),
        false => marks.contains(&false),
    }
}

/// Returns the strings of a claim that is one string or a list; none for anything else.
fn texts<'a>(claims: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    match claims.get(name) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns the time of a claim in seconds since 1970 (RFC 7519 section 2), without fractions.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, &'static str> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    // The conversion saturates.
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).map(Some).ok_or("a time is not a number")
}
