//! Threads that work, and the queue before them. Knows nothing of passwords.
//!
//! A job asks for an amount of memory. It starts when it is the first in the queue, a thread is free, and its memory fits
//! beside that of the running jobs. Strictly in order: a job that needs much memory waits for the running ones to
//! end, and those behind it wait too, so it cannot starve.

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
use crate::port::HashError;

/// How much at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Threads.
    pub(super) workers: usize,
    /// Memory of all running jobs and of areas that are kept for the next, in KiB.
    pub(super) memory_kib: u64,
    /// Jobs that may wait.
    pub(super) waiting: usize,
    /// How long one may wait.
    pub(super) max_wait: Duration,
}

/// Dropping it stops the threads after the jobs they are at.
pub(super) struct Pool(pub(super) Arc<Shared>);

pub(super) struct Shared {
    bounds: Bounds,
    queue: Mutex<Queue>,
    /// Told when a job was put in, when one may have become able to start, and at the end.
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Box<dyn Job>>,
    pub(super) running_kib: u64,
    /// Wiped areas for the next jobs, the one used last at the end.
    kept: Vec<WorkBuffer>,
    closed: bool,
}

/// What a job asks for, in KiB. Both count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// In blocks that it is given.
    pub(super) area: u32,
    /// That it allocates by itself.
    pub(super) own: u32,
}

/// A job as a thread sees it.
pub(super) trait Job: Send {
    fn memory(&self) -> Memory;
    /// Whether its caller has left, or some thread has begun it.
    fn is_taken(&self) -> bool;
    /// Takes it; false if it was taken before.
    fn take(&self) -> bool;
    fn run(&mut self, blocks: &mut [Block]);
    /// Tells the caller how it ended.
    fn deliver(self: Box<Self>);
}

struct Task<W, T> {
    memory: Memory,
    slot: QueueSlot,
    work: Option<W>,
    result: Option<T>,
    caller: oneshot::Sender<T>,
}

/// A slot in the queue, held by the caller and by the job. Whoever takes it first decides: a thread that begins the
/// job, or the caller who leaves. What was begun is never taken back.
///
/// A job whose caller left in time is skipped. That is safe: attempts are counted before they wait here, so leaving
/// gives no free guess; nobody is there to see how long it took; and nothing was stored yet.
#[derive(Clone, Default)]
struct QueueSlot(Arc<AtomicBool>);

/// Leaves the queue when the caller's future is dropped.
struct Leave(QueueSlot);

/// A job that may run: its memory is counted as long as this lives, whatever becomes of its caller.
struct Permit<'a> {
    shared: &'a Shared,
    memory: Memory,
    area: Option<WorkBuffer>,
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// That of the system, if it gives no more threads.
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

    /// Runs `work` on one of the threads, with as many blocks of 1 KiB as it asks for (a number: and no memory of its own). Their content is arbitrary.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] if too many wait or it waited too long, [`HashError::Failed`] if it panicked, if the
    /// system has no memory, or if it asks for more than there is in all.
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
            return Err(HashError::Failed); // would block the queue for good
        }
        let mut queue = self.lock();
        if queue.waiting.len() >= self.bounds.waiting {
            queue.waiting.retain(|job| !job.is_taken());
        }
        if queue.waiting.len() >= self.bounds.waiting {
            drop(queue);
            return Err(self.overloaded("too many are waiting"));
        }
        queue.waiting.push_back(job);
        drop(queue);
        self.changed.notify_one();
        Ok(())
    }

    /// The answer to one more than there is room for. It depends on how many wait and on nothing else, so it says nothing
    /// about an account.
    fn overloaded(&self, why: &'static str) -> HashError {
        let waiting = self.lock().waiting.len();
        let retry_after = 1 + 4 * waiting.min(self.bounds.waiting) / self.bounds.waiting.max(1);
        tracing::warn!(event = "hash_overloaded", waiting, "password hashing sheds load: {why}");
        HashError::Overloaded { retry_after: u32::try_from(retry_after).unwrap_or(5) }
    }

    /// The life of a thread.
    fn work(&self) {
        while let Some((job, permit)) = self.next() {
            // Nothing in there is used again after a panic but the area, which is wiped.
            if catch_unwind(AssertUnwindSafe(|| serve(job, permit))).is_err() {
                tracing::error!(event = "hash_panicked", "hashing a password panicked; the thread goes on");
            }
        }
    }

    /// Waits until the first job can start, and takes it; nothing at the end.
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
                        _ => {} // left between the two looks
                    }
                }
                _ => queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let memory = job.memory();
        queue.running_kib += memory.all();
        let (area, given_up) = queue.area_for(memory.area, self.bounds.memory_kib);
        let more = !queue.waiting.is_empty();
        drop(queue);
        if more {
            self.changed.notify_one(); // this thread was told of one job, but the next may fit as well
        }
        drop(given_up);
        Some((job, Permit { shared: self, memory, area }))
    }
}

impl Queue {
    /// The kept area of this many KiB, if there is one, and those to give up so that kept and running ones stay inside the budget.
    fn area_for(&mut self, memory_kib: u32, budget_kib: u64) -> (Option<WorkBuffer>, Vec<WorkBuffer>) {
        let area = self.kept.iter().rposition(|area| area.kib() == memory_kib).map(|at| self.kept.remove(at));
        let mut given_up = Vec::new();
        while !self.kept.is_empty() && self.running_kib + self.kept_kib() > budget_kib {
            given_up.push(self.kept.remove(0));
        }
        (area, given_up)
    }

    pub(super) fn kept_kib(&self) -> u64 {
        self.kept.iter().map(|area| u64::from(area.kib())).sum()
    }
}

/// Runs a job. Its memory is free again before its caller hears of the end.
fn serve(mut job: Box<dyn Job>, mut permit: Permit<'_>) {
    match permit.blocks() {
        Some(blocks) => job.run(blocks),
        None => tracing::error!(event = "hash_no_memory", "the system has no memory to hash a password in"),
    }
    drop(permit);
    job.deliver();
}

impl Permit<'_> {
    fn blocks(&mut self) -> Option<&mut [Block]> {
        if self.area.is_none() {
            self.area = WorkBuffer::allocate(self.memory.area);
        }
        self.area.as_mut().map(WorkBuffer::blocks)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let area = self.area.take().map(|mut area| {
            area.wipe();
            area
        });
        let mut queue = self.shared.lock();
        queue.running_kib -= self.memory.all();
        queue.kept.extend(area.filter(|area| area.kib() > 0));
        let given_up = (queue.kept.len() > self.shared.bounds.workers).then(|| queue.kept.remove(0));
        drop(queue);
        drop(given_up);
        // The thread that drops this looks at the queue next, and tells another if there is more to do.
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
        u64::from(self.area) + u64::from(self.own)
    }

    /// Enough for either, one after the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self { area: self.area.max(other.area), own: self.own.max(other.own) }
    }
}

impl From<u32> for Memory {
    fn from(area: u32) -> Self {
        Self { area, own: 0 }
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
