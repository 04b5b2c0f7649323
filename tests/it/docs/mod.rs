//! The pages of `docs/` against the code: what a page says in numbers, names and tables is compared, so that it cannot go
//! out of date unseen.
//!
//! Three pages are written by these tests: `UPDATE_DOCS=1 cargo test --test it docs::`.

mod access;
mod cookies;
mod cryptography;
mod data;
mod databases;
mod events;
mod limits;
mod moving;
mod outbound;
mod page;
mod passwords;
mod resources;
mod server;
mod sessions;
mod validation;
