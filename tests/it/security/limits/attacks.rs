//! Attacks of hours against two instances that share their counters, in simulated time: how many guesses get through, compared
//! with the bound in docs/guide/limits.md, and whether the owner can log in at every moment.
//!
//! A short form by default; `GUESSING=full`, as in scripts/nightly, is the whole.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    Backend, Jwt, Limits, SecretKey, Users, limits::MemoryCounters, schema::Status, store::SqlStore,
    testing::ManualClock,
};

use super::{Shared, WRONG};
use crate::hashing::weak_hashing;
use crate::{
    matrix::{Database, DatabaseKind},
    support::{Hooks, Http, PASSWORD, Response, SECRET, SharedClock, User, UserCreate, user_routes},
};

const HOUR: u64 = 3600;
const COOKIE: &str = "__Host-axumusersdevice";

fn is_full() -> bool {
    std::env::var("GUESSING").is_ok_and(|value| value == "full")
}

/// Where the two instances count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Memory,
    Redis,
    Database,
}

/// Two instances of a service.
struct Instances {
    http: [Http; 2],
    users: Users<User>,
    clock: Arc<ManualClock>,
    hooks: Hooks,
    memory: Arc<MemoryCounters>,
    start: axum_users::env::Timestamp,
    turn: std::cell::Cell<usize>,
    _database: Arc<Database>,
    _redis: Option<crate::redis_server::TestRedis>,
}

impl Instances {
    async fn start(place: Place) -> Option<Self> {
        let redis = (place == Place::Redis).then(crate::redis_server::TestRedis::reach).flatten();
        if place == Place::Redis && redis.is_none() {
            return None;
        }
        let start = "2026-11-23T12:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let (database, memory) = (Database::empty(DatabaseKind::Sqlite).await, Arc::new(MemoryCounters::new()));
        let hooks = Hooks::default();
        let mut started = Vec::new();
        for _ in 0..2 {
            let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
                .store(SqlStore::<User>::connect(&database.url()).await.unwrap())
                .limits(Limits::default())
                .manager(hooks.clone())
                // A refusal does not wait: the clock of the service is simulated.
                .refusal_delay(Duration::ZERO)
                .hashing(weak_hashing())
                .clock(SharedClock(Arc::clone(&clock)))
                .backend(Backend::bearer("jwt", Jwt::new()));
            let builder = match (place, &redis) {
                (Place::Redis, Some(redis)) => {
                    builder.counters_in_redis(axum_users::Redis::new(&redis.url).unwrap().prefix(redis.ours()))
                }
                (Place::Database, _) => builder.counters_in_database(),
                _ => builder.counters(Shared(Arc::clone(&memory))),
            };
            let users = builder.build().await.unwrap();
            users.migrate().await.unwrap();
            let http = Http::serve(Router::new().merge(user_routes(&users)).with_state(users.clone())).await;
            started.push((users, http));
        }
        let [(users, one), (_, two)] = started.try_into().unwrap_or_else(|_| panic!());
        Some(Self {
            http: [one, two],
            users,
            clock,
            hooks,
            memory,
            start,
            turn: std::cell::Cell::new(0),
            _database: database,
            _redis: redis,
        })
    }

    async fn create(&self, email: &str) {
        let input = UserCreate { email: email.to_owned(), password: PASSWORD.into(), first_name: None };
        self.users.create(input, Status::NEW).await.unwrap();
    }

    /// Logs in at the instances in turn.
    async fn login(&self, from: &str, cookie: Option<&str>, email: &str, password: &str) -> Response {
        self.turn.set(self.turn.get() + 1);
        let call = self.http[self.turn.get() % 2].post("/auth/jwt/login").from(from);
        let call = match cookie {
            Some(cookie) => call.cookie(COOKIE, cookie),
            None => call,
        };
        let response = call.form(&[("username", email), ("password", password)]).send().await;
        assert!([200, 400, 429].contains(&response.status.as_u16()), "{response:?}");
        response
    }

    /// The simulated seconds since the start.
    fn elapsed(&self) -> u64 {
        use axum_users::env::Clock as _;
        (self.clock.now() - self.start).to_std().unwrap().as_secs()
    }

