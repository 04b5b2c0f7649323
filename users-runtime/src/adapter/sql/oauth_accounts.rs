//! Accounts at OAuth providers in the users' database.

use sqlx::SqlStr;

use super::{
    Dialect, Row, SqlResult,
    base::{Base, add, storable},
    error::{is_disconnected, is_undone},
    oauth_sql::OAuthSql,
    retry::retry,
    transaction::{begin, finish},
    uuid_form::Form,
};
use crate::{
    domain::{
        IdKind, IdValue, PasswordHash, Timestamp, TokenId,
        oauth::{NewOAuthAccount, OAuthAccount, OAuthAccountId, PlaceholderPassword, StoredTokens},
    },
    port::{BoxFuture, StoreError, Unlinked},
};

/// The properties of a user's links that determine whether a link is the last login method.
pub(super) struct Links {
    pub(super) count: usize,
    pub(super) placeholder: Option<PlaceholderPassword>,
}

impl<DB: Dialect> Base<DB> {
    /// Returns the statements. The store is an [`OAuthStore`](crate::port::OAuthStore) only if they exist.
    fn oauth_sql(&self) -> SqlResult<&OAuthSql> {
        self.oauth_sql.as_deref().ok_or_else(|| sqlx::Error::Configuration("no table of OAuth accounts".into()))
    }

    /// Returns the link to an account at a provider. A table without a unique key may have several; if they belong to
    /// different users, none of them is returned.
    pub(super) fn linked_account<'a>(
        &'a self,
        oauth_name: &'a str,
        account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<OAuthAccount<IdValue>>, StoreError>> {
        Box::pin(async move {
            let found = retry!(self, is_disconnected::<DB>, |base| base.find_account(oauth_name, account_id))?;
            let first = found.first().map(|account| &account.user_id);
            if found.iter().any(|account| Some(&account.user_id) != first) {
                return Err(StoreError::Conflict);
            }
            Ok(found.into_iter().next())
        })
    }

