//! The run time of axum-users. Use it through the crate `axum-users`.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)] // while the floors are being built

pub mod adapter;
pub mod domain;
pub mod manager;
pub mod port;
#[cfg(feature = "testing")]
pub mod testing;
pub mod user;
