//! Tests of fairness among sources, and of helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    pin::pin,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use super::{
    super::{bounds::Bounds, pool::Pool},
    load::{BIG, bounds, held, poll_once},
};
use crate::port::{HashError, WorkSource};

fn source(number: u8) -> WorkSource {
    WorkSource::of(Some([203, 0, 113, number].into()))
}

/// Starts a job of a source, and returns when it is in the queue or refused.
async fn start(
    pool: &Arc<Pool>,
    number: u8,
    work: impl Fn(&mut [argon2::Block]) + Send + Sync + 'static,
) -> JoinHandle<Result<(), HashError>> {
    let pool = Arc::clone(pool);
    let mut job = Box::pin(source(number).scope(async move { pool.run(BIG, work).await }));
    let first = poll_once(job.as_mut()).await;
    tokio::spawn(async move {
        match first {
            Some(result) => result,
            None => job.await,
        }
    })
}

#[tokio::test]
async fn sources_take_turns() {
    let pool = Arc::new(Pool::start(bounds(1)).unwrap());
    let (mut running, job) = held();
    let first = start(&pool, 1, job).await;
    running.started().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut jobs = Vec::new();
    for name in ["1a", "1b", "1c", "1d", "2a", "2b", "3a"] {
        let order = Arc::clone(&order);
        let work = move |_: &mut [argon2::Block]| order.lock().unwrap().push(name);
        jobs.push(start(&pool, name.as_bytes()[0] - b'0', work).await);
    }
    running.end.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(()));
    for job in jobs {
        assert_eq!(job.await.unwrap(), Ok(()));
    }
    assert_eq!(*order.lock().unwrap(), ["1a", "2a", "3a", "1b", "2b", "1c", "1d"]);
}

#[tokio::test]
async fn a_flood_of_one_source_takes_no_place_of_another() {
    let pool = Arc::new(Pool::start(Bounds { waiting: 4, ..bounds(1) }).unwrap());
    let (mut running, job) = held();
    let first = start(&pool, 1, job).await;
    running.started().await;
    let mut flood = Vec::new();
    for _ in 0..10 {
        flood.push(start(&pool, 1, |_| ()).await);
    }
    let refused_at_once = source(1).scope(async { pool.ensure_room() }).await;
    assert!(matches!(refused_at_once, Err(HashError::Overloaded { retry_after: 1..=5 })));
    assert_eq!(source(2).scope(async { pool.ensure_room() }).await, Ok(()));
    let other = start(&pool, 2, |_| ()).await;
    assert_eq!(pool.0.lock().waiting.len(), 4, "the bound holds");
    running.end.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(other.await.unwrap(), Ok(()), "the other source is not refused");
    let mut results = Vec::new();
    for job in flood {
        results.push(job.await.unwrap());
    }
    let (done, refused) = results.split_at(3);
    assert!(done.iter().all(Result::is_ok), "{results:?}");
    assert!(refused.iter().all(|result| matches!(result, Err(HashError::Overloaded { .. }))), "{results:?}");
}

/// Clocks that tests move, one for each test with this number.
static CLOCKS: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

#[expect(clippy::disallowed_methods, reason = "a point in time to start from")]
fn now<const TEST: usize>() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START + Duration::from_secs(CLOCKS[TEST].load(Ordering::SeqCst))
}

/// Makes every job that has been started late.
fn advance<const TEST: usize>() {
    CLOCKS[TEST].fetch_add(1, Ordering::SeqCst);
}

fn with_a_helper<const TEST: usize>() -> Bounds {
    Bounds { helpers: 1, patience: Duration::from_millis(100), now: now::<TEST>, ..bounds(1) }
}

/// A job whose first computation gets no CPU time, because the test blocks it.
struct SlowAtFirst {
    runs: Arc<AtomicUsize>,
    end: mpsc::Sender<()>,
}

impl SlowAtFirst {
    /// Also returns the job, which returns the number of the computation.
    fn new() -> (Self, impl Fn(&mut [argon2::Block]) -> usize + Send + Sync + 'static) {
        let (end, wait) = mpsc::channel();
        let (wait, runs) = (Mutex::new(wait), Arc::<AtomicUsize>::default());
        let counter = Arc::clone(&runs);
        let job = move |_: &mut [argon2::Block]| {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            if number == 0 {
                let _ = wait.lock().unwrap().recv();
            }
            number
        };
        (Self { runs, end }, job)
    }

