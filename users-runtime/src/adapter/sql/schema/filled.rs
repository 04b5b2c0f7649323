//! Columns that the database fills: whether the existing one is filled, and whether a new one can be.

use super::{Catalog, FoundColumn, FoundTable, WantedColumn};
use crate::adapter::sql::FromDatabase;

/// Returns the reason why a missing column cannot be created from the attributes of the struct, and the advice.
/// `table_exists` says whether the table has to be changed.
pub(super) fn cannot_be_created<DB: Catalog>(column: &WantedColumn, table_exists: bool) -> Option<String> {
    match column.from_database? {
        FromDatabase::Unknown if !column.nullable => Some(
            "the database fills it, and the struct does not say how: write `from_database = \"…\"` with the SQL of its \
             default, or create the column in a migration of your own"
                .to_owned(),
        ),
        FromDatabase::Default(sql) if table_exists && !DB::adds_default(sql) => Some(format!(
            "this database cannot add a column with the default {sql} to an existing table: create the column in a \
             migration of your own"
        )),
        FromDatabase::Default(_) | FromDatabase::Unknown => None,
    }
}

/// Returns the problem with an existing column that the database fills, or that it should not fill.
pub(super) fn problem(column: &WantedColumn, there: &FoundColumn, table: &FoundTable) -> Option<&'static str> {
    if column.from_database.is_some() {
        let is_filled = there.nullable || there.filled || there.generated || table.has_triggers;
        (!is_filled).then_some(
            "the field is `from_database`, but the column has no default and is not generated, and the table has no \
             trigger: no user can be added",
        )
    } else {
        (there.generated && column.generated.is_none() && !column.made_by_database)
            .then_some("the database generates the column and accepts no value: mark the field `from_database`")
    }
}
