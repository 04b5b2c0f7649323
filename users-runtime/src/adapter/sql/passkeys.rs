//! Passkeys in the users' database.

use super::{
    Dialect, Row, SqlResult,
    base::{Base, add},
    error::{is_disconnected, is_undone},
    retry::retry,
    transaction::{begin, finish},
    uuid_form::Form,
};
use crate::{
    domain::{
        Epoch, IdValue, NewPasskey, Once, Passkey, PasskeyAdded, PasskeyId, PasskeyRemoved, PasskeyUse, PasskeyUsed,
        PasswordHash, StoreError, Timestamp, UserHandle, oauth::PlaceholderPassword,
    },
    port::BoxFuture,
};

/// A passkey to add to a user.
pub(super) struct Addition<'a> {
    pub(super) user: &'a IdValue,
    pub(super) epoch: Epoch,
    pub(super) passkey: &'a NewPasskey,
    pub(super) at_most: u32,
    pub(super) once: &'a Once,
}

/// A user whose row is locked.
struct Locked {
    epoch: Epoch,
    hash: PasswordHash,
}

impl<DB: Dialect> Base<DB> {
    pub(super) fn passkey<'a>(
        &'a self,
        id: &'a PasskeyId,
    ) -> BoxFuture<'a, Result<Option<Passkey<IdValue>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.find_passkey(id)) })
    }

    pub(super) fn passkeys<'a>(
        &'a self,
        user: &'a IdValue,
    ) -> BoxFuture<'a, Result<Vec<Passkey<IdValue>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.list_passkeys(user)) })
    }

    pub(super) fn add_passkey<'a>(
        &'a self,
        addition: &'a Addition<'a>,
    ) -> BoxFuture<'a, Result<PasskeyAdded, StoreError>> {
        Box::pin(async move {
            match retry!(self, is_undone::<DB>, |base| base.add_if_possible(addition)) {
                Err(StoreError::Conflict) => Ok(PasskeyAdded::Taken),
                done => done,
            }
        })
    }

    pub(super) fn redeem_passkey<'a>(
        &'a self,
        used: &'a PasskeyUse,
        once: &'a Once,
    ) -> BoxFuture<'a, Result<PasskeyUsed, StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, |base| base.use_passkey(used, once)) })
    }

    pub(super) fn rename_passkey<'a>(
        &'a self,
        user: &'a IdValue,
        id: &'a PasskeyId,
        name: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let sql = &self.passkey_sql.rename;
            let bind = |arguments: &mut DB::Arguments, form| {
                add::<DB, _>(&name.to_owned(), arguments)?;
                DB::add_id(user, form, arguments)?;
                add::<DB, _>(&id.as_str().to_owned(), arguments)
            };
            let renamed = retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind))?;
            // MySQL does not count a row that has the name already.
            Ok(renamed > 0 || self.passkey(id).await?.is_some_and(|found| found.user_id == *user))
        })
    }

    pub(super) fn remove_passkey<'a>(
        &'a self,
        user: &'a IdValue,
        id: &'a PasskeyId,
    ) -> BoxFuture<'a, Result<PasskeyRemoved, StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, |base| base.remove_unless_last(user, id)) })
    }

    async fn find_passkey(&self, id: &PasskeyId) -> SqlResult<Option<Passkey<IdValue>>> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&id.as_str().to_owned(), &mut arguments)?;
        let rows = self.read(self.passkey_sql.find.clone(), arguments).await?;
        let found = rows.first().map(|row| self.passkey_of(row)).transpose()?;
        // A collation may treat different letters as equal.
        Ok(found.filter(|found| found.id == *id))
    }

    async fn list_passkeys(&self, user: &IdValue) -> SqlResult<Vec<Passkey<IdValue>>> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, self.adapted().await?.forms.id, &mut arguments)?;
        let rows = self.read(self.passkey_sql.list.clone(), arguments).await?;
        rows.iter().map(|row| self.passkey_of(row)).collect()
    }

    fn passkey_of(&self, row: &DB::Row) -> SqlResult<Passkey<IdValue>> {
        let columns = Row::<DB>::new(row);
        let time = |milliseconds| Timestamp::from_timestamp_millis(milliseconds).ok_or(sqlx::Error::RowNotFound);
        let handle: String = columns.at(2)?;
        let sign_count: i64 = columns.at(5)?;
        let new = NewPasskey {
            id: PasskeyId::from_stored(columns.at::<String>(0)?),
            user_handle: UserHandle::parse(&handle).ok_or(sqlx::Error::RowNotFound)?,
            name: columns.at(3)?,
            credential: columns.at(4)?,
            sign_count: u32::try_from(sign_count).map_err(|_| sqlx::Error::RowNotFound)?,
            created_at: time(columns.at(6)?)?,
            placeholder: None,
        };
        let last_used_at = columns.at::<Option<i64>>(7)?.map(time).transpose()?;
        Ok(Passkey::stored(DB::id_at(row, 1, self.id.kind)?, new, last_used_at))
    }

    /// Adds a passkey, in the transaction that adds its user or in its own.
    pub(super) async fn insert_passkey(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
        passkey: &NewPasskey,
    ) -> SqlResult<()> {
        let NewPasskey { id, user_handle, name, credential, sign_count, created_at, placeholder } = passkey;
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&id.as_str().to_owned(), &mut arguments)?;
        DB::add_id(user, form, &mut arguments)?;
        add::<DB, _>(&user_handle.to_string(), &mut arguments)?;
        add::<DB, _>(name, &mut arguments)?;
        add::<DB, _>(credential, &mut arguments)?;
        add::<DB, _>(&i64::from(*sign_count), &mut arguments)?;
        add::<DB, _>(&created_at.timestamp_millis(), &mut arguments)?;
        add::<DB, _>(&None::<i64>, &mut arguments)?;
        add::<DB, _>(&placeholder.as_ref().map(|placeholder| placeholder.as_str().to_owned()), &mut arguments)?;
        self.execute_on(connection, self.passkey_sql.insert.clone(), arguments).await.map(drop)
    }

    /// Removes the passkeys of a user, in the transaction of a change.
    pub(super) async fn remove_passkeys_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
    ) -> SqlResult<()> {
        if !self.has_passkeys() {
            return Ok(());
        }
        self.execute_for(connection, &self.passkey_sql.remove_all, user, form).await.map(drop)
    }

    /// Returns whether a user has a passkey, in the transaction of a change.
    pub(super) async fn has_passkey_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
    ) -> SqlResult<bool> {
        if !self.has_passkeys() {
            return Ok(false);
        }
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        let keep = self.pools.keep_statements;
        let rows = DB::fetch_all(connection, self.passkey_sql.list.clone(), arguments, keep).await?;
        Ok(!rows.is_empty())
    }

    /// Locks the row of a user, so that two concurrent changes do not each rely on the login method that the other removes.
    async fn lock_user(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
    ) -> SqlResult<Option<Locked>> {
        if self.execute_for(connection, &self.passkey_sql.lock, user, form).await? == 0 {
            return Ok(None);
        }
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        let row = self.fetch_first(connection, self.passkey_sql.user.clone(), arguments).await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Row::<DB>::new(&row);
        let hash = columns.at::<Option<String>>(1)?.unwrap_or_default();
        Ok(Some(Locked { epoch: Epoch(columns.at(0)?), hash: PasswordHash::from_stored(hash) }))
    }

    async fn add_if_possible(&self, addition: &Addition<'_>) -> SqlResult<PasskeyAdded> {
        let form = self.adapted().await?.forms.id;
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let mut outcome = PasskeyAdded::Added;
            let done = self.add_in(&mut transaction, addition, form).await.map(|added| {
                outcome = added;
                (added == PasskeyAdded::Added).then_some(())
            });
            finish(transaction, done).await.map(|_| outcome)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn add_in(
        &self,
        connection: &mut DB::Connection,
        addition: &Addition<'_>,
        form: Form,
    ) -> SqlResult<PasskeyAdded> {
        let Addition { user, epoch, passkey, at_most, once } = *addition;
        let locked = self.lock_user(connection, user, form).await?;
        if locked.is_none_or(|locked| locked.epoch != epoch) {
            return Ok(PasskeyAdded::Ended);
        }
        if !self.use_in(connection, &once.id, once.until).await? {
            return Ok(PasskeyAdded::Replayed);
        }
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        let keep = self.pools.keep_statements;
        let others = DB::fetch_all(connection, self.passkey_sql.list.clone(), arguments, keep).await?;
        if u32::try_from(others.len()).is_ok_and(|others| others < at_most) {
            self.insert_passkey(connection, user, form, passkey).await?;
            self.record_in(connection, None).await?;
            return Ok(PasskeyAdded::Added);
        }
        Ok(PasskeyAdded::TooMany)
    }

    async fn use_passkey(&self, used: &PasskeyUse, once: &Once) -> SqlResult<PasskeyUsed> {
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let mut outcome = PasskeyUsed::Used;
            let done = self.use_passkey_in(&mut transaction, used, once).await.map(|used| {
                outcome = used;
                (used == PasskeyUsed::Used).then_some(())
            });
            finish(transaction, done).await.map(|_| outcome)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn use_passkey_in(
        &self,
        connection: &mut DB::Connection,
        used: &PasskeyUse,
        once: &Once,
    ) -> SqlResult<PasskeyUsed> {
        if !self.use_in(connection, &once.id, once.until).await? {
            return Ok(PasskeyUsed::Replayed);
        }
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&used.credential, &mut arguments)?;
        add::<DB, _>(&i64::from(used.sign_count), &mut arguments)?;
        add::<DB, _>(&used.at.timestamp_millis(), &mut arguments)?;
        add::<DB, _>(&used.id.as_str().to_owned(), &mut arguments)?;
        add::<DB, _>(&i64::from(used.sign_count_before), &mut arguments)?;
        let done = self.execute_on(connection, self.passkey_sql.redeem.clone(), arguments).await?;
        Ok(if done.rows > 0 { PasskeyUsed::Used } else { PasskeyUsed::Changed })
    }

    async fn remove_unless_last(&self, user: &IdValue, id: &PasskeyId) -> SqlResult<PasskeyRemoved> {
        let form = self.adapted().await?.forms.id;
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let mut outcome = PasskeyRemoved::NotFound;
            let done = self.remove_passkey_in(&mut transaction, user, id, form).await.map(|removed| {
                outcome = removed;
                (removed == PasskeyRemoved::Removed).then_some(())
            });
            finish(transaction, done).await.map(|_| outcome)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn remove_passkey_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        id: &PasskeyId,
        form: Form,
    ) -> SqlResult<PasskeyRemoved> {
        let Some(Locked { hash, .. }) = self.lock_user(connection, user, form).await? else {
            return Ok(PasskeyRemoved::NotFound);
        };
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        let keep = self.pools.keep_statements;
        let rows = DB::fetch_all(connection, self.passkey_sql.list.clone(), arguments, keep).await?;
        let (mut is_there, mut others, mut placeholder) = (false, false, None);
        for row in &rows {
            let columns = Row::<DB>::new(row);
            let is_this = columns.at::<String>(0)? == id.as_str();
            (is_there, others) = (is_there || is_this, others || !is_this);
            let stored = columns.at::<Option<String>>(8)?.map(PlaceholderPassword::from_stored);
            placeholder = placeholder.or(stored.filter(|stored| stored.is_of(&hash)));
        }
        if !is_there {
            return Ok(PasskeyRemoved::NotFound);
        }
        let links = self.links_in(connection, user, form, &hash).await?;
        let placeholder = placeholder.or(links.placeholder);
        if let Some(placeholder) = placeholder {
            if !others && links.count == 0 {
                return Ok(PasskeyRemoved::LastWayIn);
            }
            // The passkey that is removed may be the one that records that there is no password.
            self.keep_placeholder_in(connection, user, form, &placeholder).await?;
        }
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        add::<DB, _>(&id.as_str().to_owned(), &mut arguments)?;
        self.execute_on(connection, self.passkey_sql.remove.clone(), arguments).await?;
        self.record_in(connection, None).await?;
        Ok(PasskeyRemoved::Removed)
    }

    /// Stores the placeholder with every other login method of a user.
    pub(super) async fn keep_placeholder_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
        placeholder: &PlaceholderPassword,
    ) -> SqlResult<()> {
        let passkeys = self.has_passkeys().then_some(&self.passkey_sql.keep_placeholder);
        let links = self.oauth_sql.as_ref().map(|sql| &sql.keep_placeholder);
        for sql in passkeys.into_iter().chain(links) {
            let mut arguments = DB::Arguments::default();
            add::<DB, _>(&placeholder.as_str().to_owned(), &mut arguments)?;
            DB::add_id(user, form, &mut arguments)?;
            self.execute_on(connection, sql.clone(), arguments).await?;
        }
        Ok(())
    }

    /// Returns whether the table of passkeys is used.
    pub(super) fn has_passkeys(&self) -> bool {
        self.keeps_passkeys.load(std::sync::atomic::Ordering::Relaxed)
    }
}
