//! Floods the server with logins, and measures the capacity that is left for others. `scripts/nightly flood` builds and
//! starts it.
//!
//! Each line has a goal and a figure; a missed goal is a failure. `--short` only checks that it runs. The load generator shares
//! the cores with the server, as an attacker's would not.

use std::{
    env, io,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum_users_benches::{
    client::Connection,
    server::{Server, login, me},
    stats::{median, quantile},
};

/// The addresses of the attacker, of a legitimate user, and of users who are logged in.
const ATTACKER: [u8; 4] = [127, 0, 0, 1];
const HONEST: [u8; 4] = [127, 0, 0, 2];
const READER: [u8; 4] = [127, 0, 0, 3];
const USER: &str = "king@camelot.bt";

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let short = env::args().any(|argument| argument == "--short");
    let seconds = env::var("FLOOD_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(10);
    let phase = if short { Duration::from_secs(1) } else { Duration::from_secs(seconds) };
    let server = Server::start("candidate", 8705).await?;
    let token = server.member(USER).await?;
    let mut report = Report::default();

    let idle = logins(&server, phase).await?;
    let idle_median = median(&mut idle.times.clone());
    let bound = good_logins(&server, 4, phase).await?;
    let mut me_idle = readers(&server, &token, phase).await?;
    println!(
        "idle: a login takes {idle_median:.1} ms (median), {bound:.0} logins per second at most, me p99 {:.1} ms",
        quantile(&mut me_idle, 0.99)
    );
    let (before, _) = server.memory()?;

    for connections in [128, 512] {
        println!("{connections} connections that log in and ignore Retry-After:");
        let flood = Flood::start(&server, connections);
        tokio::time::sleep(phase / 4).await;
        flood.good.store(0, Ordering::Relaxed);
        let start = Instant::now();
        let (honest, me_times) = tokio::join!(logins(&server, phase), readers(&server, &token, phase));
        let (mut honest, mut me_times) = (honest?, me_times?);
        let good =
            (flood.good.load(Ordering::Relaxed) + honest.times.len() as u64) as f64 / start.elapsed().as_secs_f64();
        let refused = flood.refused.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
        flood.stop().await?;
        let (_, peak) = server.memory()?;
        println!("  the flood got {refused:.0} refusals per second");
        report.at_most("a login from another address, median", median(&mut honest.times), 3.0 * idle_median, "ms");
        println!("  (its 95th percentile: {:.1} ms)", quantile(&mut honest.times, 0.95));
        report.at_most("refused logins from another address", honest.refused as f64, 0.0, "");
        report.at_least("good logins in all", good, 0.6 * bound, "per second");
        report.at_most("GET /users/me, p99", quantile(&mut me_times, 0.99), 50.0, "ms");
        report.at_most("memory", peak - before, 256.0 + 64.0, "MiB");
    }

    println!("GET /users/me saturates every core:");
    let saturating = Saturation::start(&server, &token);
    tokio::time::sleep(phase / 4).await;
    let mut honest = logins(&server, phase).await?;
    let reads = saturating.stop().await?;
    println!("  {reads} requests meanwhile");
    report.at_most("a login, median", median(&mut honest.times), 10.0 * idle_median, "ms");
    println!("  (its 95th percentile: {:.1} ms)", quantile(&mut honest.times, 0.95));
    report.at_most("refused logins", honest.refused as f64, 0.0, "");

    Ok(if report.missed > 0 && !short { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Prints goals and figures side by side.
#[derive(Default)]
struct Report {
    missed: usize,
}

impl Report {
    fn at_most(&mut self, what: &str, figure: f64, goal: f64, unit: &str) {
        self.line(what, figure, &format!("<= {goal:.1}"), unit, figure <= goal);
    }

    fn at_least(&mut self, what: &str, figure: f64, goal: f64, unit: &str) {
        self.line(what, figure, &format!(">= {goal:.1}"), unit, figure >= goal);
    }

    fn line(&mut self, what: &str, figure: f64, goal: &str, unit: &str, is_met: bool) {
        self.missed += usize::from(!is_met);
        println!("  {:<40} {figure:>8.1} {unit:<12} goal {goal}{}", what, if is_met { "" } else { "   MISSED" });
    }
}

/// The logins of a legitimate user: one after the other, five per second.
struct Logins {
    times: Vec<f64>,
    refused: usize,
}

async fn logins(server: &Server, phase: Duration) -> io::Result<Logins> {
    let mut connection = Connection::open_from(HONEST, &server.address).await?;
    let (end, request) = (Instant::now() + phase, login(USER));
    let mut seen = Logins { times: Vec::new(), refused: 0 };
    while Instant::now() < end {
        let start = Instant::now();
        match connection.call(&request).await?.status {
            200 => seen.times.push(start.elapsed().as_secs_f64() * 1000.0),
            503 | 429 => seen.refused += 1,
            status => return Err(io::Error::other(format!("a login returned {status}"))),
        }
        tokio::time::sleep(Duration::from_millis(200).saturating_sub(start.elapsed())).await;
    }
    Ok(seen)
}

/// Returns the logins per second of a few connections that are never refused.
async fn good_logins(server: &Server, connections: usize, phase: Duration) -> io::Result<f64> {
    let start = Instant::now();
    let tasks = (0..connections).map(|_| {
        let address = server.address.clone();
        tokio::spawn(async move {
            let mut connection = Connection::open_from(ATTACKER, &address).await?;
            let mut count = 0.0;
            while start.elapsed() < phase {
                match connection.call(&login(USER)).await?.status {
                    200 => count += 1.0,
                    status => return Err(io::Error::other(format!("a login returned {status}"))),
                }
            }
            Ok::<f64, io::Error>(count)
        })
    });
    let mut sum = 0.0;
    for task in tasks.collect::<Vec<_>>() {
        sum += task.await.map_err(io::Error::other)??;
    }
    Ok(sum / start.elapsed().as_secs_f64())
}

/// Returns the times of `GET /users/me` by two connections with pauses.
async fn readers(server: &Server, token: &str, phase: Duration) -> io::Result<Vec<f64>> {
    let tasks = (0..2).map(|_| {
        let (address, request) = (server.address.clone(), me(token));
        tokio::spawn(async move {
            let mut connection = Connection::open_from(READER, &address).await?;
            let (end, mut times) = (Instant::now() + phase, Vec::new());
            while Instant::now() < end {
                let start = Instant::now();
                let status = connection.call(&request).await?.status;
                times.push(start.elapsed().as_secs_f64() * 1000.0);
                if status != 200 {
                    return Err(io::Error::other(format!("GET /users/me returned {status}")));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok::<_, io::Error>(times)
        })
    });
    let mut all = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.map_err(io::Error::other)??);
    }
    Ok(all)
}

/// Tasks that run until they are stopped.
struct Tasks {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<io::Result<u64>>>,
}

impl Tasks {
    async fn stop(self) -> io::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = 0;
        for task in self.tasks {
            sum += task.await.map_err(io::Error::other)??;
        }
        Ok(sum)
    }
}

/// Connections from one address that log in as fast as they can.
struct Flood {
    tasks: Tasks,
    good: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
}

impl Flood {
    fn start(server: &Server, connections: usize) -> Self {
        let (stop, good, refused) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let tasks = (0..connections).map(|_| {
            let (address, stop) = (server.address.clone(), Arc::clone(&stop));
            let (good, refused) = (Arc::clone(&good), Arc::clone(&refused));
            tokio::spawn(async move {
                let request = login(USER);
                while !stop.load(Ordering::Relaxed) {
                    // The server closes the connection of a client that ignores its refusals.
                    let mut connection = Connection::open_from(ATTACKER, &address).await?;
                    while !stop.load(Ordering::Relaxed) {
                        let Ok(response) = connection.call(&request).await else { break };
                        match response.status {
                            200 => drop(good.fetch_add(1, Ordering::Relaxed)),
                            503 | 429 => drop(refused.fetch_add(1, Ordering::Relaxed)),
                            status => return Err(io::Error::other(format!("a login returned {status}"))),
                        }
                        if response.closes {
                            break;
                        }
                    }
                }
                Ok(0)
            })
        });
        let tasks = tasks.collect();
        Self { tasks: Tasks { stop, tasks }, good, refused }
    }

    async fn stop(self) -> io::Result<()> {
        self.tasks.stop().await.map(drop)
    }
}

/// Connections that read as fast as they can.
struct Saturation;

impl Saturation {
    fn start(server: &Server, token: &str) -> Tasks {
        let stop = Arc::<AtomicBool>::default();
        let tasks = (0..32).map(|_| {
            let (address, stop, request) = (server.address.clone(), Arc::clone(&stop), me(token));
            tokio::spawn(async move {
                let mut connection = Connection::open_from(READER, &address).await?;
                let mut count = 0;
                while !stop.load(Ordering::Relaxed) {
                    match connection.call(&request).await?.status {
                        200 => count += 1,
                        status => return Err(io::Error::other(format!("GET /users/me returned {status}"))),
                    }
                }
                Ok(count)
            })
        });
        let tasks = tasks.collect();
        Tasks { stop, tasks }
    }
}
