//! Reports stored addresses that lookups do not find: with spaces around them, which other programs stored.

use sqlx::AssertSqlSafe;

use super::{Dialect, Row, SqlResult, UserSql, schema::FoundColumn};
use crate::port::SchemaDrift;

/// Returns the difference if there are such addresses.
pub(super) async fn drift<DB: Dialect>(
    connection: &mut DB::Connection,
    sql: &'static UserSql,
    columns: &[FoundColumn],
) -> SqlResult<Option<SchemaDrift>> {
    let (schema, email) = (sql.schema_on::<DB>(), sql.roles.email);
    if !columns.iter().any(|column| column.name.eq_ignore_ascii_case(email)) {
        return Ok(None);
    }
    let (users, column) = (DB::qualified(schema, sql.table), DB::quoted(email));
    let trimmed = DB::trimmed(&column);
    let condition = format!("length({column}) <> length({trimmed})");
    let query = AssertSqlSafe(format!("SELECT COUNT(*) FROM {users} WHERE {condition}"));
    let rows = DB::fetch_all(connection, query, DB::Arguments::default(), false).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| Row::<DB>::new(row).at(0))?;
    Ok((count > 0).then(|| SchemaDrift {
        column: Some(email.to_owned()),
        repair: Some(format!("UPDATE {users} SET {column} = {trimmed} WHERE {condition}")),
        ..SchemaDrift::new(
            sql.table,
            format!(
                "{count} address(es) have a space before or after them: they are found only with it, and get no mail"
            ),
        )
    }))
}
