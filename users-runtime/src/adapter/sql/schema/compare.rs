//! Finds the differences between the existing schema and the required one.

use super::{
    Catalog, FoundColumn, FoundTable, WantedColumn, WantedIndex, WantedSchema, WantedTable, filled, strict_keys,
};
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing is missing; something has the wrong form.
    Nothing,
    /// A schema or a table.
    Table,
    /// A column. `unfilled` if existing rows would have no value.
    Column { unfilled: bool },
    /// A column that the database fills, and that cannot be created from the attributes of the struct.
    Filled,
    /// The index on the canonical address.
    CanonicalIndex,
    /// A unique index on another table that exists, and the query for rows that it would refuse.
    UniqueIndex { duplicates: String },
    /// Another index.
    Index,
}

/// Compares the database with the required schema.
pub(in crate::adapter::sql) async fn compare<DB: Catalog>(
    connection: &mut DB::Connection,
    wanted: &WantedSchema,
) -> SqlResult<Vec<Difference>> {
    let mut differences = Vec::new();
    if let (Some(schema), Some(create)) = (wanted.schema, &wanted.create_schema)
        && !DB::has_schema(connection, schema).await?
    {
        let drift = SchemaDrift { repair: Some(create.clone()), ..SchemaDrift::new(schema, "the schema is missing") };
        differences.push(Difference { drift, missing: Missing::Table });
    }
    let names: Vec<&str> = wanted.tables.iter().map(|table| &*table.name).collect();
    let found = DB::describe_all(connection, wanted.schema, &names).await?;
    for (table, found) in wanted.tables.iter().zip(found) {
        let of_users = table.name == *wanted.user_table;
        differences.extend(Comparison { wanted: table, found: &found }.differences::<DB>(of_users));
        if of_users {
            differences.extend(strict_keys::stricter::<DB>(connection, wanted, table, &found).await?);
        } else {
            differences.extend(strict_keys::limiting(table, &found));
        }
    }
    Ok(differences)
}

/// A required table and the existing one.
struct Comparison<'a> {
    wanted: &'a WantedTable,
    found: &'a FoundTable,
}

