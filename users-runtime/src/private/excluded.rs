//! The databases that a struct does not name (`#[auth(databases(…))]`): its columns need not exist there.
//!
//! The code of a store names every enabled database, so the struct must implement the trait for those as well. It has
//! no statements there, and opening a store on such a database is refused as a configuration error.

use crate::adapter::sql::SqlResult;

/// Returns the error of a row from a database that the struct excludes. No statement can return one.
///
/// # Errors
/// Always.
pub fn excluded<U>() -> SqlResult<U> {
    Err(sqlx::Error::Configuration("the user type excludes this database: see #[auth(databases(…))]".into()))
}

#[cfg(feature = "mysql")]
pub use sqlx::MySql as OnMysql;
#[cfg(feature = "postgres")]
pub use sqlx::Postgres as OnPostgres;
#[cfg(feature = "sqlite")]
pub use sqlx::Sqlite as OnSqlite;

/// Implements `SqlUser` for a database that the struct excludes.
#[doc(hidden)]
#[macro_export]
macro_rules! __not_on {
    ($user:ty, $sql:expr, $database:ident) => {
        impl $crate::__private0_1_0::SqlUser<$crate::__private0_1_0::excluded::$database> for $user {
            const SQL: &'static $crate::__private0_1_0::UserSql = &$sql;
            fn from_row(
                _: &mut $crate::__private0_1_0::Row<'_, $crate::__private0_1_0::excluded::$database>,
            ) -> $crate::__private0_1_0::SqlResult<Self> {
                $crate::__private0_1_0::excluded::excluded()
            }
        }
    };
}

/// For a struct that does not name SQLite: does nothing if the feature is off.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "sqlite")]
macro_rules! __not_on_sqlite {
    ($user:ty, $sql:expr) => {
        $crate::__not_on! { $user, $sql, OnSqlite }
    };
}
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "sqlite"))]
macro_rules! __not_on_sqlite {
    ($user:ty, $sql:expr) => {};
}

/// For a struct that does not name PostgreSQL: does nothing if the feature is off.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "postgres")]
macro_rules! __not_on_postgres {
    ($user:ty, $sql:expr) => {
        $crate::__not_on! { $user, $sql, OnPostgres }
    };
}
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "postgres"))]
macro_rules! __not_on_postgres {
    ($user:ty, $sql:expr) => {};
}

/// For a struct that does not name MySQL: does nothing if the feature is off.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "mysql")]
macro_rules! __not_on_mysql {
    ($user:ty, $sql:expr) => {
        $crate::__not_on! { $user, $sql, OnMysql }
    };
}
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "mysql"))]
macro_rules! __not_on_mysql {
    ($user:ty, $sql:expr) => {};
}
