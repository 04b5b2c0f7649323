//! Parts of the programs here: the hand-written store, server processes, a small HTTP client, order statistics, and plots.

pub mod by_hand;
pub mod client;
pub mod plot;
pub mod server;
pub mod stats;
