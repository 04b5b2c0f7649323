//! Every flow over real HTTP, against the routes that the derive writes.

mod openapi;
mod support;

mod mail;
mod smoke;
