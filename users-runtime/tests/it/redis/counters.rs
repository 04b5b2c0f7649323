//! Rate limit counters in Redis.

use std::time::Duration;

use users_runtime::{
    Redis,
    env::Clock,
    limits::{CounterKey, Counters, MemoryCounters, Quota, RedisCounters},
    testing::ManualClock,
};

use crate::redis::server::{PrivateRedis, TestRedis};

fn clock() -> ManualClock {
    ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn redis_counters_behave_like_those_in_memory() {
    let Some(redis) = TestRedis::reach() else { return };
    let in_redis = RedisCounters::new(Redis::new(&redis.url).unwrap().prefix(redis.ours())).unwrap();
    let in_memory = MemoryCounters::new();
    // Steps of a third of a second: some are rejected, some allowed, some come after a long pause.
    for (number, (at_most, seconds)) in [(1, 10), (3, 60), (7, 10), (15, 3600)].into_iter().enumerate() {
        let (quota, clock) = (Quota::new(at_most, Duration::from_secs(seconds)), clock());
        let key = CounterKey::of("steps", &number.to_string());
        let mut passed = 0;
        for step in 0..60_u64 {
            let (a, b) =
                (in_redis.take(&key, quota, clock.now()).await, in_memory.take(&key, quota, clock.now()).await);
            let (a, b) = (a.unwrap(), b.unwrap());
            assert_eq!(a, b, "{quota:?} step {step}");
            passed += u32::from(a);
            if step % 7 == 3 {
                in_redis.give_back(&key, quota, clock.now()).await.unwrap();
                in_memory.give_back(&key, quota, clock.now()).await.unwrap();
            }
            clock.advance(Duration::from_millis(if step % 20 == 19 { seconds * 1500 } else { 337 * (step % 3) }));
        }
        assert!(passed > at_most && passed < 60, "{quota:?}: {passed}");
    }
}

#[tokio::test]
async fn counters_are_unavailable_during_an_outage_and_continue_afterwards() {
    let Some(mut server) = PrivateRedis::start_durable() else { return };
    let counters = RedisCounters::new(Redis::new(&server.url()).unwrap()).unwrap();
    let (key, quota) = (CounterKey::of("mail", "arthur"), Quota::new(2, Duration::from_secs(3600)));
    let now = clock().now();
    assert!(counters.take(&key, quota, now).await.unwrap());
    server.stop();
    for _ in 0..3 {
        assert!(counters.take(&key, quota, now).await.is_err());
    }
    server.start_again();
    assert!(counters.take(&key, quota, now).await.unwrap());
    assert!(!counters.take(&key, quota, now).await.unwrap(), "the count survives the crash");
    let debug = format!("{counters:?} {key:?}");
    assert!(!debug.contains("arthur"), "{debug}");
}
