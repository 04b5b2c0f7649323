//! Mailed tokens in fastapi-users' form until an agreed time, and in ours from then on.

use std::sync::Arc;

use super::JwtMailTokens;
use crate::{
    domain::{ResetToken, Timestamp, VerifyToken},
    port::{BoxFuture, Clock, MailToken, MailTokenError, MailTokens, TokenSubject},
};

/// Which of two forms counts is a matter of the time.
///
/// Ours are read before `until` as well, so that a node whose clock is ahead, or one that already knows nothing of the
/// other form, mails nothing in vain.
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
        let upstreams = || (!self.is_over()).then(|| read(&self.before)).flatten();
        read(&self.after).or_else(upstreams)
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
