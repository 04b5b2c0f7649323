//! Every flow over real HTTP, against the routes that the derive writes.

mod support;

mod mail;
mod smoke;
