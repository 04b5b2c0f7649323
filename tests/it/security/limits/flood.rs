//! Memory under a flood of names.

use axum_users::{
    Limits,
    limits::{CounterKey, Counters as _, Draw, Limit, MemoryCounters},
};

/// A counter of the limit of one client at one account.
fn draw(name: &str) -> Draw {
    let rule = Limits::default().rule(Limit::LoginClient).unwrap();
    Draw::new(CounterKey::of("login-client", name), rule)
}

/// The number of names: a million with `FLOOD_NAMES=1000000`, as in scripts/nightly.
fn names() -> usize {
    std::env::var("FLOOD_NAMES").map_or(150_000, |names| names.parse().expect("FLOOD_NAMES is a number"))
}

#[tokio::test]
async fn memory_capped_under_key_flood() {
    let counters = MemoryCounters::new();
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let punished = draw("the account of the victim");
    for _ in 0..5 {
        assert!(counters.take(std::slice::from_ref(&punished), now).await.unwrap().is_taken());
    }
    for number in 0..names() {
        let taken = counters.take(&[draw(&number.to_string())], now).await.unwrap();
        assert!(taken.is_taken(), "new names are served: {number}");
    }
    assert_eq!(counters.sizes(), (100_000, 0));
    assert!(!counters.take(&[punished], now).await.unwrap().is_taken(), "the flood has not ended its delay");
}
