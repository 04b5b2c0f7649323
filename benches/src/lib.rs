//! Parts of `compare`: server processes, a small HTTP client, and order statistics.

pub mod client;
pub mod server;
pub mod stats;
