//! What `compare` is made of: servers as processes of their own, a small HTTP client, and order statistics.

pub mod client;
pub mod server;
pub mod stats;