    fn hours(&self) -> f64 {
        f64::from(u32::try_from(self.elapsed()).unwrap()) / 3600.0
    }
}

fn address(network: &str, number: usize) -> String {
    format!("{network}.{}.{}", number / 250, number % 250)
}

/// The device cookie that a response sets.
fn device(response: &Response) -> String {
    let cookie = response.headers["set-cookie"].to_str().unwrap();
    cookie.strip_prefix(&format!("{COOKIE}=")).unwrap().split(';').next().unwrap().to_owned()
}

/// The seconds that a refused client must wait.
fn wait(response: &Response) -> u64 {
    response.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

/// The resident memory of the process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) / 1024
}

/// Sends attempts from some addresses as fast as each of them may, and returns how many failed and how many logged in.
async fn from_addresses(service: &Instances, addresses: usize, attempts: &[(String, &str)]) -> (u64, u64, u64) {
    let (mut failed, mut logged_in, mut refused) = (0, 0, 0);
    let mut next: Vec<_> = (0..addresses).map(|number| (0, number)).collect();
    let mut waiting = attempts.iter();
    let mut attempt = waiting.next();
    while let Some((email, password)) = attempt {
        next.sort_unstable();
        let (at, number) = next[0];
        if at > service.elapsed() {
            service.clock.advance(Duration::from_secs(at - service.elapsed()));
        }
        let response = service.login(&address("198.51", number), None, email, password).await;
        match response.status.as_u16() {
            429 => {
                refused += 1;
                next[0].0 = service.elapsed() + wait(&response);
                continue;
            }
            200 => logged_in += 1,
            _ => failed += 1,
        }
        attempt = waiting.next();
    }
    (failed, logged_in, refused)
}

/// Ten thousand accounts, three passwords, 200 addresses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spray_stays_within_the_bound() {
    let (accounts, addresses) = if is_full() { (10_000, 200) } else { (200, 4) };
    let Some(service) = Instances::start(Place::Redis).await.or(Instances::start(Place::Memory).await) else { return };
    service.create("knight7@camelot.bt").await;
    let attempts: Vec<_> = ["password1", "Summer2026!", "letmein123"]
        .into_iter()
        .flat_map(|password| (0..accounts).map(move |number| (format!("knight{number}@camelot.bt"), password)))
        .collect();
    let (failed, logged_in, refused) = from_addresses(&service, addresses, &attempts).await;
    let hours = service.hours();
    let bound = f64::from(u32::try_from(addresses).unwrap()) * (50.0 + 200.0 * hours);
    println!(
        "spray: {failed} guesses at {accounts} accounts from {addresses} addresses in {:.2} simulated hours ({refused} refusals \
         told to wait); the bound is {bound:.0}; memory {} MiB",
        hours,
        resident()
    );
    assert_eq!((failed, logged_in), (u64::try_from(attempts.len()).unwrap(), 0));
    assert!(f64::from(u32::try_from(failed).unwrap()) <= bound + 1.0, "{failed} of {bound}");
}

/// Leaked pairs of addresses and passwords, of which one in a hundred is right here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credential_stuffing_stays_within_the_bound() {
    let (pairs, addresses) = if is_full() { (20_000, 50) } else { (300, 2) };
    let service = Instances::start(Place::Memory).await.unwrap();
    let mut attempts = Vec::new();
    for number in 0..pairs {
        let email = format!("knight{number}@camelot.bt");
        let is_right = number % 100 == 0;
        if is_right {
            service.create(&email).await;
        }
        attempts.push((email, if is_right { PASSWORD } else { WRONG }));
    }
    let (failed, logged_in, refused) = from_addresses(&service, addresses, &attempts).await;
    let bound = f64::from(u32::try_from(addresses).unwrap()) * (50.0 + 200.0 * service.hours());
    println!(
        "stuffing: {failed} wrong and {logged_in} right pairs from {addresses} addresses in {:.2} simulated hours ({refused} \
         refusals); the bound of wrong ones is {bound:.0}; {} counters in memory, {} MiB",
        service.hours(),
        service.memory.sizes().0,
        resident()
    );
    assert_eq!((failed, logged_in), (pairs - pairs / 100, pairs / 100));
    assert!(f64::from(u32::try_from(failed).unwrap()) <= bound + 1.0, "{failed} of {bound}");
}

