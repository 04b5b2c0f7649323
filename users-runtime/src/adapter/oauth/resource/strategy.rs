//! The strategy of a resource server.

use std::{fmt, future::ready, sync::Arc};

use serde_json::Value;

use super::{
    claims::Expected,
    keys::{KeySource, report},
};
use crate::{
    adapter::{
        jwt::{ForeignToken, Signature},
        oauth::{
            limits::Limits,
            profile::{Profile, read_json},
        },
    },
    domain::{
        AccessToken, Login,
        oauth::{ExternalIdentity, ProviderToken},
    },
    event::{self, operation},
    port::{BoxFuture, Clock, ExternalSession, ProviderError, Resolved, Strategy, StrategyError},
};

/// Accepts access tokens of an issuer. Built from [`ResourceServer`](super::ResourceServer).
pub(crate) struct IssuerTokens {
    keys: KeySource,
    expected: Expected,
    clock: Arc<dyn Clock>,
    /// The limits of calls to the userinfo endpoint.
    limits: Limits,
}

impl IssuerTokens {
    pub(super) fn new(keys: KeySource, expected: Expected, clock: Arc<dyn Clock>) -> Self {
        Self { keys, expected, clock, limits: Limits::default() }
    }

    /// Returns the content of a token, or the reason why it is refused. The issuer is queried only for a token that
    /// would otherwise be valid.
    async fn read(&self, token: &str) -> Result<ExternalSession, ProviderError> {
        let refused = |reason| Err(ProviderError::failed(reason));
        let Some(token) = ForeignToken::read(token) else { return refused("it is no JWT") };
        let session = self.expected.check(&token, self.clock.now()).map_err(ProviderError::failed)?;
        let known = self.keys.current().await?;
        match known.keys.check(&token) {
            Signature::Valid => return Ok(session),
            Signature::Invalid => return refused("the signature is not valid"),
            Signature::UnknownKey => {}
        }
        let Some(newer) = self.keys.newer(&known).await? else {
            return refused("it names an unknown key, as too many before it did");
        };
        match newer.keys.check(&token) {
            Signature::Valid => Ok(session),
            Signature::Invalid => refused("the signature is not valid"),
            Signature::UnknownKey => refused("it names an unknown key"),
        }
    }

    /// Adds the claims of the userinfo endpoint, if it is about the same subject. A statement in the token about an
    /// address that it does not contain is ignored.
    async fn add_userinfo(
        &self,
        token: &AccessToken,
        identity: ExternalIdentity,
    ) -> Result<ExternalIdentity, ProviderError> {
        let known = self.keys.current().await?;
        let Some(endpoint) = &known.userinfo else { return Ok(identity) };
        let token = ProviderToken::new(token.secret());
        let read = read_json(self.keys.http(), endpoint, &token);
        let Some(Value::Object(more)) = self.limits.within(self.keys.is_limited(), read).await? else {
            return Ok(identity);
        };
        let mut claims = identity.claims;
        // With another claim as the subject, `sub` still is the same in both.
        if !more.get("sub").is_some_and(|subject| subject.is_string() && claims.get("sub") == Some(subject)) {
            return Err(ProviderError::failed("the userinfo endpoint is about another subject"));
        }
        Profile::OPENID.add(&mut claims, more);
        Ok(Profile::OPENID.person(identity.subject, claims))
    }
}

impl Strategy for IssuerTokens {
    fn issue<'a>(&'a self, _: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>> {
        Box::pin(ready(Err(StrategyError::unavailable("tokens of this backend are issued by another service"))))
    }

    /// Also returns `None` if the issuer does not respond: it is then not known whether the token is valid.
    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>> {
        Box::pin(async move {
            Ok(match self.read(token.secret()).await {
                Ok(session) => Some(Resolved::External(session)),
                Err(error) => {
                    let cause = event::cause(&error);
                    operation!(DEBUG, "access_token_refused", "an access token of another issuer is refused", cause);
                    None
                }
            })
        })
    }

    /// Does nothing: the token was issued by another service.
    fn revoke<'a>(&'a self, _: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(ready(Ok(())))
    }

    fn issues_tokens(&self) -> bool {
        false
    }

    /// Queries the userinfo endpoint. If it returns no address, the identity stays without one.
    fn complete<'a>(
        &'a self,
        token: &'a AccessToken,
        identity: ExternalIdentity,
    ) -> BoxFuture<'a, Result<ExternalIdentity, StrategyError>> {
        Box::pin(async move {
            Ok(self.add_userinfo(token, identity.clone()).await.unwrap_or_else(|error| {
                report(&self.expected.issuer, &error);
                identity
            }))
        })
    }
}

impl fmt::Debug for IssuerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerTokens").field("expected", &self.expected).finish_non_exhaustive()
    }
}
