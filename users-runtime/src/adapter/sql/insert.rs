//! Adds users, and tries to add them without storing anything.

use super::{
    Dialect, SqlResult, SqlUser, Values,
    adapted::Adapted,
    error::{nothing_stored, violated_reference},
    store::{Store, bind},
    transaction::{begin, finish},
};
use crate::user::Columns;

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Adds a user and returns it as it is stored.
    pub(super) async fn add_user(&self, user: &U) -> SqlResult<U> {
        let table = self.adapted().await?;
        let mut values = Values::insert::<U>(&self.custom, &table.forms);
        bind(user, &mut values)?;
        let arguments = values.into_arguments();
        let mut connection = self.writer().await?;
        let row = self.add_user_on(&mut connection, &table, arguments, user).await;
        let row = self.settle(connection, row).await?;
        self.user(&row.ok_or_else(nothing_stored)?)
    }

    async fn add_user_on(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        arguments: DB::Arguments,
        user: &U,
    ) -> SqlResult<Option<DB::Row>> {
        if self.returns_rows() && table.changing.is_empty() {
            return self.fetch_first(connection, table.texts.insert.clone(), arguments).await;
        }
        let mut transaction = begin::<DB>(connection).await?;
        let row = self.insert_in(&mut transaction, table, user, arguments).await;
        finish(transaction, row.map(Some)).await
    }

    /// Inserts a user inside a transaction and returns the row. The caller rolls back on errors.
    pub(super) async fn insert_in(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        user: &U,
        arguments: DB::Arguments,
    ) -> SqlResult<DB::Row> {
        let id = (!U::ID_MADE_BY_DATABASE).then(|| user.id());
        let row = self.write_user(connection, table, &table.texts.insert, arguments, user, id).await?;
        let row = row.ok_or_else(nothing_stored)?;
        self.refuse_changed_values(table, user, Columns::ALL, &row)?;
        Ok(row)
    }

    /// Inserts a user, checks what the database checks at the end of a transaction, and rolls back.
    pub(super) async fn try_insert(&self, user: &U) -> SqlResult<()> {
        let table = self.adapted().await?;
        let mut values = Values::insert::<U>(&self.custom, &table.forms);
        bind(user, &mut values)?;
        let arguments = values.into_arguments();
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let tried = async {
                let row = self.insert_in(&mut transaction, &table, user, arguments).await?;
                let mut id = DB::Arguments::default();
                DB::add_id(&self.user(&row)?.id(), table.forms.id, &mut id)?;
                if DB::meets_deferred_constraints(&mut transaction, self.sql, id).await? {
                    Ok(None::<()>)
                } else {
                    Err(violated_reference())
                }
            };
            let tried = tried.await;
            finish(transaction, tried).await
        };
        let done = done.await;
        self.settle(connection, done).await.map(drop)
    }
}
