//! The stored records and their encoding: JSON values with text keys.

use axum_users::{
    AuthUser, PasswordHash,
    env::Timestamp,
    schema::Status,
    store::{Epoch, Found, NewAccount, Reauthentication, Standing, Suspension, TokenState},
};
use redb::{ReadableTable, Table};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::engine::Refused;

/// A user type that this store can keep.
///
/// `AuthUser` is deliberately not `Serialize`, so that a hash cannot end up in a response. A store therefore declares
/// its stored data: the six roles come from `AuthUser`, and the custom fields are one serializable value.
pub trait Record: AuthUser {
    /// The custom fields.
    type Custom: Serialize + DeserializeOwned;

    /// Copies the custom fields of a user.
    fn custom(&self) -> Self::Custom;

    /// Recreates a user from its stored form.
    fn restored(account: NewAccount<Self::Id>, custom: Self::Custom) -> Self;
}

/// A stored user with its epoch.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct UserRow<U: Record> {
    id: U::Id,
    email: String,
    hashed_password: String,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    pub epoch: i64,
    #[serde(default)]
    suspension: Option<SuspensionRow>,
    #[serde(default)]
    must_change_password: bool,
    custom: U::Custom,
}

/// A suspension. It has no end if it lasts until it is lifted.
#[derive(Serialize, Deserialize)]
struct SuspensionRow {
    until: Option<Timestamp>,
    reason: Option<String>,
}

impl<U: Record> UserRow<U> {
    pub fn new(user: &U, epoch: Epoch, standing: Standing) -> Self {
        let account = user.account();
        Self {
            id: account.id.clone(),
            email: account.email.to_owned(),
            hashed_password: account.hashed_password.as_stored().to_owned(),
            is_active: account.status.is_active,
            is_superuser: account.status.is_superuser,
            is_verified: account.status.is_verified,
            epoch: epoch.0,
            suspension: standing
                .suspension
                .map(|suspension| SuspensionRow { until: suspension.until, reason: suspension.reason }),
            must_change_password: standing.must_change_password,
            custom: user.custom(),
        }
    }

    pub fn into_user(self) -> U {
        let status =
            Status { is_active: self.is_active, is_superuser: self.is_superuser, is_verified: self.is_verified };
        let hashed_password = PasswordHash::from_stored(self.hashed_password);
        U::restored(NewAccount { id: self.id, email: self.email, hashed_password, status }, self.custom)
    }

    pub fn into_found(mut self, token: TokenState) -> Found<U> {
        let epoch = Epoch(self.epoch);
        let mut standing = Standing::default();
        standing.suspension = self.suspension.take().map(|row| Suspension::new(row.until, row.reason));
        standing.must_change_password = self.must_change_password;
        let mut found = Found::new(self.into_user(), epoch);
        found.token = token;
        found.standing = standing;
        found
    }
}

/// The state of a token, kept until the token expires.
#[derive(Default, Serialize, Deserialize)]
pub struct TokenRow {
    pub revoked: bool,
    pub kept_at: Option<i64>,
    #[serde(default)]
    proof: Option<(Timestamp, String)>,
    pub until: Timestamp,
}

impl TokenRow {
    /// Records that the user of the session re-authenticated.
    pub fn prove(&mut self, proof: Reauthentication) {
        self.proof = Some((proof.at, proof.to_text().unwrap_or_default()));
    }

    /// Returns the last re-authentication.
    pub fn proof(&self) -> Option<Reauthentication> {
        let (at, methods) = self.proof.as_ref()?;
        Some(Reauthentication::parse(*at, methods))
    }

    /// Returns the state; a revocation overrides an earlier exemption.
    pub fn state(&self) -> TokenState {
        match self.kept_at {
            _ if self.revoked => TokenState::Revoked,
            Some(epoch) => TokenState::KeptAt(Epoch(epoch)),
            None => TokenState::Unmarked,
        }
    }
}

/// A table of JSON values under text keys.
pub type Rows<'t> = Table<'t, &'static str, &'static [u8]>;

/// Reads the value of `key`.
pub fn get<T: DeserializeOwned>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<T>, Refused> {
    table.get(key)?.map(|bytes| decode(bytes.value())).transpose()
}

/// Writes the value of `key`, replacing an earlier one.
pub fn put<T: Serialize>(table: &mut Rows<'_>, key: &str, value: &T) -> Result<(), Refused> {
    table.insert(key, serde_json::to_vec(value)?.as_slice())?;
    Ok(())
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    Ok(serde_json::from_slice(bytes)?)
}
