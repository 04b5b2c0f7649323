//! The SQL store: users in SQLite, PostgreSQL, MySQL or MariaDB, each with a Cargo feature (`sqlite`, `postgres`,
//! `mysql`), in any combination. The URL selects the database at run time.
//!
//! The derive generates the description of a user type ([`UserSql`], [`SqlUser`]); the behavior is implemented here.
//! Statements that serve requests are never assembled per request; the statements on axum-users' own tables and the
//! schema are built once, from names that the derive has checked.
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "the store needs a database; without one only the derive's traits are used"
    )
)]

mod adapted;
mod addresses;
mod advice;
#[cfg(feature = "audit")]
mod audit;
#[cfg(feature = "audit")]
mod audit_sql;
mod base;
#[cfg(feature = "sqlite")]
mod cached_lookups;
mod casts;
mod column;
#[cfg(all(debug_assertions, any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
mod compiled;
mod connect;
mod connection;
mod counter_sql;
mod counters;
mod damaged;
mod ddl;
mod dialect;
mod error;
mod forms;
mod kept;
mod linked_users;
mod lookups;
mod lost;
mod migration;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(not(feature = "audit"))]
mod no_audit;
mod oauth_accounts;
mod oauth_sql;
mod passkey_sql;
mod passkey_users;
mod passkeys;
mod paused_clock;
#[cfg(feature = "postgres")]
mod postgres;
mod purge;
mod read_back;
mod reading;
mod refresh;
mod refresh_sql;
mod retry;
mod row;
mod schema;
mod second_factor_sql;
mod second_factors;
mod session_sql;
mod sessions;
mod shared_commit;
mod short;
mod sql_text;
#[cfg(feature = "sqlite")]
mod sqlite;
mod standing;
mod statements;
mod store;
mod tables;
mod tenant;
mod token_sql;
mod transaction;
mod unchanged;
mod updates;
mod user;
mod uuid_form;
mod values;
mod violations;
mod writes;
mod written;

#[cfg(all(feature = "audit", any(test, feature = "testing")))]
pub use audit_sql::audit_statements;
pub(crate) use column::Codec;
pub use column::{Column, SqlColumn, column, json_column, text_column};
pub(crate) use column::{FromDatabase, StoredAs};
#[cfg(all(debug_assertions, any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
pub use compiled::compiled_with_this_crate;
pub use connect::{Database, PoolSettings, SqlStore};
#[cfg(any(test, feature = "testing"))]
pub use counter_sql::counter_statements;
pub use dialect::Dialect;
pub(crate) use dialect::Driver;
pub(crate) use dialect::Executed;
#[cfg(any(test, feature = "testing"))]
pub use forms::find_many_of_bytes;
pub(crate) use lookups::ById;
#[cfg(any(test, feature = "testing"))]
pub use oauth_sql::oauth_statements;
#[cfg(any(test, feature = "testing"))]
pub use passkey_sql::passkey_statements;
#[cfg(any(test, feature = "testing"))]
pub use refresh_sql::refresh_statements;
pub use row::Row;
#[cfg(any(test, feature = "testing"))]
pub use schema::Catalog;
#[cfg(not(any(test, feature = "testing")))]
pub(crate) use schema::Catalog;
pub(crate) use schema::{WantedColumn, WantedIndex, WantedSchema, WantedTable};
#[cfg(any(test, feature = "testing"))]
pub use second_factor_sql::second_factor_statements;
#[cfg(any(test, feature = "testing"))]
pub use session_sql::session_statements;
pub use statements::{LoginSql, RoleColumns, Statements, UserSql};
pub use user::{SqlUser, StoredUser};
pub use values::Values;
pub(crate) use written::{Written, WrittenText};

/// The result of reading and binding values.
pub type SqlResult<T> = Result<T, sqlx::Error>;
