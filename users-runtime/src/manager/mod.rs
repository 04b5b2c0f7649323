//! What flows share: ports, settings and state, put together once.

mod jobs;

pub use jobs::{Jobs, QueueFull};
