//! One room per feature. A room's `mod.rs` is its card, `logic.rs` its steps, `http.rs` its routes. Rooms do not know
//! each other; what they share is in the manager.

pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
pub(crate) mod register;
pub(crate) mod reset_password;
pub(crate) mod sessions;
pub(crate) mod users;
pub(crate) mod verify;
