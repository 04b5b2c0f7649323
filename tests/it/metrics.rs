//! The metrics for monitoring.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
};

use axum_users::{
    Backend, Jwt, Limits, UsersBuilder,
    event::{METRICS, MetricKind},
};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use serde_json::json;

use crate::support::{PASSWORD, Setup, TestApp, User};

/// A series: the name, and its labels in order.
type Series = (String, Vec<(String, String)>);

/// The sums of everything that this process has recorded. Tests run in parallel, so each looks for labels of its own.
static SUMS: Mutex<BTreeMap<Series, (MetricKind, f64)>> = Mutex::new(BTreeMap::new());

struct Recording;

struct Recorded(Series, MetricKind);

impl Recorded {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut sums = SUMS.lock().unwrap();
        let (_, sum) = sums.entry(self.0.clone()).or_insert((self.1, 0.0));
        *sum = change(*sum);
    }
}

impl CounterFn for Recorded {
    fn increment(&self, value: u64) {
        self.change(|sum| sum + value as f64);
    }

    fn absolute(&self, _: u64) {
        panic!("counters only grow");
    }
}

impl GaugeFn for Recorded {
    fn increment(&self, value: f64) {
        self.change(|sum| sum + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|sum| sum - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Recorded {
    fn record(&self, value: f64) {
        assert!(value >= 0.0 && value.is_finite(), "{value}");
        self.change(|count| count + 1.0);
    }
}

fn recorded(key: &Key, kind: MetricKind) -> Arc<Recorded> {
    let labels = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned()));
    Arc::new(Recorded((key.name().to_owned(), labels.collect()), kind))
}

impl Recorder for Recording {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(recorded(key, MetricKind::Counter))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(recorded(key, MetricKind::Gauge))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(recorded(key, MetricKind::Histogram))
    }
}

fn record() {
    static INSTALLED: LazyLock<()> = LazyLock::new(|| assert!(metrics::set_global_recorder(Recording).is_ok()));
    LazyLock::force(&INSTALLED);
}

/// Returns the sum of a series, or 0.
fn sum(name: &str, labels: &[(&str, &str)]) -> f64 {
    let labels: Vec<_> = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    SUMS.lock().unwrap().get(&(name.to_owned(), labels)).map_or(0.0, |(_, sum)| *sum)
}

/// Starts a service with a backend of this name, and limits.
async fn app(backend: &str) -> TestApp {
    TestApp::with(Setup {
        backend: vec![Backend::bearer("jwt", Jwt::new()), Backend::bearer(backend, Jwt::new())],
        builder: Box::new(|builder: UsersBuilder<User>| builder.limits(Limits::default())),
        ..Setup::default()
    })
    .await
}

#[tokio::test]
async fn logins_mails_and_limits_are_counted() {
    record();
    let app = app("metered").await;
    app.register("arthur@camelot.bt").await;
    let events = |outcome: &str, reason: &str, backend: &str| {
        let labels = [("event", "login"), ("outcome", outcome), ("reason", reason), ("backend", backend)];
        sum("axum_users_events_total", &labels.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>())
    };
    let wrong_before = events("refused", "wrong password", "metered");
    for password in [PASSWORD, PASSWORD, "a wrong password"] {
        let form = [("username", "arthur@camelot.bt"), ("password", password)];
        app.post("/auth/metered/login").form(&form).send().await;
    }
    assert_eq!(events("success", "", "metered"), 2.0);
    assert!(events("refused", "wrong password", "metered") > wrong_before);

    let limit = |decision: &str| sum("axum_users_limit_decisions_total", &[("limit", "mails"), ("decision", decision)]);
    let (allowed, refused) = (limit("allowed"), limit("refused"));
    for _ in 0..4 {
        app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await;
    }
    app.users.drain(std::time::Duration::from_secs(10)).await;
    assert!(limit("allowed") >= allowed + 3.0 && limit("refused") >= refused + 1.0);
}

#[tokio::test]
async fn queues_and_waits_are_measured() {
    record();
    let (hashed, looked_up) = (sum("axum_users_hash_wait_seconds", &[]), sum("axum_users_lookup_batch_size", &[]));
    let waits = || ["read", "write"].map(|pool| sum("axum_users_database_wait_seconds", &[("pool", pool)]));
    let before = waits();
    let app = app("measured").await;
    let token = app.member("arthur@camelot.bt").await;
    assert_eq!(app.me(&token).await.status, 200);
    assert!(sum("axum_users_hash_wait_seconds", &[]) >= hashed + 2.0, "a registration and a login");
    assert!(sum("axum_users_lookup_batch_size", &[]) > looked_up);
    assert!(waits().iter().zip(before).all(|(now, before)| *now > before));
    assert!(SUMS.lock().unwrap().contains_key(&("axum_users_hash_waiting".to_owned(), Vec::new())));
}

/// Checks all metrics that the tests of this process have recorded so far.
#[tokio::test]
async fn series_are_documented_and_hold_nothing_of_a_client() {
    record();
    let app = app("inspected").await;
    let id = app.register("arthur@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let token = app.login("arthur@camelot.bt", PASSWORD).await;
    assert_eq!(app.me("garbage").await.status, 401);
    app.post("/auth/reset-password").json(json!({ "token": "forged", "password": PASSWORD })).send().await;
    let sums = SUMS.lock().unwrap();
    assert!(sums.len() > 5, "{sums:?}");
    for ((name, labels), (kind, _)) in sums.iter() {
        let metric = METRICS.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(metric.kind, *kind, "{name}");
        for (label, value) in labels {
            assert!(metric.labels.contains(&label.as_str()), "{name} {label}");
            let foreign = ["@", "camelot", "127.0.0.1", "garbage", "forged", id.as_str(), token.as_str(), PASSWORD];
            assert!(!value.is_empty() && foreign.iter().all(|text| !value.contains(text)), "{name} {label}={value}");
        }
    }
}
