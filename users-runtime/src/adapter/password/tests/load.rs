//! Tests of the limits on hashing, with jobs that are controlled by the test instead of by timing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::Poll,
    time::Duration,
};

use tokio::sync::oneshot;

use super::super::{Argon2Params, HashSettings, Hashing, bounds::Bounds, job::Memory, pool::Pool};
use crate::{
    domain::{Password, PasswordHash},
    port::{HashError, PasswordHasher as _, Random, RandomError},
};

const SMALL: u32 = 19;
pub(super) const BIG: u32 = 64;

pub(super) fn bounds(workers: usize) -> Bounds {
    Bounds {
        workers,
        helpers: 0,
        memory_kib: 256,
        helpers_kib: 0,
        waiting: 32 * workers,
        max_wait: Duration::from_secs(3600),
        patience: Duration::ZERO,
        now: crate::adapter::clock::monotonic,
        gets_time: || true,
    }
}

/// A job that reports its start and runs until the test ends it.
pub(super) struct Held {
    started: oneshot::Receiver<()>,
    pub(super) end: mpsc::Sender<()>,
}

pub(super) fn held() -> (Held, impl Fn(&mut [argon2::Block]) + Send + Sync + 'static) {
    let (report_start, started) = oneshot::channel();
    let (end, wait) = mpsc::channel();
    let once = Mutex::new(Some((report_start, wait)));
    let job = move |_: &mut [argon2::Block]| {
        if let Some((report_start, wait)) = once.lock().unwrap().take() {
            let _ = report_start.send(());
            let _ = wait.recv();
        }
    };
    (Held { started, end }, job)
}

impl Held {
    pub(super) async fn started(&mut self) {
        (&mut self.started).await.expect("the job starts");
    }
}

/// Polls a future once.
pub(super) async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn memory_budget_holds_for_mixed_hashes() {
    let pool = Arc::new(Pool::start(bounds(8)).unwrap());
    let peak = Arc::new(Mutex::new((0, 0)));
    let jobs: Vec<_> = (0..240)
        .map(|number| {
            let kib = if number % 3 == 0 { BIG } else { SMALL };
            let (pool, peak) = (Arc::clone(&pool), Arc::clone(&peak));
            tokio::spawn(async move {
                let job = move |blocks: &mut [argon2::Block]| {
                    assert_eq!(blocks.len(), kib as usize);
                    {
                        let mut peak = peak.lock().unwrap();
                        peak.0 += kib;
                        peak.1 = peak.1.max(peak.0);
                    }
                    std::thread::yield_now();
                    peak.lock().unwrap().0 -= kib;
                };
                let result = pool.run(kib, job).await;
                let queue = pool.0.lock();
                assert!(queue.running_kib + queue.kept.kib() <= 256, "kept buffers count as well");
                result
            })
        })
        .collect();
    for job in jobs {
        assert_eq!(job.await.unwrap(), Ok(()));
    }
    let peak = peak.lock().unwrap().1;
    assert!(peak <= 256, "{peak}");
}

#[tokio::test]
async fn a_job_counts_with_its_declared_memory_and_jobs_can_use_the_whole_budget() {
    let pool = Arc::new(Pool::start(bounds(8)).unwrap());
    let mut running = Vec::new();
    for _ in 0..4 {
        let (mut held, job) = held();
        let pool = Arc::clone(&pool);
        let caller = tokio::spawn(async move { pool.run(BIG, job).await });
        held.started().await;
        running.push((held, caller));
    }
    assert_eq!(pool.0.lock().running_kib, 256, "four jobs of 64 KiB run concurrently");
    let fifth = tokio::spawn({
        let pool = Arc::clone(&pool);
        let inner = Arc::clone(&pool);
        async move { pool.run(SMALL, move |_| inner.0.lock().running_kib).await }
    });
    for (held, caller) in running {
        held.end.send(()).unwrap();
        assert_eq!(caller.await.unwrap(), Ok(()));
    }
    let running_kib = fifth.await.unwrap().unwrap();
    assert!(running_kib <= 3 * u64::from(BIG) + u64::from(SMALL), "{running_kib}");
}

#[tokio::test]
async fn memory_that_a_job_allocates_counts_in_addition_to_its_buffer() {
    let pool = Arc::new(Pool::start(bounds(8)).unwrap());
    let (mut held, job) = held();
    let caller = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.run(Memory { buffer: 64, own: 128 }, move |blocks| (blocks.len(), job(blocks)).0).await }
    });
    held.started().await;
    assert_eq!(pool.0.lock().running_kib, 192);
    let inner = Arc::clone(&pool);
    let mut waiting = pin!(pool.run(Memory { buffer: 0, own: 65 }, move |_| inner.0.lock().running_kib));
    assert!(poll_once(waiting.as_mut()).await.is_none());
    held.end.send(()).unwrap();
    assert_eq!(caller.await.unwrap(), Ok(64), "blocks");
    assert_eq!(waiting.await, Ok(65), "only 64 KiB were left, so it waited");
    let too_much = pool.run(Memory { buffer: 128, own: 129 }, |_| ()).await;
    assert_eq!(too_much, Err(HashError::Failed));
}

