//! Writes of users.

use super::{
    Dialect, SqlResult,
    adapted::Adapted,
    base::{Base, add, storable},
    error::{is_undone, nothing_stored, violated_reference},
    retry::retry,
    transaction::{begin, finish},
};
use crate::{
    domain::{IdValue, StoreError, Timestamp, TokenId, oauth::NewOAuthAccount},
    port::{Change, EndSessions},
};

/// The user of a write, without its type.
pub(super) struct Draft<'a, DB: Dialect> {
    /// `None` if the database makes the id.
    pub(super) id: Option<IdValue>,
    pub(super) email: &'a str,
    /// Returns the arguments for the columns of the user.
    arguments: &'a (dyn Fn(&Adapted) -> SqlResult<DB::Arguments> + Send + Sync),
    /// Checks the row that was written.
    check: &'a (dyn Fn(&Adapted, &DB::Row) -> SqlResult<()> + Send + Sync),
}

impl<'a, DB: Dialect> Draft<'a, DB> {
    pub(super) fn new(
        id: Option<IdValue>,
        email: &'a str,
        arguments: &'a (dyn Fn(&Adapted) -> SqlResult<DB::Arguments> + Send + Sync),
        check: &'a (dyn Fn(&Adapted, &DB::Row) -> SqlResult<()> + Send + Sync),
    ) -> Self {
        Self { id, email, arguments, check }
    }
}

impl<DB: Dialect> Base<DB> {
    /// Inserts a user, in the same transaction with a link to an account at a provider, and returns the row.
    pub(super) async fn insert(
        &self,
        user: &Draft<'_, DB>,
        account: Option<&NewOAuthAccount>,
    ) -> Result<DB::Row, StoreError> {
        retry!(self, is_undone::<DB>, async { self.learn_keys(self.add_user(user, account).await).await })
    }

    async fn add_user(&self, user: &Draft<'_, DB>, account: Option<&NewOAuthAccount>) -> SqlResult<DB::Row> {
        let table = self.adapted().await?;
        let arguments = (user.arguments)(&table)?;
        let mut connection = self.writer().await?;
        let row = self.add_user_on(&mut connection, &table, arguments, user, account).await;
        self.settle(connection, row).await?.ok_or_else(nothing_stored)
    }

    async fn add_user_on(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        arguments: DB::Arguments,
        user: &Draft<'_, DB>,
        account: Option<&NewOAuthAccount>,
    ) -> SqlResult<Option<DB::Row>> {
        if self.returns_rows() && account.is_none() && table.changing.is_empty() && !self.is_recording() {
            return self.fetch_first(connection, table.texts.insert.clone(), arguments).await;
        }
        let mut transaction = begin::<DB>(connection).await?;
        let row = async {
            let row = self.insert_in(&mut transaction, table, arguments, user).await?;
            let id = DB::id_at(&row, 0, self.id.kind)?;
            if let Some(account) = account {
                self.insert_account(&mut transaction, &id, table.forms.id, account).await?;
            }
            self.record_in(&mut transaction, Some(&id)).await?;
            Ok(Some(row))
        };
        let row = row.await;
        finish(transaction, row).await
    }

    /// Inserts a user inside a transaction and returns the row. The caller rolls back on errors.
    async fn insert_in(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        arguments: DB::Arguments,
        user: &Draft<'_, DB>,
    ) -> SqlResult<DB::Row> {
        let row = self.write_user(connection, table, &table.texts.insert, arguments, user).await?;
        let row = row.ok_or_else(nothing_stored)?;
        (user.check)(table, &row)?;
        Ok(row)
    }

    /// Inserts a user, checks what the database checks at the end of a transaction, and rolls back.
    pub(super) async fn try_insert(&self, user: &Draft<'_, DB>) -> Result<(), StoreError> {
        retry!(self, is_undone::<DB>, async { self.learn_keys(self.insert_and_roll_back(user).await).await })
    }

