//! Comparison of the schema that a user type needs with the existing one, and migration.
//!
//! A migration adds what is missing; it never drops, rewrites or loosens anything. Databases differ in their catalogs
//! and in details of their DDL ([`Driver`]); the comparison is the same for all.

use super::{Driver, SqlResult, tables::ColumnKind};
use crate::port::{BoxFuture, SchemaDrift};

/// The schema that a user type needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSchema {
    /// The table of users first, then the tables that refer to it.
    pub tables: Vec<WantedTable>,
    /// The table of users, unquoted.
    pub user_table: &'static str,
    /// The column of the address, unquoted.
    pub email: &'static str,
    /// The column of the tenant, unquoted, if the type has tenants.
    pub tenant: Option<&'static str>,
}

/// A required table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTable {
    /// The name, unquoted.
    pub name: String,
    /// The statement that creates it.
    pub create: String,
    /// The columns.
    pub columns: Vec<WantedColumn>,
    /// The indexes.
    pub indexes: Vec<WantedIndex>,
}

/// A required column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedColumn {
    /// The name, unquoted.
    pub name: String,
    /// The type, in the database's notation.
    pub sql_type: String,
    /// `true` if the column may be NULL.
    pub nullable: bool,
    /// The value for existing rows when the column is added: an SQL literal.
    pub fill: Option<String>,
    /// The clause that generates the value from other columns, as it follows the type in a declaration.
    pub generated: Option<String>,
}

/// A required index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedIndex {
    /// The name, unquoted.
    pub name: String,
    /// The statement that creates it.
    pub create: String,
    /// The indexed columns or expression, in the form of [`Catalog::normal_form`], such as `lower(email)`.
    pub over: String,
    /// `true` for a unique index.
    pub unique: bool,
    /// `true` if the index is also added to a table that axum-users did not create.
    pub required: bool,
}

/// An existing table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundTable {
    /// The columns; empty if the table does not exist.
    pub columns: Vec<FoundColumn>,
    /// The indexes.
    pub indexes: Vec<FoundIndex>,
}

/// An existing column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundColumn {
    /// The name.
    pub name: String,
    /// The declared type.
    pub sql_type: String,
    /// `true` if the column may be NULL.
    pub nullable: bool,
    /// `true` if an insert may omit the column because it has a default or is generated.
    pub filled: bool,
}

/// An existing index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIndex {
    /// The name.
    pub name: String,
    /// The indexed columns or expression, in the form of [`Catalog::normal_form`].
    pub over: String,
    /// `true` for a unique index.
    pub unique: bool,
}

/// A difference, and what has to be added to resolve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) drift: SchemaDrift,
    missing: Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Nothing is missing; something has the wrong form.
    Nothing,
    /// A table.
    Table,
    /// A column. `unfilled` if existing rows would have no value.
    Column { unfilled: bool },
    /// The index on the canonical address.
    CanonicalIndex,
    /// Another index.
    Index,
}

/// The reason why a migration stopped.
pub(super) enum Refusal {
    Database(sqlx::Error),
    /// The existing rows prevent it. The text says how to find them.
    Schema(String),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// The catalog and the DDL of a database.
pub trait Catalog: Driver {
    /// The clause before the name of an index that may exist already.
    const IF_NO_INDEX: &'static str;

    /// The clause that turns the insert of an existing token into an update.
    const ON_CONFLICT_OF_TOKEN: &'static str;

    /// The function that returns the greater of two values.
    const GREATEST: &'static str;

    /// `true` if `DELETE` supports `LIMIT`.
    const LIMITS_DELETIONS: bool = false;

    /// Returns the value that the insert would have written, for use in the conflict clause.
    fn inserted(column: &str) -> String {
        format!("excluded.{column}")
    }

    /// Quotes a name. Names were checked by the derive, so nothing has to be escaped.
    fn quoted(name: &str) -> String;

    /// Returns the parameter with number `n`, counted from 1. Statements use each parameter once and in order.
    fn parameter(n: usize) -> String;

    /// Returns the type of a column.
    fn sql_type(kind: &ColumnKind) -> String;

    /// Returns the clause after the type for a generated value, or an empty string.
    fn made_by_database(kind: &ColumnKind) -> &'static str;

    /// Formats a literal for `DEFAULT` in a column of this type.
    fn default_value(literal: &str, sql_type: &str) -> String;

    /// Returns the column with the canonical form of an address, if the database can only index columns and not
    /// expressions.
    fn canonical_column(email: &str) -> Option<WantedColumn>;

    /// Returns the columns or expression of the index on the canonical address.
    fn canonical_form(email: &str) -> String;

    /// Returns the clause after the columns of a new table. In a `clustered` table the rows are stored in the index of
    /// the primary key.
    fn table_options(clustered: bool) -> &'static str;

    /// Normalizes the columns or expression of an index, so that they can be compared.
    fn normal_form(over: &str) -> String;

    /// Reads the definition of an existing table.
    fn describe<'a>(connection: &'a mut Self::Connection, table: &'a str) -> BoxFuture<'a, SqlResult<FoundTable>>;