#[tokio::test]
async fn disconnect_does_not_free_permit() {
    let pool = Arc::new(Pool::start(Bounds { memory_kib: u64::from(BIG), ..bounds(2) }).unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let (mut held, job) = held();
    let client = tokio::spawn({
        let (pool, over) = (Arc::clone(&pool), Arc::clone(&over));
        async move {
            pool.run(BIG, move |blocks| {
                job(blocks);
                over.store(true, Ordering::SeqCst);
            })
            .await
        }
    });
    held.started().await;
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    assert_eq!(pool.0.lock().running_kib, u64::from(BIG), "the job still holds its memory");

    let next = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.run(BIG, move |_| over.load(Ordering::SeqCst)).await }
    });
    while pool.0.lock().waiting.is_empty() && !next.is_finished() {
        tokio::task::yield_now().await;
    }
    assert!(!next.is_finished());
    held.end.send(()).unwrap();
    assert_eq!(next.await.unwrap(), Ok(true), "the next job began after the abandoned one ended");
}

#[tokio::test]
async fn a_caller_that_leaves_the_queue_is_skipped_and_frees_its_slot() {
    let pool = Pool::start(Bounds { waiting: 1, ..bounds(1) }).unwrap();
    let (mut held, job) = held();
    let mut first = pin!(pool.run(BIG, job));
    assert!(poll_once(first.as_mut()).await.is_none());
    held.started().await;

    let ran = Arc::new(AtomicBool::new(false));
    let work = |ran: &Arc<AtomicBool>| {
        let ran = Arc::clone(ran);
        move |_: &mut [argon2::Block]| ran.store(true, Ordering::SeqCst)
    };
    assert!(poll_once(pool.run(BIG, work(&ran))).await.is_none(), "it is dropped while it waits");
    let mut third = pin!(pool.run(BIG, |_| ()));
    assert!(poll_once(third.as_mut()).await.is_none(), "there is a slot for the next one");
    let fourth = poll_once(pool.run(BIG, |_| ())).await;
    assert!(matches!(fourth, Some(Err(HashError::Overloaded { .. }))), "but only one");
    held.end.send(()).unwrap();
    assert_eq!(third.await, Ok(()));
    assert!(!ran.load(Ordering::SeqCst), "a job whose caller left must not run");
}

#[tokio::test(start_paused = true)] // the clock advances to the next deadline when all tasks are idle
#[expect(clippy::disallowed_methods, reason = "reads the paused clock, not the system clock")]
async fn a_job_that_waits_too_long_is_refused_and_a_running_one_is_finished() {
    let pool = Pool::start(Bounds { max_wait: Duration::from_secs(2), ..bounds(1) }).unwrap();
    let (mut held, job) = held();
    let mut first = pin!(pool.run(BIG, job));
    assert!(poll_once(first.as_mut()).await.is_none());
    held.started().await;
    let start = tokio::time::Instant::now();
    let ran = Arc::new(AtomicBool::new(false));
    let second = pool.run(BIG, {
        let ran = Arc::clone(&ran);
        move |_| ran.store(true, Ordering::SeqCst)
    });
    let Err(HashError::Overloaded { retry_after }) = second.await else { panic!("the job must not wait forever") };
    assert!((1..=5).contains(&retry_after));
    assert_eq!(start.elapsed().as_secs(), 2);
    held.end.send(()).unwrap();
    assert_eq!(first.await, Ok(()), "it took longer than the maximum wait, but had started");
    tokio::time::resume();
    assert_eq!(pool.run(BIG, |_| ()).await, Ok(()));
    assert!(!ran.load(Ordering::SeqCst), "a refused job must not run");
}

#[tokio::test]
async fn jobs_run_in_order_and_a_big_job_is_not_overtaken() {
    let pool = Pool::start(Bounds { memory_kib: 80, ..bounds(4) }).unwrap();
    let (mut held, job) = held();
    let mut small = pin!(pool.run(SMALL, job));
    assert!(poll_once(small.as_mut()).await.is_none());
    held.started().await;

    let order = Arc::new(Mutex::new(Vec::new()));
    let record = |name: &'static str| {
        let order = Arc::clone(&order);
        move |_: &mut [argon2::Block]| order.lock().unwrap().push(name)
    };
    // The first big job does not fit beside the running one; the small one behind them would.
    let (mut big, mut next) = (pin!(pool.run(BIG, record("big"))), pin!(pool.run(BIG, record("next"))));
    let mut last = pin!(pool.run(SMALL, record("last")));
    assert!(poll_once(big.as_mut()).await.is_none());
    assert!(poll_once(next.as_mut()).await.is_none());
    assert!(poll_once(last.as_mut()).await.is_none());
    held.end.send(()).unwrap();
    assert_eq!(last.await, Ok(()));
    let (big, next) = (big.await, next.await);
    assert_eq!((big, next), (Ok(()), Ok(())));
    assert_eq!(order.lock().unwrap()[0], "big");
}

