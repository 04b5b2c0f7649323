//! Writes a user and returns the row as it is stored.

use sqlx::SqlStr;

use super::{ById, Dialect, SqlResult, SqlUser, adapted::Adapted, lookups::lookup, store::Store};
use crate::domain::{CanonicalEmail, IdKind, IdValue, UserId as _, id_kind};

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Returns whether a statement that writes a user returns the row as it is stored. A trigger may fill a column after
    /// the row was written, which `RETURNING` does not see.
    pub(super) fn returns_rows(&self) -> bool {
        DB::RETURNS_ROWS && self.custom.iter().all(|column| column.from_database.is_none())
    }

    /// Inserts or updates a user and returns the row: all columns, followed by the epoch. `id` is the user's id, if it
    /// is known before. An id that the database makes is found by the last insert id if it is an integer, otherwise by
    /// the address, which is unique. Without [`Store::returns_rows`] this is two statements, which need a transaction around them.
    pub(super) async fn write_user(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        sql: &SqlStr,
        arguments: DB::Arguments,
        user: &U,
        id: Option<U::Id>,
    ) -> SqlResult<Option<DB::Row>> {
        if self.returns_rows() {
            return self.fetch_first(connection, sql.clone(), arguments).await;
        }
        let Adapted { texts, forms, .. } = table;
        let id = if DB::RETURNS_ROWS {
            let Some(row) = self.fetch_first(connection, sql.clone(), arguments).await? else { return Ok(None) };
            DB::id_at(&row, 0)?
        } else {
            let done = self.execute_on(connection, sql.clone(), arguments).await?;
            if done.rows == 0 {
                return Ok(None);
            }
            let id = match (id, id_kind::<U::Id>()) {
                (None, IdKind::Uuid | IdKind::Text) => {
                    let arguments = self.by_email(&CanonicalEmail::of(user.account().email), forms)?;
                    return self.fetch_first(connection, texts.find_by_email.clone(), arguments).await;
                }
                (None, IdKind::Integer) => done.last_id.and_then(|id| U::Id::from_value(IdValue::Integer(id))),
                (known, _) => known,
            };
            id.ok_or(sqlx::Error::RowNotFound)?
        };
        let arguments = self.tenant_condition(lookup::<DB, U>(&ById { id, token: None }, forms.id)?, forms)?;
        self.fetch_first(connection, texts.find.clone(), arguments).await
    }
}
