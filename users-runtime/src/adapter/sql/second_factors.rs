//! Second factors in the users' database.

use std::{net::IpAddr, sync::atomic::Ordering};

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
        Device, Epoch, FactorChange, IdValue, RememberedDevice, SecretDigest, StoreError, StoredFactor, Timestamp,
        TokenId,
    },
    port::{BoxFuture, SecondFactorStore},
};

/// How often storing a pending second factor is attempted if other calls replace it concurrently.
const REPEATS: u32 = 4;

impl<DB: Dialect> Base<DB> {
    /// Returns whether the tables of second factors are used.
    pub(super) fn has_second_factors(&self) -> bool {
        self.factors.load(Ordering::Relaxed)
    }

    /// Returns the arguments of a statement whose only parameter is a user.
    fn for_user(user: &IdValue, form: Form) -> SqlResult<DB::Arguments> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        Ok(arguments)
    }

    async fn find_factor(&self, user: &IdValue) -> SqlResult<Option<StoredFactor>> {
        let arguments = Self::for_user(user, self.adapted().await?.forms.id)?;
        let rows = self.read(self.factor_sql.find.clone(), arguments).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let columns = Row::<DB>::new(row);
        let expires_at = Timestamp::from_timestamp_millis(columns.at(3)?).ok_or(sqlx::Error::RowNotFound)?;
        let mut factor = StoredFactor::pending(columns.at::<String>(0)?, expires_at);
        // Logins need the second factor even if the time cannot be read.
        let time = |at| Timestamp::from_timestamp_millis(at).unwrap_or(Timestamp::UNIX_EPOCH);
        factor.in_force_since = columns.at::<Option<i64>>(1)?.map(time);
        factor.last_step = columns.at(2)?;
        Ok(Some(factor))
    }

    async fn begin_factor(&self, user: &IdValue, factor: &StoredFactor) -> SqlResult<()> {
        let form = self.adapted().await?.forms.id;
        let pending = Self::for_user(user, form)?;
        let mut arguments = Self::for_user(user, form)?;
        add::<DB, _>(&factor.seed, &mut arguments)?;
        add::<DB, _>(&factor.last_step, &mut arguments)?;
        add::<DB, _>(&factor.expires_at.timestamp_millis(), &mut arguments)?;
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let done = async {
                self.execute_on(&mut transaction, self.factor_sql.remove_pending.clone(), pending).await?;
                self.execute_on(&mut transaction, self.factor_sql.insert.clone(), arguments).await?;
                Ok(Some(()))
            };
            let done = done.await;
            finish(transaction, done).await.map(drop)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    /// Changes the second factor of a user, in the transaction of a change. Returns `false` if its condition fails; the caller rolls
    /// back.
    pub(super) async fn change_factor_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
        change: &FactorChange,
    ) -> SqlResult<bool> {
        match change {
            FactorChange::Confirm { seed, step, at, codes } => {
                let mut arguments = DB::Arguments::default();
                add::<DB, _>(&at.timestamp_millis(), &mut arguments)?;
                add::<DB, _>(step, &mut arguments)?;
                DB::add_id(user, form, &mut arguments)?;
                add::<DB, _>(seed, &mut arguments)?;
                add::<DB, _>(&at.timestamp_millis(), &mut arguments)?;
                let confirmed = self.execute_on(connection, self.factor_sql.confirm.clone(), arguments).await?;
                if confirmed.rows == 0 {
                    return Ok(false);
                }
                self.replace_codes_in(connection, user, form, codes).await?;
                Ok(true)
            }
            FactorChange::Remove => {
                let sql = &self.factor_sql;
                let removed = self.execute_on(connection, sql.remove.clone(), Self::for_user(user, form)?).await?;
                self.remove_codes_and_devices_in(connection, user, form).await?;
                Ok(removed.rows > 0)
            }
            FactorChange::ReplaceCodes(codes) => {
                let arguments = Self::for_user(user, form)?;
                let row = self.fetch_first(connection, self.factor_sql.find.clone(), arguments).await?;
                let confirmed_at = row.map(|row| Row::<DB>::new(&row).at::<Option<i64>>(1)).transpose()?.flatten();
                if confirmed_at.is_none() {
                    return Ok(false);
                }
                self.replace_codes_in(connection, user, form, codes).await?;
                Ok(true)
            }
            FactorChange::RemoveSince(since) => {
                let mut arguments = Self::for_user(user, form)?;
                add::<DB, _>(&since.timestamp_millis(), &mut arguments)?;
                let removed = self.execute_on(connection, self.factor_sql.remove_since.clone(), arguments).await?;
                if removed.rows > 0 {
                    self.remove_codes_and_devices_in(connection, user, form).await?;
                }
                Ok(true)
            }
        }
    }

    async fn remove_codes_and_devices_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
    ) -> SqlResult<()> {
        self.execute_on(connection, self.factor_sql.remove_codes.clone(), Self::for_user(user, form)?).await?;
        self.forget_devices_in(connection, user, form).await
    }

    /// Forgets the devices of a user, in the transaction of a change.
    pub(super) async fn forget_devices_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
    ) -> SqlResult<()> {
        let arguments = Self::for_user(user, form)?;
        self.execute_on(connection, self.factor_sql.remove_devices.clone(), arguments).await.map(drop)
    }

    async fn replace_codes_in(
        &self,
        connection: &mut DB::Connection,
        user: &IdValue,
        form: Form,
        codes: &[SecretDigest],
    ) -> SqlResult<()> {
        let sql = &self.factor_sql;
        self.execute_on(connection, sql.remove_codes.clone(), Self::for_user(user, form)?).await?;
        for code in codes {
            let mut arguments = DB::Arguments::default();
            add::<DB, _>(&code.as_str().to_owned(), &mut arguments)?;
            DB::add_id(user, form, &mut arguments)?;
            self.execute_on(connection, sql.add_code.clone(), arguments).await?;
        }
        Ok(())
    }

    async fn count_codes(&self, user: &IdValue) -> SqlResult<u32> {
        let arguments = Self::for_user(user, self.adapted().await?.forms.id)?;
        let rows = self.read(self.factor_sql.count_codes.clone(), arguments).await?;
        let count: i64 = rows.first().map(|row| Row::<DB>::new(row).at(0)).transpose()?.unwrap_or_default();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn list_devices(&self, user: &IdValue) -> SqlResult<Vec<RememberedDevice>> {
        let arguments = Self::for_user(user, self.adapted().await?.forms.id)?;
        let rows = self.read(self.factor_sql.devices.clone(), arguments).await?;
        rows.iter().map(|row| self.device(row)).collect()
    }

    fn device(&self, row: &DB::Row) -> SqlResult<RememberedDevice> {
        let columns = Row::<DB>::new(row);
        let time = |index| -> SqlResult<Timestamp> {
            Timestamp::from_timestamp_millis(columns.at(index)?).ok_or(sqlx::Error::RowNotFound)
        };
        let subject = (self.print_id)(DB::id_at(row, 2, self.id.kind)?).ok_or(sqlx::Error::RowNotFound)?;
        let client: Option<String> = columns.at(7)?;
        let device =
            Device { client: client.and_then(|client| client.parse::<IpAddr>().ok()), user_agent: columns.at(8)? };
        let token = SecretDigest::from_stored(columns.at::<String>(1)?);
        let epoch = Epoch(columns.at(3)?);
        let (id, times) = (TokenId(columns.at(0)?), (time(4)?, time(6)?));
        Ok(RememberedDevice {
            last_used_at: time(5)?,
            ..RememberedDevice::new((id, token), (subject, epoch), times, device)
        })
    }
}

