//! The server under load while its database and Redis are killed and restarted. `scripts/nightly outage` repeats it more often.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::json;
use tokio::sync::Notify;

use super::{PASSWORD, Running, login, patient_login, postgres::Postgres};
use crate::{
    http::{Http, Response},
    redis_server::PrivateRedis,
};

/// The number of concurrent clients.
const CLIENTS: usize = 4;
const BACKENDS: [&str; 3] = ["redis", "jwt", "db"];

/// Counts of responses.
#[derive(Default)]
struct Counts {
    registered: AtomicUsize,
    logged_in: AtomicUsize,
    unavailable: AtomicUsize,
    counted: Notify,
}

impl Counts {
    fn count(&self, which: &AtomicUsize) {
        which.fetch_add(1, Ordering::Relaxed);
        self.counted.notify_waiters();
    }

    /// Waits until a count has grown by `more`.
    async fn more(&self, which: &AtomicUsize, more: usize) {
        let wanted = which.load(Ordering::Relaxed) + more;
        loop {
            let counted = self.counted.notified();
            if which.load(Ordering::Relaxed) >= wanted {
                return;
            }
            counted.await;
        }
    }

    /// Returns whether the response has the expected status; any other status must be 503.
    fn is(&self, response: &Response, wanted: u16) -> bool {
        match response.status.as_u16() {
            503 => self.count(&self.unavailable),
            status => assert_eq!(status, wanted, "{response:?}"),
        }
        response.status == wanted
    }
}

/// Operations that the service has acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// The addresses of registered users.
    registered: Vec<String>,
    logged_in: Vec<String>,
    logged_out: Vec<String>,
}

/// Registers users, logs them in and every second one out again, until it is stopped.
async fn load(client: usize, http: Http, counts: Arc<Counts>, stop: Arc<AtomicBool>) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let email = format!("{client}.{number}@camelot.bt");
        let response = http.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await;
        if !counts.is(&response, 201) {
            continue;
        }
        counts.count(&counts.registered);
        acknowledged.registered.push(email.clone());
        let backend = BACKENDS[number % BACKENDS.len()];
        let response = login(&http, backend, &email, PASSWORD).await;
        if !counts.is(&response, 200) {
            continue;
        }
        counts.count(&counts.logged_in);
        let token = response.json()["access_token"].as_str().unwrap().to_owned();
        if number % 2 == 0 {
            acknowledged.logged_in.push(token);
            continue;
        }
        // A logout that was not acknowledged may or may not have happened.
        let response = http.post(&format!("/auth/{backend}/logout")).bearer(&token).send().await;
        if counts.is(&response, 204) {
            acknowledged.logged_out.push(token);
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_operations_survive_crashes_of_postgres_and_redis() {
    let Some(postgres) = Postgres::start() else { return };
    let Some(mut redis) = PrivateRedis::start_durable() else { return };
    let kills: usize = env::var("OUTAGE_KILLS").map_or(1, |kills| kills.parse().unwrap());
    let running = Running::start(&postgres.url(), Some(&redis.url()));
    let (counts, stop) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(load(client, Http::at(running.address), Arc::clone(&counts), Arc::clone(&stop))))
        .collect();
    for _ in 0..kills {
        counts.more(&counts.registered, 5).await;
        postgres.kill(async || counts.more(&counts.unavailable, CLIENTS).await).await;
        // The service recovers without a restart.
        counts.more(&counts.logged_in, 5).await;
        redis.stop();
        counts.more(&counts.unavailable, CLIENTS).await;
        redis.start_again();
        counts.more(&counts.logged_in, 5).await;
    }
    stop.store(true, Ordering::Relaxed);
    let http = Http::at(running.address);
    let me = async |token: &str| http.get("/users/me").bearer(token).send().await.status.as_u16();
    let (mut registered, mut logged_in, mut logged_out) = (0, 0, 0);
    for client in clients {
        let acknowledged = client.await.unwrap();
        for email in &acknowledged.registered {
            let response = patient_login(&http, "db", email, PASSWORD).await;
            assert_eq!(response.status, 200, "{email} was registered: {response:?}");
        }
        for token in &acknowledged.logged_in {
            assert_eq!(me(token).await, 200, "a login was acknowledged");
        }
        for token in &acknowledged.logged_out {
            assert_eq!(me(token).await, 401, "a logout was acknowledged");
        }
        registered += acknowledged.registered.len();
        logged_in += acknowledged.logged_in.len();
        logged_out += acknowledged.logged_out.len();
    }
    println!(
        "PostgreSQL and Redis killed {kills} times each: {registered} registrations, {logged_in} logins and {logged_out} \
         logouts acknowledged, none of them lost; {} responses 503, no other failure",
        counts.unavailable.load(Ordering::Relaxed),
    );
    let (status, _complaints) = running.stop();
    assert!(status.success(), "{status}");
}
