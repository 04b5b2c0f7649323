//! Events that are counted before an operation, and given back if the operation turns out to be legitimate.

use serde_json::Value;

use super::{Users, challenges::Needed};
use crate::{
    domain::{AddressPrefix, Limit, LimitReached},
    event::{
        self, EventKind, SecurityEvent,
        metric::{self, LimitDecision},
        operation,
    },
    port::{
        BoxFuture, ChallengeUnavailable, CounterKey, CountersUnavailable, Decision, Draw, RequestContext, Settlement,
    },
    user::AuthUser,
};

/// The reason why an operation is refused before it is done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Limited {
    #[error("a limit is reached: {}", .0.limit.name())]
    Reached(LimitReached),
    #[error("a challenge must be solved first")]
    Challenged {
        challenge: Value,
        /// Why the client's response to the challenge is not accepted.
        reason: &'static str,
    },
    #[error(transparent)]
    Unavailable(#[from] CountersUnavailable),
    #[error(transparent)]
    NoChallenge(#[from] ChallengeUnavailable),
}

/// An event that was counted, or none if the limit is off.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Counted(pub(crate) Vec<Draw>);

impl<U: AuthUser> Users<U> {
    /// Returns the network of the client of a request.
    pub(super) fn network_of(&self, cx: &RequestContext) -> Option<AddressPrefix> {
        cx.client().map(|address| AddressPrefix::of(address, self.inner().limits.ipv6_bits()))
    }

    /// Counts an event of a limit per address. A call from code is not limited, and neither is a client whose address
    /// the server does not provide.
    pub(crate) fn count_by_address<'a>(
        &'a self,
        limit: Limit,
        kind: EventKind,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<Counted, Limited>> {
        Box::pin(async move {
            let network = self.network_of(cx).map(|network| network.to_string());
            self.count(&[(limit, network.as_deref())], SecurityEvent::new(kind, cx), cx).await
        })
    }

    /// Counts an event of a limit per user.
    pub(crate) fn count_by_user<'a>(
        &'a self,
        limit: Limit,
        id: &'a U::Id,
        kind: EventKind,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<Counted, Limited>> {
        Box::pin(
            async move { self.count(&[(limit, Some(&id.to_string()))], SecurityEvent::new(kind, cx).of(id), cx).await },
        )
    }

    /// Counts an event of two limits of one user, or of neither. `attempt` is its event if one of them refuses it.
    #[cfg(feature = "totp")]
    pub(crate) async fn count_of_both(
        &self,
        limits: [Limit; 2],
        whose: &str,
        attempt: SecurityEvent,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        self.count(&limits.map(|limit| (limit, Some(whose))), attempt, cx).await
    }

    async fn count(
        &self,
        wanted: &[(Limit, Option<&str>)],
        attempt: SecurityEvent,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        let counted = self.take_limited(wanted, cx).await;
        self.record_limited(&counted, attempt);
        counted
    }

    /// Records that an attempt is refused because a limit is reached or a challenge is not solved, if it is.
    pub(crate) fn record_limited<T>(&self, counted: &Result<T, Limited>, attempt: SecurityEvent) {
        match counted {
            Err(Limited::Reached(reached)) => self.record(&attempt.beyond(reached.limit)),
            Err(Limited::Challenged { reason, .. }) => self.record(&attempt.refused(reason)),
            _ => {}
        }
    }

    /// Returns the event of a limit, unless it is off.
    pub(super) fn draw(&self, limit: Limit, whose: &str) -> Option<Draw> {
        let rule = self.inner().limits.rule(limit)?;
        Some(Draw::new(CounterKey::of(limit.name(), whose), rule))
    }

    /// Takes one event of each of these limits, or of none of them. `whose` is `None` if it is not known whose event it is. A
    /// call from code is not limited. Records nothing.
    pub(super) async fn take_limited(
        &self,
        wanted: &[(Limit, Option<&str>)],
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        if cx.headers().is_none() {
            return Ok(Counted::default());
        }
        let drawn = wanted.iter().filter_map(|(limit, whose)| Some((*limit, self.draw(*limit, (*whose)?)?)));
        let drawn: Vec<_> = drawn.collect();
        let Some(challenges) = &self.inner().challenges else { return self.take(drawn).await };
        match challenges.needed(wanted) {
            Needed::Never => return self.take(drawn).await,
            Needed::Beyond(before) => {
                let all: Vec<_> = drawn.iter().map(|(_, draw)| draw.clone()).chain(before).collect();
                if self.inner().counters.take(&all, self.now()).await?.is_taken() {
                    decided(drawn.iter().map(|(limit, _)| *limit), LimitDecision::Allowed);
                    return Ok(Counted(all));
                }
            }
            Needed::Always => {}
        }
        // A client that has to wait anyway need not solve a challenge.
        let counted = self.take(drawn).await?;
        match self.require_solution(challenges, cx).await {
            Ok(()) => Ok(counted),
            Err(limited) => {
                self.give_back(counted).await;
                Err(limited)
            }
        }
    }

    /// Takes these events, each from its limit, or none of them. Records nothing.
    pub(crate) fn take<'a>(&'a self, wanted: Vec<(Limit, Draw)>) -> BoxFuture<'a, Result<Counted, Limited>> {
        Box::pin(async move {
            if wanted.is_empty() {
                return Ok(Counted::default());
            }
            let (limits, draws): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
            let decided = |decision| decided(limits.iter().copied(), decision);
            let (by, wait) = match self.inner().counters.take(&draws, self.now()).await {
                Ok(Decision::Taken) => {
                    decided(LimitDecision::Allowed);
                    return Ok(Counted(draws));
                }
                Ok(Decision::Refused { by, wait }) => (by, wait),
                Err(error) => {
                    decided(LimitDecision::Unknown);
                    return Err(error.into());
                }
            };
            let (limit, rule) = limits.get(by).zip(draws.get(by)).map_or_else(
                || (Limit::LoginClient, crate::domain::Backoff::new(1, wait).into()),
                |(limit, draw)| (*limit, draw.rule),
            );
            let is_passed_on = limit == Limit::LoginKnown;
            let decision = if is_passed_on { LimitDecision::PassedOn } else { LimitDecision::Refused };
            metric::limit_decided(limit.name(), decision);
            Err(Limited::Reached(LimitReached { limit, rule, wait }))
        })
    }

    /// Gives back the events of a flow with a provider that ended with a login: its callback, and one start from this address.
    #[cfg(feature = "oauth")]
    pub(crate) fn flow_succeeded<'a>(&'a self, mut counted: Counted, cx: &'a RequestContext) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(network) = self.network_of(cx) {
                counted.0.extend(self.draw(Limit::OAuthStart, &network.to_string()));
            }
            self.give_back(counted).await;
        })
    }

    /// Gives counted events back. If this fails, they stay counted.
    pub(crate) fn give_back<'a>(&'a self, counted: Counted) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.settle(Settlement::give_back(counted.0)).await;
        })
    }

    /// Changes counters after an operation whose outcome does not depend on it.
    pub(super) fn settle<'a>(&'a self, settlement: Settlement) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if settlement.is_empty() {
                return;
            }
            if let Err(error) = self.inner().counters.settle(&settlement, self.now()).await {
                let cause = event::cause(&error);
                operation!(WARN, "share_lost", "what did not happen, or was no attack, stays counted", cause);
            }
        })
    }
}

fn decided(limits: impl Iterator<Item = Limit>, decision: LimitDecision) {
    limits.for_each(|limit| metric::limit_decided(limit.name(), decision));
}
