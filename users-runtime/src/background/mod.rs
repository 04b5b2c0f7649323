//! Work that spans requests: the queue of jobs that run after a response, and batched user lookups. Depends on ports
//! only.

#[cfg(feature = "audit")]
mod audit_queue;
mod batch_loader;
mod jobs;

#[cfg(feature = "audit")]
pub(crate) use audit_queue::AuditQueue;
pub(crate) use batch_loader::BatchLoader;
pub(crate) use jobs::{Jobs, QueueFull};
