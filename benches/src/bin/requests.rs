//! Compares requests to `axum-users` and to the hand-written service on one kind of database, with the servers on one core:
//! `requests [sqlite|postgres|mysql] [--short] [--plots FOLDER]`. Rounds alternate, and every figure is a ratio of one round.
//!
//! `requests second` refers to wall-clock time, `CPU` to the server's CPU time, which other load on the machine
//! disturbs less. Both are ratios: above 1, axum-users is faster. Reads are also compared with a handler that returns
//! constant bytes: no service on axum can take less CPU time. `BENCH_FOLDER` names the folder of the SQLite files, on
//! the disk that is measured; without it they are in the usual folder for temporary files.

use std::{
    env, io,
    time::{Duration, Instant},
};

use axum_users_benches::{
    client::Connection,
    plot::{Bar, bars},
    server::{Server, me, rename},
    stats::{median, quantile},
};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};

/// Each server runs on the first core, the load generator has the others.
const ON_ONE_CORE: [&str; 3] = ["taskset", "--cpu-list", "0"];

const CONNECTIONS: [usize; 2] = [1, 32];

/// The users whose requests are sent, so that concurrent changes are of different rows.
const USERS: usize = 32;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Jwt,
    Session,
    /// A change after every nine reads.
    Mixed,
    Patch,
}

impl Kind {
    const ALL: [(Self, &str); 4] = [
        (Self::Jwt, "GET /users/me, JWT"),
        (Self::Session, "GET /users/me, stored session"),
        (Self::Mixed, "nine GET and one PATCH, JWT"),
        (Self::Patch, "PATCH /users/me, JWT"),
    ];

    /// Returns the goals of the ratio at one connection and at many.
    fn goals(self, database: &str) -> [f64; 2] {
        match (self, database) {
            (Self::Patch, "sqlite") => [0.9, 4.0],
            (Self::Patch, _) => [0.9, 1.0],
            (Self::Mixed, _) => [0.95, 1.0],
            (_, "sqlite") => [0.95, 2.5],
            _ => [0.95, 2.8],
        }
    }
}

/// A server and the tokens of its users.
struct Side {
    server: Server,
    jwts: Vec<String>,
    sessions: Vec<String>,
}

/// The results of one server in one phase.
#[derive(Clone, Copy, Default)]
struct Done {
    per_second: f64,
    per_cpu_second: f64,
    /// In milliseconds.
    p99: f64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let (mut short, mut folder, mut database) = (false, None, "sqlite".to_owned());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => short = true,
            "--plots" => folder = arguments.next(),
            name => name.clone_into(&mut database),
        }
    }
    let (database, mut chart) = (database.as_str(), Vec::new());
    let (rounds, phase) = if short { (1, Duration::from_millis(200)) } else { (5, Duration::from_secs(2)) };
    let users = if short { 2 } else { USERS };
    let (ours, theirs) =
        (side("candidate", 8711, database, users).await?, side("baseline", 8712, database, users).await?);

    let constant = Side {
        server: Server::start_on("constant", 8713, "", tempfile::tempdir()?, &ON_ONE_CORE).await?,
        jwts: ours.jwts.clone(),
        sessions: ours.sessions.clone(),
    };

    println!("{database}: ratio to the hand-written service, median (lowest to highest of {rounds} rounds)");
    for (kind, name) in Kind::ALL {
        for (connections, goal) in CONNECTIONS.into_iter().zip(kind.goals(database)) {
            let (mut rate, mut cpu, mut tail, mut most) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let mut last = [Done::default(); 2];
            for _ in 0..rounds {
                last = [
                    measure(&ours, kind, connections, phase).await?,
                    measure(&theirs, kind, connections, phase).await?,
                ];
                let [own, other] = last;
                rate.push(own.per_second / other.per_second);
                cpu.push(own.per_cpu_second / other.per_cpu_second);
                tail.push(own.p99 / other.p99);
                if matches!(kind, Kind::Jwt | Kind::Session) {
                    let constant = measure(&constant, kind, connections, phase).await?;
                    most.push(constant.per_cpu_second / other.per_cpu_second);
                }
            }
            let ratio = median(&mut rate);
            chart.push(Bar {
                label: format!("{name}, {connections} conn."),
                value: ratio,
                text: format!("{ratio:.2} (goal {goal})"),
                mark: Some(goal),
                accent: true,
            });
            let [own, other] = last;
            println!(
                "{name}, {connections} connections: {} a second (goal {goal}), {} a CPU second, p99 {}; last {:.0} to {:.0} a \
                 second, {:.1} to {:.1} µs of CPU, p99 {:.2} to {:.2} ms",
                spread(&mut rate),
                spread(&mut cpu),
                spread(&mut tail),
                own.per_second,
                other.per_second,
                1e6 / own.per_cpu_second,
                1e6 / other.per_cpu_second,
                own.p99,
                other.p99,
            );
            if !most.is_empty() {
                println!("  constant bytes: {} a CPU second", spread(&mut most));
            }
        }
    }
    if let Some(folder) = folder {
        let title = format!("Requests a second, as a ratio to the hand-written service: {database}");
        let svg = bars(&title, "Medians of five rounds, one core for each server. The line is the goal.", &chart);
        std::fs::write(std::path::Path::new(&folder).join(format!("requests-{database}.svg")), svg)?;
    }
    Ok(())
}

