//! Work that spans requests: the queue of jobs that run after a response, and batched user lookups. Depends on ports
//! only.

mod batch_loader;
mod jobs;

pub(crate) use batch_loader::BatchLoader;
pub(crate) use jobs::{Jobs, QueueFull};
