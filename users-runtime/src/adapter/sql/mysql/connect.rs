//! MySQL and MariaDB: connecting.

use std::str::FromStr;

use sqlx::{
    Executor as _, MySql, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

use crate::{
    adapter::sql::{PoolSettings, advice::cannot_connect, connection::Pools, lost::is_alive},
    domain::{Error, Result, Setting},
    port::BoxFuture,
};

/// Refuses values that do not fit their column instead of truncating them or storing zeros, independent of the server's
/// settings.
const STRICT: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
                      ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'";

/// Connects to a database URL such as `mysql://user:password@host/database`. sqlx sets the session to UTC and utf8mb4.
pub(in crate::adapter::sql) fn open<'a>(
    url: &'a str,
    settings: &'a PoolSettings,
) -> BoxFuture<'a, Result<Pools<MySql>>> {
    Box::pin(async move {
        // The cause may quote parts of the URL, which may contain a password.
        let options = MySqlConnectOptions::from_str(url).map_err(|_| {
            Error::setting(
                Setting::Database,
                "the MySQL URL cannot be parsed; its form is mysql://USER:PASSWORD@HOST:PORT/DATABASE",
            )
        })?;
        let pool = MySqlPoolOptions::new()
            .acquire_timeout(settings.acquire_timeout)
            .max_connections(settings.readers.max(1))
            // The store detects lost connections, without a round trip before every statement.
            .test_before_acquire(false)
            .before_acquire(|connection, rested| Box::pin(async move { Ok(is_alive(connection, rested).await) }))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(STRICT).await?;
                    Ok(())
                })
            });
        match pool.connect_with(options.clone()).await {
            Ok(pool) => Ok(share(pool).of_our_own()),
            Err(error) => Err(cannot_connect::<MySql>(error, &options, settings.acquire_timeout).await.into()),
        }
    })
}

/// Uses an existing pool for reads and writes.
pub(in crate::adapter::sql) fn share(pool: MySqlPool) -> Pools<MySql> {
    Pools::shared(pool, true)
}
