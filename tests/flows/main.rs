//! Every flow over real HTTP, against the routes that the derive writes.

mod http;
mod support;

mod smoke;
mod wire;
