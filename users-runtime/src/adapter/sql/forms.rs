//! Finds the form in which the UUIDs of the existing tables are written, and reports values that have another one.

use sqlx::AssertSqlSafe;
#[cfg(any(test, feature = "testing"))]
use sqlx::SqlSafeStr as _;

use super::{
    Dialect, Row, SqlColumn, SqlResult, UserSql, passkey_sql, refresh_sql,
    schema::FoundColumn,
    second_factor_sql,
    uuid_form::{Declared, Form, UuidForm},
};
use crate::{domain::IdKind, port::SchemaDrift};

/// The forms that a store writes.
#[derive(Debug, Clone)]
pub(super) struct Forms {
    /// The form of the ids, in the table of users and in those that refer to it.
    pub(super) id: Form,
    /// The forms of the custom columns, in their order. `None` for the default of the driver.
    pub(super) custom: Vec<Option<Form>>,
    /// The form of the tenant's column.
    pub(super) tenant: Option<Form>,
}

/// The properties found in the table of users.
pub(super) struct Found {
    pub(super) columns: Vec<FoundColumn>,
    pub(super) forms: Forms,
    /// The type of the id, if its form is known.
    pub(super) id_type: Option<String>,
    /// The types of the custom columns whose form is known.
    pub(super) custom_types: Vec<Option<String>>,
}

impl Forms {
    /// Returns the forms in tables that axum-users created.
    pub(super) fn usual<DB: Dialect>(custom: &[SqlColumn]) -> Self {
        Self { id: Form::of(DB::ID_FORM), custom: vec![None; custom.len()], tenant: None }
    }
}

/// Reads the forms of the table of users. Returns `None` if the table does not exist.
pub(super) async fn find<DB: Dialect>(
    connection: &mut DB::Connection,
    sql: &'static UserSql,
    custom: &[SqlColumn],
    kind: IdKind,
) -> SqlResult<Option<Found>> {
    let schema = sql.schema_on::<DB>();
    let columns = DB::columns(connection, schema, sql.table).await?;
    if columns.is_empty() {
        return Ok(None);
    }
    let table = DB::qualified(schema, sql.table);
    let (mut forms, mut id_type, mut custom_types) = (Forms::usual::<DB>(custom), None, vec![None; custom.len()]);
    if let Some(there) = column(&columns, sql.roles.id) {
        forms.id.is_char = DB::is_char(&there.sql_type);
        if kind == IdKind::Uuid
            && let Some(form) = form_of::<DB>(connection, &table, there, None).await?
        {
            forms.id.uuid = form;
            id_type = Some(there.sql_type.clone());
        }
    }
    for (index, own) in custom.iter().enumerate().filter(|(_, own)| own.is_uuid) {
        let Some(there) = column(&columns, own.name) else { continue };
        let of_id = id_type.as_ref().is_some_and(|id| *id == there.sql_type).then_some(forms.id.uuid);
        let Some(uuid) = form_of::<DB>(connection, &table, there, of_id).await? else { continue };
        custom_types[index] = Some(there.sql_type.clone());
        let form = Form { uuid, is_char: DB::is_char(&there.sql_type) };
        if form != Form::of(DB::UUID_FORM) {
            forms.custom[index] = Some(form);
        }
        if own.is_tenant {
            forms.tenant = forms.custom[index];
        }
    }
    Ok(Some(Found { columns, forms, id_type, custom_types }))
}

/// Returns the text of [`Statements::find_many`](super::Statements::find_many) for UUIDs in bytes, for tests of query plans (feature `testing`).
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn find_many_of_bytes<DB: Dialect>(sql: &'static UserSql) -> String {
    let form = Form::of(UuidForm::Bytes);
    DB::find_many(DB::statements(sql).find_many.into_sql_str(), IdKind::Uuid, form).as_str().to_owned()
}

fn column<'a>(columns: &'a [FoundColumn], name: &str) -> Option<&'a FoundColumn> {
    columns.iter().find(|there| there.name.eq_ignore_ascii_case(name))
}

/// Returns the form of the UUIDs in a column: the form that its type implies; otherwise the likely form if the column
/// has such a value or no values, and else the form of an existing value. The likely form is `of_id`, that of an id of
/// the same type, to which the column may refer. The table is quoted.
async fn form_of<DB: Dialect>(
    connection: &mut DB::Connection,
    table: &str,
    column: &FoundColumn,
    of_id: Option<UuidForm>,
) -> SqlResult<Option<UuidForm>> {
    let likely = match DB::declared_form(&column.sql_type) {
        Declared::Always(form) => return Ok(Some(form)),
        Declared::Likely(form) => of_id.unwrap_or(form),
        Declared::Never => return Ok(None),
    };
    let name = DB::quoted(&column.name);
    let some = values::<DB>(connection, format!("SELECT {name} FROM {table} WHERE {name} IS NOT NULL")).await?;
    let clear = some.iter().filter(|value| has_letters(value)).find_map(|value| UuidForm::of_value(value));
    let form = clear.or_else(|| some.iter().find_map(|value| UuidForm::of_value(value)));
    let Some(form) = form.filter(|form| *form != likely) else { return Ok(Some(likely)) };
    // A UUID that consists only of digits is the same in lower and in upper case.
    let same_length = form.as_text().zip(likely.as_text()).is_some_and(|((one, _), (other, _))| one == other);
    let query = format!("SELECT {name} FROM {table} WHERE {}", DB::has_form(&name, likely));
    let has_likely_ones = values::<DB>(connection, query).await?.iter().any(|value| !same_length || has_letters(value));
    Ok(Some(if has_likely_ones { likely } else { form }))
}

