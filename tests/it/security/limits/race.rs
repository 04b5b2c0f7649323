//! Counters of every kind: exact under races, and shared by instances.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum_users::{
    Backend, Jwt, Limits, SecretKey, Users,
    env::Timestamp,
    limits::{Backoff, CounterKey, Counters, Draw, MemoryCounters, Quota, Rule, Settlement},
    store::UserStore,
    testing::ManualClock,
};
use serde_json::json;

use super::{super::ARTHUR, limited};
use crate::hashing::weak_hashing;
use crate::{
    matrix::{Database, DatabaseKind},
    security::crowd::{Crowd, TASKS, count, together},
    store::open_store,
    support::{Http, PASSWORD, SECRET, SharedClock, User, user_routes},
};

fn rounds() -> usize {
    std::env::var("RACE_ROUNDS").map_or(5, |rounds| rounds.parse().expect("RACE_ROUNDS is a number"))
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// A store of counters, as two instances use it.
struct Kind {
    name: String,
    instances: [Arc<dyn Counters>; 2],
    /// Dropped at the end.
    _place: Option<Arc<Database>>,
}

/// Every kind of counters whose server is available.
async fn kinds() -> Vec<Kind> {
    let memory: Arc<dyn Counters> = Arc::new(MemoryCounters::new());
    let mut kinds = vec![Kind { name: "memory".to_owned(), instances: [Arc::clone(&memory), memory], _place: None }];
    if let Some(redis) = crate::redis_server::TestRedis::reach() {
        let instance = || -> Arc<dyn Counters> {
            let redis = axum_users::Redis::new(&redis.url).unwrap().prefix(redis.ours());
            Arc::new(axum_users::limits::RedisCounters::new(redis).unwrap())
        };
        kinds.push(Kind { name: "Redis".to_owned(), instances: [instance(), instance()], _place: None });
        // Its keys are removed when the process ends.
        std::mem::forget(redis);
    }
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::empty(kind).await;
        let mut instances = Vec::new();
        for _ in 0..2 {
            let store = Arc::new(open_store::<User>(&database.url()).await);
            let counters = Arc::clone(&store).counters().unwrap();
            store.migrate().await.unwrap();
            assert_eq!(store.check_schema().await.unwrap(), []);
            instances.push(counters);
        }
        let instances = instances.try_into().unwrap_or_else(|_| panic!());
        kinds.push(Kind { name: format!("{kind:?}"), instances, _place: Some(database) });
    }
    kinds
}

fn draw(kind: &str, whose: impl ToString, rule: impl Into<Rule>) -> Draw {
    Draw::new(CounterKey::of(kind, &whose.to_string()), rule)
}

/// Takes from all tasks at once, half of them at each instance, and returns how many succeeded.
async fn takers(kind: &Kind, draws: &[Draw]) -> usize {
    let taken = together(TASKS, |number| {
        let (counters, draws) = (Arc::clone(&kind.instances[number % 2]), draws.to_vec());
        async move { counters.take(&draws, now()).await.unwrap().is_taken() }
    });
    taken.await.into_iter().filter(|taken| *taken).count()
}

/// N requests at limit L: exactly L pass, of one counter and of several at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn limit_exact() {
    for kind in kinds().await {
        for round in 0..rounds() {
            let limit = 1 + (round * 7) % (TASKS - 1);
            let most = u32::try_from(limit).unwrap();
            let quota = draw("quota", round, Quota::new(most, Duration::from_secs(3600)));
            let backoff = draw("backoff", round, Backoff::new(most, Duration::from_secs(900)));
            let wide = draw("wide", round, Quota::new(1000, Duration::from_secs(3600)));
            for draws in [vec![quota.clone()], vec![wide.clone(), backoff.clone()]] {
                assert_eq!(takers(&kind, &draws).await, limit, "{}", kind.name);
                assert_eq!(takers(&kind, &draws).await, 0, "{}", kind.name);
            }
        }
    }
}

