//! Comparison of the schema that a user type needs with the existing one, and migration.
//!
//! A migration adds what is missing; it never drops, rewrites or loosens anything. Databases differ in their catalogs
//! and in details of their DDL ([`Catalog`]); the comparison is the same for all.

mod compare;
mod confusable;
mod filled;
mod found;
mod keys;
mod migrate;
mod strict_keys;

#[cfg(feature = "mysql")]
pub(super) use self::found::Encoding;
pub(super) use self::{
    compare::compare,
    found::{FoundColumn, FoundIndex, FoundTable, KeyPart},
    keys::{UniqueKeys, is_on},
    migrate::{Refusal, migrate},
};
use super::{
    Driver, FromDatabase, SqlColumn, SqlResult, StoredAs, Written,
    casts::Cast,
    tables::ColumnKind,
    unchanged::Sameness,
    uuid_form::{Declared, UuidForm},
};
use crate::port::BoxFuture;

/// The schema that a user type needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedSchema {
    /// The table of users first, then the tables that refer to it.
    pub tables: Vec<WantedTable>,
    /// The schema of the tables, unquoted; `None` for the one in which the connection creates tables.
    pub schema: Option<&'static str>,
    /// The statement that creates the schema, if one is named.
    pub create_schema: Option<String>,
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
    /// The name as statements write it: quoted, with its schema if one is named.
    pub quoted: String,
    /// The statement that creates it.
    pub create: String,
    /// The columns.
    pub columns: Vec<WantedColumn>,
    /// The indexes.
    pub indexes: Vec<WantedIndex>,
    /// The column of the primary key, unquoted.
    pub primary_key: &'static str,
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
    /// The clause that generates the value, as it follows the type in a declaration: a default, or an expression over
    /// other columns.
    pub generated: Option<String>,
    /// Whether and how the database fills the column.
    pub from_database: Option<FromDatabase>,
    /// The form of its values, if it is not that of the type.
    pub stored_as: Option<StoredAs>,
    /// The values that are written into it.
    pub written: Written,
    /// `true` if an insert relies on the database to generate the value.
    pub made_by_database: bool,
    /// `true` if NULL in an existing column has a meaning, although axum-users never writes NULL.
    pub reads_null: bool,
    /// `true` if the values are bytes of a type that is not known, such as a newtype around a UUID.
    pub is_shaped_bytes: bool,
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

/// The catalog and the DDL of a database.
pub trait Catalog: Driver {
    /// The clause before the name of an index that may exist already.
    const IF_NO_INDEX: &'static str;

    /// The clause that turns the insert of an existing token into an update.
    const ON_CONFLICT_OF_TOKEN: &'static str;

    /// The words that begin and end an insert which does nothing if the row exists.
    const INSERT_IF_NEW: (&'static str, &'static str) = ("INSERT", " ON CONFLICT DO NOTHING");

    /// The clause that locks the rows of a query until the transaction ends.
    const LOCK_ROWS: &'static str = " FOR UPDATE";

    /// The function that returns the greater of two values.
    const GREATEST: &'static str;

    /// `true` if `DELETE` supports `LIMIT`.
    const LIMITS_DELETIONS: bool = false;

    /// `true` if a trigger that runs before an insert can give a column its value.
    const TRIGGERS_FILL_COLUMNS: bool = true;

    /// The quotation mark of names.
    const QUOTE: char = '"';

    /// `true` if the database has schemas: PostgreSQL's, or the databases of MySQL.
    const HAS_SCHEMAS: bool = true;

    /// Returns the value that the insert would have written, for use in the conflict clause.
    fn inserted(column: &str) -> String {
        format!("excluded.{column}")
    }

    /// Quotes a name of the user type or of the catalog, which can be any text.
    fn quoted(name: &str) -> String {
        let quote = Self::QUOTE;
        format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
    }

