//! Requests for six-digit codes, and the codes.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use super::{purpose::Purpose, purpose_keys::PurposeKeys, strategy::fresh_token_id};
use crate::{
    domain::{LoginCode, LoginCodeRequest, Result, SecretKey, TokenId},
    port::{Clock, CodeRequest, EmailCodes, MailTokenError, NewCodeRequest, Random, TokenSubject},
};

/// The length of an address in a request, in bytes: more than any address has. All requests then have the same length,
/// so the length reveals nothing about the address.
const PADDED: usize = 320;
/// One more than the highest code.
const CODES: u64 = 1_000_000;

/// Requests as JSON Web Tokens with HS256: the claims `sub` (the padded address in base64url), `backend`, `aud`, `exp`,
/// `iat`, `jti`, and `bnd`, the keyed digest of the browser's cookie. A code is a keyed digest of `jti` and of the account.
pub(crate) struct JwtEmailCodes {
    keys: PurposeKeys,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

#[derive(Serialize)]
struct RequestClaims<'a> {
    sub: String,
    aud: &'static str,
    exp: i64,
    iat: i64,
    jti: &'a str,
    backend: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bnd: Option<&'a str>,
}

impl JwtEmailCodes {
    /// Derives the keys from the secret.
    pub(crate) fn new(secret: &SecretKey, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self> {
        Ok(Self { keys: PurposeKeys::derived(Purpose::EmailCode, secret)?, clock, random })
    }

    fn digest_of_cookie(&self, id: &TokenId, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.keys.mac(&["browser", &id.0, cookie]))
    }

    /// Returns the six digits; without an account, digits that are never sent. The remainder of 64 bits is uneven by
    /// less than 1 in 10^13.
    fn digits(&self, request: &CodeRequest, of: Option<TokenSubject<'_>>) -> String {
        let epoch = of.map(|of| of.epoch.0.to_string()).unwrap_or_default();
        let [subject, email, hash] = of.map_or([""; 3], |of| [of.subject, of.email, of.hashed_password.as_stored()]);
        let parts = ["code", &request.id.0, subject, email, hash, &epoch];
        let mut first = [0; 8];
        first.copy_from_slice(&self.keys.mac(&parts)[..8]);
        format!("{:06}", u64::from_be_bytes(first) % CODES)
    }
}

impl EmailCodes for JwtEmailCodes {
    fn mint(&self, new: NewCodeRequest<'_>) -> std::result::Result<(LoginCodeRequest, CodeRequest), MailTokenError> {
        let now = self.clock.now();
        let id = TokenId(fresh_token_id(self.random.as_ref()).map_err(|_| MailTokenError::Failed)?);
        let request = CodeRequest {
            browser: new.cookie.map(|cookie| self.digest_of_cookie(&id, cookie)),
            id,
            address: new.address.to_owned(),
            backend: new.backend.to_owned(),
            expires_at: now + new.lifetime,
        };
        let claims = RequestClaims {
            sub: padded(new.address),
            aud: self.keys.audience(),
            exp: request.expires_at.timestamp(),
            iat: now.timestamp(),
            jti: &request.id.0,
            backend: new.backend,
            bnd: request.browser.as_deref(),
        };
        let signed = self.keys.sign(&claims).ok_or(MailTokenError::Failed)?;
        Ok((LoginCodeRequest::new(signed), request))
    }

    fn read(&self, request: &LoginCodeRequest) -> Option<CodeRequest> {
        self.keys.read(request.secret(), self.clock.now(), |claims| {
            Some(CodeRequest {
                expires_at: claims.expires_at()?,
                id: TokenId::parse(&claims.jti?.0)?,
                address: unpadded(&claims.sub.0)?,
                backend: claims.backend?.0.into_owned(),
                browser: claims.bnd.map(|bnd| bnd.0.into_owned()),
            })
        })
    }

    fn is_of_browser(&self, request: &CodeRequest, cookie: Option<&str>) -> bool {
        match (&request.browser, cookie) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(expected), Some(cookie)) => {
                bool::from(self.digest_of_cookie(&request.id, cookie).as_bytes().ct_eq(expected.as_bytes()))
            }
        }
    }

    fn code(&self, request: &CodeRequest, of: TokenSubject<'_>) -> LoginCode {
        LoginCode::new(self.digits(request, Some(of)))
    }

    fn is_code(&self, request: &CodeRequest, of: Option<TokenSubject<'_>>, sent: &str) -> bool {
        let is_equal = bool::from(self.digits(request, of).as_bytes().ct_eq(sent.as_bytes()));
        is_equal && of.is_some()
    }

    fn name_of_try(&self, request: &CodeRequest, number: u8) -> TokenId {
        self.keys.name(&["try", &request.id.0, &number.to_string()])
    }
}

/// Returns an address in base64url, padded with spaces, with which no address ends.
fn padded(address: &str) -> String {
    let spaces = PADDED.saturating_sub(address.len());
    URL_SAFE_NO_PAD.encode(format!("{address}{}", " ".repeat(spaces)))
}

fn unpadded(text: &str) -> Option<String> {
    let mut address = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    address.truncate(address.trim_end_matches(' ').len());
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_lengths_are_read_as_they_were_written_and_have_one_length() {
        let long = format!("{}@example.org", "a".repeat(242));
        for address in ["a@b.org", "ärthur@camelot.bt", &long] {
            assert_eq!(unpadded(&padded(address)).as_deref(), Some(address));
            assert_eq!(padded(address).len(), padded("").len());
        }
    }
}
