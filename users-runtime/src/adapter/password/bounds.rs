//! The limits of a [pool](super::pool), and what it needs from outside.

use std::time::{Duration, Instant};

/// The limits of a pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The number of threads of the lowest priority.
    pub(super) workers: usize,
    /// The number of threads of normal priority.
    pub(super) helpers: usize,
    /// The memory of all running jobs and of the buffers kept for reuse, in KiB.
    pub(super) memory_kib: u64,
    /// The part of that memory that is reserved for helpers, unless a job needs all of it.
    pub(super) helpers_kib: u64,
    /// The number of jobs that may wait.
    pub(super) waiting: usize,
    /// The time that a job may wait.
    pub(super) max_wait: Duration,
    /// See [`PATIENCE`](super::worker_threads::PATIENCE).
    pub(super) patience: Duration,
    /// A monotonic clock.
    pub(super) now: fn() -> Instant,
    /// See [`gets_time`](super::priority::gets_time).
    pub(super) gets_time: fn() -> bool,
}
