//! Six-digit codes that are mailed, and the requests they belong to.

use std::time::Duration;

use super::{MailTokenError, TokenSubject};
use crate::domain::{LoginCode, LoginCodeRequest, Timestamp, TokenId};

/// Mints and reads requests for codes, and derives the code of a request.
///
/// Nothing is stored: the code of a request is a keyed digest of the request and of the current state of the account,
/// so it becomes invalid if the address, the password or the epoch changes.
pub(crate) trait EmailCodes: Send + Sync + 'static {
    /// Mints a request for a code to `address`, as a person typed it. Requests are also minted for unknown addresses.
    fn mint(&self, new: NewCodeRequest<'_>) -> Result<(LoginCodeRequest, CodeRequest), MailTokenError>;

    /// Reads a request and checks its signature, purpose and lifetime.
    fn read(&self, request: &LoginCodeRequest) -> Option<CodeRequest>;

    /// Returns whether a request was made by the browser with this cookie. A request without a cookie belongs to any
    /// client that knows it.
    fn is_of_browser(&self, request: &CodeRequest, cookie: Option<&str>) -> bool;

    /// Returns the code of a request for this account.
    fn code(&self, request: &CodeRequest, of: TokenSubject<'_>) -> LoginCode;

    /// Returns whether a client has sent the code of a request, in constant time. Without an account, every code is wrong.
    fn is_code(&self, request: &CodeRequest, of: Option<TokenSubject<'_>>, sent: &str) -> bool;

    /// Returns the name under which the store records an attempt: each of the [`CodeRequest::TRIES`] can be used once.
    fn name_of_try(&self, request: &CodeRequest, number: u8) -> TokenId;
}

/// What a request for a code is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewCodeRequest<'a> {
    /// The address, as a person typed it.
    pub(crate) address: &'a str,
    /// The name of the backend at which the code logs in.
    pub(crate) backend: &'a str,
    /// The cookie of the browser, at a backend with cookies.
    pub(crate) cookie: Option<&'a str>,
    pub(crate) lifetime: Duration,
}

/// A request for a code that was read.
#[derive(Clone)]
pub(crate) struct CodeRequest {
    /// The request's own id, under which its code is used up.
    pub(crate) id: TokenId,
    /// The address, as a person typed it.
    pub(crate) address: String,
    /// The name of the backend at which the code logs in.
    pub(crate) backend: String,
    /// The keyed digest of the browser's cookie.
    pub(crate) browser: Option<String>,
    /// When the request expires.
    pub(crate) expires_at: Timestamp,
}

impl CodeRequest {
    /// How many codes may be sent for a request.
    pub(crate) const TRIES: u8 = 5;
}
