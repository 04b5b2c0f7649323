//! MySQL and MariaDB: opening a database.

use std::str::FromStr;

use sqlx::{
    Executor as _, MySql, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

use crate::{
    adapter::sql::{PoolSettings, store::Pools},
    domain::{Error, Result},
    port::StoreError,
};

/// What does not fit a column is refused and not cut, whatever the server is set to.
const STRICT: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'";

/// Opens the database of a URL such as `mysql://user:password@host/database`. sqlx sets the session to UTC and utf8mb4.
pub(in crate::adapter::sql) async fn open(url: &str, settings: &PoolSettings) -> Result<Pools<MySql>> {
    // The cause may quote parts of the URL, which may hold a password.
    let options = MySqlConnectOptions::from_str(url).map_err(|_| {
        Error::config("the MySQL URL is not understood; it reads mysql://USER:PASSWORD@HOST:PORT/DATABASE")
    })?;
    let pool = MySqlPoolOptions::new()
        .acquire_timeout(settings.acquire_timeout)
        .max_connections(settings.readers.max(1))
        // The store finds out by itself, without a round trip before every statement.
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(STRICT).await?;
                Ok(())
            })
        });
    let pool = pool.connect_with(options).await.map_err(|error| Error::Store(StoreError::unavailable(error)))?;
    Ok(share(pool))
}

/// Uses a pool that the application has already, for reads and writes.
pub(in crate::adapter::sql) fn share(pool: MySqlPool) -> Pools<MySql> {
    Pools { read: pool.clone(), write: pool }
}
