//! Mailed tokens in the form of fastapi-users until a given time, and in that of axum-users from then on.

use std::sync::Arc;

use crate::{
    adapter::jwt::JwtMailTokens,
    domain::{ResetToken, Timestamp, VerifyToken},
    port::{BoxFuture, Clock, MailToken, MailTokenError, MailTokens, TokenSubject},
};

/// Selects the form of mailed tokens by the time.
///
/// Tokens in the form of axum-users are also accepted before `until`, so that those of a node whose clock is ahead, or
/// that was already configured without the other form, are valid.
pub(crate) struct UntilThen {
    before: JwtMailTokens,
    after: JwtMailTokens,
    until: Timestamp,
    clock: Arc<dyn Clock>,
}

impl UntilThen {
    pub(crate) fn new(before: JwtMailTokens, after: JwtMailTokens, until: Timestamp, clock: Arc<dyn Clock>) -> Self {
        Self { before, after, until, clock }
    }

    fn is_over(&self) -> bool {
        self.until <= self.clock.now()
    }

    fn current(&self) -> &JwtMailTokens {
        if self.is_over() { &self.after } else { &self.before }
    }

    fn read(&self, read: impl Fn(&JwtMailTokens) -> Option<MailToken>) -> Option<MailToken> {
        let upstream = || (!self.is_over()).then(|| read(&self.before)).flatten();
        read(&self.after).or_else(upstream)
    }
}

impl MailTokens for UntilThen {
    fn mint_reset<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<ResetToken, MailTokenError>> {
        self.current().mint_reset(of)
    }

    fn read_reset(&self, token: &ResetToken) -> Option<MailToken> {
        self.read(|tokens| tokens.read_reset(token))
    }

    fn mint_verify<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<VerifyToken, MailTokenError>> {
        self.current().mint_verify(of)
    }

    fn read_verify(&self, token: &VerifyToken) -> Option<MailToken> {
        self.read(|tokens| tokens.read_verify(token))
    }

    /// Both forms derive the key of the digest from the same secret; the bindings of fastapi-users need no key.
    fn is_bound<'a>(
        &'a self,
        token: &'a MailToken,
        to: TokenSubject<'a>,
    ) -> BoxFuture<'a, Result<bool, MailTokenError>> {
        self.after.is_bound(token, to)
    }
}
