//! Events that are taken from counters before an operation, and given back if it turns out to be none of an attacker.

use super::Users;
use crate::{
    domain::{AddressPrefix, Limit, LimitReached},
    event::{
        self, EventKind, SecurityEvent,
        metric::{self, LimitDecision},
        operation,
    },
    port::{CounterKey, CountersUnavailable, Decision, Draw, RequestContext, Settlement},
    user::AuthUser,
};

/// The reason why an operation is refused before it is done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Limited {
    #[error("a limit is reached: {}", .0.limit.name())]
    Reached(LimitReached),
    #[error(transparent)]
    Unavailable(#[from] CountersUnavailable),
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

    /// Counts an event of a limit per address. A call from code is not limited, and neither is a client whose address the
    /// server does not tell.
    pub(crate) async fn count_by_address(
        &self,
        limit: Limit,
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        let Some(network) = self.network_of(cx) else { return Ok(Counted::default()) };
        self.count(limit, &network.to_string(), SecurityEvent::new(kind, cx)).await
    }

    /// Counts an event of a limit per user.
    pub(crate) async fn count_by_user(
        &self,
        limit: Limit,
        id: &U::Id,
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<Counted, Limited> {
        if cx.headers().is_none() {
            return Ok(Counted::default());
        }
        self.count(limit, &id.to_string(), SecurityEvent::new(kind, cx).of(id)).await
    }

    async fn count(&self, limit: Limit, whose: &str, attempt: SecurityEvent) -> Result<Counted, Limited> {
        let draws = self.draw(limit, whose).into_iter().map(|draw| (limit, draw));
        let counted = self.take(draws.collect()).await;
        self.record_limited(&counted, attempt);
        counted
    }

    /// Records that an attempt is refused because a limit is reached, if it is.
    pub(crate) fn record_limited<T>(&self, counted: &Result<T, Limited>, attempt: SecurityEvent) {
        if let Err(Limited::Reached(reached)) = counted {
            self.record(&attempt.beyond(reached.limit));
        }
    }

    /// Returns the event of a limit, unless it is off.
    pub(super) fn draw(&self, limit: Limit, whose: &str) -> Option<Draw> {
        let rule = self.inner().limits.rule(limit)?;
        Some(Draw::new(CounterKey::of(limit.name(), whose), rule))
    }

    /// Takes these events, each from its limit, or none of them. Records nothing.
    pub(crate) async fn take(&self, wanted: Vec<(Limit, Draw)>) -> Result<Counted, Limited> {
        if wanted.is_empty() {
            return Ok(Counted::default());
        }
        let (limits, draws): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
        let decided = |decision| limits.iter().for_each(|limit| metric::limit_decided(limit.name(), decision));
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
