//! Refresh tokens in the users' database.

use std::net::IpAddr;

use super::{
    Dialect, Row, SqlResult,
    base::{Base, add},
    error::{is_disconnected, is_undone},
    retry::retry,
    transaction::{begin, finish},
};
use crate::{
    domain::{
        AuthMethods, Device, Epoch, FamilySalt, IdValue, RefreshFamily, Rotated, Rotation, StoreError, Timestamp,
        TokenId,
    },
    port::{BoxFuture, RefreshStore},
};

/// A family without the user's id, which only the user type can convert to text.
struct ReadFamily {
    family: RefreshFamily,
    user: IdValue,
}

impl<DB: Dialect> Base<DB> {
    async fn add_family(&self, family: &RefreshFamily, user: &IdValue, at_most: u32) -> SqlResult<()> {
        let form = self.adapted().await?.forms.id;
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&family.id.0, &mut arguments)?;
        DB::add_id(user, form, &mut arguments)?;
        add::<DB, _>(&family.salt.0, &mut arguments)?;
        add::<DB, _>(&i64::from(family.generation), &mut arguments)?;
        add::<DB, _>(&family.backend, &mut arguments)?;
        add::<DB, _>(&family.epoch.0, &mut arguments)?;
        for time in [family.logged_in_at, family.rotated_at, family.expires_at, family.ends_at] {
            add::<DB, _>(&time.timestamp_millis(), &mut arguments)?;
        }
        add::<DB, _>(&family.device.client.map(|client| client.to_string()), &mut arguments)?;
        add::<DB, _>(&family.device.user_agent, &mut arguments)?;
        add::<DB, _>(&family.methods.to_text(), &mut arguments)?;

        let mut surplus = DB::Arguments::default();
        DB::add_id(user, form, &mut surplus)?;
        add::<DB, _>(&family.backend, &mut surplus)?;
        add::<DB, _>(&family.id.0, &mut surplus)?;
        add::<DB, _>(&family.logged_in_at.timestamp_millis(), &mut surplus)?;
        add::<DB, _>(&i64::from(at_most.saturating_sub(1)), &mut surplus)?;

        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let done = self.add_family_in(&mut transaction, arguments, surplus).await;
            finish(transaction, done.map(Some)).await.map(drop)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn add_family_in(
        &self,
        connection: &mut DB::Connection,
        arguments: DB::Arguments,
        surplus: DB::Arguments,
    ) -> SqlResult<()> {
        // Before the insert, as for sessions: its foreign key locks the user's row.
        let keep = self.pools.keep_statements;
        let surplus = DB::fetch_all(connection, self.refresh_sql.surplus.clone(), surplus, keep).await?;
        self.execute_on(connection, self.refresh_sql.insert.clone(), arguments).await?;
        for row in &surplus {
            let mut arguments = DB::Arguments::default();
            add::<DB, _>(&Row::<DB>::new(row).at::<String>(0)?, &mut arguments)?;
            self.execute_on(connection, self.refresh_sql.remove.clone(), arguments).await?;
        }
        Ok(())
    }

