//! What exists in a database.

/// An existing table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundTable {
    /// The columns; empty if the table does not exist.
    pub columns: Vec<FoundColumn>,
    /// The indexes.
    pub indexes: Vec<FoundIndex>,
    /// `true` if a trigger runs when a row is inserted.
    pub has_triggers: bool,
    /// The schema in which statements without a schema find another table of this name.
    pub elsewhere: Option<String>,
    /// `true` if it has only columns of the basic types of SQLite (a `STRICT` table).
    pub strict: bool,
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
    /// `true` if the column is generated and accepts no value.
    pub generated: bool,
    /// The character set and the collation, where the database has them per column.
    pub encoding: Option<Encoding>,
    /// The clauses of the declaration after type, character set and NULL, where a change of the type must repeat them and
    /// can.
    pub rest: Option<String>,
}

/// The character set and the collation of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// The character set, such as `utf8mb4`.
    pub characters: String,
    /// The collation, such as `utf8mb4_bin`.
    pub collation: String,
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
    /// The compared parts, in order.
    pub parts: Vec<KeyPart>,
    /// The statement that removes it, if the database can do so in place.
    pub removal: Option<String>,
}

/// A part of an index: a column or an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPart {
    /// The column as errors name it, or the empty string for an expression.
    pub name: String,
    /// The compared value as an SQL expression over the columns of the table, with its collation.
    pub expression: String,
    /// The columns that the value depends on, also through generated columns.
    pub columns: Vec<String>,
    /// The number of characters that are compared, if not all are.
    pub prefix: Option<u32>,
}