fn spread(ratios: &mut [f64]) -> String {
    format!("{:.2} ({:.2} to {:.2})", median(ratios), quantile(ratios, 0.0), quantile(ratios, 1.0))
}

async fn side(name: &'static str, port: u16, database: &str, users: usize) -> io::Result<Side> {
    let folder = match env::var_os("BENCH_FOLDER") {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let url = match database {
        "sqlite" => format!("sqlite://{}?mode=rwc", folder.path().join("bench.db").display()),
        database => new_database(database, name).await.map_err(io::Error::other)?,
    };
    let server = Server::start_on(name, port, &url, folder, &ON_ONE_CORE).await?;
    let (mut jwts, mut sessions) = (Vec::new(), Vec::new());
    for number in 0..users {
        let email = format!("knight{number}@camelot.bt");
        jwts.push(server.member_of("jwt", &email).await?);
        sessions.push(server.member_of("db", &email).await?);
    }
    if jwts.iter().chain(&sessions).any(String::is_empty) {
        return Err(io::Error::other(format!("{name} refuses a login")));
    }
    Ok(Side { server, jwts, sessions })
}

/// Creates an empty database on a server at its usual address, and returns its URL.
async fn new_database(kind: &str, name: &str) -> sqlx::Result<String> {
    let database = format!("axum_users_bench_{name}");
    let given = |key: &str, usual: &str| env::var(key).unwrap_or_else(|_| usual.to_owned());
    let statements = [format!("DROP DATABASE IF EXISTS {database}"), format!("CREATE DATABASE {database}")];
    let server = if kind == "postgres" {
        let server = given("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres");
        let mut connection = PgConnection::connect(&server).await?;
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        server.rsplit_once('/').map_or(server.clone(), |(server, _)| server.to_owned())
    } else {
        let server = given("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306");
        let mut connection = MySqlConnection::connect(&server).await?;
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        server
    };
    Ok(format!("{server}/{database}"))
}

async fn measure(side: &Side, kind: Kind, connections: usize, phase: Duration) -> io::Result<Done> {
    send(side, kind, connections, phase / 8).await?; // warm up
    let (before, start) = (side.server.cpu()?, Instant::now());
    let mut times = send(side, kind, connections, phase).await?;
    let (elapsed, cpu) = (start.elapsed(), side.server.cpu()? - before);
    let count = times.len() as f64;
    Ok(Done {
        per_second: count / elapsed.as_secs_f64(),
        per_cpu_second: count / cpu.as_secs_f64().max(0.01),
        p99: quantile(&mut times, 0.99),
    })
}

/// Sends requests on each connection, one after the other, and returns how long each took in milliseconds.
async fn send(side: &Side, kind: Kind, connections: usize, phase: Duration) -> io::Result<Vec<f64>> {
    let end = Instant::now() + phase;
    let mut tasks = Vec::new();
    for number in 0..connections {
        let tokens = if kind == Kind::Session { &side.sessions } else { &side.jwts };
        let (address, token) = (side.server.address.clone(), tokens[number % tokens.len()].clone());
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let (get, mut times) = (me(&token), Vec::new());
            while Instant::now() < end {
                let is_write = kind == Kind::Patch || kind == Kind::Mixed && times.len() % 10 == 9;
                let patch = is_write.then(|| rename(&token, &format!("Knight {}", times.len())));
                let start = Instant::now();
                let status = connection.call(patch.as_ref().unwrap_or(&get)).await?.status;
                times.push(start.elapsed().as_secs_f64() * 1000.0);
                if status != 200 {
                    return Err(io::Error::other(format!("status {status}")));
                }
            }
            Ok(times)
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.map_err(io::Error::other)??);
    }
    Ok(all)
}
