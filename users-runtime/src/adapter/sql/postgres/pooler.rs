//! Poolers such as PgBouncer in transaction mode, where the statements of one connection may run on different sessions of
//! the server.

use sqlx::{
    Connection as _, Error as SqlError, Executor as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgPool},
};
use zeroize::Zeroizing;

use crate::domain::{Error, Result, Setting};

/// The statements of the check, one for each attempt: another client of the pooler may take the session that it waits for.
/// Each is new, so that both connections give it the same name.
const SESSION: [&str; 3] =
    ["SELECT pg_backend_pid()", "SELECT pg_backend_pid() AS second", "SELECT pg_backend_pid() AS third"];

const UNSUPPORTED: &str = "the database URL leads to a pooler in transaction mode that does not support prepared \
     statements. Use PgBouncer 1.21 or later with max_prepared_statements above 0, session mode, or a direct connection";

const NOT_KEPT: &str = "the database URL leads to a pooler in transaction mode, which statement-cache-capacity=0 cannot \
     work with. Remove it, and use PgBouncer 1.21 or later with max_prepared_statements above 0";

const STARTUP: &str = "the database URL leads to a pooler that refuses the parameter extra_float_digits. In PgBouncer, set \
     ignore_startup_parameters = extra_float_digits";

/// Returns `true` if connections with these options keep prepared statements. sqlx has no method for it, and its
/// `to_url_lossy` panics for some hosts.
pub(super) fn keeps_statements(pool: &PgPool) -> bool {
    let options = Zeroizing::new(format!("{:?}", pool.connect_options())); // contains the password
    !options.contains("statement_cache_capacity: 0")
}

/// Returns the error of a pooler that refuses connections of sqlx.
pub(super) fn refusal(error: &SqlError) -> Option<Error> {
    let SqlError::Database(refusal) = error else { return None };
    let startup = refusal.message().contains("unsupported startup parameter");
    startup.then(|| Error::setting(Setting::Database, STARTUP))
}

/// Refuses a pooler in transaction mode that does not support prepared statements.
///
/// Without this support, a statement is either unknown to the server's session or, since all connections use the same
/// names, a different statement.
pub(super) async fn check(options: &PgConnectOptions, keeps_statements: bool) -> Result<()> {
    match is_shared(options, keeps_statements).await {
        Ok(true) if !keeps_statements => Err(Error::setting(Setting::Database, NOT_KEPT)),
        Err(error) if is_confused(&error) => Err(Error::setting(Setting::Database, UNSUPPORTED)),
        // An error: the pool has connections already, and the server may not accept more.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Returns `true` if two connections share a session of the server.
async fn is_shared(options: &PgConnectOptions, keeps_statements: bool) -> std::result::Result<bool, SqlError> {
    let mut first = PgConnection::connect_with(options).await?;
    let mut second = PgConnection::connect_with(options).await?;
    let sessions = async {
        for statement in SESSION {
            let of_first = session(&mut first, statement, keeps_statements).await?;
            second.execute(sqlx::raw_sql("BEGIN")).await?; // holds the session that was used last
            let of_second = session(&mut second, statement, keeps_statements).await?;
            second.execute(sqlx::raw_sql("ROLLBACK")).await?;
            if of_first == of_second {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let shared = sessions.await;
    for connection in [first, second] {
        let _lost = connection.close().await;
    }
    shared
}

/// Returns the process that runs the statements of a connection, prepared if possible.
async fn session(
    connection: &mut PgConnection,
    statement: &'static str,
    prepare: bool,
) -> std::result::Result<i32, SqlError> {
    let rows = if prepare {
        sqlx::query(statement).fetch_all(connection).await?
    } else {
        // As text: the simple protocol prepares nothing.
        connection.fetch_all(sqlx::raw_sql(statement)).await?
    };
    rows.first().ok_or(SqlError::RowNotFound)?.try_get(0)
}

/// Returns `true` if a prepared statement is unknown to the session, or another one with its name exists already.
fn is_confused(error: &SqlError) -> bool {
    const NO_SUCH_STATEMENT: &str = "26000";
    const STATEMENT_EXISTS: &str = "42P05";
    let SqlError::Database(refusal) = error else { return matches!(error, SqlError::Protocol(_)) };
    refusal.code().is_some_and(|code| [NO_SUCH_STATEMENT, STATEMENT_EXISTS].contains(&&*code))
}
