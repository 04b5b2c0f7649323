//! A job of the [pool](super::pool): its resources, its caller, and its result.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use argon2::Block;
use tokio::sync::oneshot;

use super::fair_queue::Queued;

/// The memory that a job needs, in KiB. The two parts add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// The buffer that the pool passes to the job.
    pub(super) buffer: u32,
    /// Memory that the job allocates.
    pub(super) own: u32,
}

/// The resources that a job needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    pub(super) memory: Memory,
    /// The approximate time that it takes on an otherwise idle core.
    pub(super) time: Duration,
}

/// A job, as the threads see it.
pub(super) trait Job: Send + Sync {
    fn demand(&self) -> Demand;
    /// The time at which the job entered the queue.
    fn since(&self) -> Instant;
    /// Returns `true` if the caller has left or a thread has started the job.
    fn is_taken(&self) -> bool;
    /// Claims the job. Returns `false` if it was claimed before.
    fn take(&self) -> bool;
    /// Returns `true` if the caller has its result, or does not wait for it any more.
    fn is_over(&self) -> bool;
    /// Computes the result. Two threads may do so at the same time.
    fn run(&self, blocks: &mut [Block]);
    /// Sends the result to the caller, unless another thread has done so.
    fn deliver(&self);
    /// Notifies the caller that the job was removed from the queue.
    fn refuse(&self);
}

/// The result for the caller of a job; `None` if the job was removed from the queue.
pub(super) type Answer<T> = Option<T>;

pub(super) struct Task<W, T> {
    demand: Demand,
    since: Instant,
    slot: QueueSlot,
    work: W,
    result: Mutex<Option<T>>,
    caller: Mutex<Option<oneshot::Sender<Answer<T>>>>,
}

/// A slot in the queue, shared by the caller and the job. It is claimed once, either by a thread that starts the job or
/// by a caller that leaves. A job that has started always runs to completion.
///
/// Jobs of callers that left the queue are skipped. This is safe: attempts are counted against their limits before they
/// are queued, so leaving does not yield a free guess, and nothing has been stored yet.
#[derive(Clone, Default)]
pub(super) struct QueueSlot(Arc<AtomicBool>);

/// Leaves the queue when the caller's future is dropped.
pub(super) struct Leave(pub(super) QueueSlot);

impl<W, T> Task<W, T> {
    pub(super) fn new(
        demand: Demand,
        since: Instant,
        slot: QueueSlot,
        work: W,
        caller: oneshot::Sender<Answer<T>>,
    ) -> Self {
        Self { demand, since, slot, work, result: Mutex::default(), caller: Mutex::new(Some(caller)) }
    }
}

impl<W, T> Job for Task<W, T>
where
    W: Fn(&mut [Block]) -> T + Send + Sync,
    T: Send,
{
    fn demand(&self) -> Demand {
        self.demand
    }

    fn since(&self) -> Instant {
        self.since
    }

    fn is_taken(&self) -> bool {
        self.slot.is_taken()
    }

    fn take(&self) -> bool {
        self.slot.take()
    }

    fn is_over(&self) -> bool {
        lock(&self.caller).as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn run(&self, blocks: &mut [Block]) {
        let result = (self.work)(blocks);
        *lock(&self.result) = Some(result);
    }

    fn deliver(&self) {
        let Some(result) = lock(&self.result).take() else { return };
        self.answer(Some(result));
    }

    fn refuse(&self) {
        if self.slot.take() {
            self.answer(None);
        }
    }
}

impl<W, T> Task<W, T> {
    fn answer(&self, answer: Answer<T>) {
        if let Some(caller) = lock(&self.caller).take() {
            let _ = caller.send(answer); // the caller may have left
        }
    }
}

/// No code that can panic runs while these locks are held, so a poisoned one still guards a valid value.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queued for Arc<dyn Job> {
    fn is_gone(&self) -> bool {
        self.is_taken()
    }
}

impl Memory {
    pub(super) fn all(self) -> u64 {
        u64::from(self.buffer) + u64::from(self.own)
    }

    /// Returns the memory that is enough for both jobs if they run one after the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self { buffer: self.buffer.max(other.buffer), own: self.own.max(other.own) }
    }
}

impl From<u32> for Memory {
    fn from(buffer: u32) -> Self {
        Self { buffer, own: 0 }
    }
}

impl From<Memory> for Demand {
    fn from(memory: Memory) -> Self {
        Self { memory, time: Duration::ZERO }
    }
}

impl From<u32> for Demand {
    fn from(buffer: u32) -> Self {
        Memory::from(buffer).into()
    }
}

impl QueueSlot {
    fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.take();
    }
}
