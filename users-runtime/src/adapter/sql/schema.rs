//! The schema that a user type asks for, compared with the one that is there.
//!
//! What is missing is added; nothing is dropped, rewritten or loosened. The databases differ in how they describe
//! themselves and in a few words of their DDL ([`Driver`]), the comparison is the same.

use super::{Driver, SqlResult, tables::ColumnKind};
use crate::port::{BoxFuture, SchemaDrift};

/// What a user type asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSchema {
    /// Users first, then what is noted about tokens.
    pub tables: Vec<WantedTable>,
    /// The table of users, unquoted.
    pub user_table: &'static str,
    /// The column of the address, unquoted.
    pub email: &'static str,
    /// The column of the tenant, unquoted, if users have tenants.
    pub tenant: Option<&'static str>,
}

/// A table that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTable {
    /// Its name, unquoted.
    pub name: String,
    /// The statement that creates it.
    pub create: String,
    /// Its columns.
    pub columns: Vec<WantedColumn>,
    /// Its indexes.
    pub indexes: Vec<WantedIndex>,
}

/// A column that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedColumn {
    /// Its name, unquoted.
    pub name: String,
    /// Its type in the words of the database.
    pub sql_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// What rows get that are there before the column is: an SQL literal.
    pub fill: Option<String>,
    /// What makes its value out of other columns, as it stands behind the type in a declaration.
    pub generated: Option<String>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedIndex {
    /// Its name, unquoted.
    pub name: String,
    /// The statement that creates it.
    pub create: String,
    /// What it is made of, in the form of [`Catalog::normal_form`], as `lower(email)`.
    pub over: String,
    /// Whether a value may stand in it once only.
    pub unique: bool,
    /// Whether a table that was there before us must get it as well.
    pub required: bool,
}

/// A table as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundTable {
    /// Its columns; none means that there is no such table.
    pub columns: Vec<FoundColumn>,
    /// Its indexes.
    pub indexes: Vec<FoundIndex>,
}

/// A column as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundColumn {
    /// Its name.
    pub name: String,
    /// Its declared type.
    pub sql_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether an insert may leave it out though it must not be NULL: it has a default or is made by the database.
    pub filled: bool,
}

/// An index as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIndex {
    /// Its name.
    pub name: String,
    /// What it is made of, in the form of [`Catalog::normal_form`].
    pub over: String,
    /// Whether a value may stand in it once only.
    pub unique: bool,
}

/// A difference, and whether adding something mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) drift: SchemaDrift,
    missing: Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Nothing is missing; something is otherwise than it should be.
    Nothing,
    /// A table with everything in it.
    Table,
    /// A column. `unfilled` if rows that are there could not get a value.
    Column { unfilled: bool },
    /// An index over the canonical address.
    CanonicalIndex,
    /// Another index.
    Index,
}

/// Why a migration stopped.
pub(super) enum Refusal {
    Database(sqlx::Error),
    /// The rows are in the way; the text says how to find out more.
    Schema(String),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// How a database describes itself, and its words for a schema.
pub trait Catalog: Driver {
    /// What stands before the name of an index that may be there already.
    const IF_NO_INDEX: &'static str;

    /// The clause that turns the insert of a known token into an update.
    const ON_CONFLICT_OF_TOKEN: &'static str;

    /// The function that returns the greater of two values.
    const GREATEST: &'static str;

    /// Whether `DELETE` has a `LIMIT`.
    const LIMITS_DELETIONS: bool = false;

    /// Returns the value that such an insert would have written.
    fn inserted(column: &str) -> String {
        format!("excluded.{column}")
    }

    /// A name as it stands in statements. It is a checked one, so nothing needs an escape.
    fn quoted(name: &str) -> String;

    /// Parameter number `n` of a statement, from 1, where each stands once and in order.
    fn parameter(n: usize) -> String;

    /// The type of a column.
    fn sql_type(kind: &ColumnKind) -> String;

    /// What stands behind the type if the database is to make the value; empty for others.
    fn made_by_database(kind: &ColumnKind) -> &'static str;

    /// A literal as it stands behind `DEFAULT` for a column of the type.
    fn default_value(literal: &str, sql_type: &str) -> String;

    /// The column that holds the canonical form of an address, if this database indexes a column and no expression.
    fn canonical_column(email: &str) -> Option<WantedColumn>;

    /// What the index over the canonical form of an address is made of.
    fn canonical_form(email: &str) -> String;

    /// What stands behind the columns of a new table. In a `clustered` one rows live in the primary key's index.
    fn table_options(clustered: bool) -> &'static str;

    /// What an index is made of, in a form that can be compared whoever wrote it.
    fn normal_form(over: &str) -> String;

    /// A table as it is.
    fn describe<'a>(connection: &'a mut Self::Connection, table: &'a str) -> BoxFuture<'a, SqlResult<FoundTable>>;

    /// Whether a column of the type `found` gives back what a field of the type `wanted` puts in.
    fn holds(found: &str, wanted: &str) -> bool;

    /// The statement that adds a column.
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

    /// The statement that lets a column be NULL or forbids it, if the database can do that in place.
    fn set_nullable(table: &str, column: &str, nullable: bool) -> Option<String>;

    /// What the canonical form of an address is made of, where no column holds it yet.
    fn canonical_expression(email: &str) -> String;

    /// The query for addresses that differ by case only: the canonical form and how many have it.
    fn case_duplicates(wanted: &WantedSchema) -> String {
        let (users, form) = (Self::quoted(wanted.user_table), Self::canonical_expression(wanted.email));
        let form = wanted.tenant.map(|tenant| format!("{form}, {}", Self::quoted(tenant))).unwrap_or(form);
        format!("SELECT {form}, count(*) FROM {users} GROUP BY {form} HAVING count(*) > 1")
    }

    /// The type of the id of users that are there, if a column that refers to it must be declared as it is.
    fn id_type<'a>(
        connection: &'a mut Self::Connection,
        table: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, SqlResult<Option<String>>>;

    /// Keeps other migrations out until the transaction ends or the connection is closed, whatever comes first in this
    /// database. Answers whether that was granted.
    fn lock(connection: &mut Self::Connection) -> BoxFuture<'_, SqlResult<bool>>;

    /// Runs a query that is made of checked names, and answers how many rows there are.
    fn count_rows(connection: &mut Self::Connection, sql: String) -> BoxFuture<'_, SqlResult<usize>>;

    /// Runs a statement that changes the schema; it is made of checked names.
    fn change_schema(connection: &mut Self::Connection, sql: String) -> BoxFuture<'_, SqlResult<()>>;
}

impl WantedSchema {
    /// The statements that create everything in an empty database, in order.
    #[must_use]
    pub fn creation(&self) -> String {
        let statements = self
            .tables
            .iter()
            .flat_map(|table| std::iter::once(&table.create).chain(table.indexes.iter().map(|index| &index.create)));
        statements.fold(String::new(), |text, statement| text + statement + ";\n")
    }
}

/// Compares the database with what is wanted.
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

/// Adds what is missing, in the caller's transaction. Everything that may be refused is looked at before the first
/// change, since MySQL has no transactions around changes of a schema.
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

/// Two rows whose addresses differ by case only (fastapi-users lets them in) cannot be told apart by a login.
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
