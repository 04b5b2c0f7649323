//! Poolers such as PgBouncer in transaction mode, where the statements of one connection may run on different sessions of
//! the server.

use sqlx::{
    Connection as _, Error as SqlError, Executor as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgPool},
};
use zeroize::Zeroizing;

use crate::domain::{Error, Result, Setting};

/// How often the check is repeated. Another client of the pooler may take the session that the check waits for.
const ATTEMPTS: u32 = 3;

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

/// Refuses a pooler in transaction mode that cannot work.
///
/// Without support for prepared statements, a statement is either unknown to the server's session or, since all
/// connections use the same names, another one.
pub(super) async fn check(options: &PgConnectOptions, keeps_statements: bool) -> Result<()> {
    for _ in 0..ATTEMPTS {
        match is_shared(options, keeps_statements).await {
            Ok(false) => {}
            Ok(true) if keeps_statements => return Ok(()),
            Ok(true) => return Err(Error::setting(Setting::Database, NOT_KEPT)),
            Err(error) if is_confused(&error) => return Err(Error::setting(Setting::Database, UNSUPPORTED)),
            // The pool has connections already; the server may not accept more.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Returns `true` if two connections share a session of the server.
async fn is_shared(options: &PgConnectOptions, keeps_statements: bool) -> std::result::Result<bool, SqlError> {
    let mut first = PgConnection::connect_with(options).await?;
    let mut second = PgConnection::connect_with(options).await?;
    let sessions = async {
        let of_first = session(&mut first, keeps_statements).await?;
        second.execute(sqlx::raw_sql("BEGIN")).await?; // holds the session that was used last
        Ok(of_first == session(&mut second, keeps_statements).await?)
    };
    let shared = sessions.await;
    for connection in [first, second] {
        let _lost = connection.close().await;
    }
    shared
}

/// Returns the process that runs the statements of a connection. Prepares the statement if possible: the second
/// connection gives it the same name as the first.
async fn session(connection: &mut PgConnection, prepare: bool) -> std::result::Result<i32, SqlError> {
    const SESSION: &str = "SELECT pg_backend_pid()";
    let rows = if prepare {
        sqlx::query(SESSION).fetch_all(connection).await?
    } else {
        // As text: the simple protocol prepares nothing.
        let rows = connection.fetch_all(sqlx::raw_sql(SESSION)).await?;
        return rows.first().ok_or(SqlError::RowNotFound)?.try_get(0);
    };
    rows.first().ok_or(SqlError::RowNotFound)?.try_get(0)
}

/// Returns `true` if a prepared statement is unknown to the session, or one of its name exists already.
fn is_confused(error: &SqlError) -> bool {
    const NO_SUCH_STATEMENT: &str = "26000";
    const STATEMENT_EXISTS: &str = "42P05";
    let SqlError::Database(refusal) = error else { return matches!(error, SqlError::Protocol(_)) };
    refusal.code().is_some_and(|code| [NO_SUCH_STATEMENT, STATEMENT_EXISTS].contains(&&*code))
}
