//! Accounts at OAuth providers in the users' database.

use sqlx::SqlStr;
use uuid::Uuid;

use super::{
    Dialect, Row, SqlResult, SqlUser, Values,
    error::{is_disconnected, is_undone, nothing_stored},
    oauth_sql::OAuthSql,
    retry::retry,
    store::{Store, add, bind, storable},
    transaction::{begin, finish},
    uuid_form::Form,
};
use crate::{
    domain::{
        IdKind, PasswordHash, Timestamp, TokenId, id_kind,
        oauth::{NewOAuthAccount, OAuthAccount, OAuthAccountId, PlaceholderPassword, StoredTokens},
    },
    port::{BoxFuture, Change, OAuthStore, StoreError, Unlinked},
};

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Returns the statements. The store is an [`OAuthStore`] only if there are some.
    fn oauth_sql(&self) -> SqlResult<&OAuthSql> {
        self.oauth_sql.as_deref().ok_or_else(|| sqlx::Error::Configuration("no table of OAuth accounts".into()))
    }

    fn account(row: &DB::Row) -> SqlResult<OAuthAccount<U::Id>> {
        let columns = Row::<DB>::new(row);
        Ok(OAuthAccount::new(
            match id_kind::<U::Id>() {
                IdKind::Integer => OAuthAccountId::Integer(DB::id_at(row, 0)?),
                IdKind::Uuid => OAuthAccountId::Uuid(DB::id_at::<Uuid>(row, 0)?),
                IdKind::Text => OAuthAccountId::Text(columns.at(0)?),
            },
            DB::id_at::<U::Id>(row, 1)?,
            columns.at::<String>(2)?,
            columns.at::<String>(3)?,
            columns.at::<String>(4)?,
        ))
    }

    async fn find_account(&self, oauth_name: &str, account_id: &str) -> SqlResult<Vec<OAuthAccount<U::Id>>> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&oauth_name.to_owned(), &mut arguments)?;
        add::<DB, _>(&account_id.to_owned(), &mut arguments)?;
        let rows = self.read(self.oauth_sql()?.find.clone(), arguments).await?;
        let accounts: Vec<_> = rows.iter().map(Self::account).collect::<SqlResult<_>>()?;
        // The collation of a column that fastapi-users created may treat different letters as equal.
        let is_same =
            |account: &OAuthAccount<U::Id>| account.oauth_name == oauth_name && account.account_id == account_id;
        Ok(accounts.into_iter().filter(is_same).collect())
    }

    async fn list_accounts(&self, user: &U::Id) -> SqlResult<Vec<OAuthAccount<U::Id>>> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, self.adapted().await?.forms.id, &mut arguments)?;
        let rows = self.read(self.oauth_sql()?.list.clone(), arguments).await?;
        rows.iter().map(Self::account).collect()
    }

    async fn insert_linked(&self, user: &U, account: &NewOAuthAccount) -> SqlResult<Option<U>> {
        let table = self.adapted().await?;
        let mut values = Values::insert::<U>(&self.custom, &table.forms);
        bind(user, &mut values)?;
        let arguments = values.into_arguments();
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let done = async {
                let row = self.insert_in(&mut transaction, &table, user, arguments).await?;
                let stored = self.user(&row)?;
                self.insert_account(&mut transaction, stored.account().id, table.forms.id, account).await?;
                Ok(Some(stored))
            };
            let done = done.await;
            finish(transaction, done).await
        };
        let done = done.await;
        self.settle(connection, done).await
    }

    async fn link_account(&self, change: &Change<U>, account: &NewOAuthAccount) -> SqlResult<Option<U>> {
        let table = self.adapted().await?;
        let (arguments, raise) = self.change_arguments(change, &table)?;
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let done = async {
                let changed = self.change_in(&mut transaction, change, &table, arguments, raise).await?;
                let Some(row) = changed else { return Ok(None) };
                self.insert_account(&mut transaction, change.user.account().id, table.forms.id, account).await?;
                Ok(Some(row))
            };
            let done = done.await;
            finish(transaction, done).await
        };
        let done = done.await;
        let row = self.settle(connection, done).await?;
        row.map(|row| self.user(&row)).transpose()
    }

    async fn insert_account(
        &self,
        connection: &mut DB::Connection,
        user: &U::Id,
        form: Form,
        account: &NewOAuthAccount,
    ) -> SqlResult<()> {
        let NewOAuthAccount { id, oauth_name, account_id, account_email, placeholder } = account;
        let mut arguments = DB::Arguments::default();
        if id_kind::<U::Id>() != IdKind::Integer {
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
        user: &U::Id,
        form: Form,
    ) -> SqlResult<()> {
        let Some(sql) = &self.oauth_sql else { return Ok(()) };
        self.execute_for(connection, &sql.unlink_all, user, form).await.map(drop)
    }

    /// Runs a statement whose only parameter is a user.
    async fn execute_for(
        &self,
        connection: &mut DB::Connection,
        sql: &SqlStr,
        user: &U::Id,
        form: Form,
    ) -> SqlResult<u64> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        Ok(self.execute_on(connection, sql.clone(), arguments).await?.rows)
    }

    async fn unlink_account(&self, user: &U::Id, account: &OAuthAccountId) -> SqlResult<Unlinked> {
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
        self.settle(connection, done).await
    }

    async fn unlink_in(
        &self,
        connection: &mut DB::Connection,
        user: &U::Id,
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
            let is_this = Self::account(row)?.id == *account;
            (is_there, others) = (is_there || is_this, others || !is_this);
            let stored = Row::<DB>::new(row).at::<Option<String>>(5)?.map(PlaceholderPassword::from_stored);
            placeholder = placeholder.or(stored.filter(|stored| stored.is_of(&hash)));
        }
        match (is_there, others, placeholder) {
            (false, ..) => return Ok(Unlinked::NotFound),
            (true, false, Some(_)) => return Ok(Unlinked::LastWayIn),
            (true, false, None) => {}
            // The link that is removed may be the one that knows that there is no password.
            (true, true, placeholder) => {
                if let Some(placeholder) = placeholder {
                    let mut arguments = DB::Arguments::default();
                    add::<DB, _>(&placeholder.as_str().to_owned(), &mut arguments)?;
                    DB::add_id(user, form, &mut arguments)?;
                    self.execute_on(connection, sql.keep_placeholder.clone(), arguments).await?;
                }
            }
        }
        let mut arguments = of_user()?;
        add_account_id::<DB>(account, form, &mut arguments)?;
        self.execute_on(connection, sql.unlink.clone(), arguments).await?;
        Ok(Unlinked::Removed)
    }

    async fn refresh_account(&self, account: &OAuthAccount<U::Id>) -> SqlResult<u64> {
        self.execute(self.oauth_sql()?.refresh.clone(), |arguments, form| {
            add::<DB, _>(&account.account_email, arguments)?;
            DB::add_id(&account.user_id, form, arguments)?;
            add::<DB, _>(&account.oauth_name, arguments)?;
            add::<DB, _>(&account.account_id, arguments)
        })
        .await
    }

    async fn remove_if_orphan(&self, account: &OAuthAccount<U::Id>) -> SqlResult<u64> {
        self.execute(self.oauth_sql()?.remove_orphan.clone(), |arguments, form| {
            DB::add_id(&account.user_id, form, arguments)?;
            add::<DB, _>(&account.oauth_name, arguments)?;
            add::<DB, _>(&account.account_id, arguments)?;
            DB::add_id(&account.user_id, form, arguments)
        })
        .await
    }

    async fn read_tokens(&self, user: &U::Id, account: &OAuthAccountId) -> SqlResult<Option<StoredTokens>> {
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
        user: &U::Id,
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
    match id {
        OAuthAccountId::Integer(id) => DB::add_id(id, form, arguments),
        OAuthAccountId::Uuid(id) => DB::add_id(id, form, arguments),
        OAuthAccountId::Text(id) => add::<DB, _>(id, arguments),
    }
}

