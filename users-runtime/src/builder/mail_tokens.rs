//! The settings of mailed tokens, combined from the builder, the policy and the backends.

use std::sync::Arc;

use super::{Backend, UsersBuilder};
use crate::{
    adapter::{
        jwt::{MailTokenSettings, Purpose, ensure_distinct_audiences},
        password::Hashing,
    },
    compat::UntilThen,
    domain::{Relaxation, Result},
    port::MailTokens,
    user::AuthUser,
};

impl<U: AuthUser> UsersBuilder<U> {
    /// Compares every audience with every other: for purposes that share a key, only the audience distinguishes their tokens.
    pub(super) fn check_audiences(&self, mail_tokens: &MailTokenSettings) -> Result<()> {
        let access = self.backends.iter().flat_map(Backend::audiences).map(|audience| (Purpose::Access, &**audience));
        let fixed = Purpose::WITH_FIXED_AUDIENCES.map(|purpose| (purpose, purpose.default_audience()));
        ensure_distinct_audiences(access.chain(mail_tokens.audiences()).chain(fixed))
    }

    /// Accepts the format of fastapi-users until the time that the policy sets, unless the application chose a format.
    pub(super) fn build_mail_tokens(
        &self,
        config: MailTokenSettings,
        hasher: &Arc<Hashing>,
    ) -> Result<Arc<dyn MailTokens>> {
        let build = |config: MailTokenSettings| {
            let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
            config.build(&self.secret, clock, random, Arc::clone(hasher) as _)
        };
        let tokens = build(config)?;
        Ok(match self.policy.upstream_tokens_until() {
            Some(until) if self.mail_tokens.is_none() => {
                let ours = build(self.lifetimes(MailTokenSettings::new()))?;
                Arc::new(UntilThen::new(tokens, ours, until, Arc::clone(&self.clock)))
            }
            _ => Arc::new(tokens),
        })
    }

    pub(super) fn mail_token_settings(&self) -> MailTokenSettings {
        self.lifetimes(match &self.mail_tokens {
            Some(config) => config.clone(),
            None if self.policy.allows(Relaxation::UpstreamTokens) => MailTokenSettings::fastapi_users(),
            None => MailTokenSettings::new(),
        })
    }

    fn lifetimes(&self, mut config: MailTokenSettings) -> MailTokenSettings {
        if let Some(lifetime) = self.reset_lifetime {
            config = config.reset_lifetime(lifetime);
        }
        if let Some(lifetime) = self.verify_lifetime {
            config = config.verify_lifetime(lifetime);
        }
        config
    }
}
