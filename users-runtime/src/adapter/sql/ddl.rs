//! Generates the DDL statements of a database from the description of its tables.

use super::{
    Catalog, FromDatabase, SqlColumn, UserSql, WantedColumn, WantedIndex, WantedSchema, WantedTable,
    tables::{self, ColumnKind, IdColumn, IndexTarget, OptionalTables, Table, TableIndex},
};

/// The types that id columns must have because of an existing table of users.
#[derive(Debug, Default)]
pub(super) struct IdTypes {
    /// The type of the ids themselves, if it differs from the default and can hold them.
    pub(super) key: Option<String>,
    /// The type of the columns that refer to them.
    pub(super) references: Option<String>,
}

/// Returns the schema of a user type.
pub(super) fn wanted<DB: Catalog>(
    sql: &'static UserSql,
    custom: &[SqlColumn],
    id: IdColumn,
    id_types: &IdTypes,
    optional: OptionalTables,
) -> WantedSchema {
    let schema = sql.schema_on::<DB>();
    WantedSchema {
        tables: tables::tables(sql, custom, id, optional)
            .into_iter()
            .map(|table| wanted_table::<DB>(table, schema, id_types))
            .collect(),
        schema,
        create_schema: schema.map(DB::create_schema),
        user_table: sql.table,
        email: sql.roles.email,
        tenant: tables::tenant_of(custom),
    }
}

fn wanted_table<DB: Catalog>(table: Table, schema: Option<&str>, id_types: &IdTypes) -> WantedTable {
    let mut columns = Vec::with_capacity(table.columns.len());
    let mut lines = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let existing = match &column.kind {
            ColumnKind::Key(_) => id_types.key.clone(),
            ColumnKind::UserId(_) => id_types.references.clone(),
            _ => None,
        };
        let sql_type = existing.unwrap_or_else(|| DB::sql_type(&column.kind));
        let fill = column.fill.map(|fill| DB::default_value(&fill, &sql_type));
        let not_null = if column.nullable { "" } else { " NOT NULL" };
        let default = match (&fill, column.from_database) {
            (_, Some(FromDatabase::Default(sql))) => format!(" DEFAULT {}", DB::default_expression(sql, &sql_type)),
            (Some(fill), None) if column.has_default => format!(" DEFAULT {fill}"),
            _ => String::new(),
        };
        let made = DB::made_by_database(&column.kind);
        lines.push(format!("{} {sql_type}{not_null}{default}{made}", DB::quoted(column.name)));
        columns.push(WantedColumn {
            name: column.name.to_owned(),
            sql_type,
            nullable: column.nullable,
            fill,
            generated: column.from_database.is_some().then_some(default),
            from_database: column.from_database,
            stored_as: column.stored_as,
            written: column.written,
            reads_null: column.reads_null,
            is_shaped_bytes: column.is_shaped_bytes,
            made_by_database: matches!(column.kind, ColumnKind::Key(IdColumn { made_by_database: true, .. })),
        });
    }
    let canonical = table.indexes.iter().find_map(|index| match index.over {
        IndexTarget::Canonical(email) => DB::canonical_column(email),
        IndexTarget::Columns(_) => None,
    });
    if let Some(column) = canonical {
        let generated = column.generated.as_deref().unwrap_or_default();
        lines.push(format!("{} {}{generated}", DB::quoted(&column.name), column.sql_type));
        columns.push(column);
    }
    lines.push(format!("PRIMARY KEY ({})", DB::quoted(table.primary_key)));
    if let Some(user) = table.of_user {
        lines.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE CASCADE",
            DB::quoted(user.column),
            DB::qualified(schema, user.users),
            DB::quoted(user.id),
        ));
    }
    let name = DB::qualified(schema, &table.name);
    WantedTable {
        create: format!(
            "CREATE TABLE IF NOT EXISTS {name} ({}){}",
            lines.join(", "),
            DB::table_options(table.clustered)
        ),
        columns,
        indexes: table.indexes.into_iter().map(|index| wanted_index::<DB>(&name, index)).collect(),
        primary_key: table.primary_key,
        name: table.name,
        quoted: name,
    }
}

fn wanted_index<DB: Catalog>(table: &str, index: TableIndex) -> WantedIndex {
    let over = match index.over {
        IndexTarget::Columns(columns) => columns.iter().map(|column| DB::quoted(column)).collect::<Vec<_>>().join(", "),
        IndexTarget::Canonical(email) => DB::canonical_form(email),
    };
    let over = index.within.map(|tenant| format!("{}, {over}", DB::quoted(tenant))).unwrap_or(over);
    let unique = if index.unique { "UNIQUE " } else { "" };
    WantedIndex {
        create: format!("CREATE {unique}INDEX {}{} ON {table} ({over})", DB::IF_NO_INDEX, DB::quoted(&index.name)),
        name: index.name,
        over: DB::normal_form(&over),
        unique: index.unique,
        required: index.required,
    }
}
