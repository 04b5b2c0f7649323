//! A thread pool with a queue and a memory budget. It is independent of passwords.
//!
//! Each job declares the memory that it needs. It starts when it is the first in the queue, a thread is idle, and its
//! memory fits into what the running jobs leave of the budget. The order is strictly first in, first out: a job that
//! needs much memory waits until enough jobs have finished and the jobs behind it wait too, so it cannot starve.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use argon2::Block;
use tokio::sync::oneshot;

use super::{priority, work_buffer::WorkBuffer};
use crate::{event::operation, port::HashError};

/// The limits of a pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The number of threads.
    pub(super) workers: usize,
    /// The memory of all running jobs and of the buffers kept for reuse, in KiB.
    pub(super) memory_kib: u64,
    /// The number of jobs that may wait.
    pub(super) waiting: usize,
    /// The time that a job may wait.
    pub(super) max_wait: Duration,
}

/// A thread pool. Dropping it stops each thread after its current job.
pub(super) struct Pool(pub(super) Arc<Shared>);

pub(super) struct Shared {
    bounds: Bounds,
    queue: Mutex<Queue>,
    /// Notified when a job was added, when a waiting job may be able to start, and when the pool is closed.
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Box<dyn Job>>,
    pub(super) running_kib: u64,
    /// Wiped buffers for reuse, the most recently used one last.
    kept: Vec<WorkBuffer>,
    closed: bool,
}

/// The memory that a job needs, in KiB. The two parts add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// The buffer that the pool passes to the job.
    pub(super) buffer: u32,
    /// Memory that the job allocates.
    pub(super) own: u32,
}

/// A job, as the threads see it.
pub(super) trait Job: Send {
    fn memory(&self) -> Memory;
    /// Returns `true` if the caller has left or a thread has started the job.
    fn is_taken(&self) -> bool;
    /// Claims the job. Returns `false` if it was claimed before.
    fn take(&self) -> bool;
    fn run(&mut self, blocks: &mut [Block]);
    /// Sends the result to the caller.
    fn deliver(self: Box<Self>);
}

struct Task<W, T> {
    memory: Memory,
    slot: QueueSlot,
    work: Option<W>,
    result: Option<T>,
    caller: oneshot::Sender<T>,
}

/// A slot in the queue, shared by the caller and the job. The first one to claim it decides: a thread that starts the
/// job, or a caller that leaves. A job that has started always runs to its end.
///
/// Jobs of callers that left the queue are skipped. This is safe: attempts are counted against their limits before they
/// are queued, so leaving gives no free guess, and nothing has been stored yet.
#[derive(Clone, Default)]
struct QueueSlot(Arc<AtomicBool>);

/// Leaves the queue when the caller's future is dropped.
struct Leave(QueueSlot);

