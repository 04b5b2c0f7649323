use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{
    event::EventKind,
    port::{AuditQuery, BoxFuture, RequestContext},
    testing::ManualClock,
};

/// A log that is down on demand and counts its calls.
#[derive(Default)]
struct Log {
    is_down: AtomicBool,
    refuses: AtomicBool,
    batches: Mutex<Vec<Vec<AuditEntry>>>,
}

impl Log {
    fn entries(&self) -> Vec<AuditEntry> {
        self.batches.lock().unwrap().concat()
    }
}

impl AuditStore for Log {
    fn append<'a>(&'a self, entries: &'a [AuditEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            match () {
                () if self.is_down.load(Ordering::Relaxed) => Err(StoreError::unavailable("down")),
                () if self.refuses.load(Ordering::Relaxed) => Err(StoreError::failed("no")),
                () => {
                    self.batches.lock().unwrap().push(entries.to_vec());
                    Ok(())
                }
            }
        })
    }

    fn read<'a>(&'a self, _: &'a AuditQuery) -> BoxFuture<'a, Result<Vec<AuditEntry>, StoreError>> {
        Box::pin(async { Ok(self.entries()) })
    }

    fn purge<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }
}

fn queue() -> (AuditQueue, Arc<Log>, Arc<ManualClock>) {
    let (log, clock) = (Arc::<Log>::default(), Arc::new(ManualClock::at("2026-11-29T12:00:00Z".parse().unwrap())));
    let year = Duration::from_secs(365 * 24 * 3600);
    let queue = AuditQueue::new(Arc::clone(&log) as _, Arc::clone(&clock) as _, year, [7; 8]);
    (queue, log, clock)
}

fn login() -> SecurityEvent {
    SecurityEvent::new(EventKind::Login, &RequestContext::none())
}

fn refused_login() -> SecurityEvent {
    login().refused("wrong password")
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn ids_ascend_within_a_millisecond_and_when_the_clock_is_set_back_a_little() {
    let mut ids = Ids { last: 0, instance: 1 };
    let time = |millis| Timestamp::from_timestamp_millis(millis).unwrap();
    let times = [5_000_000, 5_000_000, 5_000_001, 4_999_000, 5_000_002];
    let made: Vec<_> = times.map(|millis| ids.next(time(millis))).into();
    assert!(made.is_sorted_by(|one, other| one < other) && made.iter().all(|id| id.len() == 32), "{made:?}");
    assert!(made[0] >= AuditQueue::least_id(time(5_000_000)) && made[0] < AuditQueue::least_id(time(5_000_001)));
    // A clock that was far ahead is not followed for years, and no id occurs twice.
    let back = ids.next(time(1_000_000));
    assert!(back < made[0]);
    assert_ne!(ids.next(time(5_000_000)), made[0]);
}

#[tokio::test]
async fn what_waits_is_written_in_order_and_in_batches() {
    let (queue, log, _) = queue();
    for number in 0..250 {
        queue.push(&login().of(&number), Some("camelot".to_owned()));
    }
    queue.drain(SOON).await;
    let entries = log.entries();
    assert_eq!(entries.len(), 250);
    assert!(entries.is_sorted_by(|one, other| one.id < other.id));
    assert!(entries.iter().all(|entry| entry.tenant.as_deref() == Some("camelot") && entry.outcome == "success"));
    assert_eq!(log.batches.lock().unwrap().len(), 3, "100 entries in a transaction");
}

#[tokio::test]
async fn a_flood_of_refusals_is_bounded_in_memory_and_over_time() {
    let (queue, log, clock) = queue();
    log.is_down.store(true, Ordering::Relaxed);
    for _ in 0..100_000 {
        queue.push(&refused_login(), None);
    }
    assert_eq!(queue.0.state().waiting.len(), 1000);
    // Successes have reserved places.
    for _ in 0..100_000 {
        queue.push(&login(), None);
    }
    assert_eq!(queue.0.state().waiting.len(), CAPACITY);
    log.is_down.store(false, Ordering::Relaxed);
    queue.drain(SOON).await;
    assert_eq!(log.entries().len(), CAPACITY);
    // 20 in a second.
    for _ in 0..10 {
        clock.advance(Duration::from_secs(1));
        for _ in 0..1000 {
            queue.push(&refused_login(), None);
        }
    }
    queue.drain(SOON).await;
    assert_eq!(log.entries().len(), CAPACITY + 200);
}

#[tokio::test]
async fn entries_outlive_an_outage_and_follow_in_order() {
    let (queue, log, _) = queue();
    log.is_down.store(true, Ordering::Relaxed);
    for number in 0..3 {
        queue.push(&login().of(&number), None);
    }
    queue.drain(SOON).await;
    assert_eq!((log.entries().len(), queue.0.state().waiting.len()), (0, 3));
    log.is_down.store(false, Ordering::Relaxed);
    queue.push(&login().of(&3), None);
    queue.drain(SOON).await;
    let users: Vec<_> = log.entries().into_iter().filter_map(|entry| entry.user_id).collect();
    assert_eq!(users, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn what_the_database_refuses_does_not_block_what_follows() {
    let (queue, log, _) = queue();
    log.refuses.store(true, Ordering::Relaxed);
    queue.push(&login().of(&1), None);
    queue.drain(SOON).await;
    log.refuses.store(false, Ordering::Relaxed);
    queue.push(&login().of(&2), None);
    queue.drain(SOON).await;
    let users: Vec<_> = log.entries().into_iter().filter_map(|entry| entry.user_id).collect();
    assert_eq!(users, ["2"]);
}
