//! Look-ups of several kinds, sorted for the statements that answer them.

use super::{Dialect, SqlResult, SqlUser, store::add};
use crate::{
    domain::{SessionKey, TokenId, UserId},
    port::Lookup,
};

/// A look-up by id.
#[derive(Debug, Clone)]
pub struct ById<I> {
    /// The user's id.
    pub id: I,
    /// The token whose state is wanted as well.
    pub token: Option<TokenId>,
}

/// Look-ups by kind, each with its place in the question.
pub(super) struct Sorted<I> {
    pub(super) by_id: Vec<ById<I>>,
    pub(super) places_by_id: Vec<usize>,
    pub(super) by_session: Vec<SessionKey>,
    pub(super) places_by_session: Vec<usize>,
}

impl<I: UserId> Sorted<I> {
    pub(super) fn of(wanted: &[Lookup<I>]) -> Self {
        let mut sorted =
            Self { by_id: Vec::new(), places_by_id: Vec::new(), by_session: Vec::new(), places_by_session: Vec::new() };
        for (place, lookup) in wanted.iter().enumerate() {
            match lookup {
                Lookup::User { id, token } => {
                    sorted.by_id.push(ById { id: *id, token: token.clone() });
                    sorted.places_by_id.push(place);
                }
                Lookup::Session(key) => {
                    sorted.by_session.push(key.clone());
                    sorted.places_by_session.push(place);
                }
            }
        }
        sorted
    }
}

/// Keys of sessions as a JSON text, a list of pairs: the key, and 1 for a digest.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn session_keys(wanted: &[SessionKey]) -> SqlResult<String> {
    let pairs: Vec<(&str, u8)> = wanted.iter().map(|key| (key.as_str(), u8::from(key.is_hashed()))).collect();
    serde_json::to_string(&pairs).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Puts answers where their look-ups stood.
pub(super) fn put<T>(answers: &mut [Option<T>], places: &[usize], found: Vec<Option<T>>) {
    for (place, found) in places.iter().zip(found) {
        if let Some(answer) = answers.get_mut(*place) {
            *answer = found;
        }
    }
}

/// The arguments of [`Statements::find`](super::Statements::find).
pub(super) fn lookup<DB: Dialect, U: SqlUser<DB>>(wanted: &ById<U::Id>) -> SqlResult<DB::Arguments> {
    let mut arguments = DB::Arguments::default();
    add::<DB, _>(&wanted.token.as_ref().map(|token| token.0.clone()), &mut arguments)?;
    DB::add_id(wanted.id, &mut arguments)?;
    Ok(arguments)
}
