//! Groups lookups by the statement that runs them.

use super::{Dialect, SqlResult, base::add, uuid_form::Form};
use crate::{
    domain::{IdValue, SessionKey, TokenId, UserId},
    port::Lookup,
};

/// A lookup by id.
#[derive(Debug, Clone)]
pub struct ById {
    /// The user's id.
    pub id: IdValue,
    /// The token whose state is read as well.
    pub token: Option<TokenId>,
}

/// Lookups by kind, with their positions in the request.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) by_id: Vec<ById>,
    pub(super) positions_by_id: Vec<usize>,
    pub(super) by_session: Vec<SessionKey>,
    pub(super) positions_by_session: Vec<usize>,
}

impl Sorted {
    pub(super) fn of<I: UserId>(wanted: &[Lookup<I>]) -> Self {
        let mut sorted = Self::default();
        for (position, lookup) in wanted.iter().enumerate() {
            match lookup {
                Lookup::User { id, token } => {
                    sorted.by_id.push(ById { id: id.to_value(), token: token.clone() });
                    sorted.positions_by_id.push(position);
                }
                Lookup::Session(key) => {
                    sorted.by_session.push(key.clone());
                    sorted.positions_by_session.push(position);
                }
            }
        }
        sorted
    }
}

/// Encodes lookups by id as JSON: a list of pairs of the id, a number or a text in the form of its
/// column, and the token's id or null.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn ids(wanted: &[ById], form: Form) -> SqlResult<String> {
    let pairs: Vec<(serde_json::Value, Option<&str>)> = wanted
        .iter()
        .map(|wanted| {
            let id = match &wanted.id {
                IdValue::Integer(id) => (*id).into(),
                IdValue::Uuid(id) => form.uuid.text(*id).into(),
                IdValue::Text(id) => id.as_str().into(),
            };
            (id, wanted.token.as_ref().map(|token| token.0.as_str()))
        })
        .collect();
    serde_json::to_string(&pairs).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Encodes session keys as JSON: a list of pairs of the key and 1 for a digest.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn session_keys(wanted: &[SessionKey]) -> SqlResult<String> {
    let pairs: Vec<(&str, u8)> = wanted.iter().map(|key| (key.as_str(), u8::from(key.is_hashed()))).collect();
    serde_json::to_string(&pairs).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Moves results to the positions of their lookups.
pub(super) fn place<T>(results: &mut [Option<T>], positions: &[usize], found: Vec<Option<T>>) {
    for (position, found) in positions.iter().zip(found) {
        if let Some(result) = results.get_mut(*position) {
            *result = found;
        }
    }
}

/// Returns the arguments of [`Statements::find`](super::Statements::find).
pub(super) fn lookup<DB: Dialect>(wanted: &ById, form: Form) -> SqlResult<DB::Arguments> {
    let mut arguments = DB::Arguments::default();
    add::<DB, _>(&wanted.token.as_ref().map(|token| token.0.clone()), &mut arguments)?;
    DB::add_id(&wanted.id, form, &mut arguments)?;
    Ok(arguments)
}