/// One account, attacked from a thousand addresses. Its owner logs in all the time: from a known browser anywhere, and from a
/// known address. In the last run the attacker has collected cookies of the account as well, and its owner resets the
/// password by mail every half an hour and logs in from a new browser.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attack_on_one_account_stays_within_the_bound_and_its_owner_logs_in_at_every_moment() {
    const VICTIM: &str = "arthur@camelot.bt";
    const STEP: u64 = 20;
    let hours = if is_full() { 10 } else { 1 };
    for (place, resets) in
        [(Place::Memory, false), (Place::Redis, false), (Place::Database, false), (Place::Memory, true)]
    {
        let Some(service) = Instances::start(place).await else { continue };
        service.create(VICTIM).await;
        let mut cookies = Vec::new();
        for _ in 0..30 {
            cookies.push(device(&service.login("203.0.113.9", None, VICTIM, PASSWORD).await));
        }
        let mut own = device(&service.login("192.0.2.1", None, VICTIM, PASSWORD).await);
        let (mut guesses, mut refused, mut logins) = (0_u64, 0_u64, 0_u64);
        for step in 0..hours * HOUR / STEP {
            let count = usize::try_from(step).unwrap();
            // From two addresses in turn, and with one of the cookies.
            for number in 0..2 {
                let from = address("198.51", (2 * count + number) % 1000);
                let response = service.login(&from, None, VICTIM, WRONG).await;
                *(if response.status == 429 { &mut refused } else { &mut guesses }) += 1;
            }
            if resets {
                let cookie = &cookies[count % cookies.len()];
                let response = service.login("203.0.113.9", Some(cookie), VICTIM, WRONG).await;
                *(if response.status == 429 { &mut refused } else { &mut guesses }) += 1;
            }

            if step % 15 == 0 {
                let anywhere = address("192.0", 600 + count);
                let response = service.login(&anywhere, Some(&own), VICTIM, PASSWORD).await;
                assert_eq!(response.status, 200, "{place:?}: a known browser, after {} s", service.elapsed());
                own = device(&response);
                let response = service.login("192.0.2.1", None, VICTIM, PASSWORD).await;
                assert_eq!(response.status, 200, "{place:?}: a known address, after {} s", service.elapsed());
                logins += 2;
            }
            if resets && step % (HOUR / STEP / 2) == 7 {
                let from = address("192.1", count);
                let http = &service.http[0];
                let body = serde_json::json!({ "email": VICTIM });
                service.hooks.clear();
                http.post("/auth/forgot-password").from(&from).json(body).send().await.is(202, "null");
                let token = service.hooks.token("on_after_forgot_password").await;
                let body = serde_json::json!({ "token": token, "password": PASSWORD });
                let reset = http.post("/auth/reset-password").from(&from).json(body).send().await;
                assert_eq!(reset.status, 200, "{reset:?}");
                // The attacker is faster, and uses up what the reset has cleared: this is not counted as part of the bound.
                let mut cleared = 0;
                for number in 0..110 {
                    let response = service.login(&address("198.52", number), None, VICTIM, WRONG).await;
                    cleared += u64::from(response.status != 429);
                }
                assert!(cleared <= 100, "{cleared}");
                let anew = service.login(&address("192.2", count), Some(&device(&reset)), VICTIM, PASSWORD).await;
                assert_eq!(anew.status, 200, "{place:?}: a new browser after a reset");
                logins += 1;
            }
            service.clock.advance(Duration::from_secs(STEP));
        }
        // Each reset clears both counters of the account.
        let (budgets, resets) = if resets { (2, 2 * hours) } else { (1, 0) };
        let bound = budgets * (100 + 4 * hours) + resets * 100;
        let mut text = String::new();
        write!(text, "attack on one account, counted in {place:?}: {guesses} guesses in {hours} simulated hours")
            .unwrap();
        write!(text, " ({refused} refused), the bound with {resets} resets is {bound};").unwrap();
        println!("{text} {logins} of {logins} logins of the owner succeeded; memory {} MiB", resident());
        assert!(guesses <= bound, "{place:?}: {guesses} of {bound}");
    }
}
