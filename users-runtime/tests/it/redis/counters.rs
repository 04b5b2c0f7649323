//! Rate limit counters in Redis during an outage. That they count like the others is tested in the package `tests`.

use std::time::Duration;

use users_runtime::{
    Redis,
    env::Clock,
    limits::{CounterKey, Counters, Decision, Draw, Quota, RedisCounters, Settlement},
    testing::ManualClock,
};

use crate::redis::server::PrivateRedis;

#[tokio::test]
async fn counters_are_unavailable_during_an_outage_and_continue_afterwards() {
    let Some(mut server) = PrivateRedis::start_durable() else { return };
    let counters = RedisCounters::new(Redis::new(&server.url()).unwrap()).unwrap();
    let quota = Quota::new(2, Duration::from_secs(3600));
    let (key, draws) = (CounterKey::of("known", "arthur"), [Draw::new(CounterKey::of("mail", "arthur"), quota)]);
    let now = ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()).now();
    assert!(counters.take(&draws, now).await.unwrap().is_taken());
    counters.remember(&key, now + Duration::from_secs(60), now).await.unwrap();
    server.stop();
    for _ in 0..3 {
        assert!(counters.take(&draws, now).await.is_err());
        assert!(counters.settle(&Settlement::give_back(draws.to_vec()), now).await.is_err());
        assert!(counters.remember(&key, now + Duration::from_secs(90), now).await.is_err());
        assert!(counters.remembered_until(&key, now).await.is_err());
    }
    server.start_again();
    assert!(counters.take(&draws, now).await.unwrap().is_taken());
    let refused = counters.take(&draws, now).await.unwrap();
    assert_eq!(refused, Decision::Refused { by: 0, wait: Duration::from_secs(1800) }, "the count survives the crash");
    assert!(counters.remembered_until(&key, now).await.unwrap().is_some());
    let debug = format!("{counters:?} {draws:?}");
    assert!(!debug.contains("arthur"), "{debug}");
}
