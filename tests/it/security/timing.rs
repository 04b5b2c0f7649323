//! Account enumeration by response time.
//!
//! Sends requests about known and unknown addresses, in random order, to one warm service with the production cost of hashes and
//! mail hooks that take 300 ms. The statistic is the Kolmogorov-Smirnov distance D of the two samples: the best advantage
//! of a single observation. It passes with D under 0.20 and medians within 3 % or 1 ms; chance alone stays under 0.138
//! in 999 of 1,000 runs of 400 samples. One repeat is allowed.
//!
//! `scripts/nightly timing` runs the full size. Otherwise the samples are few, and a test shows only that the measurement works
//! and that the detector finds a leak: shared machines are too noisy for more.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, extract::State, routing::post};
use axum_users::{
    HookResult, Password, Policy, RequestContext, ResetToken, UserManager, Users, VerifyToken,
    env::{OsRandom, SystemClock},
    password::{HashSettings, Hashing, PasswordHasher},
    schema::Status,
};
use serde_json::json;

use super::{ARTHUR, OTHER};
use crate::support::{PASSWORD, Setup, TestApp, User, UserCreate};

/// The size of a measurement.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Samples of each kind.
    samples: usize,
    /// Warm-up requests of each kind.
    warm_up: usize,
    /// Whether the result is asserted.
    full: bool,
}

impl Size {
    fn of_this_run() -> Self {
        match std::env::var("TIMING").as_deref() {
            Ok("full") => Self { samples: 400, warm_up: 20, full: true },
            _ => Self { samples: 8, warm_up: 1, full: false },
        }
    }
}

/// The sorted response times of two kinds of requests.
struct Samples {
    known: Vec<Duration>,
    unknown: Vec<Duration>,
}

impl Samples {
    /// Measures `request`, which receives whether the address is known, and a sequence number.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    async fn take(size: Size, request: impl AsyncFn(bool, usize)) -> Self {
        let mut kinds = [vec![true; size.samples], vec![false; size.samples]].concat();
        shuffle(&mut kinds);
        let warm_up = [true, false].repeat(size.warm_up);
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for (number, is_known) in warm_up.iter().chain(&kinds).copied().enumerate() {
            let start = Instant::now();
            request(is_known, number).await;
            let took = start.elapsed();
            if number >= warm_up.len() {
                if is_known { &mut known } else { &mut unknown }.push(took);
            }
        }
        Self::of(known, unknown)
    }

    fn of(mut known: Vec<Duration>, mut unknown: Vec<Duration>) -> Self {
        known.sort();
        unknown.sort();
        Self { known, unknown }
    }

    /// Returns the Kolmogorov-Smirnov distance of the samples.
    fn distance(&self) -> f64 {
        let share =
            |sample: &[Duration], time| sample.partition_point(|took| *took <= time) as f64 / sample.len() as f64;
        let times = self.known.iter().chain(&self.unknown);
        times.map(|time| (share(&self.known, *time) - share(&self.unknown, *time)).abs()).fold(0.0, f64::max)
    }

    fn medians(&self) -> (Duration, Duration) {
        (self.known[self.known.len() / 2], self.unknown[self.unknown.len() / 2])
    }

    fn tells_nothing(&self) -> bool {
        let (known, unknown) = self.medians();
        let bound = (known.max(unknown) * 3 / 100).max(Duration::from_millis(1));
        self.distance() < 0.20 && known.abs_diff(unknown) <= bound
    }
}

/// Shuffles the kinds with a fixed seed.
fn shuffle(kinds: &mut [bool]) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for at in (1..kinds.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        kinds.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
    }
}

/// Mail hooks with a slow mail server.
struct SlowMails;

async fn deliver() -> HookResult {
    // slow on purpose: the measurement must not depend on the time of the hook
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(())
}

impl UserManager<User> for SlowMails {
    async fn on_after_forgot_password(&self, _: &User, _: &ResetToken, _: &RequestContext) -> HookResult {
        deliver().await
    }

    async fn on_after_request_verify(&self, _: &User, _: &VerifyToken, _: &RequestContext) -> HookResult {
        deliver().await
    }

    async fn on_after_register(&self, _: &User, _: &RequestContext) -> HookResult {
        deliver().await
    }

    async fn on_after_duplicate_register(&self, _: &User, _: &RequestContext) -> HookResult {
        deliver().await
    }
}

/// Starts a service with the production cost of hashes, in which [`ARTHUR`] has an account.
async fn service(policy: Policy) -> TestApp {
    let app = TestApp::with(Setup {
        policy,
        hashing: HashSettings::default(),
        builder: Box::new(|builder| builder.manager(SlowMails).mail_queue(4096)),
        routes: |router| router.merge(leaky_login()),
        ..Setup::default()
    })
    .await;
    let arthur = UserCreate { email: ARTHUR.into(), password: PASSWORD.into(), first_name: None };
    app.users.create(arthur, Status::NEW).await.unwrap();
    app
}

/// A login with an enumeration leak: it verifies no hash if the address is unknown.
fn leaky_login() -> Router<Users<User>> {
    let hashing = Hashing::start(HashSettings::default(), Arc::new(OsRandom), Arc::new(SystemClock)).unwrap();
    let hashing = Arc::new(hashing);
    let login = async move |State(users): State<Users<User>>, email: String| {
        if let Some(user) = users.get_by_email(&email).await.unwrap() {
            let _ = hashing.verify(&Password::new(OTHER), &user.hashed_password).await.unwrap();
        }
    };
    Router::new().route("/leaky-login", post(login))
}

fn address(is_known: bool, number: usize) -> String {
    if is_known { ARTHUR.to_owned() } else { format!("a{number:04}@camelot.bt") }
}

