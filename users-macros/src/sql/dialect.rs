//! The differences between the databases' SQL.

/// SQLite.
pub(crate) struct Sqlite;
/// PostgreSQL.
pub(crate) struct Postgres;
/// MySQL and MariaDB.
pub(crate) struct MySql;

/// The differences of one database's SQL. The defaults are shared by most of them.
pub(crate) trait Dialect {
    /// Quotes a name. Names are plain words (`check` refuses others), so there is nothing to escape.
    fn quoted(&self, name: &str) -> String {
        format!("\"{name}\"")
    }

    /// Returns the name of a table, with its schema if one is named.
    fn qualified(&self, schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) => format!("{}.{}", self.quoted(schema), self.quoted(table)),
            None => self.quoted(table),
        }
    }

    /// Returns the parameter of this number, from 1.
    fn parameter(&self, number: usize) -> String {
        format!("${number}")
    }

    /// Returns the clause that makes a statement return these columns.
    fn returning(&self, columns: &str) -> String {
        format!(" RETURNING {columns}")
    }

    /// The operator before a column that is compared byte for byte.
    fn bytewise(&self) -> &'static str {
        ""
    }

    /// Returns the canonical form of the address in the column `email` of the table `u`.
    fn canonical_email(&self, email: &str) -> String;

    /// The epoch of a new user whose id the database generates, where it differs from the column's default.
    fn first_epoch(&self) -> Option<&'static str> {
        None
    }

    /// The word that joins a table to a list of parameters.
    fn join(&self) -> &'static str {
        "JOIN"
    }

    /// Returns a text of a list in a form that is compared by an index.
    fn text(&self, column: &str) -> String {
        column.to_owned()
    }

    /// Returns a list of parameters as the table `w`, with one row per lookup.
    fn list(&self, columns: &[Listed], parameters: &mut Parameters) -> List;
}

/// A column of a list of parameters.
pub(crate) struct Listed {
    pub(crate) name: &'static str,
    /// The type where the list is JSON with types (MySQL).
    pub(crate) json_type: &'static str,
}

/// A list of parameters as a table.
pub(crate) struct List {
    /// The table, for `FROM`.
    pub(crate) table: String,
    /// The number of the lookup, from 0.
    pub(crate) number: &'static str,
    /// The columns, in their order.
    pub(crate) columns: Vec<String>,
}

/// The parameters of one statement, in the order of its text.
pub(crate) struct Parameters<'a> {
    dialect: &'a dyn Dialect,
    last: usize,
}

impl<'a> Parameters<'a> {
    pub(crate) fn new(dialect: &'a dyn Dialect) -> Self {
        Self { dialect, last: 0 }
    }

    pub(crate) fn next(&mut self) -> String {
        self.last += 1;
        self.dialect.parameter(self.last)
    }
}

impl Dialect for Sqlite {
    /// SQLite has no schemas.
    fn qualified(&self, _: Option<&str>, table: &str) -> String {
        self.quoted(table)
    }

    /// SQLite's `lower()` changes ASCII only, as the canonical form does.
    fn canonical_email(&self, email: &str) -> String {
        format!("lower(u.{email})")
    }

    /// SQLite may give the id of a deleted user to a new one. A random epoch keeps the tokens of the deleted user invalid.
    fn first_epoch(&self) -> Option<&'static str> {
        Some("random() & 9007199254740991")
    }

    /// `CROSS JOIN` prevents SQLite from reading the tables in another order.
    fn join(&self) -> &'static str {
        "CROSS JOIN"
    }

    /// The parameter is a JSON text: a list of lists.
    fn list(&self, columns: &[Listed], parameters: &mut Parameters) -> List {
        List {
            table: format!("json_each({}) AS w", parameters.next()),
            number: "w.\"key\"",
            columns: (0..columns.len()).map(|n| format!("json_extract(w.\"value\", '$[{n}]')")).collect(),
        }
    }
}

impl Dialect for Postgres {
    /// The collation `C` makes `lower()` change ASCII only, as the canonical form does.
    fn canonical_email(&self, email: &str) -> String {
        format!("lower(u.{email} COLLATE \"C\")")
    }

    /// The parameters are arrays, one per column.
    fn list(&self, columns: &[Listed], parameters: &mut Parameters) -> List {
        let arrays: Vec<String> = columns.iter().map(|_| parameters.next()).collect();
        let names: Vec<String> = columns.iter().map(|column| self.quoted(column.name)).collect();
        List {
            table: format!("unnest({}) WITH ORDINALITY AS w({}, \"n\")", arrays.join(", "), names.join(", ")),
            number: "w.\"n\" - 1",
            columns: names.into_iter().map(|name| format!("w.{name}")).collect(),
        }
    }
}

impl Dialect for MySql {
    fn quoted(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn parameter(&self, _: usize) -> String {
        "?".to_owned()
    }

    /// MySQL returns no rows from a write; the runtime reads the row in the same transaction.
    fn returning(&self, _: &str) -> String {
        String::new()
    }

    fn bytewise(&self) -> &'static str {
        "BINARY "
    }

    /// The result of a function adopts the collation of the column with which it is compared, so the index can be used.
    fn text(&self, column: &str) -> String {
        format!("JSON_UNQUOTE(JSON_QUOTE({column}))")
    }

    /// A generated column with a binary collation, under a unique index.
    fn canonical_email(&self, _: &str) -> String {
        "u.`email_canonical`".to_owned()
    }

    /// The parameter is a JSON text: a list of lists.
    fn list(&self, columns: &[Listed], parameters: &mut Parameters) -> List {
        let typed: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(n, column)| format!("{} {} PATH '$[{n}]'", self.quoted(column.name), column.json_type))
            .collect();
        List {
            table: format!(
                "JSON_TABLE({}, '$[*]' COLUMNS (`n` FOR ORDINALITY, {})) AS w",
                parameters.next(),
                typed.join(", ")
            ),
            number: "CAST(w.`n` AS SIGNED) - 1",
            columns: columns.iter().map(|column| format!("w.{}", self.quoted(column.name))).collect(),
        }
    }
}
