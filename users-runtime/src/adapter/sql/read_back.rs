//! Writes a user and returns the row as it is stored.

use sqlx::SqlStr;

use super::{ById, Dialect, SqlResult, adapted::Adapted, base::Base, lookups::lookup, writes::Draft};
use crate::domain::{CanonicalEmail, IdKind, IdValue};

impl<DB: Dialect> Base<DB> {
    /// Returns whether a statement that writes a user returns the row as it is stored. A trigger may fill a column after
    /// the row was written, which `RETURNING` does not see.
    pub(super) fn returns_rows(&self) -> bool {
        DB::RETURNS_ROWS && self.custom.iter().all(|column| column.from_database.is_none())
    }

    /// Inserts or updates a user and returns the row: all columns, followed by the epoch. A row whose id the database
    /// generates is found by the last insert id if the id is an integer, otherwise by the address, which is unique.
    /// Without [`Base::returns_rows`] this is two statements, which need a transaction around them.
    pub(super) async fn write_user(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        sql: &SqlStr,
        arguments: DB::Arguments,
        user: &Draft<'_, DB>,
    ) -> SqlResult<Option<DB::Row>> {
        if self.returns_rows() {
            return self.fetch_first(connection, sql.clone(), arguments).await;
        }
        let Adapted { texts, forms, .. } = table;
        let id = if DB::RETURNS_ROWS {
            let Some(row) = self.fetch_first(connection, sql.clone(), arguments).await? else { return Ok(None) };
            DB::id_at(&row, 0, self.id.kind)?
        } else {
            let done = self.execute_on(connection, sql.clone(), arguments).await?;
            if done.rows == 0 {
                return Ok(None);
            }
            let id = match (&user.id, self.id.kind) {
                (None, IdKind::Uuid | IdKind::Text) => {
                    let arguments = self.by_email(&CanonicalEmail::of(user.email), forms)?;
                    return self.fetch_first(connection, texts.find_by_email.clone(), arguments).await;
                }
                (None, IdKind::Integer) => done.last_id.map(IdValue::Integer),
                (known, _) => known.clone(),
            };
            id.ok_or(sqlx::Error::RowNotFound)?
        };
        let arguments = self.tenant_condition(lookup::<DB>(&ById { id, token: None }, forms.id)?, forms)?;
        self.fetch_first(connection, texts.find.clone(), arguments).await
    }
}
