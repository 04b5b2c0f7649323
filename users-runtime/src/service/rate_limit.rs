//! Events that are taken from counters before an operation, and given back if it turns out to be none of an attacker.

use serde_json::Value;

use super::{Users, challenges::Needed};
use crate::{
    domain::{AddressPrefix, Limit, LimitReached},
    event::{
        self, EventKind, Outcome,
        metric::{self, LimitDecision},
        operation,
    },
    port::{ChallengeUnavailable, CounterKey, CountersUnavailable, Decision, Draw, RequestContext, Settlement},
    user::AuthUser,
};

/// The reason why an operation is refused before it is done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Limited {
    #[error("a limit is reached: {}", .0.limit.name())]
    Reached(LimitReached),
    #[error("a challenge must be solved first")]
    Challenged(Value),
    #[error(transparent)]
    Unavailable(#[from] CountersUnavailable),
    #[error(transparent)]
    NoChallenge(#[from] ChallengeUnavailable),
}

/// An event that was counted, or none if the limit is off.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Counted(pub(super) Vec<Draw>);

impl<U: AuthUser> Users<U> {
    /// Returns the network of the client of a request.
    pub(super) fn network_of(&self, cx: &RequestContext) -> Option<AddressPrefix> {
        cx.client().map(|address| AddressPrefix::of(address, self.inner().limits.ipv6_bits()))
    }

    /// Counts an event of a limit per address. A call from code is not limited, and neither is a client whose address the
    /// server does not tell.
    pub(crate) async fn count_by_address(
        &self,
        limit: Limit,
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        let network = self.network_of(cx).map(|network| network.to_string());
        self.take(&[(limit, network.as_deref())], kind, cx).await
    }

    /// Counts an event of a limit per user.
    pub(crate) async fn count_by_user(
        &self,
        limit: Limit,
        id: &U::Id,
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        self.take(&[(limit, Some(&id.to_string()))], kind, cx).await
    }

    /// Returns the event of a limit, unless it is off.
    pub(super) fn draw(&self, limit: Limit, whose: &str) -> Option<Draw> {
        let rule = self.inner().limits.rule(limit)?;
        Some(Draw::new(CounterKey::of(limit.name(), whose), rule))
    }

    /// Takes one event of each of these limits, or of none of them. `whose` is `None` if it is not known whose event it is. A
    /// call from code is not limited.
    pub(super) async fn take(
        &self,
        wanted: &[(Limit, Option<&str>)],
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        if cx.headers().is_none() {
            return Ok(Counted::default());
        }
        let drawn = wanted.iter().filter_map(|(limit, whose)| Some((*limit, self.draw(*limit, (*whose)?)?)));
        let (limits, draws): (Vec<_>, Vec<_>) = drawn.unzip();
        let Some(challenges) = &self.inner().challenges else { return self.take_all(&limits, draws, kind, cx).await };
        match challenges.needed(wanted) {
            Needed::Never => return self.take_all(&limits, draws, kind, cx).await,
            Needed::Beyond(before) => {
                let all = [draws.clone(), before].concat();
                if self.inner().counters.take(&all, self.now()).await?.is_taken() {
                    decided(&limits, LimitDecision::Allowed);
                    return Ok(Counted(all));
                }
            }
            Needed::Always => {}
        }
        // A client that has to wait anyway is not asked to solve a challenge.
        let counted = self.take_all(&limits, draws, kind, cx).await?;
        match self.require_solution(challenges, kind, cx).await {
            Ok(()) => Ok(counted),
            Err(limited) => {
                self.give_back(counted).await;
                Err(limited)
            }
        }
    }

    /// Takes these events, whose limits are `limits`, or none of them.
    async fn take_all(
        &self,
        limits: &[Limit],
        draws: Vec<Draw>,
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        if draws.is_empty() {
            return Ok(Counted::default());
        }
        let (by, wait) = match self.inner().counters.take(&draws, self.now()).await {
            Ok(Decision::Taken) => {
                decided(limits, LimitDecision::Allowed);
                return Ok(Counted(draws));
            }
            Ok(Decision::Refused { by, wait }) => (by, wait),
            Err(error) => {
                decided(limits, LimitDecision::Unknown);
                return Err(error.into());
            }
        };
        let (limit, rule) = limits.get(by).zip(draws.get(by)).map_or_else(
            || (Limit::LoginClient, crate::domain::Backoff::new(1, wait).into()),
            |(limit, draw)| (*limit, draw.rule),
        );
        metric::limit_decided(limit.name(), LimitDecision::Refused);
        event::record(kind, Outcome::Refused(limit.reason()), None, None, cx);
        Err(Limited::Reached(LimitReached { limit, rule, wait }))
    }

    /// Gives back what a flow with a provider has counted that ended with a login: its callback, and a start from this address.
    #[cfg(feature = "oauth")]
    pub(crate) async fn flow_succeeded(&self, mut counted: Counted, cx: &RequestContext) {
        if let Some(network) = self.network_of(cx) {
            counted.0.extend(self.draw(Limit::OAuthStart, &network.to_string()));
        }
        self.give_back(counted).await;
    }

    /// Gives counted events back. If they cannot be, they stay counted.
    pub(crate) async fn give_back(&self, counted: Counted) {
        self.settle(Settlement::give_back(counted.0)).await;
    }

    /// Changes counters after an operation whose outcome does not depend on it.
    pub(super) async fn settle(&self, settlement: Settlement) {
        if settlement.is_empty() {
            return;
        }
        if let Err(error) = self.inner().counters.settle(&settlement, self.now()).await {
            let cause = event::cause(&error);
            operation!(WARN, "share_lost", "what did not happen, or was no attack, stays counted", cause);
        }
    }
}

fn decided(limits: &[Limit], decision: LimitDecision) {
    limits.iter().for_each(|limit| metric::limit_decided(limit.name(), decision));
}