#[tokio::test]
async fn a_panic_is_contained_and_the_worker_continues() {
    let pool = Pool::start(bounds(1)).unwrap();
    for _ in 0..3 {
        assert_eq!(pool.run(BIG, |_| panic!("on purpose")).await, Err::<(), _>(HashError::Failed));
    }
    assert_eq!(pool.0.lock().running_kib, 0, "a panic releases the memory of the job");
    assert_eq!(pool.run(BIG, |blocks| blocks.len()).await, Ok(64));
}

#[tokio::test]
async fn a_job_finds_no_data_of_the_previous_one() {
    let pool = Pool::start(bounds(1)).unwrap();
    let write = |blocks: &mut [argon2::Block]| {
        for block in blocks {
            let words: &mut [u64] = block.as_mut();
            words.fill(0x5ec4e7);
        }
    };
    assert_eq!(pool.run(SMALL, write).await, Ok(()));
    assert_eq!(pool.0.lock().kept.kib(), u64::from(SMALL), "the buffer is kept for the next job");
    let read = |blocks: &mut [argon2::Block]| {
        blocks.iter().all(|block| AsRef::<[u64]>::as_ref(block).iter().all(|&word| word == 0))
    };
    assert_eq!(pool.run(SMALL, read).await, Ok(true));
}

#[tokio::test]
async fn a_job_that_can_never_fit_does_not_block_the_queue() {
    let pool = Pool::start(bounds(1)).unwrap();
    assert_eq!(pool.run(257, |_| ()).await, Err(HashError::Failed));
    assert_eq!(pool.run(256, |_| ()).await, Ok(()));
}

struct Counting;

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        bytes.fill_with(|| NEXT.fetch_add(1, Ordering::Relaxed) as u8);
        Ok(())
    }
}

fn hashing(workers: usize, queue_per_worker: usize) -> Hashing {
    let params = Argon2Params::weak_for_tests();
    let settings =
        HashSettings::default().params(params).workers(workers).helpers(0).queue_per_worker(queue_per_worker);
    Hashing::start(settings, Arc::new(Counting), Arc::new(crate::adapter::SystemClock)).unwrap()
}

#[tokio::test]
async fn overflow_is_refused_alike_for_known_and_unknown() {
    let hashing = hashing(1, 2);
    let password = Password::new("the lady of the lake");
    let known = hashing.hash(&password).await.unwrap();
    let corrupt = PasswordHash::from_stored("!");
    let (mut held, job) = held();
    let mut running = pin!(hashing.pool.run(0, job));
    assert!(poll_once(running.as_mut()).await.is_none());
    held.started().await;
    let mut waiting = [hashing.verify_dummy(&password), hashing.verify_dummy(&password)];
    for one in &mut waiting {
        assert!(poll_once(one).await.is_none());
    }
    let unknown = poll_once(hashing.verify_dummy(&password)).await.unwrap().unwrap_err();
    assert!(matches!(unknown, HashError::Overloaded { retry_after: 1..=5 }));
    assert_eq!(poll_once(hashing.verify(&password, &known)).await.unwrap(), Err(unknown));
    assert_eq!(poll_once(hashing.verify(&password, &corrupt)).await.unwrap(), Err(unknown));
    assert_eq!(poll_once(hashing.hash(&password)).await.unwrap().unwrap_err(), unknown);
    held.end.send(()).unwrap();
    for one in waiting {
        assert_eq!(one.await, Ok(()));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn async_workers_not_blocked() {
    let hashing = Arc::new(hashing(1, 32));
    let (mut held, job) = held();
    let mut running = pin!(hashing.pool.run(0, job));
    assert!(poll_once(running.as_mut()).await.is_none());
    held.started().await;
    let login = tokio::spawn({
        let hashing = Arc::clone(&hashing);
        async move { hashing.hash(&Password::new("the lady of the lake")).await }
    });
    while hashing.pool.0.lock().waiting.is_empty() {
        tokio::task::yield_now().await;
    }
    // The test runs on the only asynchronous worker. It can continue although all hashing threads are busy and a login waits.
    assert!(!login.is_finished());
    held.end.send(()).unwrap();
    assert!(login.await.unwrap().is_ok());
}

#[tokio::test]
async fn threads_end_with_the_hasher() {
    let hashing = hashing(2, 32);
    let shared = Arc::downgrade(&hashing.pool.0);
    assert!(hashing.hash(&Password::new("the lady of the lake")).await.is_ok());
    drop(hashing);
    while shared.strong_count() > 0 {
        std::thread::yield_now();
    }
}