/// After N concurrent wrong passwords the counter is N.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failures_all_counted() {
    for kind in kinds().await {
        let quota = Quota::new(u32::try_from(TASKS).unwrap(), Duration::from_secs(1000));
        for round in 0..rounds() {
            let shared = draw("account", round, quota);
            let failures = together(TASKS, |number| {
                let counters = Arc::clone(&kind.instances[number % 2]);
                let draws = [shared.clone(), draw("client", format!("{round} {number}"), quota)];
                async move {
                    assert!(counters.take(&draws, now()).await.unwrap().is_taken());
                    // Every fourth was no failure.
                    if number % 4 == 0 {
                        counters.settle(&Settlement::give_back(draws.to_vec()), now()).await.unwrap();
                    }
                }
            });
            failures.await;
            // As many are left as were not counted.
            let mut left = 0;
            while kind.instances[0].take(std::slice::from_ref(&shared), now()).await.unwrap().is_taken() {
                left += 1;
            }
            assert_eq!(left, 4, "{}", kind.name);
        }
    }
}

/// A success clears the counter of its own client, and no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn success_clears_only_own_bucket() {
    for kind in kinds().await {
        let backoff = Backoff::new(5, Duration::from_secs(900));
        for round in 0..rounds() {
            let client = |number: usize| draw("client", format!("{round} {number}"), backoff);
            let acts = together(TASKS, |number| {
                let counters = Arc::clone(&kind.instances[number % 2]);
                let own = client(number);
                async move {
                    for _ in 0..4 {
                        assert!(counters.take(std::slice::from_ref(&own), now()).await.unwrap().is_taken());
                    }
                    if number == 0 {
                        counters.settle(&Settlement::clear(vec![own.key.clone()]), now()).await.unwrap();
                    }
                }
            });
            acts.await;
            for number in 0..TASKS {
                let mut left = 0;
                while kind.instances[1].take(&[client(number)], now()).await.unwrap().is_taken() {
                    left += 1;
                }
                assert_eq!(left, if number == 0 { 5 } else { 1 }, "{} {number}", kind.name);
            }
        }
    }
}

/// All kinds make the same decisions, step by step.
#[tokio::test]
async fn every_kind_of_counters_behaves_like_that_in_memory() {
    let kinds = kinds().await;
    let rules: [Rule; 5] = [
        Quota::new(1, Duration::from_secs(10)).into(),
        Quota::new(7, Duration::from_secs(10)).into(),
        Quota::burst(5, Duration::from_secs(60)).into(),
        Backoff::new(3, Duration::from_secs(16)).forgotten_after(Duration::from_secs(60)).into(),
        Backoff::then_closed(6).into(),
    ];
    for (number, rule) in rules.into_iter().enumerate() {
        let clock = ManualClock::at(now());
        let mut passed = 0;
        for step in 0..60_u64 {
            use axum_users::env::Clock as _;
            let now = clock.now();
            let one = draw("one", number, rule);
            let draws =
                [one.clone(), draw("two", format!("{number} {}", step % 2), Quota::new(9, Duration::from_secs(20)))];
            let mut decisions = Vec::new();
            for kind in &kinds {
                let counters = &kind.instances[usize::from(step % 3 == 0)];
                decisions.push(counters.take(&draws, now).await.unwrap());
                match step % 11 {
                    3 | 7 => counters.settle(&Settlement::give_back(vec![one.clone()]), now).await.unwrap(),
                    10 => counters.settle(&Settlement::clear(vec![draws[1].key.clone()]), now).await.unwrap(),
                    _ => {}
                }
            }
            assert!(decisions.iter().all(|decision| *decision == decisions[0]), "{rule:?} step {step}: {decisions:?}");
            passed += u32::from(decisions[0].is_taken());
            clock.advance(Duration::from_millis(if step % 20 == 19 { 61_000 } else { 337 * (step % 5) }));
        }
        assert!(passed > 4 && passed < 60, "{rule:?}: {passed}");
    }
    for kind in kinds {
        let key = CounterKey::of("known", "arthur");
        let at = |seconds| now() + chrono::TimeDelta::seconds(seconds);
        assert_eq!(kind.instances[0].remembered_until(&key, at(0)).await.unwrap(), None, "{}", kind.name);
        for until in [50, 100, 70] {
            kind.instances[0].remember(&key, at(until), at(0)).await.unwrap();
        }
        assert_eq!(kind.instances[1].remembered_until(&key, at(99)).await.unwrap(), Some(at(100)), "{}", kind.name);
        assert_eq!(kind.instances[1].remembered_until(&key, at(100)).await.unwrap(), None, "{}", kind.name);
    }
}