    /// Returns `true` if a column of the type `found` returns every value of the type `wanted` unchanged.
    fn holds(found: &str, wanted: &str) -> bool;

    /// Returns the statement that adds a column.
    fn add_column(table: &str, column: &WantedColumn) -> String {
        let WantedColumn { name, sql_type, nullable, fill, generated } = column;
        let rest = match (nullable, fill) {
            (true, _) => String::new(),
            (false, Some(fill)) => format!(" NOT NULL DEFAULT {fill}"),
            (false, None) => " NOT NULL".to_owned(),
        };
        let generated = generated.as_deref().unwrap_or_default();
        format!("ALTER TABLE {} ADD COLUMN {} {sql_type}{rest}{generated}", Self::quoted(table), Self::quoted(name))
    }

    /// Returns the statement that allows or forbids NULL in a column, if the database can change this in place.
    fn set_nullable(table: &str, column: &str, nullable: bool) -> Option<String>;

    /// Returns the expression of the canonical address, for a table without a column for it.
    fn canonical_expression(email: &str) -> String;

    /// Returns the query for addresses that differ only in case: their canonical form and number of rows.
    fn case_duplicates(wanted: &WantedSchema) -> String {
        let (users, form) = (Self::quoted(wanted.user_table), Self::canonical_expression(wanted.email));
        let form = wanted.tenant.map(|tenant| format!("{form}, {}", Self::quoted(tenant))).unwrap_or(form);
        format!("SELECT {form}, count(*) FROM {users} GROUP BY {form} HAVING count(*) > 1")
    }

    /// Returns the existing type of the users' id, if columns that refer to it must have exactly this type.
    fn id_type<'a>(
        connection: &'a mut Self::Connection,
        table: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, SqlResult<Option<String>>>;

    /// Locks out other migrations until the transaction ends or the connection is closed, whichever comes first in this
    /// database. Returns `true` if the lock was acquired.
    fn lock(connection: &mut Self::Connection) -> BoxFuture<'_, SqlResult<bool>>;

    /// Runs a query that consists of checked names and returns the number of rows.
    fn count_rows(connection: &mut Self::Connection, sql: String) -> BoxFuture<'_, SqlResult<usize>>;

    /// Runs a statement that changes the schema. It consists of checked names.
    fn change_schema(connection: &mut Self::Connection, sql: String) -> BoxFuture<'_, SqlResult<()>>;
}

impl WantedSchema {
    /// Returns the statements that create the schema in an empty database, in order.
    #[must_use]
    pub fn creation(&self) -> String {
        let statements = self
            .tables
            .iter()
            .flat_map(|table| std::iter::once(&table.create).chain(table.indexes.iter().map(|index| &index.create)));
        statements.fold(String::new(), |text, statement| text + statement + ";\n")
    }
}

/// Compares the database with the required schema.
pub(super) async fn compare<DB: Catalog>(
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
        return differences;
    }
    let mut differences = Vec::new();
    for column in &wanted.columns {
        let Some(there) = found.columns.iter().find(|there| there.name.eq_ignore_ascii_case(&column.name)) else {
            let add = DB::add_column(&wanted.name, column);
            let unfilled = !column.nullable && column.fill.is_none();
            differences.push(Difference {
                drift: drift(Some(&column.name), "the column is missing".to_owned(), (!unfilled).then_some(add)),
                missing: Missing::Column { unfilled },
            });
            continue;
        };
        if !DB::holds(&there.sql_type, &column.sql_type) {
            let problem = format!("the type is {}, the field wants {}", there.sql_type, column.sql_type);
            differences.push(Difference { drift: drift(Some(&column.name), problem, None), missing: Missing::Nothing });
        }
        if there.nullable != column.nullable {
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

/// Adds what is missing, in the caller's transaction. All conditions are checked before the first change, because MySQL
/// cannot roll back schema changes.
pub(super) async fn migrate<DB: Catalog>(
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
            Missing::CanonicalIndex => refuse_duplicates::<DB>(connection, wanted).await?,
            Missing::Nothing | Missing::Table | Missing::Column { .. } | Missing::Index => {}
        }
    }
    for Difference { drift, missing } in differences {
        if let (true, Some(sql)) = (missing != Missing::Nothing, drift.repair) {
            DB::change_schema(connection, sql).await?;
        }
    }
    Ok(())
}

/// Refuses addresses that differ only in case, which fastapi-users permits: a login could not tell their users apart.
async fn refuse_duplicates<DB: Catalog>(connection: &mut DB::Connection, wanted: &WantedSchema) -> Result<(), Refusal> {
    let query = DB::case_duplicates(wanted);
    match DB::count_rows(connection, query.clone()).await? {
        0 => Ok(()),
        addresses => Err(Refusal::Schema(format!(
            "{addresses} e-mail address(es) in {:?} belong to several users, written with other upper and lower case \
             letters, so the unique index cannot be made. Find them with: {query}",
            wanted.user_table
        ))),
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
