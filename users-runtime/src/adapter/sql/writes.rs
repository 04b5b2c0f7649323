//! Writes of users.

use super::{
    Dialect, SqlResult,
    adapted::Adapted,
    base::{Base, add, storable},
    connection::Writer,
    error::{is_undone, nothing_stored, violated_reference},
    retry::retry,
    transaction::{begin, finish},
    updates::ChangedColumns,
    uuid_form::Form,
};
use crate::{
    domain::{IdValue, NewPasskey, Once, Reauthentication, StoreError, Timestamp, TokenId, oauth::NewOAuthAccount},
    port::{BoxFuture, Change, EndSessions},
    user::Columns,
};

/// A login method other than a password that is added in the same transaction as its user.
#[derive(Clone, Copy)]
pub(super) enum AddedLoginMethod<'a> {
    /// A link to an account at a provider.
    Account(&'a NewOAuthAccount),
    /// A passkey, from a ceremony that is used up.
    Passkey(&'a NewPasskey, &'a Once),
}

/// The user of a write, without its type.
pub(super) struct Draft<'a, DB: Dialect> {
    /// `None` if the database generates the id.
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
    /// Inserts a user, in the same transaction as a login method other than a password, and returns the row.
    pub(super) fn insert<'a>(
        &'a self,
        user: &'a Draft<'a, DB>,
        login_method: Option<AddedLoginMethod<'a>>,
    ) -> BoxFuture<'a, Result<DB::Row, StoreError>> {
        Box::pin(async move {
            retry!(self, is_undone::<DB>, |base| async {
                base.learn_keys(base.add_user(user, login_method).await).await
            })
        })
    }

    async fn add_user(&self, user: &Draft<'_, DB>, login_method: Option<AddedLoginMethod<'_>>) -> SqlResult<DB::Row> {
        let table = self.adapted().await?;
        let arguments = (user.arguments)(&table)?;
        let mut connection = self.writer().await?;
        let row = self.add_user_on(&mut connection, &table, arguments, user, login_method).await;
        self.settle_write(connection, row).await?.ok_or_else(nothing_stored)
    }

    async fn add_user_on(
        &self,
        connection: &mut Writer<DB>,
        table: &Adapted,
        arguments: DB::Arguments,
        user: &Draft<'_, DB>,
        login_method: Option<AddedLoginMethod<'_>>,
    ) -> SqlResult<Option<DB::Row>> {
        if self.returns_rows() && login_method.is_none() && table.changing.is_empty() && !self.is_recording() {
            return self.fetch_first(connection, table.texts.insert.clone(), arguments).await;
        }
        let mut transaction = begin::<DB>(connection).await?;
        let row = async {
            let row = self.insert_in(&mut transaction, table, arguments, user).await?;
            let id = DB::id_at(&row, 0, self.id.kind)?;
            self.add_login_method(&mut transaction, &id, table.forms.id, login_method).await?;
            self.record_in(&mut transaction, Some(&id)).await?;
            Ok(Some(row))
        };
        let row = row.await;
        finish(transaction, row).await
    }

    async fn add_login_method(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
        login_method: Option<AddedLoginMethod<'_>>,
    ) -> SqlResult<()> {
        match login_method {
            None => Ok(()),
            Some(AddedLoginMethod::Account(account)) => self.insert_account(connection, user, form, account).await,
            Some(AddedLoginMethod::Passkey(passkey, once)) => {
                self.record_use(connection, &once.id, once.until).await?;
                self.insert_passkey(connection, user, form, passkey).await
            }
        }
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
    pub(super) fn try_insert<'a>(&'a self, user: &'a Draft<'a, DB>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            retry!(self, is_undone::<DB>, |base| async { base.learn_keys(base.insert_and_roll_back(user).await).await })
        })
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
        self.settle_write(connection, done).await.map(drop)
    }

    /// Changes a user, in the same transaction as a new link to an account at a provider, and returns the row, or
    /// `None` if a condition of the change does not hold.
    pub(super) fn update<'a>(
        &'a self,
        user: &'a Draft<'a, DB>,
        change: &'a Change<()>,
        account: Option<&'a NewOAuthAccount>,
    ) -> BoxFuture<'a, Result<Option<DB::Row>, StoreError>> {
        Box::pin(async move {
            retry!(self, is_undone::<DB>, |base| async {
                base.learn_keys(base.change(user, change, account).await).await
            })
        })
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
        // A single statement is atomic; checking its result or running further statements needs a transaction, unless all that
        // follows is reading the row.
        let is_plain = change.if_epoch.is_none()
            && !change.unlink
            && !change.remove_passkeys
            && account.is_none()
            && change.use_token.is_none()
            && change.second_factor.is_none()
            && !self.forgets_devices(change)
            && table.changing.is_empty()
            && !self.is_recording()
            && !matches!(change.end_sessions, EndSessions::AllBut(..));
        let row = if self.returns_rows() && is_plain {
            self.fetch_first(&mut connection, table.updates.form(ChangedColumns::of(change)), arguments).await
        } else if !DB::RETURNS_ROWS && is_plain && is_repeatable(change) {
            let sql = table.updates.form(ChangedColumns::of(change));
            Box::pin(self.write_user(&mut connection, &table, &sql, arguments, user)).await
        } else {
            // Boxed, so that the future of every other change stays small: it is moved to the heap as a whole.
            Box::pin(self.change_on(&mut connection, &table, arguments, (user, id), change, account)).await
        };
        self.settle_write(connection, row).await
    }

    async fn change_on(
        &self,
        connection: &mut Writer<DB>,
        table: &Adapted,
        arguments: DB::Arguments,
        (user, id): (&Draft<'_, DB>, &IdValue),
        change: &Change<()>,
        account: Option<&NewOAuthAccount>,
    ) -> SqlResult<Option<DB::Row>> {
        let mut transaction = begin::<DB>(connection).await?;
        let done = async {
            let update = table.updates.form(ChangedColumns::of(change));
            let written = self.write_user(&mut transaction, table, &update, arguments, user).await?;
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
            if let Some(factor) = &change.second_factor
                && !self.change_factor_in(&mut transaction, id, table.forms.id, factor).await?
            {
                return Ok(None);
            }
            if self.forgets_devices(change) {
                self.forget_devices_in(&mut transaction, id, table.forms.id).await?;
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
            if change.remove_passkeys {
                self.remove_passkeys_in(&mut transaction, id, table.forms.id).await?;
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

    /// Returns whether a change stores a new password, so that remembered devices are removed. A new hash of the same
    /// password is not a new password.
    fn forgets_devices(&self, change: &Change<()>) -> bool {
        let is_new = change.columns.includes(Columns::HASHED_PASSWORD) && change.must_change_password.is_some();
        is_new && self.has_second_factors()
    }

    /// Records that a token was used, in the transaction of the operation that it permits. Returns `false` if it was
    /// used before; the caller rolls back.
    pub(super) async fn use_in(
        &self,
        connection: &mut DB::Connection,
        token: &TokenId,
        until: Timestamp,
    ) -> SqlResult<bool> {
        match self.record_use(connection, token, until).await {
            Ok(()) => Ok(true),
            Err(sqlx::Error::Database(refusal)) if refusal.is_unique_violation() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Does the same, and violates the primary key if the token was used before.
    async fn record_use(&self, connection: &mut DB::Connection, token: &TokenId, until: Timestamp) -> SqlResult<()> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&token.0, &mut arguments)?;
        DB::add_time(storable(until), &mut arguments)?;
        self.execute_on(connection, self.token_sql.use_once.clone(), arguments).await.map(drop)
    }

    /// Records that a token was used, in a separate transaction. Returns `false` if anything was recorded under its name before.
    pub(super) fn use_once<'a>(
        &'a self,
        token: &'a TokenId,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let sql = &self.token_sql.use_once;
            let bind = |arguments: &mut DB::Arguments, _| {
                add::<DB, _>(&token.0, arguments)?;
                DB::add_time(storable(until), arguments)
            };
            retry!(self, is_undone::<DB>, |base| async {
                match base.execute(sql.clone(), bind).await {
                    Ok(_) => Ok(true),
                    Err(sqlx::Error::Database(refusal)) if refusal.is_unique_violation() => Ok(false),
                    Err(error) => Err(error),
                }
            })
        })
    }

    pub(super) fn delete<'a>(&'a self, id: &'a IdValue) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let sql = self.statements.delete;
            let bind = |arguments: &mut DB::Arguments, form| DB::add_id(id, form, arguments);
            retry!(self, is_undone::<DB>, |base| base.execute_on_users(sql, bind)).map(|rows| rows > 0)
        })
    }

    pub(super) fn end_sessions<'a>(&'a self, whose: Option<&'a IdValue>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let sql = if whose.is_some() { self.statements.end_sessions } else { self.statements.end_all_sessions };
            let bind = |arguments: &mut DB::Arguments, form| whose.map_or(Ok(()), |id| DB::add_id(id, form, arguments));
            retry!(self, is_undone::<DB>, |base| base.execute_on_users(sql, bind)).map(drop)
        })
    }

    pub(super) fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let sql = &self.token_sql.revoke;
            let bind = |arguments: &mut DB::Arguments, _| {
                add::<DB, _>(&token.0, arguments)?;
                DB::add_time(storable(until), arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(drop)
        })
    }

    pub(super) fn reauthenticate<'a>(
        &'a self,
        id: &'a IdValue,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let sql = &self.token_sql.reauthenticate;
            let bind = |arguments: &mut DB::Arguments, form| {
                add::<DB, _>(&token.0, arguments)?;
                DB::add_id(id, form, arguments)?;
                DB::add_upstream_time(Some(proof.at), arguments)?;
                add::<DB, _>(&proof.to_text(), arguments)?;
                DB::add_time(storable(until), arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(drop)
        })
    }
}

/// Returns whether a change has the same effect a second time. MySQL has no `RETURNING`: if reading the row after such a change
/// fails, the change is repeated or its outcome is unknown, as that of a failed commit.
fn is_repeatable(change: &Change<()>) -> bool {
    change.if_hashed_password.is_none() && change.if_email.is_none() && change.end_sessions == EndSessions::Keep
}

/// Returns by how much a change raises the epoch.
fn raise(change: &Change<()>) -> i64 {
    if change.end_sessions == EndSessions::Keep { 0 } else { 1 }
}
