//! PostgreSQL: connecting.

use std::str::FromStr;

use sqlx::{
    PgPool, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    adapter::sql::{PoolSettings, advice::cannot_connect, connection::Pools, postgres::pooler},
    domain::{Error, Result, Setting},
};

/// Connects to a database URL such as `postgres://user:password@host/database`. sqlx sets the session to UTC.
pub(in crate::adapter::sql) async fn open(url: &str, settings: &PoolSettings) -> Result<Pools<Postgres>> {
    // The cause may quote parts of the URL, which may contain a password.
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        Error::setting(
            Setting::Database,
            "the PostgreSQL URL cannot be parsed; its form is postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        )
    })?;
    let pool = PgPoolOptions::new()
        .acquire_timeout(settings.acquire_timeout)
        .max_connections(settings.readers.max(1))
        // The store detects lost connections, without a round trip before every statement.
        .test_before_acquire(false);
    match pool.connect_with(options.clone()).await {
        Ok(pool) => {
            let pools = share(pool);
            pooler::check(&options, pools.keep_statements).await?;
            Ok(pools)
        }
        Err(error) => match pooler::refusal(&error) {
            Some(refusal) => Err(refusal),
            None => Err(cannot_connect::<Postgres>(error, &options, settings.acquire_timeout).await.into()),
        },
    }
}

/// Uses an existing pool for reads and writes.
pub(in crate::adapter::sql) fn share(pool: PgPool) -> Pools<Postgres> {
    let keep_statements = pooler::keeps_statements(&pool);
    Pools::shared(pool, keep_statements)
}
