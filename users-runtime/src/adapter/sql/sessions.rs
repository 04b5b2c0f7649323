//! Sessions in the users' database.

use std::net::IpAddr;
#[cfg(feature = "audit")]
use std::sync::Arc;

use super::{
    Dialect, Row, SqlResult,
    base::{Base, add, add_key},
    connection::Writer,
    error::{is_disconnected, is_undone},
    retry::retry,
    transaction::{begin, finish},
};
#[cfg(feature = "audit")]
use crate::port::AuditEntry;
use crate::{
    domain::{AuthMethods, Device, Epoch, IdValue, ListedSession, Session, SessionKey, Timestamp, TokenId},
    port::{BoxFuture, EndedSessions, NewSession, SessionStore, StoreError},
};

impl<DB: Dialect> Base<DB> {
    async fn add_session(&self, session: &NewSession, user: &IdValue, at_most: u32) -> SqlResult<()> {
        let NewSession { key, id, epoch, at, device, backend, methods, logged_in_at, .. } = session;
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
        add::<DB, _>(&methods.to_text(), &mut arguments)?;
        DB::add_upstream_time(*logged_in_at, &mut arguments)?;
        let mut surplus = DB::Arguments::default();
        DB::add_id(user, form, &mut surplus)?;
        add::<DB, _>(&key.as_str().to_owned(), &mut surplus)?;
        add::<DB, _>(&i64::from(at_most.saturating_sub(1)), &mut surplus)?;

        let replaced = match session.replaces {
            false => None,
            true => {
                let mut replaced = DB::Arguments::default();
                DB::add_id(user, form, &mut replaced)?;
                add::<DB, _>(&id.0, &mut replaced)?;
                add::<DB, _>(&key.as_str().to_owned(), &mut replaced)?;
                Some(replaced)
            }
        };
        let mut connection = self.writer().await?;
        let done = self.add_session_on(&mut connection, (replaced, arguments), surplus).await;
        match self.settle_write(connection, done).await {
            // The response of a refresh is repeated, and the session is stored already.
            Err(sqlx::Error::Database(refusal)) if session.replaces && refusal.is_unique_violation() => Ok(()),
            done => done,
        }
    }

    async fn add_session_on(
        &self,
        connection: &mut Writer<DB>,
        arguments: (Option<DB::Arguments>, DB::Arguments),
        surplus: DB::Arguments,
    ) -> SqlResult<()> {
        let mut transaction = begin::<DB>(connection).await?;
        let done = self.add_session_in(&mut transaction, arguments, surplus).await;
        finish(transaction, done.map(Some)).await.map(drop)
    }

    async fn add_session_in(
        &self,
        connection: &mut DB::Connection,
        (replaced, arguments): (Option<DB::Arguments>, DB::Arguments),
        surplus: DB::Arguments,
    ) -> SqlResult<()> {
        if let Some(replaced) = replaced {
            self.execute_on(connection, self.session_sql.replace.clone(), replaced).await?;
        }
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
    let (created, begun) = (DB::upstream_time_at(row, 2)?, DB::upstream_time_at(row, 7)?);
    Ok(ListedSession {
        session: Session {
            token_id: columns.at::<Option<String>>(0)?.map(TokenId),
            epoch: columns.at::<Option<i64>>(1)?.map(Epoch),
            logged_in_at: begun.or(created),
            methods: columns.at::<Option<String>>(6)?.as_deref().map(AuthMethods::parse).unwrap_or_default(),
            ..Session::new(subject)
        },
        last_seen_at: DB::upstream_time_at(row, 3)?,
        device: Device { client: client.and_then(|client| client.parse::<IpAddr>().ok()), user_agent: columns.at(5)? },
        refreshed_at: begun.and(created),
    })
}

impl<DB: Dialect> SessionStore for Base<DB> {
    fn add(&self, session: NewSession, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let user = (self.parse_id)(&session.subject).ok_or(StoreError::Conflict)?;
            retry!(self, is_undone::<DB>, |base| base.add_session(&session, &user, at_most))
        })
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let sql = &self.session_sql.remove;
            let bind = |arguments: &mut DB::Arguments, _| add_key::<DB>(key, arguments);
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
        })
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, at: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let sql = &self.session_sql.touch;
            let bind = |arguments: &mut DB::Arguments, _| {
                DB::add_upstream_time(Some(at), arguments)?;
                add_key::<DB>(key, arguments)?;
                DB::add_upstream_time(Some(at), arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(drop)
        })
    }

    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(Vec::new()) };
            retry!(self, is_disconnected::<DB>, |base| base.list_sessions(subject, &user))
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(user) = (self.parse_id)(subject) else { return Ok(false) };
            let sql = &self.session_sql.end;
            let bind = |arguments: &mut DB::Arguments, form| {
                DB::add_id(&user, form, arguments)?;
                add::<DB, _>(&id.0, arguments)
            };
            retry!(self, is_undone::<DB>, |base| base.execute(sql.clone(), bind)).map(|rows| rows > 0)
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
