//! Lookups in two forms. Where reading the values of a row is expensive, a short form of the statement returns the
//! state of the account, the token and the session in fewer columns, provided that it is normal: not suspended, nothing
//! recorded about the token. For any other row the full statement runs afterwards, and only its result is used. So the
//! short form decides nothing, and a value that it does not know is read, or refused, by the code for the full form.

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::{
    ById, Dialect, Row, SqlResult,
    base::{Base, add_key},
    error::is_disconnected,
    lookups::{lookup, place},
    retry::retry,
};
use crate::{
    domain::{Epoch, SessionKey, StoreError},
    port::{BoxFuture, FoundSession},
};

/// The short forms of the statements that find users.
#[derive(Debug, Clone)]
pub(super) struct ShortStatements {
    find: SqlStr,
    find_many: SqlStr,
    find_session: SqlStr,
    find_sessions: SqlStr,
}

impl ShortStatements {
    /// Returns the short forms of the statements by id and by session, each for one and for many; `None` if the database has none.
    pub(super) fn of<DB: Dialect>([find, find_many, find_session, find_sessions]: [&SqlStr; 4]) -> Option<Self> {
        let short = |full: &SqlStr| DB::short(full.as_str()).map(|text| AssertSqlSafe(text).into_sql_str());
        Some(Self {
            find: short(find)?,
            find_many: short(find_many)?,
            find_session: short(find_session)?,
            find_sessions: short(find_sessions)?,
        })
    }
}

/// The state that a row in the short form has, and the session if the lookup was by session.
#[derive(Debug, PartialEq, Eq)]
pub struct Short {
    pub(super) epoch: Epoch,
    pub(super) session: Option<FoundSession>,
}

/// The content of a row in the short form.
#[derive(Debug, PartialEq, Eq)]
pub enum Reading {
    /// The whole state is normal.
    Usual(Short),
    /// The full statement is needed.
    Unusual,
    /// The row is that of another session: the collation of the column treats different letters as equal.
    Another,
}

/// The row of a user, and its state if the row is in the short form.
pub(super) struct Located<DB: Dialect> {
    pub(super) row: DB::Row,
    pub(super) short: Option<Short>,
}

/// The rows of lookups, in their order.
pub(super) type Rows<DB> = Vec<Option<Located<DB>>>;

impl<DB: Dialect> Located<DB> {
    fn full(row: DB::Row) -> Self {
        Self { row, short: None }
    }
}

impl<DB: Dialect> Base<DB> {
    /// Returns the row of one user by id.
    pub(super) fn locate_user<'a>(
        &'a self,
        wanted: &'a ById,
    ) -> BoxFuture<'a, Result<Option<Located<DB>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.locate_one(wanted)) })
    }

    /// Returns the row of one user by session.
    pub(super) fn locate_user_of<'a>(
        &'a self,
        key: &'a SessionKey,
    ) -> BoxFuture<'a, Result<Option<Located<DB>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.locate_session(key)) })
    }

    pub(super) async fn locate_one(&self, wanted: &ById) -> SqlResult<Option<Located<DB>>> {
        let table = self.adapted().await?;
        if let Some(short) = &table.texts.short {
            let arguments = self.tenant_condition(lookup::<DB>(wanted, table.forms.id)?, &table.forms)?;
            let Some(row) = self.read_first(short.find.clone(), arguments).await? else { return Ok(None) };
            if let Reading::Usual(short) = DB::read_short(&row, self.epoch_column(), None) {
                return Ok(Some(Located { row, short: Some(short) }));
            }
        }
        // Boxed, like the next one, so that the future of a normal lookup stays small.
        Ok(Box::pin(self.find_one(wanted)).await?.map(Located::full))
    }

    pub(super) async fn locate_session(&self, key: &SessionKey) -> SqlResult<Option<Located<DB>>> {
        let table = self.adapted().await?;
        if let Some(short) = &table.texts.short {
            let mut arguments = DB::Arguments::default();
            add_key::<DB>(key, &mut arguments)?;
            let arguments = self.tenant_condition(arguments, &table.forms)?;
            let Some(row) = self.read_first(short.find_session.clone(), arguments).await? else { return Ok(None) };
            if let Reading::Usual(short) = DB::read_short(&row, self.epoch_column(), Some(key)) {
                return Ok(Some(Located { row, short: Some(short) }));
            }
        }
        Ok(Box::pin(self.find_session(key)).await?.map(Located::full))
    }

    pub(super) async fn locate_many(&self, wanted: &[ById]) -> SqlResult<Rows<DB>> {
        let table = self.adapted().await?;
        let Some(short) = &table.texts.short else { return Ok(all_full(self.find_many(wanted).await?)) };
        let mut arguments = DB::Arguments::default();
        DB::add_lookups(wanted, self.id.kind, table.forms.id, &mut arguments)?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        let rows = self.read(short.find_many.clone(), arguments).await?;
        let (mut found, left) = self.sort_short(rows, wanted.len(), self.epoch_column() + 1, |_| None)?;
        if !left.is_empty() {
            let again: Vec<ById> = left.iter().filter_map(|&position| wanted.get(position)).cloned().collect();
            place(&mut found, &left, all_full(self.find_many(&again).await?));
        }
        Ok(found)
    }

    pub(super) async fn locate_sessions(&self, wanted: &[SessionKey]) -> SqlResult<Rows<DB>> {
        let table = self.adapted().await?;
        let Some(short) = &table.texts.short else { return Ok(all_full(self.find_sessions(wanted).await?)) };
        let mut arguments = DB::Arguments::default();
        DB::add_session_keys(wanted, &mut arguments)?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        let rows = self.read(short.find_sessions.clone(), arguments).await?;
        let (mut found, left) =
            self.sort_short(rows, wanted.len(), self.epoch_column() + 2, |number| wanted.get(number))?;
        if !left.is_empty() {
            let again: Vec<SessionKey> = left.iter().filter_map(|&position| wanted.get(position)).cloned().collect();
            place(&mut found, &left, all_full(self.find_sessions(&again).await?));
        }
        Ok(found)
    }

    /// Returns `count` rows at the positions that they have in the column `number`, and the positions for which the full statement
    /// is needed.
    fn sort_short<'k>(
        &self,
        rows: Vec<DB::Row>,
        count: usize,
        number: usize,
        key: impl Fn(usize) -> Option<&'k SessionKey>,
    ) -> SqlResult<(Rows<DB>, Vec<usize>)> {
        let (mut found, mut left) = (Vec::with_capacity(count), Vec::new());
        found.resize_with(count, || None);
        for row in rows {
            let number: i64 = Row::<DB>::new(&row).at(number)?;
            let Ok(number) = usize::try_from(number) else { continue };
            let Some(place) = found.get_mut(number) else { continue };
            match DB::read_short(&row, self.epoch_column(), key(number)) {
                Reading::Usual(short) => *place = Some(Located { row, short: Some(short) }),
                Reading::Unusual => left.push(number),
                Reading::Another => {}
            }
        }
        Ok((found, left))
    }
}

fn all_full<DB: Dialect>(rows: Vec<Option<DB::Row>>) -> Rows<DB> {
    rows.into_iter().map(|row| row.map(Located::full)).collect()
}
