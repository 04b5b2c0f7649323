//! Implementations of the traits in `port`, one module per technology.

#[cfg(feature = "altcha")]
mod altcha;
mod bearer;
mod clock;
mod cookie;
mod device_cookies;
mod random;

#[cfg(feature = "breached")]
pub(crate) mod breached;
pub(crate) mod jwt;
pub(crate) mod mail;
pub(crate) mod memory;
#[cfg(feature = "oauth")]
pub(crate) mod oauth;
pub(crate) mod password;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg(any(feature = "oauth", feature = "totp"))]
#[cfg_attr(
    not(feature = "oauth"),
    allow(unreachable_pub, dead_code, reason = "applications name keys with providers only")
)]
pub(crate) mod sealing;
pub(crate) mod session_tokens;
pub(crate) mod sql;
#[cfg(feature = "passkeys")]
pub(crate) mod webauthn;

#[cfg(feature = "altcha")]
pub use self::altcha::Altcha;
pub use bearer::Bearer;
pub use clock::SystemClock;
pub use cookie::{Cookie, SameSite};
pub(crate) use device_cookies::SignedDeviceCookies;
pub use memory::MemoryStore;
pub use random::OsRandom;
