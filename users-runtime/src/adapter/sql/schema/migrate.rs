//! Adds what is missing.

use sqlx::AssertSqlSafe;

use super::{
    Catalog, WantedSchema,
    compare::{Difference, Missing, compare},
};
use crate::adapter::sql::SqlResult;

/// The reason why a migration stopped.
pub(in crate::adapter::sql) enum Refusal {
    Database(sqlx::Error),
    /// The existing rows prevent it. The text says how to find them.
    Schema(String),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Adds what is missing, in the caller's transaction. All conditions are checked before the first change, because MySQL
/// cannot roll back schema changes.
pub(in crate::adapter::sql) async fn migrate<DB: Catalog>(
    connection: &mut DB::Connection,
    wanted: &WantedSchema,
) -> Result<(), Refusal> {
    let differences = compare::<DB>(connection, wanted).await?;
    for Difference { drift, missing } in &differences {
        match missing {
            Missing::Column { unfilled: true } => {
                return Err(Refusal::Schema(format!(
                    "the column {:?} of {:?} cannot be added: it may not be NULL, and users that are there would have no \
                     value. Give the field a default, make it an `Option`, or add the column by hand",
                    drift.column.as_deref().unwrap_or_default(),
                    drift.table,
                )));
            }
            Missing::Filled => {
                return Err(Refusal::Schema(format!(
                    "the column {:?} of {:?} cannot be created: {}",
                    drift.column.as_deref().unwrap_or_default(),
                    drift.table,
                    drift.problem,
                )));
            }
            Missing::CanonicalIndex => refuse_duplicates::<DB>(connection, wanted).await?,
            Missing::UniqueIndex { duplicates } => match count_rows::<DB>(connection, duplicates.clone()).await? {
                0 => {}
                rows => {
                    return Err(Refusal::Schema(format!(
                        "{rows} value(s) in {:?} are there more than once, so the unique index cannot be made: an account at a \
                         provider belongs to one user. Find them with: {duplicates}",
                        drift.table,
                    )));
                }
            },
            Missing::Nothing | Missing::Table | Missing::Column { .. } | Missing::Index => {}
        }
    }
    for Difference { drift, missing } in differences {
        if let (true, Some(sql)) = (missing != Missing::Nothing, drift.repair) {
            DB::execute(connection, AssertSqlSafe(sql), DB::Arguments::default(), false).await?;
        }
    }
    Ok(())
}

/// Refuses addresses that differ only in case, which fastapi-users permits: a login could not distinguish their users.
async fn refuse_duplicates<DB: Catalog>(connection: &mut DB::Connection, wanted: &WantedSchema) -> Result<(), Refusal> {
    let query = DB::case_duplicates(wanted);
    match count_rows::<DB>(connection, query.clone()).await? {
        0 => Ok(()),
        addresses => Err(Refusal::Schema(format!(
            "{addresses} e-mail address(es) in {:?} belong to several users, written with other upper and lower case \
             letters, so the unique index cannot be made. Find them with: {query}",
            wanted.user_table
        ))),
    }
}

/// Runs a query that consists of quoted names and returns the number of rows.
async fn count_rows<DB: Catalog>(connection: &mut DB::Connection, sql: String) -> SqlResult<usize> {
    Ok(DB::fetch_all(connection, AssertSqlSafe(sql), DB::Arguments::default(), false).await?.len())
}