/// The permission to run a job. Its memory counts as used until this value is dropped, even if the caller leaves.
struct Permit<'a> {
    shared: &'a Shared,
    memory: Memory,
    buffer: Option<WorkBuffer>,
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The operating system's error if it cannot start a thread.
    pub(super) fn start(bounds: Bounds) -> std::io::Result<Self> {
        let pool = Self(Arc::new(Shared { bounds, queue: Mutex::default(), changed: Condvar::new() }));
        for number in 0..bounds.workers {
            let shared = Arc::clone(&pool.0);
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || {
                priority::lower_to_minimum();
                shared.work();
            })?;
        }
        Ok(pool)
    }

    /// Runs `work` on one of the threads, with a buffer of as many blocks of 1 KiB as requested. The content of the
    /// blocks is unspecified. A plain number as `memory` requests a buffer only.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] if the queue is full or the job waited too long, [`HashError::Failed`] if the job
    /// panicked, the system is out of memory, or the job needs more than the whole budget.
    pub(super) async fn run<W, T>(&self, memory: impl Into<Memory>, work: W) -> Result<T, HashError>
    where
        W: FnOnce(&mut [Block]) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (caller, mut result) = oneshot::channel();
        let slot = QueueSlot::default();
        let leave = Leave(slot.clone());
        self.0.put(Box::new(Task { memory: memory.into(), slot, work: Some(work), result: None, caller }))?;
        tokio::select! {
            biased;
            ended = &mut result => ended.map_err(|_| HashError::Failed),
            () = tokio::time::sleep(self.0.bounds.max_wait) => {
                if leave.0.take() {
                    return Err(self.0.overloaded("waited too long"));
                }
                result.await.map_err(|_| HashError::Failed)
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, job: Box<dyn Job>) -> Result<(), HashError> {
        if job.memory().all() > self.bounds.memory_kib {
            return Err(HashError::Failed); // it would block the queue forever
        }
        let mut queue = self.lock();
        if queue.waiting.len() >= self.bounds.waiting {
            queue.waiting.retain(|job| !job.is_taken());
        }
        if queue.waiting.len() >= self.bounds.waiting {
            drop(queue);
            return Err(self.overloaded("the queue is full"));
        }
        queue.waiting.push_back(job);
        drop(queue);
        self.changed.notify_one();
        Ok(())
    }

    /// Logs and returns the error for overload. It depends only on the length of the queue, so it reveals nothing about
    /// an account.
    fn overloaded(&self, why: &'static str) -> HashError {
        let waiting = self.lock().waiting.len();
        let retry_after = 1 + 4 * waiting.min(self.bounds.waiting) / self.bounds.waiting.max(1);
        operation!(WARN, "hash_overloaded", "password hashing is overloaded", why, waiting);
        HashError::Overloaded { retry_after: u32::try_from(retry_after).unwrap_or(5) }
    }

    /// Runs jobs until the pool is closed.
    fn work(&self) {
        while let Some((job, permit)) = self.next() {
            // After a panic only the buffer is reused, and it is wiped before.
            if catch_unwind(AssertUnwindSafe(|| serve(job, permit))).is_err() {
                operation!(ERROR, "hash_panicked", "hashing a password panicked; the thread continues");
            }
        }
    }

    /// Waits until the first job can start, and claims it. Returns `None` when the pool is closed.
    fn next(&self) -> Option<(Box<dyn Job>, Permit<'_>)> {
        let mut queue = self.lock();
        let job = loop {
            if queue.closed {
                return None;
            }
            match queue.waiting.front() {
                Some(first) if first.is_taken() => drop(queue.waiting.pop_front()),
                Some(first) if queue.running_kib + first.memory().all() <= self.bounds.memory_kib => {
                    match queue.waiting.pop_front() {
                        Some(job) if job.take() => break job,
                        _ => {} // its caller left in between
                    }
                }
                _ => queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let memory = job.memory();
        queue.running_kib += memory.all();
        let (buffer, evicted) = queue.take_buffer(memory.buffer, self.bounds.memory_kib);
        let more = !queue.waiting.is_empty();
        drop(queue);
        if more {
            self.changed.notify_one(); // a notification wakes one thread, but the next job may fit too
        }
        drop(evicted);
        Some((job, Permit { shared: self, memory, buffer }))
    }
}

impl Queue {
    /// Takes a kept buffer of this size, if there is one. Also returns the buffers to free, so that kept and running
    /// ones stay within the budget.
    fn take_buffer(&mut self, memory_kib: u32, budget_kib: u64) -> (Option<WorkBuffer>, Vec<WorkBuffer>) {
        let buffer = self.kept.iter().rposition(|buffer| buffer.kib() == memory_kib).map(|at| self.kept.remove(at));
        let mut evicted = Vec::new();
        while !self.kept.is_empty() && self.running_kib + self.kept_kib() > budget_kib {
            evicted.push(self.kept.remove(0));
        }
        (buffer, evicted)
    }

    pub(super) fn kept_kib(&self) -> u64 {
        self.kept.iter().map(|buffer| u64::from(buffer.kib())).sum()
    }
}

/// Runs a job. Its memory is released before its caller gets the result.
fn serve(mut job: Box<dyn Job>, mut permit: Permit<'_>) {
    match permit.blocks() {
        Some(blocks) => job.run(blocks),
        None => operation!(ERROR, "hash_no_memory", "out of memory while hashing a password"),
    }
    drop(permit);
    job.deliver();
}

impl Permit<'_> {
    fn blocks(&mut self) -> Option<&mut [Block]> {
        if self.buffer.is_none() {
            self.buffer = WorkBuffer::allocate(self.memory.buffer);
        }
        self.buffer.as_mut().map(WorkBuffer::blocks)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let buffer = self.buffer.take().map(|mut buffer| {
            buffer.wipe();
            buffer
        });
        let mut queue = self.shared.lock();
        queue.running_kib -= self.memory.all();
        queue.kept.extend(buffer.filter(|buffer| buffer.kib() > 0));
        let evicted = (queue.kept.len() > self.shared.bounds.workers).then(|| queue.kept.remove(0));
        drop(queue);
        drop(evicted);
        // This thread checks the queue next and wakes another one if more jobs can start.
    }
}

impl<W, T> Job for Task<W, T>
where
    W: FnOnce(&mut [Block]) -> T + Send,
    T: Send,
{
    fn memory(&self) -> Memory {
        self.memory
    }

    fn is_taken(&self) -> bool {
        self.slot.is_taken()
    }

    fn take(&self) -> bool {
        self.slot.take()
    }

    fn run(&mut self, blocks: &mut [Block]) {
        self.result = self.work.take().map(|work| work(blocks));
    }

    fn deliver(self: Box<Self>) {
        if let Some(result) = self.result {
            let _ = self.caller.send(result); // the caller may have left
        }
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

impl QueueSlot {
    fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.take();
    }
}