impl<DB: Dialect> SecondFactorStore for Base<DB> {
    fn find<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<StoredFactor>, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(None) };
            retry!(self, is_disconnected::<DB>, |base| base.find_factor(&user))
        })
    }

    fn begin<'a>(&'a self, subject: &'a str, factor: &'a StoredFactor) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let user = (self.parse_id)(subject).ok_or(StoreError::Conflict)?;
            for _ in 0..REPEATS {
                match retry!(self, is_undone::<DB>, |base| base.begin_factor(&user, factor)) {
                    Ok(()) => return Ok(true),
                    Err(StoreError::Conflict) => {}
                    Err(error) => return Err(error),
                }
                // A second factor is in force, the user does not exist, or another call has stored a pending one concurrently.
                match SecondFactorStore::find(self, subject).await? {
                    Some(factor) if factor.is_in_force() => return Ok(false),
                    Some(_) => {}
                    None => return Err(StoreError::Conflict),
                }
            }
            Err(StoreError::unavailable("another enrollment of this user is stored at the same time"))
        })
    }

    fn use_step<'a>(
        &'a self,
        subject: &'a str,
        factor: &'a StoredFactor,
        step: i64,
        resealed: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(false) };
            let sql = &self.factor_sql.use_step;
            let bind = |arguments: &mut DB::Arguments, form| {
                add::<DB, _>(&step, arguments)?;
                add::<DB, _>(&resealed.to_owned(), arguments)?;
                DB::add_id(&user, form, arguments)?;
                add::<DB, _>(&factor.seed, arguments)?;
                add::<DB, _>(&step, arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
        })
    }

    fn use_recovery_code<'a>(
        &'a self,
        subject: &'a str,
        code: &'a SecretDigest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(false) };
            let sql = &self.factor_sql.use_code;
            let bind = |arguments: &mut DB::Arguments, form| {
                add::<DB, _>(&code.as_str().to_owned(), arguments)?;
                DB::add_id(&user, form, arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
        })
    }

    fn recovery_codes_left<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u32, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(0) };
            retry!(self, is_disconnected::<DB>, |base| base.count_codes(&user))
        })
    }

    fn remember<'a>(&'a self, device: &'a RememberedDevice) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let user = (self.parse_id)(&device.subject).ok_or(StoreError::Conflict)?;
            let sql = &self.factor_sql.add_device;
            let bind = |arguments: &mut DB::Arguments, form| {
                add::<DB, _>(&device.id.0, arguments)?;
                add::<DB, _>(&device.token.as_str().to_owned(), arguments)?;
                DB::add_id(&user, form, arguments)?;
                add::<DB, _>(&device.epoch.0, arguments)?;
                for time in [device.remembered_at, device.last_used_at, device.expires_at] {
                    add::<DB, _>(&time.timestamp_millis(), arguments)?;
                }
                add::<DB, _>(&device.device.client.map(|client| client.to_string()), arguments)?;
                add::<DB, _>(&device.device.user_agent, arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(drop)
        })
    }

    fn use_device<'a>(
        &'a self,
        subject: &'a str,
        token: &'a SecretDigest,
        epoch: Epoch,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(false) };
            let sql = &self.factor_sql.use_device;
            let bind = |arguments: &mut DB::Arguments, form| {
                add::<DB, _>(&at.timestamp_millis(), arguments)?;
                add::<DB, _>(&token.as_str().to_owned(), arguments)?;
                DB::add_id(&user, form, arguments)?;
                add::<DB, _>(&epoch.0, arguments)?;
                add::<DB, _>(&at.timestamp_millis(), arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
        })
    }

    fn devices<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<RememberedDevice>, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(Vec::new()) };
            retry!(self, is_disconnected::<DB>, |base| base.list_devices(&user))
        })
    }

    fn forget_device<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(false) };
            let sql = &self.factor_sql.remove_device;
            let bind = |arguments: &mut DB::Arguments, form| {
                DB::add_id(&user, form, arguments)?;
                add::<DB, _>(&id.0, arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
        })
    }

    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let bind = |arguments: &mut DB::Arguments| add::<DB, _>(&now.timestamp_millis(), arguments);
            let factors = self.purge_in_steps(&self.factor_sql.purge, bind).await?;
            Ok(factors + self.purge_in_steps(&self.factor_sql.purge_devices, bind).await?)
        })
    }
}
