//! Work that spans requests: the queue of jobs that run after a response, batched user lookups, and the timer that runs while
//! requests arrive. Depends on ports only.

#[cfg(feature = "audit")]
mod audit_queue;
mod batch_loader;
mod jobs;
mod running_timer;

#[cfg(feature = "audit")]
pub(crate) use audit_queue::AuditQueue;
pub(crate) use batch_loader::BatchLoader;
pub(crate) use jobs::{Jobs, QueueFull};
pub(crate) use running_timer::RunningTimer;
