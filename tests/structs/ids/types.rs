//! Types of ids as applications have them, and user types with each of them.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicI64, Ordering},
};

use axum::Router;
use axum_users::{
    AuthUser, PasswordHash, Users,
    schema::{IdSeed, UserId, uuid_v7},
    session_routes,
    store::NewAccount,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Crockford's digits.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A ULID: 48 bits of time and 80 random bits, as 26 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ulid(String);

impl UserId for Ulid {
    type Stored = String;

    fn generate(seed: IdSeed) -> Self {
        let time = u128::try_from(seed.now.timestamp_millis()).unwrap();
        let bits = time << 80 | u128::from_be_bytes(seed.random) >> 48;
        let digit = |n: u32| char::from(DIGITS[usize::try_from(bits >> (5 * n) & 31).unwrap()]);
        Self((0..26).rev().map(digit).collect())
    }

    fn to_stored(&self) -> String {
        self.0.clone()
    }

    fn from_stored(stored: String) -> Option<Self> {
        (stored.len() == 26 && stored.bytes().all(|digit| DIGITS.contains(&digit))).then_some(Self(stored))
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Ulid {
    type Err = &'static str;

    /// ULIDs are read in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_stored(text.to_ascii_uppercase()).ok_or("not a ULID")
    }
}

/// A number of a snowflake service. Clients get it as a string, because numbers of JavaScript have 53 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Snowflake(i64);

impl UserId for Snowflake {
    type Stored = i64;

    fn generate(_: IdSeed) -> Self {
        static LAST: AtomicI64 = AtomicI64::new(7_265_123_456_789_000_001);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }

    fn to_stored(&self) -> i64 {
        self.0
    }

    fn from_stored(stored: i64) -> Option<Self> {
        (stored > 0).then_some(Self(stored))
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<Snowflake> for String {
    fn from(id: Snowflake) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for Snowflake {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A UUID with a prefix, which is not in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UserKey(Uuid);

impl UserId for UserKey {
    type Stored = Uuid;

    fn generate(seed: IdSeed) -> Self {
        Self(uuid_v7(seed))
    }

    fn to_stored(&self) -> Uuid {
        self.0
    }

    fn from_stored(stored: Uuid) -> Option<Self> {
        Some(Self(stored))
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "usr_{}", self.0.simple())
    }
}

impl FromStr for UserKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("usr_").ok_or("not the key of a user")?;
        Uuid::try_parse(digits).map(Self).map_err(|_| "not the key of a user")
    }
}

impl From<UserKey> for String {
    fn from(id: UserKey) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for UserKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// An alias, which the derive does not see through.
pub type Number = i64;

/// Derives a user type with this id, in a module of its own.
macro_rules! users_with {
    ($name:ident: $(#[$mark:meta])* $id:ty) => {
        #[allow(dead_code, reason = "not every test serves every user type")]
        pub mod $name {
            use super::*;

            #[derive(AuthUser, Debug, Clone)]
            pub struct User {
                $(#[$mark])*
                pub id: $id,
                pub email: String,
                pub hashed_password: PasswordHash,
                pub is_active: bool,
                pub is_superuser: bool,
                pub is_verified: bool,

                #[auth(read, create, update)]
                pub motto: Option<String>,
            }

            pub fn routes(users: &Users<User>) -> Router<Users<User>> {
                Router::new().merge(user_routes(users)).nest("/auth/sessions", session_routes(users))
            }

            pub fn user(account: NewAccount<$id>) -> User {
                let input = UserCreate { email: String::new(), password: "".into(), motto: Some("Excalibur".to_owned()) };
                User::new(account, input)
            }
        }
    };
}

users_with!(version_7: #[auth(uuid_v7)] Uuid);
users_with!(ulids: Ulid);
users_with!(snowflakes: Snowflake);
users_with!(keys: UserKey);
users_with!(uuids_of_database: #[auth(made_by_database)] Uuid);
users_with!(numbers_of_database: #[auth(made_by_database)] Number);
users_with!(snowflakes_of_database: #[auth(made_by_database)] Snowflake);
users_with!(texts_of_database: #[auth(made_by_database)] Ulid);
