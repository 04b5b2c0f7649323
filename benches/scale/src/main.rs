//! Compares a login and `GET /users/me` with a million users and ten million sessions against a thousand of each, on each
//! database, and measures logins while a million expired sessions are purged. `scripts/nightly scale` runs it.
//!
//! For each database two services run, one on a small table and one on a large; requests alternate between them, one at a
//! time, and the ratios of medians are printed. `--short` only checks that it runs, with few requests. Names of databases
//! (`sqlite`, `postgres`, `mysql`) select them.

use std::{
    env, io,
    net::TcpListener,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use axum_users::{
    AuthUser, Backend, DatabaseSessions, Jwt, Limits, PasswordHash, SecretKey, Users, password::HashSettings,
};
use tokio::process::{Child, Command};
use uuid::Uuid;

#[allow(dead_code, reason = "the flood uses more of it")]
#[path = "../../src/client.rs"]
mod client;
mod database;
#[allow(dead_code)]
#[path = "../../src/stats.rs"]
mod stats;

use client::{Connection, request};
use database::{Database, Kind};
use stats::{median, quantile};

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

struct Plan {
    small: u32,
    large: u32,
    /// The sessions of each user on the large table, of which one has expired.
    sessions: u32,
    rounds: u32,
    /// The logins in each sample, and in the preparation the tokens of each kind.
    logins: u32,
    /// The `GET /users/me` requests in each sample.
    reads: usize,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    if let (Some("serve"), Ok(url), Ok(bind)) =
        (env::args().nth(1).as_deref(), env::var("DATABASE_URL"), env::var("BIND"))
    {
        return Ok(serve(url, bind).await?);
    }
    let given: Vec<String> = env::args().skip(1).collect();
    let plan = if given.iter().any(|argument| argument == "--short") {
        Plan { small: 1_000, large: 20_000, sessions: 2, rounds: 1, logins: 5, reads: 50 }
    } else {
        Plan { small: 1_000, large: 1_000_000, sessions: 10, rounds: 11, logins: 30, reads: 400 }
    };
    let kinds = [("sqlite", Kind::Sqlite), ("postgres", Kind::Postgres), ("mysql", Kind::Mysql)];
    let is_selected = |name: &str| given.iter().any(|argument| argument == name);
    let all = !kinds.iter().any(|(name, _)| is_selected(name));
    let folder = tempfile::tempdir()?;
    for (_, kind) in kinds.into_iter().filter(|(name, _)| all || is_selected(name)) {
        let small = Database { kind, name: "axum_users_scale_small" };
        let large = Database { kind, name: "axum_users_scale_large" };
        match compare(&plan, folder.path(), &small, &large).await {
            Ok(()) => {}
            Err(error) if env::var("REQUIRE_SERVICES").is_ok_and(|value| value == "1") => return Err(error),
            Err(error) => println!("{kind:?}: skipped: {error}"),
        }
        small.remove().await;
        large.remove().await;
    }
    Ok(())
}

/// The service under measurement.
async fn serve(url: String, bind: String) -> axum_users::Result<()> {
    let users = Users::<User>::builder(SecretKey::new("q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E")?)
        .database(url)
        .backend(Backend::bearer("jwt", Jwt::new()))
        .backend(Backend::bearer("db", DatabaseSessions::new()))
        // The short form runs beside other checks.
        .hashing(HashSettings::default().max_wait(Duration::from_secs(10)))
        // All requests come from one address.
        .limits(Limits::off())
        .build()
        .await?;
    users.migrate().await?;
    let app = Router::new().merge(user_routes(&users)).route("/purge", post(purge)).with_state(users.clone());
    users.serve(app, bind).await
}

async fn purge(State(users): State<Users<User>>) -> Result<String, StatusCode> {
    users.purge_expired().await.map(|count| count.to_string()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// A service on a table with the given number of users, with tokens of some of them.
struct Service {
    users: u32,
    address: String,
    connection: Connection,
    jwts: Vec<String>,
    sessions: Vec<String>,
    next: u32,
    _child: Child,
}

impl Service {
    async fn start(
        database: &Database,
        folder: &Path,
        (users, per_user): (u32, u32),
        tokens: u32,
    ) -> Result<Self, Failure> {
        database.make().await?;
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let url = database.url(folder);
        let child = Command::new(env::current_exe()?)
            .arg("serve")
            .env("DATABASE_URL", &url)
            .env("BIND", &address)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut tries = 0;
        let mut connection = loop {
            match Connection::open(&address).await {
                Ok(connection) => break connection,
                Err(error) if tries > 200 => return Err(error.into()),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let body = r#"{"email":"first@scale.example","password":"a long sword"}"#;
        let register = request("POST", "/auth/register", "content-type: application/json\r\n", body);
        let status = connection.call(&register).await?.status;
        if status != 201 {
            return Err(format!("the first registration returned {status}").into());
        }
        database.fill(&url, users, per_user).await?;
        // The service has closed the idle connection.
        let connection = Connection::open(&address).await?;
        let (jwts, sessions) = (Vec::new(), Vec::new());
        let mut service = Self { users, address, connection, jwts, sessions, next: 1, _child: child };
        for _ in 0..tokens {
            let (jwt, session) = (service.login("jwt").await?, service.login("db").await?);
            service.jwts.push(jwt);
            service.sessions.push(session);
        }
        Ok(service)
    }

    /// Returns a different user each time, spread over the table.
    fn someone(&mut self) -> String {
        self.next = self.next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("user{}%40scale.example", 1 + self.next % self.users)
    }

    async fn login(&mut self, backend: &str) -> Result<String, Failure> {
        let body = format!("username={}&password=a+long+sword", self.someone());
        let headers = "content-type: application/x-www-form-urlencoded\r\n";
        let response =
            self.connection.call(&request("POST", &format!("/auth/{backend}/login"), headers, &body)).await?;
        if response.status != 200 {
            return Err(format!("a login at {} returned {}", self.address, response.status).into());
        }
        let response: serde_json::Value = serde_json::from_slice(&response.body)?;
        Ok(response["access_token"].as_str().unwrap_or_default().to_owned())
    }

    /// Returns the median of a number of logins, in milliseconds.
    async fn logins(&mut self, count: u32) -> Result<f64, Failure> {
        let mut times = Vec::new();
        for _ in 0..count {
            let start = Instant::now();
            self.login("jwt").await?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(median(&mut times))
    }

    /// Logs in with stored sessions for as long as the service purges, and compares these logins with as many without it.
    async fn purge(&mut self, kind: Kind) -> Result<(), Failure> {
        self.connection = Connection::open(&self.address).await?;
        let (mut idle, mut meanwhile) = (Vec::new(), Vec::new());
        let address = self.address.clone();
        let start = Instant::now();
        let purge = tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            connection.call(&request("POST", "/purge", "", "")).await
        });
        while !purge.is_finished() {
            meanwhile.push(self.timed_login().await?);
        }
        let (response, took) = (purge.await??, start.elapsed());
        for _ in 0..meanwhile.len() {
            idle.push(self.timed_login().await?);
        }
        println!(
            "{kind:?}: {} sessions purged in {:.1} s (status {}); {} logins meanwhile took {}, as many without it {} ms (median, \
             99th percentile, longest; goal: at most 50 ms more)",
            String::from_utf8_lossy(&response.body),
            took.as_secs_f64(),
            response.status,
            meanwhile.len(),
            spread(&mut meanwhile),
            spread(&mut idle),
        );
        Ok(())
    }

    /// Returns the milliseconds of a login.
    async fn timed_login(&mut self) -> Result<f64, Failure> {
        let start = Instant::now();
        self.login("db").await?;
        Ok(start.elapsed().as_secs_f64() * 1000.0)
    }

    /// Returns the median of a number of `GET /users/me` requests, in milliseconds.
    async fn reads(&mut self, sessions: bool, count: usize) -> Result<f64, Failure> {
        let tokens = if sessions { self.sessions.clone() } else { self.jwts.clone() };
        let mut times = Vec::new();
        for token in tokens.iter().cycle().take(count) {
            let me = request("GET", "/users/me", &format!("authorization: Bearer {token}\r\n"), "");
            let start = Instant::now();
            let status = self.connection.call(&me).await?.status;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
            if status != 200 {
                return Err(io::Error::other(format!("GET /users/me returned {status}")).into());
            }
        }
        Ok(median(&mut times))
    }
}

/// Returns the median, the 99th percentile and the longest of some times.
fn spread(times: &mut [f64]) -> String {
    [0.5, 0.99, 1.0].map(|share| format!("{:.0}", quantile(times, share))).join(", ")
}

async fn compare(plan: &Plan, folder: &Path, small: &Database, large: &Database) -> Result<(), Failure> {
    let mut few = Service::start(small, folder, (plan.small, 1), plan.logins).await?;
    let mut many = Service::start(large, folder, (plan.large, plan.sessions), plan.logins).await?;
    few.connection = Connection::open(&few.address).await?; // it was idle while the large table was filled
    let (mut logins, mut jwts, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = [0.0; 6];
    for _ in 0..plan.rounds {
        last = [
            few.logins(plan.logins).await?,
            many.logins(plan.logins).await?,
            few.reads(false, plan.reads).await?,
            many.reads(false, plan.reads).await?,
            few.reads(true, plan.reads).await?,
            many.reads(true, plan.reads).await?,
        ];
        logins.push(last[1] / last[0]);
        jwts.push(last[3] / last[2]);
        sessions.push(last[5] / last[4]);
    }
    println!(
        "{:?}, {} users with {} sessions each to {}: login {:.2} (goal <= 1.10), me by JWT {:.2}, me by session {:.2} (goal <= 1.25); last round \
         {:.1} to {:.1}, {:.2} to {:.2}, {:.2} to {:.2} ms",
        small.kind,
        plan.large,
        plan.sessions,
        plan.small,
        median(&mut logins),
        median(&mut jwts),
        median(&mut sessions),
        last[1],
        last[0],
        last[3],
        last[2],
        last[5],
        last[4],
    );
    many.purge(small.kind).await
}
