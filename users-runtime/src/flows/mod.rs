//! The features. The folder of a feature contains all of its parts: `mod.rs` its endpoints and error codes, `http.rs`
//! its handlers and bodies, `logic.rs` its steps. Features do not depend on each other; shared code is in `account`.

pub(crate) mod account_status;
#[cfg(feature = "audit")]
pub(crate) mod audit;
pub(crate) mod email_change;
pub(crate) mod email_code;
pub(crate) mod health;
pub(crate) mod invitations;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod magic_link;
pub(crate) mod me;
pub(crate) mod mfa_login;
#[cfg(feature = "oauth")]
pub(crate) mod oauth;
#[cfg(feature = "passkeys")]
pub(crate) mod passkeys;
pub(crate) mod reauthenticate;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod reset_password;
pub(crate) mod sessions;
#[cfg(feature = "totp")]
pub(crate) mod totp;
pub(crate) mod users;
pub(crate) mod verify;

use crate::http::Endpoint;

/// The endpoints of every feature, in the order of the OpenAPI document.
pub(crate) static ENDPOINTS: &[&[Endpoint]] = &[
    &login::ENDPOINTS,
    &mfa_login::ENDPOINTS,
    &logout::ENDPOINTS,
    &reauthenticate::ENDPOINTS,
    &refresh::ENDPOINTS,
    &magic_link::ENDPOINTS,
    &email_code::ENDPOINTS,
    &register::ENDPOINTS,
    &reset_password::ENDPOINTS,
    &verify::ENDPOINTS,
    &email_change::ENDPOINTS,
    &me::ENDPOINTS,
    &users::ENDPOINTS,
    &invitations::ENDPOINTS,
    &sessions::ENDPOINTS,
    account_status::ENDPOINTS,
    &health::ENDPOINTS,
    #[cfg(feature = "totp")]
    &totp::ENDPOINTS,
    #[cfg(feature = "oauth")]
    &oauth::ENDPOINTS,
    #[cfg(feature = "passkeys")]
    &passkeys::ENDPOINTS,
    #[cfg(feature = "audit")]
    &audit::ENDPOINTS,
];

/// The route that the OpenAPI document names as the token URL of the password flow.
#[cfg(feature = "openapi")]
pub(crate) static LOGIN: &Endpoint = &login::ENDPOINTS[0];