    fn wait_for(&self, runs: usize) {
        while self.runs.load(Ordering::SeqCst) < runs {
            std::thread::yield_now();
        }
    }
}

#[tokio::test]
async fn a_helper_computes_what_is_late() {
    let pool = Pool::start(with_a_helper::<0>()).unwrap();
    let (slow, job) = SlowAtFirst::new();
    let mut late = pin!(pool.run(BIG, job));
    assert!(poll_once(late.as_mut()).await.is_none());
    slow.wait_for(1);
    advance::<0>();
    assert_eq!(late.await, Ok(1), "the result of the helper");
    assert_eq!(pool.run(BIG, |_| "next").await, Ok("next"), "waiting jobs need no thread that is stuck");
    let running_kib = pool.0.lock().running_kib;
    assert_eq!(running_kib, u64::from(BIG), "the late computation holds its memory");
    slow.end.send(()).unwrap();
    while pool.0.lock().running_kib > 0 {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_late_job_waits_for_memory() {
    let pool = Pool::start(Bounds { memory_kib: u64::from(BIG), ..with_a_helper::<1>() }).unwrap();
    let (slow, job) = SlowAtFirst::new();
    let mut late = pin!(pool.run(BIG, job));
    assert!(poll_once(late.as_mut()).await.is_none());
    slow.wait_for(1);
    advance::<1>();
    let mut next = pin!(pool.run(BIG, |_| ()));
    assert!(poll_once(next.as_mut()).await.is_none());
    assert_eq!(pool.0.lock().running_kib, u64::from(BIG), "the budget has no room for a helper");
    slow.end.send(()).unwrap();
    assert_eq!(late.await, Ok(0));
    assert_eq!(next.await, Ok(()));
}

#[tokio::test]
async fn a_part_of_the_memory_is_left_to_helpers_unless_a_job_needs_it_all() {
    let bounds = Bounds { memory_kib: 3 * u64::from(BIG), helpers_kib: BIG.into(), ..bounds(4) };
    let pool = Arc::new(Pool::start(bounds).unwrap());
    let mut running = Vec::new();
    for _ in 0..2 {
        let (mut held, job) = held();
        let caller = start(&pool, 1, job).await;
        held.started().await;
        running.push((held, caller));
    }
    let third = start(&pool, 1, |_| ()).await;
    assert_eq!(pool.0.lock().waiting.len(), 1, "it would take the last third");
    for (held, caller) in running {
        held.end.send(()).unwrap();
        assert_eq!(caller.await.unwrap(), Ok(()));
    }
    assert_eq!(third.await.unwrap(), Ok(()));
    assert_eq!(pool.run(3 * BIG, |blocks| blocks.len()).await, Ok(192), "alone, a job can have everything");
}

#[tokio::test]
async fn a_thread_that_gets_time_again_is_trusted_again() {
    let pool = Pool::start(with_a_helper::<2>()).unwrap();
    let (slow, job) = SlowAtFirst::new();
    let mut late = pin!(pool.run(BIG, job));
    assert!(poll_once(late.as_mut()).await.is_none());
    slow.wait_for(1);
    advance::<2>();
    assert_eq!(late.await, Ok(1));
    slow.end.send(()).unwrap();
    // Each job makes the thread check whether it gets CPU time.
    let name = |_: &mut [argon2::Block]| std::thread::current().name().unwrap_or_default().to_owned();
    while pool.run(BIG, name).await != Ok("hash-0".to_owned()) {}
}

#[tokio::test]
async fn a_panic_of_one_computation_leaves_the_result_of_the_other() {
    let pool = Pool::start(with_a_helper::<3>()).unwrap();
    let (slow, job) = SlowAtFirst::new();
    let work = move |blocks: &mut [argon2::Block]| {
        let number = job(blocks);
        assert_eq!(number, 0, "a panic on purpose");
        number
    };
    let mut result = pin!(pool.run(BIG, work));
    assert!(poll_once(result.as_mut()).await.is_none());
    slow.wait_for(1);
    advance::<3>();
    slow.wait_for(2);
    slow.end.send(()).unwrap();
    assert_eq!(result.await, Ok(0));
}