    /// Returns the parameter with number `n`, counted from 1. Statements use each parameter once and in order.
    fn parameter(n: usize) -> String;

    /// Returns the type of a column.
    fn sql_type(kind: &ColumnKind) -> String;

    /// Returns the clause after the type for a generated value, or an empty string.
    fn made_by_database(kind: &ColumnKind) -> &'static str;

    /// Formats a literal for `DEFAULT` in a column of this type.
    fn default_value(literal: &str, sql_type: &str) -> String;

    /// Formats the SQL of the default of a column that the database fills, for a column of this type.
    fn default_expression(sql: &str, _sql_type: &str) -> String {
        sql.to_owned()
    }

    /// Returns whether a column with this default can be added to a table that exists.
    fn adds_default(_sql: &str) -> bool {
        true
    }

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

    /// Returns the name of a table as statements write it. SQLite has no schemas.
    fn qualified(schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) => format!("{}.{}", Self::quoted(schema), Self::quoted(table)),
            None => Self::quoted(table),
        }
    }

    /// Returns `true` if the schema exists.
    fn has_schema<'a>(connection: &'a mut Self::Connection, schema: &'a str) -> BoxFuture<'a, SqlResult<bool>>;

    /// Returns the statement that creates a schema.
    fn create_schema(schema: &str) -> String {
        format!("CREATE SCHEMA IF NOT EXISTS {}", Self::quoted(schema))
    }

    /// Reads the definition of an existing table in a schema, or in the schema in which the connection creates tables.
    fn describe<'a>(
        connection: &'a mut Self::Connection,
        schema: Option<&'a str>,
        table: &'a str,
    ) -> BoxFuture<'a, SqlResult<FoundTable>>;

    /// Reads the definitions of several tables, in their order.
    fn describe_all<'a>(
        connection: &'a mut Self::Connection,
        schema: Option<&'a str>,
        tables: &'a [&'a str],
    ) -> BoxFuture<'a, SqlResult<Vec<FoundTable>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(tables.len());
            for table in tables {
                found.push(Self::describe(connection, schema, table).await?);
            }
            Ok(found)
        })
    }

    /// Reads the columns of a table; none if it does not exist.
    fn columns<'a>(
        connection: &'a mut Self::Connection,
        schema: Option<&'a str>,
        table: &'a str,
    ) -> BoxFuture<'a, SqlResult<Vec<FoundColumn>>> {
        Box::pin(async move { Ok(Self::describe(connection, schema, table).await?.columns) })
    }

    /// Returns `true` if a column of the type `found` returns every value of the type `wanted` unchanged.
    fn holds(found: &str, wanted: &str) -> bool;

    /// Returns how a column of the type `found` is read and written for a field that is stored as JSON or text.
    fn cast(stored_as: StoredAs, found: &str) -> Cast {
        let _ = (stored_as, found);
        Cast::default()
    }

    /// Returns the reason and the advice if a column of the type `found` cannot hold a field that is stored as JSON or text.
    /// They are empty if a column of text is the only one that can.
    fn unfit(stored_as: StoredAs, found: &str) -> Option<&'static str>;

    /// Returns how a stored value is compared with the value that was sent, if a column of the type `found` may
    /// silently change values of the field.
    fn may_change(own: &SqlColumn, found: &str) -> Option<Sameness>;

    /// Returns `true` for a type of text that stores bytes as they are.
    fn writes_bytes_into_text(found: &str) -> bool {
        let _ = found;
        false
    }

    /// Returns what the type `declared` of a column implies about the form of its UUIDs.
    fn declared_form(declared: &str) -> Declared;

    /// Returns `true` for a type of text with a fixed length that is a type of its own.
    fn is_char(declared: &str) -> bool {
        let _ = declared;
        false
    }

    /// Returns the SQL condition that a column contains a UUID of this form.
    fn has_form(column: &str, form: UuidForm) -> String;

    /// Returns the SQL expression for the UUID of a column in this form.
    fn in_form(column: &str, form: UuidForm) -> String;

    /// Joins statements that change ids and the columns that refer to them, the ids last, so that foreign keys hold
    /// after all of them.
    fn with_references(statements: &[String]) -> String;

    /// Returns why a column cannot hold everything that is written into it, if it cannot.
    fn shortfall(found: &FoundColumn, wanted: &WantedColumn) -> Option<String>;

    /// Returns the statement that gives a column the wanted type, if the database can do so in place and every value of
    /// the current type is one of the wanted type.
    fn widen(table: &str, found: &FoundColumn, wanted: &WantedColumn) -> Option<String>;

    /// Returns the pairs of `addresses` that are equal in every one of these parts of an index. `table` has the columns,
    /// of which `email` contains the address. Parts that cannot be computed have no pairs.
    fn equal_addresses<'a>(
        connection: &'a mut Self::Connection,
        table: &'a WantedTable,
        found: &'a FoundTable,
        email: &'a str,
        parts: &'a [&'a KeyPart],
        addresses: &'a [&'a str],
    ) -> BoxFuture<'a, SqlResult<Vec<(String, String)>>>;

    /// Returns the type of a column that is added to an existing table.
    fn added_type<'c>(column: &'c WantedColumn, found: &FoundTable) -> &'c str {
        let _ = found;
        &column.sql_type
    }

    /// Returns the statement that adds a column to an existing table. The table is quoted.
    fn add_column(table: &str, found: &FoundTable, column: &WantedColumn) -> String {
        let WantedColumn { name, nullable, fill, generated, .. } = column;
        let sql_type = Self::added_type(column, found);
        let rest = match (nullable, fill) {
            (true, _) => String::new(),
            (false, Some(fill)) => format!(" NOT NULL DEFAULT {fill}"),
            (false, None) => " NOT NULL".to_owned(),
        };
        let generated = generated.as_deref().unwrap_or_default();
        format!("ALTER TABLE {table} ADD COLUMN {} {sql_type}{rest}{generated}", Self::quoted(name))
    }

    /// Returns the statement that allows or forbids NULL in a column, if the database can change this in place. The table
    /// is quoted.
    fn set_nullable(table: &str, column: &FoundColumn, nullable: bool) -> Option<String>;

    /// Returns the SQL expression for a text without surrounding spaces.
    fn trimmed(column: &str) -> String;

    /// Returns the expression of the canonical address, for a table without a column for it.
    fn canonical_expression(email: &str) -> String;

    /// Returns the query for addresses that differ only in case: their canonical form and number of rows.
    fn case_duplicates(wanted: &WantedSchema) -> String {
        let users = Self::qualified(wanted.schema, wanted.user_table);
        let form = Self::canonical_expression(wanted.email);
        let form = wanted.tenant.map(|tenant| format!("{form}, {}", Self::quoted(tenant))).unwrap_or(form);
        format!("SELECT {form}, count(*) FROM {users} GROUP BY {form} HAVING count(*) > 1")
    }

    /// Returns the type of the users' id, which is one of these columns, if columns that refer to it must have exactly this type.
    fn id_type(columns: &[FoundColumn], id: &str) -> Option<String>;

    /// Locks out other migrations until the transaction ends or the connection is closed, whichever comes first in this
    /// database. Returns `true` if the lock was acquired.
    fn lock(connection: &mut Self::Connection) -> BoxFuture<'_, SqlResult<bool>>;
}

impl WantedSchema {
    /// Returns the statements that create the schema in an empty database, in order.
    #[must_use]
    pub fn creation(&self) -> String {
        let statements = self
            .tables
            .iter()
            .flat_map(|table| std::iter::once(&table.create).chain(table.indexes.iter().map(|index| &index.create)));
        let statements = self.create_schema.iter().chain(statements);
        statements.fold(String::new(), |text, statement| text + statement + ";\n")
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
