//! The combinations of database, strategy and transport.

use std::{fmt, time::Duration};

use axum_users::{Backend, Bearer, Cookie, DatabaseSessions, Jwt, Redis};

use crate::{database::DatabaseKind, support::Carrier};

/// The token strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    Jwt,
    Database,
    Redis,
}

/// One combination that an application can configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Combination {
    pub database: DatabaseKind,
    pub strategy: Strategy,
    pub transport: Carrier,
}

/// The lifetimes of sessions; `None` is the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ends {
    pub lifetime: Option<Duration>,
    pub idle: Option<Duration>,
    pub at_most: Option<u32>,
    /// Sessions do not expire.
    pub never: bool,
}

impl Strategy {
    pub const ALL: [Self; 3] = [Self::Jwt, Self::Database, Self::Redis];

    /// Returns whether sessions are stored, so that they can be listed, counted and timed out when idle.
    pub fn keeps_sessions(self) -> bool {
        self != Self::Jwt
    }
}

impl Combination {
    /// Returns every combination, grouped by database.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for database in DatabaseKind::ALL {
            for strategy in Strategy::ALL {
                all.extend(Carrier::BOTH.map(|transport| Self { database, strategy, transport }));
            }
        }
        all
    }

    /// Returns whether this is the transport of the database and the strategy that [`without_repetition`] prefers.
    fn is_preferred(self) -> bool {
        let is_even = (self.database as usize + self.strategy as usize).is_multiple_of(2);
        is_even == (self.transport == Carrier::Bearer)
    }

    /// Creates the backend `name`, with `redis` for the Redis strategy.
    pub fn backend(self, name: &str, ends: Ends, redis: Redis) -> Backend {
        match (self.strategy, self.transport) {
            (Strategy::Jwt, Carrier::Bearer) => Backend::new(name, Bearer, ends.of_jwt()),
            (Strategy::Jwt, Carrier::Cookie) => Backend::new(name, Cookie::new(), ends.of_jwt()),
            (Strategy::Database, Carrier::Bearer) => Backend::new(name, Bearer, ends.of_sessions()),
            (Strategy::Database, Carrier::Cookie) => Backend::new(name, Cookie::new(), ends.of_sessions()),
            (Strategy::Redis, Carrier::Bearer) => Backend::new(name, Bearer, ends.of_sessions().in_redis(redis)),
            (Strategy::Redis, Carrier::Cookie) => Backend::new(name, Cookie::new(), ends.of_sessions().in_redis(redis)),
        }
    }
}

/// Keeps one transport of each database and strategy, unless `MATRIX=all`. If both transports of all are given, each database and
/// each strategy keeps both.
pub fn without_repetition(given: Vec<Combination>) -> Vec<Combination> {
    if std::env::var_os("MATRIX").is_some_and(|value| value == "all") {
        return given;
    }
    let is_of_same = |one: &Combination, other: &Combination| {
        (one.database, one.strategy) == (other.database, other.strategy) && one != other
    };
    let is_only = |one: &Combination| !given.iter().any(|other| is_of_same(one, other));
    given.iter().copied().filter(|one| one.is_preferred() || is_only(one)).collect()
}

impl Ends {
    /// Creates lifetimes from the seconds after a login and the seconds after a use.
    pub fn after(lifetime: u64, idle: u64) -> Self {
        let (lifetime, idle) = (Duration::from_secs(lifetime), Duration::from_secs(idle));
        Self { lifetime: Some(lifetime), idle: Some(idle), ..Self::default() }
    }

    fn of_jwt(self) -> Jwt {
        let config = self.lifetime.into_iter().fold(Jwt::new(), Jwt::lifetime);
        if self.never { config.never_expires() } else { config }
    }

    fn of_sessions(self) -> DatabaseSessions {
        let config = self.lifetime.into_iter().fold(DatabaseSessions::new(), DatabaseSessions::lifetime);
        let config = self.idle.into_iter().fold(config, DatabaseSessions::idle);
        let config = self.at_most.into_iter().fold(config, DatabaseSessions::at_most);
        if self.never { config.never_expires() } else { config }
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{} × {:?} × {:?}", self.database, self.strategy, self.transport);
        f.write_str(&text)
    }
}

#[test]
fn without_repetition_every_two_of_database_strategy_and_transport_occur_together() {
    let (all, kept) = (Combination::all(), without_repetition(Combination::all()));
    assert!(kept.len() == 9 || kept.len() == all.len());
    for one in &all {
        let occur = |same: fn(&Combination, &Combination) -> bool| kept.iter().any(|other| same(one, other));
        assert!(occur(|one, other| (one.database, one.strategy) == (other.database, other.strategy)), "{one}");
        assert!(occur(|one, other| (one.database, one.transport) == (other.database, other.transport)), "{one}");
        assert!(occur(|one, other| (one.strategy, one.transport) == (other.strategy, other.transport)), "{one}");
    }
    // A scenario of one transport keeps all databases and strategies.
    let cookies: Vec<_> = all.into_iter().filter(|one| one.transport == Carrier::Cookie).collect();
    assert_eq!(without_repetition(cookies.clone()), cookies);
}
