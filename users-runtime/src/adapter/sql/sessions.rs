//! Sessions in the users' database.

use std::net::IpAddr;
#[cfg(feature = "audit")]
use std::sync::Arc;

use super::{
    Dialect, Row, SqlResult,
    base::{Base, add, add_key},
    error::{is_disconnected, is_undone},
    retry::retry,
    transaction::{begin, finish},
};
#[cfg(feature = "audit")]
use crate::port::AuditEntry;
use crate::{
    domain::{Device, Epoch, IdValue, ListedSession, Session, SessionKey, Timestamp, TokenId},
    port::{BoxFuture, EndedSessions, NewSession, SessionStore, StoreError},
};

impl<DB: Dialect> Base<DB> {
    async fn add_session(&self, session: &NewSession, user: &IdValue, at_most: u32) -> SqlResult<()> {
        let NewSession { key, id, epoch, at, device, backend, .. } = session;
        let form = self.adapted().await?.forms.id;
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, form, &mut arguments)?;
        add::<DB, _>(&key.as_str().to_owned(), &mut arguments)?;
        DB::add_upstream_time(Some(*at), &mut arguments)?;
        add::<DB, _>(&key.is_hashed(), &mut arguments)?;
        add::<DB, _>(&id.0, &mut arguments)?;
        add::<DB, _>(&epoch.0, &mut arguments)?;
        add::<DB, _>(&device.client.map(|client| client.to_string()), &mut arguments)?;
        add::<DB, _>(&device.user_agent, &mut arguments)?;
        add::<DB, _>(backend, &mut arguments)?;
        let mut surplus = DB::Arguments::default();
        DB::add_id(user, form, &mut surplus)?;
        add::<DB, _>(&key.as_str().to_owned(), &mut surplus)?;
        add::<DB, _>(&i64::from(at_most.saturating_sub(1)), &mut surplus)?;

        let mut connection = self.writer().await?;
        let done = self.add_session_on(&mut connection, arguments, surplus).await;
        self.settle(connection, done).await
    }

    async fn add_session_on(
        &self,
        connection: &mut DB::Connection,
        arguments: DB::Arguments,
        surplus: DB::Arguments,
    ) -> SqlResult<()> {
        let mut transaction = begin::<DB>(connection).await?;
        let done = self.add_session_in(&mut transaction, arguments, surplus).await;
        finish(transaction, done.map(Some)).await.map(drop)
    }

    async fn add_session_in(
        &self,
        connection: &mut DB::Connection,
        arguments: DB::Arguments,
        surplus: DB::Arguments,
    ) -> SqlResult<()> {
        // Before the insert: its foreign key locks the user's row, and MySQL then cannot end a transaction that waits for a
        // change of the users' table, which in turn waits for the row.
        let keep = self.pools.keep_statements;
        let surplus = DB::fetch_all(connection, self.session_sql.surplus.clone(), surplus, keep).await?;
        self.execute_on(connection, self.session_sql.insert.clone(), arguments).await?;
        for row in &surplus {
            let columns = Row::<DB>::new(row);
            self.remove_in(connection, &columns.at::<String>(0)?, columns.at(1)?).await?;
        }
        self.record_in(connection, None).await
    }

    /// Removes the session with a key and returns the number of rows.
    pub(super) async fn remove_in(
        &self,
        connection: &mut DB::Connection,
        token: &String,
        hashed: bool,
    ) -> SqlResult<u64> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(token, &mut arguments)?;
        add::<DB, _>(&hashed, &mut arguments)?;
        Ok(self.execute_on(connection, self.session_sql.remove.clone(), arguments).await?.rows)
    }

    async fn list_sessions(&self, subject: &str, user: &IdValue) -> SqlResult<Vec<ListedSession>> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(user, self.adapted().await?.forms.id, &mut arguments)?;
        let rows = self.read(self.session_sql.list.clone(), arguments).await?;
        rows.iter().map(|row| listed::<DB>(row, subject)).collect()
    }
}

fn listed<DB: Dialect>(row: &DB::Row, subject: &str) -> SqlResult<ListedSession> {
    let columns = Row::<DB>::new(row);
    let client: Option<String> = columns.at(4)?;
    Ok(ListedSession {
        session: Session {
            subject: subject.to_owned(),
            token_id: columns.at::<Option<String>>(0)?.map(TokenId),
            epoch: columns.at::<Option<i64>>(1)?.map(Epoch),
            logged_in_at: DB::upstream_time_at(row, 2)?,
            expires_at: None,
        },
        last_seen_at: DB::upstream_time_at(row, 3)?,
        device: Device { client: client.and_then(|client| client.parse::<IpAddr>().ok()), user_agent: columns.at(5)? },
    })
}

impl<DB: Dialect> SessionStore for Base<DB> {
    fn add(&self, session: NewSession, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let user = (self.parse_id)(&session.subject).ok_or(StoreError::Conflict)?;
            retry!(self, is_undone::<DB>, self.add_session(&session, &user, at_most))
        })
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        let sql = &self.session_sql.remove;
        let remove = move || self.execute(sql.clone(), move |arguments, _| add_key::<DB>(key, arguments));
        Box::pin(async move { retry!(self, is_undone::<DB>, remove()).map(|rows| rows > 0) })
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, at: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        let sql = &self.session_sql.touch;
        let touch = move || {
            self.execute(sql.clone(), move |arguments, _| {
                DB::add_upstream_time(Some(at), arguments)?;
                add_key::<DB>(key, arguments)?;
                DB::add_upstream_time(Some(at), arguments)
            })
        };
        Box::pin(async move { retry!(self, is_undone::<DB>, touch()).map(drop) })
    }

    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(Vec::new()) };
            retry!(self, is_disconnected::<DB>, self.list_sessions(subject, &user))
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        let sql = &self.session_sql.end;
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(false) };
            let end = || {
                self.execute(sql.clone(), |arguments, form| {
                    DB::add_id(&user, form, arguments)?;
                    add::<DB, _>(&id.0, arguments)
                })
            };
            retry!(self, is_undone::<DB>, end()).map(|rows| rows > 0)
        })
    }

    fn purge(&self, ended: EndedSessions, step: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.purge_sessions(ended, step))
    }

    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn SessionStore>> {
        Some(Arc::new(self.recording_entries(entries)))
    }
}
