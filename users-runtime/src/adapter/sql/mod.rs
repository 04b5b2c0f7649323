//! The SQL store: users in SQLite, PostgreSQL, MySQL or MariaDB, each by a Cargo feature (`sqlite`, `postgres`, `mysql`),
//! in any combination. The URL chooses at run time.
//!
//! Shape comes from the derive ([`UserSql`], [`SqlUser`]), behaviour is here. No statement on the way of a request is
//! put together at run time; only the schema (create, add, compare) is, out of names that the derive has checked.
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "the store needs a database; without one only the derive's traits are used"
    )
)]

mod again;
mod column;
mod connect;
mod ddl;
mod dialect;
mod error;
mod lookups;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod purge;
mod row;
mod schema;
mod session_sql;
mod sessions;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statements;
mod store;
mod tables;
mod tenant;
mod token_sql;
mod transaction;
mod user;
mod values;

pub(crate) use column::Codec;
pub use column::{Column, SqlColumn, column, json_column, text_column};
pub use connect::{Database, PoolSettings, SqlStore};
pub use dialect::Dialect;
pub(crate) use dialect::Driver;
pub(crate) use dialect::Executed;
pub(crate) use lookups::ById;
pub use row::Row;
pub use schema::Catalog;
pub(crate) use schema::{WantedColumn, WantedIndex, WantedSchema, WantedTable};
#[cfg(any(test, feature = "testing"))]
pub use session_sql::session_statements;
pub use statements::{RoleColumns, Statements, UserSql};
pub use user::{SqlUser, StoredUser};
pub use values::Values;

/// Shorthand for results of reading and binding values.
pub type SqlResult<T> = Result<T, sqlx::Error>;
