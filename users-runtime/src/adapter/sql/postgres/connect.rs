//! PostgreSQL: connecting.

use std::str::FromStr;

use sqlx::{
    PgPool, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    adapter::sql::{PoolSettings, advice::cannot_connect, connection::Pools, lost::is_alive, postgres::pooler},
    domain::{Error, Result, Setting},
    port::BoxFuture,
};

/// Connects to a database URL such as `postgres://user:password@host/database`. sqlx sets the session to UTC.
pub(in crate::adapter::sql) fn open<'a>(
    url: &'a str,
    settings: &'a PoolSettings,
) -> BoxFuture<'a, Result<Pools<Postgres>>> {
    Box::pin(async move {
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
            .test_before_acquire(false)
            .before_acquire(|connection, rested| Box::pin(async move { Ok(is_alive(connection, rested).await) }));
        match pool.connect_with(options.clone()).await {
            Ok(pool) => {
                let pools = share(pool).of_our_own();
                pooler::check(&options, pools.keep_statements).await?;
                Ok(pools)
            }
            Err(error) => match pooler::refusal(&error) {
                Some(refusal) => Err(refusal),
                None => Err(cannot_connect::<Postgres>(error, &options, settings.acquire_timeout).await.into()),
            },
        }
    })
}

/// Uses an existing pool for reading and writing.
pub(in crate::adapter::sql) fn share(pool: PgPool) -> Pools<Postgres> {
    let keep_statements = pooler::keeps_statements(&pool);
    Pools::shared(pool, keep_statements)
}