    pub(super) fn linked_accounts<'a>(
        &'a self,
        user: &'a IdValue,
    ) -> BoxFuture<'a, Result<Vec<OAuthAccount<IdValue>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.list_accounts(user)) })
    }

    pub(super) fn refresh<'a>(&'a self, account: &'a OAuthAccount<IdValue>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, |base| base.refresh_account(account)).map(drop) })
    }

    pub(super) fn tokens<'a>(
        &'a self,
        user: &'a IdValue,
        account: &'a OAuthAccountId,
    ) -> BoxFuture<'a, Result<Option<StoredTokens>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.read_tokens(user, account)) })
    }

    pub(super) fn replace_tokens<'a>(
        &'a self,
        user: &'a IdValue,
        account: &'a OAuthAccountId,
        before: &'a StoredTokens,
        after: &'a StoredTokens,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            retry!(self, is_undone::<DB>, |base| base.write_tokens(user, account, before, after)).map(|rows| rows > 0)
        })
    }

    pub(super) fn unlink<'a>(
        &'a self,
        user: &'a IdValue,
        account: &'a OAuthAccountId,
    ) -> BoxFuture<'a, Result<Unlinked, StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, |base| base.unlink_account(user, account)) })
    }

    pub(super) fn remove_orphan<'a>(
        &'a self,
        account: &'a OAuthAccount<IdValue>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, |base| base.remove_if_orphan(account)).map(drop) })
    }

    pub(super) fn redeem<'a>(&'a self, once: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            match retry!(self, is_undone::<DB>, |base| base.redeem_once(once, until)) {
                Ok(_) => Ok(true),
                Err(StoreError::Conflict) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    fn account(&self, row: &DB::Row) -> SqlResult<OAuthAccount<IdValue>> {
        let columns = Row::<DB>::new(row);
        Ok(OAuthAccount::new(
            match DB::id_at(row, 0, self.id.kind)? {
                IdValue::Integer(id) => OAuthAccountId::Integer(id),
                IdValue::Uuid(id) => OAuthAccountId::Uuid(id),
                IdValue::Text(id) => OAuthAccountId::Text(id),
            },
            DB::id_at(row, 1, self.id.kind)?,
            columns.at::<String>(2)?,
            columns.at::<String>(3)?,
            columns.at::<String>(4)?,
        ))
    }

    async fn find_account(&self, oauth_name: &str, account_id: &str) -> SqlResult<Vec<OAuthAccount<IdValue>>> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&oauth_name.to_owned(), &mut arguments)?;
        add::<DB, _>(&account_id.to_owned(), &mut arguments)?;
        let rows = self.read(self.oauth_sql()?.find.clone(), arguments).await?;
        let accounts: Vec<_> = rows.iter().map(|row| self.account(row)).collect::<SqlResult<_>>()?;
        // The collation of a column that fastapi-users created may treat different letters as equal.
        let is_same =
            |account: &OAuthAccount<IdValue>| account.oauth_name == oauth_name && account.account_id == account_id;
        Ok(accounts.into_iter().filter(is_same).collect())
    }

    async fn list_accounts(&self, user: &IdValue) -> SqlResult<Vec<OAuthAccount<IdValue>>> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, self.adapted().await?.forms.id, &mut arguments)?;
        let rows = self.read(self.oauth_sql()?.list.clone(), arguments).await?;
        rows.iter().map(|row| self.account(row)).collect()
    }

    pub(super) async fn insert_account(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
        account: &NewOAuthAccount,
    ) -> SqlResult<()> {
        let NewOAuthAccount { id, oauth_name, account_id, account_email, placeholder } = account;
        let mut arguments = DB::Arguments::default();
        if self.id.kind != IdKind::Integer {
            add_account_id::<DB>(id, form, &mut arguments)?;
        }
        DB::add_id(user, form, &mut arguments)?;
        for text in [oauth_name, account_id, account_email] {
            add::<DB, _>(text, &mut arguments)?;
        }
        add::<DB, _>(&placeholder.as_ref().map(|placeholder| placeholder.as_str().to_owned()), &mut arguments)?;
        self.execute_on(connection, self.oauth_sql()?.insert.clone(), arguments).await.map(drop)
    }

    /// Removes the links of a user, in the transaction of a change.
    pub(super) async fn unlink_all_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
    ) -> SqlResult<()> {
        let Some(sql) = &self.oauth_sql else { return Ok(()) };
        self.execute_for(connection, &sql.unlink_all, user, form).await.map(drop)
    }

    /// Runs a statement whose only parameter is a user.
    pub(super) async fn execute_for(
        &self,
        connection: &mut DB::Connection,
        sql: &SqlStr,
        user: &IdValue,
        form: Form,
    ) -> SqlResult<u64> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        Ok(self.execute_on(connection, sql.clone(), arguments).await?.rows)
    }

    async fn unlink_account(&self, user: &IdValue, account: &OAuthAccountId) -> SqlResult<Unlinked> {
        let form = self.adapted().await?.forms.id;
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let done = self.unlink_in(&mut transaction, user, account, form).await;
            // Only a removal is committed.
            let mut outcome = Unlinked::NotFound;
            let done = done.map(|unlinked| {
                outcome = unlinked;
                (unlinked == Unlinked::Removed).then_some(())
            });
            finish(transaction, done).await.map(|_| outcome)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn unlink_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        account: &OAuthAccountId,
        form: Form,
    ) -> SqlResult<Unlinked> {
        let sql = self.oauth_sql()?;
        let of_user = || {
            let mut arguments = DB::Arguments::default();
            DB::add_id(user, form, &mut arguments).map(|()| arguments)
        };
        // Two concurrent calls must not each leave the other's link.
        if self.execute_for(connection, &sql.lock, user, form).await? == 0 {
            return Ok(Unlinked::NotFound);
        }
        let Some(row) = self.fetch_first(connection, sql.hash.clone(), of_user()?).await? else {
            return Ok(Unlinked::NotFound);
        };
        let hash = PasswordHash::from_stored(Row::<DB>::new(&row).at::<Option<String>>(0)?.unwrap_or_default());
        let rows = DB::fetch_all(connection, sql.list.clone(), of_user()?, self.pools.keep_statements).await?;
        let (mut is_there, mut others, mut placeholder) = (false, false, None);
        for row in &rows {
            let is_this = self.account(row)?.id == *account;
            (is_there, others) = (is_there || is_this, others || !is_this);
            let stored = Row::<DB>::new(row).at::<Option<String>>(5)?.map(PlaceholderPassword::from_stored);
            placeholder = placeholder.or(stored.filter(|stored| stored.is_of(&hash)));
        }
        match (is_there, others, placeholder) {
            (false, ..) => return Ok(Unlinked::NotFound),
            (true, false, Some(_)) if !self.has_passkey_in(connection, user, form).await? => {
                return Ok(Unlinked::LastWayIn);
            }
            // The link that is removed may be the one that records that there is no password.
            (true, _, Some(placeholder)) => {
                self.keep_placeholder_in(connection, user, form, &placeholder).await?;
            }
            (true, _, None) => {}
        }
        let mut arguments = of_user()?;
        add_account_id::<DB>(account, form, &mut arguments)?;
        self.execute_on(connection, sql.unlink.clone(), arguments).await?;
        self.record_in(connection, None).await?;
        Ok(Unlinked::Removed)
    }

    /// Returns the properties of a user's links that matter for its login methods, in the transaction of a change.
    pub(super) async fn links_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
        hash: &PasswordHash,
    ) -> SqlResult<Links> {
        let Some(sql) = &self.oauth_sql else { return Ok(Links { count: 0, placeholder: None }) };
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        let rows = DB::fetch_all(connection, sql.list.clone(), arguments, self.pools.keep_statements).await?;
        let mut placeholder = None;
        for row in &rows {
            let stored = Row::<DB>::new(row).at::<Option<String>>(5)?.map(PlaceholderPassword::from_stored);
            placeholder = placeholder.or(stored.filter(|stored| stored.is_of(hash)));
        }
        Ok(Links { count: rows.len(), placeholder })
    }

    async fn refresh_account(&self, account: &OAuthAccount<IdValue>) -> SqlResult<u64> {
        self.execute(self.oauth_sql()?.refresh.clone(), |arguments, form| {
            add::<DB, _>(&account.account_email, arguments)?;
            DB::add_id(&account.user_id, form, arguments)?;
            add::<DB, _>(&account.oauth_name, arguments)?;
            add::<DB, _>(&account.account_id, arguments)
        })
        .await
    }

    async fn remove_if_orphan(&self, account: &OAuthAccount<IdValue>) -> SqlResult<u64> {
        self.execute(self.oauth_sql()?.remove_orphan.clone(), |arguments, form| {
            DB::add_id(&account.user_id, form, arguments)?;
            add::<DB, _>(&account.oauth_name, arguments)?;
            add::<DB, _>(&account.account_id, arguments)?;
            DB::add_id(&account.user_id, form, arguments)
        })
        .await
    }

    async fn read_tokens(&self, user: &IdValue, account: &OAuthAccountId) -> SqlResult<Option<StoredTokens>> {
        let form = self.adapted().await?.forms.id;
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        add_account_id::<DB>(account, form, &mut arguments)?;
        let rows = self.read(self.oauth_sql()?.tokens.clone(), arguments).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let columns = Row::<DB>::new(row);
        let access_token = columns.at::<Option<String>>(0)?.unwrap_or_default();
        Ok(Some(StoredTokens { access_token, refresh_token: columns.at(1)? }))
    }

    async fn write_tokens(
        &self,
        user: &IdValue,
        account: &OAuthAccountId,
        before: &StoredTokens,
        after: &StoredTokens,
    ) -> SqlResult<u64> {
        self.execute(self.oauth_sql()?.replace_tokens.clone(), |arguments, form| {
            add::<DB, _>(&after.access_token, arguments)?;
            add::<DB, _>(&after.refresh_token, arguments)?;
            DB::add_id(user, form, arguments)?;
            add_account_id::<DB>(account, form, arguments)?;
            add::<DB, _>(&before.access_token, arguments)
        })
        .await
    }

    async fn redeem_once(&self, once: &TokenId, until: Timestamp) -> SqlResult<u64> {
        self.execute(self.oauth_sql()?.redeem.clone(), |arguments, _| {
            add::<DB, _>(&once.0, arguments)?;
            DB::add_time(storable(until), arguments)
        })
        .await
    }
}

fn add_account_id<DB: Dialect>(id: &OAuthAccountId, form: Form, arguments: &mut DB::Arguments) -> SqlResult<()> {
    let id = match id {
        OAuthAccountId::Integer(id) => IdValue::Integer(*id),
        OAuthAccountId::Uuid(id) => IdValue::Uuid(*id),
        OAuthAccountId::Text(id) => return add::<DB, _>(id, arguments),
    };
    DB::add_id(&id, form, arguments)
}