/// Prints the measurement and asserts the result of a full run, with one repeat. Any other run only takes a few samples.
async fn judge(name: &str, measure: impl AsyncFn(Size) -> Samples) {
    let size = match Size::of_this_run() {
        full if full.full => full,
        short => Size { samples: 2, ..short },
    };
    for last_try in [false, true] {
        let samples = measure(size).await;
        let ((known, unknown), distance) = (samples.medians(), samples.distance());
        println!("{name}: D = {distance:.3}, medians {known:?} (known) and {unknown:?} (unknown), {size:?}");
        assert_eq!((samples.known.len(), samples.unknown.len()), (size.samples, size.samples));
        if !size.full || samples.tells_nothing() {
            return;
        }
        assert!(!last_try, "{name}: the response time reveals accounts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_known_vs_unknown() {
    let app = service(Policy::recommended()).await;
    let request = async |is_known, number| {
        assert_eq!(app.try_login(&address(is_known, number), OTHER).await.status, 400);
    };
    judge("login", async |size| Samples::take(size, request).await).await;
}

/// Stored hashes of several kinds. Only the time of a wrong password is measured.
const KINDS: [(&str, &str); 4] = [
    (
        "Argon2 of fastapi-users",
        "$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ",
    ),
    ("bcrypt", "$2b$12$9kUQblUg4kEcyPmbIJjyJORF8mXGcMzGCDbEnQ1x73RI5WN.y4VIS"),
    (
        "Argon2 with less memory and more passes",
        "$argon2id$v=19$m=12288,t=3,p=1$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ",
    ),
    ("a corrupt hash", "!"),
];

/// In a table with two kinds of hashes, neither can be distinguished from an unknown address.
#[tokio::test(flavor = "multi_thread")]
async fn login_of_every_kind_of_hash_vs_unknown() {
    for (name, hash) in KINDS {
        let app = service(Policy::recommended()).await;
        let pool = app.sqlite().await;
        let wrong = async |is_known, number| {
            assert_eq!(app.try_login(&address(is_known, number), OTHER).await.status, 400);
        };
        let store = async |hash: &str| {
            let stored = sqlx::query("UPDATE user SET hashed_password = ?").bind(hash).execute(&pool).await.unwrap();
            assert_eq!(stored.rows_affected(), 1);
        };
        let ours: String = sqlx::query_scalar("SELECT hashed_password FROM user").fetch_one(&pool).await.unwrap();
        store(hash).await;
        // A kind is in use once it was verified.
        wrong(true, 0).await;
        judge(&format!("login, {name}"), async |size| Samples::take(size, wrong).await).await;
        store(&ours).await;
        judge(&format!("login, a new hash next to {name}"), async |size| Samples::take(size, wrong).await).await;
    }
}

async fn mail_route(policy: Policy, path: &str, size: Size) -> Samples {
    let app = service(policy).await;
    let samples = Samples::take(size, async |is_known, number| {
        let body = json!({ "email": address(is_known, number) });
        assert_eq!(app.post(path).json(body).send().await.status, 202);
    })
    .await;
    app.users.drain(Duration::from_secs(120)).await;
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn forgot_known_vs_unknown() {
    judge("forgot-password", async |size| mail_route(Policy::recommended(), "/auth/forgot-password", size).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn request_verify_known_vs_unknown() {
    let path = "/auth/request-verify-token";
    judge("request-verify-token", async |size| mail_route(Policy::recommended(), path, size).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_register() {
    let policy = || Policy::recommended().require_verification(true).private_registration();
    judge("private registration", async |size| {
        let app = service(policy()).await;
        Samples::take(size, async |is_known, number| {
            let body = json!({ "email": address(is_known, number), "password": OTHER });
            assert_eq!(app.post("/auth/register").json(body).send().await.status, 201);
        })
        .await
    })
    .await;
}

/// The detector reports no leak without one, and finds a login without the dummy hash and hooks that run before the response.
#[tokio::test(flavor = "multi_thread")]
async fn detector_has_power() {
    // Synthetic times around 30 ms with random noise of up to 10 ms.
    let made_up = |offset: u64, seed: u64| -> Vec<Duration> {
        let noise = |at: u64| at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed).rotate_left(23) % 10_000;
        (1..=400).map(|at| Duration::from_micros(25_000 + offset + noise(at * 2_654_435_761))).collect()
    };
    let same = Samples::of(made_up(0, 1), made_up(0, 99));
    assert!(same.tells_nothing(), "D = {}", same.distance());
    for (offset, least) in [(2_500, 0.20), (5_000, 0.40), (10_000, 0.99)] {
        let shifted = Samples::of(made_up(offset, 1), made_up(0, 99));
        assert!(shifted.distance() > least && !shifted.tells_nothing(), "{offset}: D = {}", shifted.distance());
    }
    // A leak in few responses does not move the medians.
    let mut rare = made_up(0, 1);
    rare.iter_mut().step_by(4).for_each(|took| *took += Duration::from_millis(300));
    assert!(!Samples::of(rare, made_up(0, 99)).tells_nothing());

    let size = Size::of_this_run();
    let app = service(Policy::recommended()).await;
    let leaky = Samples::take(size, async |is_known, number| {
        let call = app.post("/leaky-login").raw("text/plain", address(is_known, number));
        assert_eq!(call.send().await.status, 200);
    })
    .await;
    // With few samples a busy machine may distort one.
    let least = if size.full { 0.9 } else { 0.6 };
    assert!(leaky.distance() > least, "without a dummy hash D = {}", leaky.distance());
    let size = Size { samples: size.samples.min(40), ..size };
    for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
        let inline = mail_route(Policy::recommended().inline_hooks(), path, size).await;
        assert!(inline.distance() > least, "{path} before the response: D = {}", inline.distance());
    }
}