impl Comparison<'_> {
    fn differences<DB: Catalog>(&self, of_users: bool) -> Vec<Difference> {
        if self.found.columns.is_empty() {
            return self.missing_table::<DB>();
        }
        let mut differences: Vec<Difference> = self.hidden().into_iter().collect();
        for column in &self.wanted.columns {
            match self.found.columns.iter().find(|there| there.name.eq_ignore_ascii_case(&column.name)) {
                Some(there) => differences.extend(self.column::<DB>(column, there)),
                None => differences.push(self.missing_column::<DB>(column)),
            }
        }
        differences.extend(self.found.columns.iter().filter_map(|there| self.unknown_column::<DB>(there)));
        let required = self.wanted.indexes.iter().filter(|index| index.required);
        differences.extend(required.filter_map(|index| self.index(index, of_users)));
        differences
    }

    fn difference(
        &self,
        column: Option<&str>,
        problem: impl Into<String>,
        repair: Option<String>,
        missing: Missing,
    ) -> Difference {
        let column = column.map(str::to_owned);
        let drift = SchemaDrift { column, repair, ..SchemaDrift::new(&self.wanted.name, problem) };
        Difference { drift, missing }
    }

    /// Returns the missing table and its indexes.
    fn missing_table<DB: Catalog>(&self) -> Vec<Difference> {
        let problem = match &self.found.elsewhere {
            Some(schema) => format!(
                "the table is missing; the one of this name in {schema:?} is not used, because new tables are created in \
                 another schema. If it is the right one, name its schema: #[auth(schema = {schema:?})]"
            ),
            None => "the table is missing".to_owned(),
        };
        let mut differences = vec![self.difference(None, problem, Some(self.wanted.create.clone()), Missing::Table)];
        differences.extend(self.wanted.indexes.iter().map(|index| self.missing_index(index, Missing::Index)));
        differences.extend(self.wanted.columns.iter().filter_map(|column| {
            let reason = filled::cannot_be_created::<DB>(column, false)?;
            Some(self.difference(Some(&column.name), reason, None, Missing::Filled))
        }));
        differences
    }

    /// Returns the difference if statements reach another table than this one.
    fn hidden(&self) -> Option<Difference> {
        let schema = self.found.elsewhere.as_ref()?;
        let problem = format!("statements reach the table of this name in {schema:?} instead");
        Some(self.difference(None, problem, None, Missing::Nothing))
    }

    fn missing_column<DB: Catalog>(&self, column: &WantedColumn) -> Difference {
        if let Some(reason) = filled::cannot_be_created::<DB>(column, true) {
            let problem = format!("the column is missing, and {reason}");
            return self.difference(Some(&column.name), problem, None, Missing::Filled);
        }
        let unfilled = !column.nullable && column.fill.is_none() && column.generated.is_none();
        let add = (!unfilled).then(|| DB::add_column(&self.wanted.quoted, self.found, column));
        self.difference(Some(&column.name), "the column is missing", add, Missing::Column { unfilled })
    }

    fn column<DB: Catalog>(&self, column: &WantedColumn, there: &FoundColumn) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut add = |problem: String, repair: Option<String>| {
            differences.push(self.difference(Some(&column.name), problem, repair, Missing::Nothing));
        };
        let widen = || DB::widen(&self.wanted.quoted, there, column);
        if let Some(problem) = wrong_type::<DB>(column, &there.sql_type) {
            add(problem, widen());
        } else if column.is_shaped_bytes && DB::writes_bytes_into_text(&there.sql_type) {
            let problem = format!(
                "the type is {}, and the field is written as bytes: texts of other programs in it are not read. Declare the \
                 field as the type in it (a `Uuid` is read and written in the form that is there), or mark it `text`",
                there.sql_type
            );
            add(problem, None);
        } else if let Some(shortfall) = DB::shortfall(there, column) {
            add(shortfall, widen());
        }
        if let Some(problem) = filled::problem(column, there, self.found) {
            add(problem.to_owned(), None);
        }
        if there.nullable != column.nullable && !there.generated && !(there.nullable && column.reads_null) {
            let problem = if there.nullable {
                "may be NULL, which the field cannot hold"
            } else {
                "may not be NULL, which the field can be"
            };
            add(problem.to_owned(), DB::set_nullable(&self.wanted.quoted, there, column.nullable));
        }
        if column.made_by_database && !there.filled && !self.found.has_triggers {
            let problem = "the database makes no value for new rows, and the type of the id says that it does";
            add(problem.to_owned(), None);
        }
        differences
    }

    /// Returns the difference if a column that the struct does not have prevents inserts.
    fn unknown_column<DB: Catalog>(&self, there: &FoundColumn) -> Option<Difference> {
        let known = self.wanted.columns.iter().any(|column| column.name.eq_ignore_ascii_case(&there.name));
        let filled_by_trigger = DB::TRIGGERS_FILL_COLUMNS && self.found.has_triggers;
        if known || there.nullable || there.filled || filled_by_trigger {
            return None;
        }
        let problem =
            "the struct has no such field, and the column is NOT NULL without a default: no user can be added";
        let repair = DB::set_nullable(&self.wanted.quoted, there, true);
        Some(self.difference(Some(&there.name), problem, repair, Missing::Nothing))
    }

    fn index(&self, index: &WantedIndex, of_users: bool) -> Option<Difference> {
        match self.found.indexes.iter().find(|there| there.name.eq_ignore_ascii_case(&index.name)) {
            None => {
                let missing = match (of_users, index.unique) {
                    (_, false) => Missing::Index,
                    (true, true) => Missing::CanonicalIndex,
                    (false, true) => Missing::UniqueIndex { duplicates: self.duplicates(index) },
                };
                Some(self.missing_index(index, missing))
            }
            Some(there) if there.over != index.over || there.unique != index.unique => {
                let problem = format!("the index {} is another one than this: {}", index.name, index.create);
                Some(self.difference(None, problem, None, Missing::Nothing))
            }
            Some(_) => None,
        }
    }

    /// Returns the query for the values that a unique index would refuse.
    fn duplicates(&self, index: &WantedIndex) -> String {
        let (over, table) = (&index.over, &self.wanted.quoted);
        format!("SELECT {over}, count(*) FROM {table} GROUP BY {over} HAVING count(*) > 1")
    }

    fn missing_index(&self, index: &WantedIndex, missing: Missing) -> Difference {
        self.difference(None, format!("the index {} is missing", index.name), Some(index.create.clone()), missing)
    }
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