/// Starts an instance that counts in its database.
async fn instance(database: &Database, clock: &Arc<ManualClock>) -> (Users<User>, Http) {
    let store = open_store::<User>(&database.url()).await;
    let users = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
        .store(store)
        .limits(Limits::default())
        .counters_in_database()
        .hashing(weak_hashing())
        .clock(SharedClock(Arc::clone(clock)))
        .backend(Backend::bearer("jwt", Jwt::new()))
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    let http = Http::serve(axum::Router::new().merge(user_routes(&users)).with_state(users.clone())).await;
    (users, http)
}

async fn login(http: &Http, from: &str, password: &str) -> crate::support::Response {
    http.post("/auth/jwt/login").from(from).form(&[("username", ARTHUR), ("password", password)]).send().await
}

/// Fails to log in with all clients at once.
async fn attempts(crowd: &Crowd) -> Vec<crate::support::Response> {
    crowd.at_once(|_, client| async move { login(&client, "192.0.2.1", "wrong password").await }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_share_the_limits_in_every_database() {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::empty(kind).await;
        let clock = Arc::new(ManualClock::at(now()));
        let (users, one) = instance(&database, &clock).await;
        let (_, two) = instance(&database, &clock).await;
        let body = json!({ "email": ARTHUR, "password": PASSWORD });
        assert_eq!(one.post("/auth/register").json(body).send().await.status, 201);
        let known = login(&two, "192.0.2.9", PASSWORD).await;
        assert_eq!(known.status, 200, "{kind:?} {known:?}");

        // At once at both: five attempts pass.
        let crowds = [Crowd::of(&one).await, Crowd::of(&two).await];
        let (first, second) = tokio::join!(attempts(&crowds[0]), attempts(&crowds[1]));
        let counts = count(&first.into_iter().chain(second).collect::<Vec<_>>());
        let expected = BTreeMap::from([
            ("400 \"LOGIN_BAD_CREDENTIALS\"".to_owned(), 5),
            ("429 \"TOO_MANY_REQUESTS\"".to_owned(), 2 * TASKS - 5),
        ]);
        assert_eq!(counts, expected, "{kind:?}");

        // The limit of the account is reached by both together, and known to both.
        for number in 0..95 {
            let http = [&one, &two][number % 2];
            let response = login(http, &format!("198.51.100.{number}"), "wrong password").await;
            assert_eq!(response.status, 400, "{kind:?} {number}");
        }
        for http in [&one, &two] {
            let refused = limited(&login(http, "192.0.2.2", PASSWORD).await);
            assert_eq!(refused, Some(("login-account".to_owned(), 900)), "{kind:?}");
            assert_eq!(login(http, "192.0.2.9", PASSWORD).await.status, 200, "{kind:?}: known at both");
        }

        // Rows end, and a purge removes them. Those of known addresses stay for 30 days, and that the account has any known
        // client for a year.
        let rows = async || database.count("user_limits", "1 = 1").await;
        assert!(rows().await > 95, "{kind:?}");
        clock.advance(Duration::from_secs(26 * 3600));
        users.purge_expired().await.unwrap();
        assert_eq!(rows().await, 2, "{kind:?}");
        for (days, left) in [(30, 1), (335, 0)] {
            clock.advance(Duration::from_secs(days * 24 * 3600));
            users.purge_expired().await.unwrap();
            assert_eq!(rows().await, left, "{kind:?} {days}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_share_the_limits_in_redis() {
    let Some(redis) = crate::redis_server::TestRedis::reach() else { return };
    let instance = |place: String| {
        let redis = axum_users::Redis::new(&redis.url).unwrap().prefix(redis.ours());
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap()).database(place).hashing(weak_hashing());
        builder.counters_in_redis(redis).backend(Backend::bearer("jwt", Jwt::new())).build()
    };
    let mut crowds = Vec::new();
    for _ in 0..2 {
        let users = instance("sqlite::memory:".to_owned()).await.unwrap();
        users.migrate().await.unwrap();
        let http = Http::serve(axum::Router::new().merge(user_routes(&users)).with_state(users)).await;
        crowds.push(Crowd::of(&http).await);
    }
    let (first, second) = tokio::join!(attempts(&crowds[0]), attempts(&crowds[1]));
    let passed = first.iter().chain(&second).filter(|response| response.status == 400).count();
    assert_eq!(passed, 5);
}

#[tokio::test]
async fn a_store_without_counters_is_refused_when_the_service_is_built() {
    let built = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
        .store(axum_users::store::MemoryStore::<User>::new())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .counters_in_database()
        .build();
    assert!(built.await.unwrap_err().to_string().contains("the store keeps no counters"));
}