fn has_letters(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_alphabetic)
}

/// Runs a query of checked names and returns the first values of its only column. SQLite may have numbers there, which
/// are not UUIDs.
async fn values<DB: Dialect>(connection: &mut DB::Connection, query: String) -> SqlResult<Vec<Vec<u8>>> {
    let query = AssertSqlSafe(format!("{query} LIMIT 16"));
    let rows = DB::fetch_all(connection, query, DB::Arguments::default(), false).await?;
    Ok(rows.iter().filter_map(|row| DB::bytes_at(row, 0).ok().map(<[u8]>::to_vec)).collect())
}

/// Reports UUIDs that are not in the form of their column; lookups never find them.
pub(super) async fn drift<DB: Dialect>(
    connection: &mut DB::Connection,
    sql: &'static UserSql,
    custom: &[SqlColumn],
    found: &Found,
) -> SqlResult<Vec<SchemaDrift>> {
    let schema = sql.schema_on::<DB>();
    let mut drifts = Vec::new();
    let (state, refresh) = (format!("{}_token_state", sql.table), refresh_sql::table(sql));
    let passkeys = passkey_sql::table(sql);
    if found.id_type.is_some() {
        let form = found.forms.id.uuid;
        let mut rewrites = Vec::new();
        let accounts = sql.oauth_table.map(|accounts| (accounts, "user_id"));
        let factors = [
            second_factor_sql::factor_table(sql),
            second_factor_sql::code_table(sql),
            second_factor_sql::device_table(sql),
        ];
        let references =
            [&*state, sql.session_table, &*refresh, &*passkeys].into_iter().chain(factors.iter().map(String::as_str));
        let references = references.map(|table| (table, "user_id"));
        let references = references.chain(accounts);
        let (tables, names): (Vec<&str>, Vec<&str>) = references.chain([(sql.table, sql.roles.id)]).unzip();
        let there = DB::describe_all(connection, schema, &tables).await?;
        for ((table, name), there) in tables.into_iter().zip(names).zip(there) {
            let Some(there) = column(&there.columns, name) else { continue };
            let quoted = DB::qualified(schema, table);
            rewrites.push(rewrite::<DB>(&quoted, name, form));
            let others = others::<DB>(connection, &quoted, there, form).await?;
            if others > 0 {
                drifts.push(drift_of(table, name, others, form, String::new()));
            }
        }
        // The ids and the columns that refer to them change together.
        for drift in &mut drifts {
            drift.repair = Some(DB::with_references(&rewrites));
        }
    }
    let users = DB::qualified(schema, sql.table);
    for (index, own) in custom.iter().enumerate() {
        let (Some(Some(_)), Some(there)) = (found.custom_types.get(index), column(&found.columns, own.name)) else {
            continue;
        };
        let form = found.forms.custom.get(index).copied().flatten().map_or(DB::UUID_FORM, |form| form.uuid);
        let others = others::<DB>(connection, &users, there, form).await?;
        if others > 0 {
            drifts.push(drift_of(sql.table, own.name, others, form, rewrite::<DB>(&users, own.name, form)));
        }
    }
    Ok(drifts)
}

/// Returns the number of values that have another form than `form`. The table is quoted.
async fn others<DB: Dialect>(
    connection: &mut DB::Connection,
    table: &str,
    column: &FoundColumn,
    form: UuidForm,
) -> SqlResult<i64> {
    if DB::declared_form(&column.sql_type) == Declared::Always(form) {
        return Ok(0);
    }
    let name = DB::quoted(&column.name);
    let is = DB::has_form(&name, form);
    let query = format!("SELECT COUNT(*) FROM {table} WHERE {name} IS NOT NULL AND NOT ({is})");
    let rows = DB::fetch_all(connection, AssertSqlSafe(query), DB::Arguments::default(), false).await?;
    rows.first().map_or(Ok(0), |row| Row::<DB>::new(row).at(0))
}

fn drift_of(table: &str, column: &str, others: i64, form: UuidForm, repair: String) -> SchemaDrift {
    let values = if others == 1 { "value is" } else { "values are" };
    SchemaDrift {
        table: table.to_owned(),
        column: Some(column.to_owned()),
        problem: format!("{others} {values} not written as {}, so these UUIDs are not found", form.name()),
        repair: Some(repair),
    }
}

/// Returns the statement that writes all UUIDs of a column in one form. The table is quoted.
fn rewrite<DB: Dialect>(table: &str, column: &str, form: UuidForm) -> String {
    let name = DB::quoted(column);
    let (value, is) = (DB::in_form(&name, form), DB::has_form(&name, form));
    format!("UPDATE {table} SET {name} = {value} WHERE NOT ({is})")
}
