//! Finds the differences between the existing schema and the required one.

use super::{Catalog, FoundTable, WantedColumn, WantedSchema, WantedTable, filled};
use crate::{
    adapter::sql::{SqlResult, StoredAs},
    port::SchemaDrift,
};

/// A difference, and what has to be added to resolve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapter::sql) struct Difference {
    pub(in crate::adapter::sql) drift: SchemaDrift,
    pub(super) missing: Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing is missing; something has the wrong form.
    Nothing,
    /// A table.
    Table,
    /// A column. `unfilled` if existing rows would have no value.
    Column { unfilled: bool },
    /// A column that the database fills, and that cannot be created with what the struct says.
    Filled,
    /// The index on the canonical address.
    CanonicalIndex,
    /// Another index.
    Index,
}

/// Compares the database with the required schema.
pub(in crate::adapter::sql) async fn compare<DB: Catalog>(
    connection: &mut DB::Connection,
    wanted: &WantedSchema,
) -> SqlResult<Vec<Difference>> {
    let mut differences = Vec::new();
    for table in &wanted.tables {
        let found = DB::describe(connection, &table.name).await?;
        differences.extend(compare_table::<DB>(table, &found, table.name == *wanted.user_table));
    }
    Ok(differences)
}

fn compare_table<DB: Catalog>(wanted: &WantedTable, found: &FoundTable, of_users: bool) -> Vec<Difference> {
    let drift = |column: Option<&str>, problem: String, repair: Option<String>| SchemaDrift {
        table: wanted.name.clone(),
        column: column.map(str::to_owned),
        problem,
        repair,
    };
    if found.columns.is_empty() {
        let mut differences = vec![Difference {
            drift: drift(None, "the table is missing".to_owned(), Some(wanted.create.clone())),
            missing: Missing::Table,
        }];
        differences.extend(wanted.indexes.iter().map(|index| Difference {
            drift: drift(None, format!("the index {} is missing", index.name), Some(index.create.clone())),
            missing: Missing::Index,
        }));
        differences.extend(wanted.columns.iter().filter_map(|column| {
            let reason = filled::cannot_be_created::<DB>(column, false)?;
            Some(Difference { drift: drift(Some(&column.name), reason, None), missing: Missing::Filled })
        }));
        return differences;
    }
    let mut differences = Vec::new();
    for column in &wanted.columns {
        let Some(there) = found.columns.iter().find(|there| there.name.eq_ignore_ascii_case(&column.name)) else {
            if let Some(reason) = filled::cannot_be_created::<DB>(column, true) {
                let problem = format!("the column is missing, and {reason}");
                differences
                    .push(Difference { drift: drift(Some(&column.name), problem, None), missing: Missing::Filled });
                continue;
            }
            let add = DB::add_column(&wanted.name, column);
            let unfilled = !column.nullable && column.fill.is_none() && column.generated.is_none();
            differences.push(Difference {
                drift: drift(Some(&column.name), "the column is missing".to_owned(), (!unfilled).then_some(add)),
                missing: Missing::Column { unfilled },
            });
            continue;
        };
        if let Some(problem) = wrong_type::<DB>(column, &there.sql_type) {
            differences.push(Difference { drift: drift(Some(&column.name), problem, None), missing: Missing::Nothing });
        }
        if let Some(problem) = filled::problem(column, there, found) {
            let drift = drift(Some(&column.name), problem.to_owned(), None);
            differences.push(Difference { drift, missing: Missing::Nothing });
        }
        if there.nullable != column.nullable && !there.generated {
            let problem = if there.nullable {
                "may be NULL, which the field cannot hold"
            } else {
                "may not be NULL, which the field can be"
            };
            differences.push(Difference {
                drift: drift(
                    Some(&column.name),
                    problem.to_owned(),
                    DB::set_nullable(&wanted.name, &column.name, column.nullable),
                ),
                missing: Missing::Nothing,
            });
        }
    }
    for there in &found.columns {
        let known = wanted.columns.iter().any(|column| column.name.eq_ignore_ascii_case(&there.name));
        if !known && !there.nullable && !there.filled {
            let problem =
                "the struct has no such field, and the column is NOT NULL without a default: no user can be added";
            differences.push(Difference {
                drift: drift(Some(&there.name), problem.to_owned(), DB::set_nullable(&wanted.name, &there.name, true)),
                missing: Missing::Nothing,
            });
        }
    }
    for index in wanted.indexes.iter().filter(|index| index.required) {
        match found.indexes.iter().find(|there| there.name.eq_ignore_ascii_case(&index.name)) {
            None => differences.push(Difference {
                drift: drift(None, format!("the index {} is missing", index.name), Some(index.create.clone())),
                missing: if of_users && index.unique { Missing::CanonicalIndex } else { Missing::Index },
            }),
            Some(there) if there.over != index.over || there.unique != index.unique => {
                differences.push(Difference {
                    drift: drift(
                        None,
                        format!("the index {} is another one than this: {}", index.name, index.create),
                        None,
                    ),
                    missing: Missing::Nothing,
                });
            }
            Some(_) => {}
        }
    }
    differences
}

/// Returns the problem if a column of the type `found` does not hold the values of the field.
fn wrong_type<DB: Catalog>(column: &WantedColumn, found: &str) -> Option<String> {
    if let Some(stored_as) = column.stored_as {
        return DB::unfit(stored_as, found).map(|advice| match advice {
            "" => format!("the type is {found}, the field wants {}", column.sql_type),
            advice => format!("the type is {found}, {advice}"),
        });
    }
    let advice = || match () {
        () if column.sql_type != DB::TEXT => "",
        () if DB::unfit(StoredAs::Text, found).is_none() => ": mark the field `text`",
        () if DB::unfit(StoredAs::Json, found).is_none() => ": mark the field `json`",
        () => "",
    };
    (!DB::holds(found, &column.sql_type))
        .then(|| format!("the type is {found}, the field wants {}{}", column.sql_type, advice()))
}
