//! The details that hooks receive.

use serde_json::Value;

use crate::{
    domain::{ConfirmEmailToken, Device, Status, Timestamp, UndoEmailToken},
    user::AuthUser,
};

/// The owner of a password that is checked.
pub enum PasswordSubject<'a, U: AuthUser> {
    /// A user who registers, with the request body.
    New(&'a U::Create),
    /// An existing user, as stored.
    Existing(&'a U),
}

/// An account that is about to be created.
#[non_exhaustive]
pub struct Registration<'a, U: AuthUser> {
    /// The address in its normal form, as it would be stored.
    pub email: &'a str,
    /// The body of the registration.
    pub input: &'a U::Create,
    /// The flags that the account would have.
    pub status: Status,
}

impl<'a, U: AuthUser> Registration<'a, U> {
    pub(crate) fn new(email: &'a str, input: &'a U::Create, status: Status) -> Self {
        Self { email, input, status }
    }
}

/// The application refuses a password.
#[derive(Debug, Clone, PartialEq)]
pub struct InvalidPassword {
    /// The `reason` that the client sees: a string, or any JSON value.
    pub reason: Value,
}

impl InvalidPassword {
    /// Refuses a password for this reason.
    #[must_use]
    pub fn new(reason: impl Into<Value>) -> Self {
        Self { reason: reason.into() }
    }
}

/// The device of a login, and its time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewDevice {
    /// The address and the user agent of the client.
    pub device: Device,
    /// The time of the login.
    pub at: Timestamp,
}

impl NewDevice {
    pub(crate) fn new(device: Device, at: Timestamp) -> Self {
        Self { device, at }
    }
}

/// The details of a failed login.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedLogin<'a, U> {
    /// The user name as the client sent it, not validated.
    pub username: &'a str,
    /// The user with that address, if one exists.
    pub user: Option<&'a U>,
    /// The error code of the response, such as `LOGIN_BAD_CREDENTIALS`.
    pub code: &'static str,
}

/// A requested change of the address.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EmailChange<'a> {
    /// The new address, which has not been verified.
    pub new_email: &'a str,
    /// The token that verifies the new address, for `POST /auth/confirm-email`. Send it to the new address only.
    pub token: &'a ConfirmEmailToken,
    /// The token that undoes the change, for `POST /auth/undo-email`. Send it to the stored address only.
    pub undo_token: &'a UndoEmailToken,
}

impl<'a> EmailChange<'a> {
    pub(crate) fn new(new_email: &'a str, token: &'a ConfirmEmailToken, undo_token: &'a UndoEmailToken) -> Self {
        Self { new_email, token, undo_token }
    }
}

/// The details of an update.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Updated<U> {
    /// The user as it was before the update.
    pub before: U,
    /// The JSON keys of the request without the privileged ones, in the order of the schema.
    pub fields: Vec<&'static str>,
}
