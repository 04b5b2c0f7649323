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