    async fn insert_and_roll_back(&self, user: &Draft<'_, DB>) -> SqlResult<()> {
        let table = self.adapted().await?;
        let arguments = (user.arguments)(&table)?;
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let tried = async {
                let row = self.insert_in(&mut transaction, &table, arguments, user).await?;
                let mut id = DB::Arguments::default();
                DB::add_id(&DB::id_at(&row, 0, self.id.kind)?, table.forms.id, &mut id)?;
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

    /// Changes a user, in the same transaction with a new link to an account at a provider, and returns the row, or `None` if
    /// a condition of the change does not hold.
    pub(super) async fn update(
        &self,
        user: &Draft<'_, DB>,
        change: &Change<()>,
        account: Option<&NewOAuthAccount>,
    ) -> Result<Option<DB::Row>, StoreError> {
        retry!(self, is_undone::<DB>, async { self.learn_keys(self.change(user, change, account).await).await })
    }

    async fn change(
        &self,
        user: &Draft<'_, DB>,
        change: &Change<()>,
        account: Option<&NewOAuthAccount>,
    ) -> SqlResult<Option<DB::Row>> {
        let table = self.adapted().await?;
        let id = user.id.as_ref().ok_or(sqlx::Error::RowNotFound)?;
        let mut arguments = (user.arguments)(&table)?;
        add::<DB, _>(&raise(change), &mut arguments)?;
        DB::add_id(id, table.forms.id, &mut arguments)?;
        let hash = change.if_hashed_password.as_ref().filter(|hash| !hash.is_unreadable());
        let hash = hash.map(|hash| hash.as_stored().to_owned());
        add::<DB, _>(&hash, &mut arguments)?;
        add::<DB, _>(&change.if_email, &mut arguments)?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;

        let mut connection = self.writer().await?;
        // A single statement is atomic; checking its result or running further statements needs a transaction.
        let is_plain = change.if_epoch.is_none()
            && !change.unlink
            && account.is_none()
            && change.use_token.is_none()
            && table.changing.is_empty()
            && !self.is_recording()
            && !matches!(change.end_sessions, EndSessions::AllBut(..));
        let row = if self.returns_rows() && is_plain {
            self.fetch_first(&mut connection, table.texts.update.clone(), arguments).await
        } else {
            self.change_on(&mut connection, &table, arguments, (user, id), change, account).await
        };
        self.settle(connection, row).await
    }

    async fn change_on(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        arguments: DB::Arguments,
        (user, id): (&Draft<'_, DB>, &IdValue),
        change: &Change<()>,
        account: Option<&NewOAuthAccount>,
    ) -> SqlResult<Option<DB::Row>> {
        let mut transaction = begin::<DB>(connection).await?;
        let done = async {
            let written = self.write_user(&mut transaction, table, &table.texts.update, arguments, user).await?;
            let Some(row) = written else { return Ok(None) };
            (user.check)(table, &row)?;
            // The update locks the row, so the epoch before it can be derived from the returned one.
            let epoch = self.epoch(&row)?;
            if change.if_epoch.is_some_and(|wanted| epoch.0.checked_sub(raise(change)) != Some(wanted.0)) {
                return Ok(None);
            }
            if let Some((token, until)) = &change.use_token
                && !self.use_in(&mut transaction, token, *until).await?
            {
                return Ok(None);
            }
            if let EndSessions::AllBut(token, until) = &change.end_sessions {
                let mut arguments = DB::Arguments::default();
                add::<DB, _>(&token.0, &mut arguments)?;
                DB::add_id(id, table.forms.id, &mut arguments)?;
                add::<DB, _>(&epoch.0, &mut arguments)?;
                DB::add_time(storable(*until), &mut arguments)?;
                self.execute_on(&mut transaction, self.token_sql.keep.clone(), arguments).await?;
            }
            if change.unlink {
                self.unlink_all_in(&mut transaction, id, table.forms.id).await?;
            }
            if let Some(account) = account {
                self.insert_account(&mut transaction, id, table.forms.id, account).await?;
            }
            self.record_in(&mut transaction, None).await?;
            Ok(Some(row))
        };
        let done = done.await;
        finish(transaction, done).await
    }

    /// Records that a token was used, in the transaction of what it permits. Returns `false` if it was used before; the
    /// caller rolls back.
    async fn use_in(&self, connection: &mut DB::Connection, token: &TokenId, until: Timestamp) -> SqlResult<bool> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&token.0, &mut arguments)?;
        DB::add_time(storable(until), &mut arguments)?;
        match self.execute_on(connection, self.token_sql.use_once.clone(), arguments).await {
            Ok(_) => Ok(true),
            Err(sqlx::Error::Database(refusal)) if refusal.is_unique_violation() => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn delete(&self, id: &IdValue) -> Result<bool, StoreError> {
        let delete =
            || self.execute_on_users(self.statements.delete, |arguments, form| DB::add_id(id, form, arguments));
        retry!(self, is_undone::<DB>, delete()).map(|rows| rows > 0)
    }

    pub(super) async fn end_sessions(&self, whose: Option<&IdValue>) -> Result<(), StoreError> {
        let sql = if whose.is_some() { self.statements.end_sessions } else { self.statements.end_all_sessions };
        let bind = |arguments: &mut DB::Arguments, form| whose.map_or(Ok(()), |id| DB::add_id(id, form, arguments));
        retry!(self, is_undone::<DB>, self.execute_on_users(sql, bind)).map(drop)
    }

    pub(super) async fn revoke(&self, token: &TokenId, until: Timestamp) -> Result<(), StoreError> {
        let revoke = || {
            self.execute(self.token_sql.revoke.clone(), |arguments, _| {
                add::<DB, _>(&token.0, arguments)?;
                DB::add_time(storable(until), arguments)
            })
        };
        retry!(self, is_undone::<DB>, revoke()).map(drop)
    }
}

/// Returns by how much a change raises the epoch.
fn raise(change: &Change<()>) -> i64 {
    if change.end_sessions == EndSessions::Keep { 0 } else { 1 }
}