impl<U: SqlUser<DB>, DB: Dialect> OAuthStore<U> for Store<U, DB> {
    fn find<'a>(
        &'a self,
        oauth_name: &'a str,
        account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<OAuthAccount<U::Id>>, StoreError>> {
        Box::pin(async move {
            let found = retry!(self, is_disconnected::<DB>, self.find_account(oauth_name, account_id))?;
            let first = found.first().map(|account| &account.user_id);
            if found.iter().any(|account| Some(&account.user_id) != first) {
                return Err(StoreError::Conflict);
            }
            Ok(found.into_iter().next())
        })
    }

    fn list(&self, user: U::Id) -> BoxFuture<'_, Result<Vec<OAuthAccount<U::Id>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, self.list_accounts(&user)) })
    }

    fn insert(&self, mut user: U, account: NewOAuthAccount) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move {
            self.stamp(&mut user).map_err(|error| self.error(error))?;
            let inserted = retry!(self, is_undone::<DB>, async {
                self.learn_keys(self.insert_linked(&user, &account).await).await
            });
            inserted?.ok_or_else(|| self.error(nothing_stored()))
        })
    }

    fn link(&self, mut change: Change<U>, account: NewOAuthAccount) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(async move {
            self.stamp(&mut change.user).map_err(|error| self.error(error))?;
            retry!(self, is_undone::<DB>, async { self.learn_keys(self.link_account(&change, &account).await).await })
        })
    }

    fn refresh<'a>(&'a self, account: &'a OAuthAccount<U::Id>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, self.refresh_account(account)).map(drop) })
    }

    fn tokens(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Option<StoredTokens>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, self.read_tokens(&user, &account)) })
    }

    fn replace_tokens<'a>(
        &'a self,
        user: U::Id,
        account: OAuthAccountId,
        before: &'a StoredTokens,
        after: &'a StoredTokens,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let written = retry!(self, is_undone::<DB>, self.write_tokens(&user, &account, before, after))?;
            Ok(written > 0)
        })
    }

    fn unlink(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Unlinked, StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, self.unlink_account(&user, &account)) })
    }

    fn remove_orphan<'a>(&'a self, account: &'a OAuthAccount<U::Id>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, self.remove_if_orphan(account)).map(drop) })
    }

    fn redeem<'a>(&'a self, once: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            match retry!(self, is_undone::<DB>, self.redeem_once(once, until)) {
                Ok(_) => Ok(true),
                Err(StoreError::Conflict) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }
}