    async fn find_family(&self, id: &TokenId) -> SqlResult<Option<ReadFamily>> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&id.0, &mut arguments)?;
        let rows = self.read(self.refresh_sql.find.clone(), arguments).await?;
        let found = rows.first().map(|row| self.family(row)).transpose()?;
        // A collation may treat different letters as equal.
        Ok(found.filter(|found| found.family.id == *id))
    }

    fn family(&self, row: &DB::Row) -> SqlResult<ReadFamily> {
        let columns = Row::<DB>::new(row);
        let time = |index| -> SqlResult<Timestamp> {
            Timestamp::from_timestamp_millis(columns.at(index)?).ok_or(sqlx::Error::RowNotFound)
        };
        let client: Option<String> = columns.at(10)?;
        let methods: Option<String> = columns.at(12)?;
        let generation: i64 = columns.at(3)?;
        let user = DB::id_at(row, 1, self.id.kind)?;
        let family = RefreshFamily {
            id: TokenId(columns.at(0)?),
            subject: String::new(),
            salt: FamilySalt(columns.at(2)?),
            generation: u32::try_from(generation).map_err(|_| sqlx::Error::RowNotFound)?,
            backend: columns.at(4)?,
            epoch: Epoch(columns.at(5)?),
            logged_in_at: time(6)?,
            rotated_at: time(7)?,
            expires_at: time(8)?,
            ends_at: time(9)?,
            device: Device {
                client: client.and_then(|client| client.parse::<IpAddr>().ok()),
                user_agent: columns.at(11)?,
            },
            methods: methods.as_deref().map(AuthMethods::parse).unwrap_or_default(),
        };
        Ok(ReadFamily { family, user })
    }

    fn with_subject(&self, found: ReadFamily) -> Option<RefreshFamily> {
        let subject = (self.print_id)(found.user)?;
        Some(RefreshFamily { subject, ..found.family })
    }

    async fn rotate_family(&self, rotation: &Rotation) -> Result<bool, StoreError> {
        let sql = &self.refresh_sql.rotate;
        let bind = |arguments: &mut DB::Arguments, _| {
            add::<DB, _>(&i64::from(rotation.generation).saturating_add(1), arguments)?;
            add::<DB, _>(&rotation.at.timestamp_millis(), arguments)?;
            add::<DB, _>(&rotation.expires_at.timestamp_millis(), arguments)?;
            add::<DB, _>(&rotation.epoch.0, arguments)?;
            add::<DB, _>(&rotation.id.0, arguments)?;
            add::<DB, _>(&i64::from(rotation.generation), arguments)?;
            add::<DB, _>(&rotation.at.timestamp_millis(), arguments)
        };
        retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
    }

    async fn list_families(&self, user: &IdValue, backend: &str) -> SqlResult<Vec<ReadFamily>> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, self.adapted().await?.forms.id, &mut arguments)?;
        add::<DB, _>(&backend.to_owned(), &mut arguments)?;
        let rows = self.read(self.refresh_sql.list.clone(), arguments).await?;
        rows.iter().map(|row| self.family(row)).collect()
    }
}

impl<DB: Dialect> RefreshStore for Base<DB> {
    fn add(&self, family: RefreshFamily, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let user = (self.parse_id)(&family.subject).ok_or(StoreError::Conflict)?;
            retry!(self, is_undone::<DB>, |base| base.add_family(&family, &user, at_most))
        })
    }

    fn find<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<RefreshFamily>, StoreError>> {
        Box::pin(async move {
            let found = retry!(self, is_disconnected::<DB>, |base| base.find_family(id))?;
            Ok(found.and_then(|found| self.with_subject(found)))
        })
    }

    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> BoxFuture<'a, Result<Rotated, StoreError>> {
        Box::pin(async move {
            // This statement decides: of several callers with one token, exactly one changes the row.
            let is_newest = self.rotate_family(rotation).await?;
            let Some(stored) = RefreshStore::find(self, &rotation.id).await? else { return Ok(Rotated::Ended) };
            if is_newest {
                // Another caller may have used the next token already; this one still gets the family as it rotated it.
                let generation = rotation.generation.saturating_add(1);
                let Rotation { at, expires_at, epoch, .. } = *rotation;
                return Ok(Rotated::Rotated(RefreshFamily { generation, rotated_at: at, expires_at, epoch, ..stored }));
            }
            Ok(match rotation.decide(stored) {
                // The family was restored from a backup between the two statements.
                Rotated::Rotated(_) => Rotated::Ended,
                decided => decided,
            })
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(false) };
            let sql = &self.refresh_sql.end;
            let bind = |arguments: &mut DB::Arguments, form| {
                DB::add_id(&user, form, arguments)?;
                add::<DB, _>(&id.0, arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
        })
    }

    fn list<'a>(&'a self, subject: &'a str, backend: &'a str) -> BoxFuture<'a, Result<Vec<RefreshFamily>, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(Vec::new()) };
            let found = retry!(self, is_disconnected::<DB>, |base| base.list_families(&user, backend))?;
            Ok(found.into_iter().filter_map(|found| self.with_subject(found)).collect())
        })
    }

    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let bind = |arguments: &mut DB::Arguments| add::<DB, _>(&now.timestamp_millis(), arguments);
            self.purge_in_steps(&self.refresh_sql.purge, bind).await
        })
    }
}
