//! Reads the state of an account, its token and its session from the row of a lookup.

use super::{
    Dialect, Row, SqlResult,
    base::{Base, TOKEN_COLUMNS},
    error::unreadable_user,
    standing::standing,
    tables::STANDING,
};
use crate::{
    domain::{AuthMethods, Epoch, Reauthentication, Standing, TokenId},
    port::{FoundSession, TokenState},
};

impl<DB: Dialect> Base<DB> {
    /// Returns the error of a row that cannot be read.
    pub(super) fn unreadable(&self, row: &DB::Row, error: sqlx::Error) -> sqlx::Error {
        let id = DB::id_at(row, 0, self.id.kind).ok().and_then(self.print_id);
        let own = std::iter::once("auth_epoch").chain(STANDING);
        let columns: Vec<_> = self.columns.iter().copied().chain(own).collect();
        unreadable_user(id, error, &columns)
    }

    /// Reads the standing. Fails closed: an account whose standing cannot be read is treated as unknown until the value
    /// is repaired.
    pub(super) fn standing(&self, row: &DB::Row) -> SqlResult<Standing> {
        standing::<DB>(row, self.epoch_column() + 1).map_err(|error| self.unreadable(row, error))
    }

    /// Reads the state of the token, and the last re-authentication in its session.
    pub(super) fn token_state(&self, row: &DB::Row) -> SqlResult<(TokenState, Option<Reauthentication>)> {
        let (columns, token) = (Row::<DB>::new(row), self.token_column());
        let revoked: Option<bool> = columns.at(token)?;
        let kept: Option<i64> = columns.at(token + 1)?;
        let proved_at = DB::upstream_time_at(row, token + 2)?;
        let proved_with: Option<String> = columns.at(token + 3)?;
        let proved_with = proved_with.as_deref().unwrap_or_default();
        let state = match (revoked, kept) {
            (Some(true), _) => TokenState::Revoked,
            (_, Some(epoch)) => TokenState::KeptAt(Epoch(epoch)),
            _ => TokenState::Unmarked,
        };
        Ok((state, proved_at.map(|at| Reauthentication::parse(at, proved_with))))
    }

    /// Reads the session of a row of [`Statements::find_session`](super::Statements::find_session).
    pub(super) fn session(&self, row: &DB::Row) -> SqlResult<FoundSession> {
        let (columns, first) = (Row::<DB>::new(row), self.token_column() + TOKEN_COLUMNS);
        let methods: Option<String> = columns.at(first + 6)?;
        Ok(FoundSession {
            id: columns.at::<Option<String>>(first)?.map(TokenId),
            epoch: columns.at::<Option<i64>>(first + 1)?.map(Epoch),
            created_at: DB::upstream_time_at(row, first + 2)?.ok_or(sqlx::Error::RowNotFound)?,
            last_seen_at: DB::upstream_time_at(row, first + 3)?,
            backend: columns.at(first + 5)?,
            methods: methods.as_deref().map(AuthMethods::parse).unwrap_or_default(),
            logged_in_at: DB::upstream_time_at(row, first + 7)?,
        })
    }
}
