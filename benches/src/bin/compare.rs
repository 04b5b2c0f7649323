//! Compares `axum-users` with the hand-written service, alternating in one run. `scripts/bench` builds and starts it.
//!
//! Prints ratios, since times depend on the machine. `--short` only checks that it runs, `--flood` measures only the flood.

use std::{
    env, io,
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

struct Plan {
    rounds: usize,
    phase: Duration,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let given = |wanted: &str| env::args().any(|argument| argument == wanted);
    let short = given("--short");
    let plan = if short {
        Plan { rounds: 1, phase: Duration::from_millis(500) }
    } else {
        Plan { rounds: 5, phase: Duration::from_secs(3) }
    };
    if !given("--flood") {
        compare(&plan).await?;
    }
    for (name, port) in [("candidate", 8703), ("baseline", 8704)] {
        flood(name, port, &plan).await?;
    }
    Ok(())
}

/// Measures requests per CPU-second and logins per second of both services.
async fn compare(plan: &Plan) -> io::Result<()> {
    let (ours, theirs) = (Server::start("candidate", 8701).await?, Server::start("baseline", 8702).await?);
    let (our_token, their_token) = (ours.member("king@camelot.bt").await?, theirs.member("king@camelot.bt").await?);

    for connections in [1, 16] {
        let mut ratios = Vec::new();
        for _ in 0..plan.rounds {
            let a = per_cpu_second(&ours, &me(&our_token), connections, plan.phase).await?;
            let b = per_cpu_second(&theirs, &me(&their_token), connections, plan.phase).await?;
            println!("  me, {connections:>2} connections: {a:>8.0} to {b:>8.0} requests per CPU-second");
            ratios.push(a / b);
        }
        report(
            &format!("GET /users/me per CPU-second, {connections} connections"),
            median(&mut ratios),
            "goal >= 0.97",
        );
    }

    let mut ratios = Vec::new();
    for _ in 0..plan.rounds {
        let a = per_second(&ours, &login("king@camelot.bt"), 4, plan.phase).await?;
        let b = per_second(&theirs, &login("king@camelot.bt"), 4, plan.phase).await?;
        println!("  login, 4 connections: {a:>6.1} to {b:>6.1} per second");
        ratios.push(a / b);
    }
    report("logins per second", median(&mut ratios), "goal >= 1.15");
    Ok(())
}

fn report(what: &str, ratio: f64, goal: &str) {
    println!("{what}: {ratio:.2} of the baseline ({goal})");
}

/// Counts the requests that `connections` connections complete during `phase`, without responses of 503.
async fn completed(server: &Server, request: &[u8], connections: usize, phase: Duration) -> io::Result<u64> {
    let end = Instant::now() + phase;
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (address, request) = (server.address.clone(), request.to_vec());
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut count = 0;
            while Instant::now() < end {
                match connection.call(&request).await?.status {
                    200 => count += 1,
                    503 => {}
                    status => return Err(io::Error::other(format!("status {status}"))),
                }
            }
            Ok(count)
        }));
    }
    let mut sum = 0;
    for task in tasks {
        sum += task.await.map_err(io::Error::other)??;
    }
    Ok(sum)
}

async fn per_cpu_second(server: &Server, request: &[u8], connections: usize, phase: Duration) -> io::Result<f64> {
    completed(server, request, connections, phase / 8).await?; // warm up
    let before = server.cpu()?;
    let count = completed(server, request, connections, phase).await?;
    Ok(count as f64 / (server.cpu()? - before).as_secs_f64().max(0.01))
}

async fn per_second(server: &Server, request: &[u8], connections: usize, phase: Duration) -> io::Result<f64> {
    let start = Instant::now();
    let count = completed(server, request, connections, phase).await?;
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// Measures the latency of `GET /users/me` when idle and while 64 connections log in, and the memory that the flood uses.
async fn flood(name: &'static str, port: u16, plan: &Plan) -> io::Result<()> {
    let server = Server::start(name, port).await?;
    let token = server.member("king@camelot.bt").await?;
    let mut idle = latencies(&server, &me(&token), plan.phase).await?;
    let mut beside_spinners = {
        let _spinners = Spinners::start()?;
        latencies(&server, &me(&token), plan.phase * 2).await?
    };
    let (before, _) = server.memory()?;

    let stop = Arc::new(AtomicBool::new(false));
    let (done, shed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut crowd = Vec::new();
    for _ in 0..64 {
        let (address, stop, done, shed) =
            (server.address.clone(), Arc::clone(&stop), Arc::clone(&done), Arc::clone(&shed));
        crowd.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            while !stop.load(Ordering::Relaxed) {
                match connection.call(&login("king@camelot.bt")).await?.status {
                    200 => drop(done.fetch_add(1, Ordering::Relaxed)),
                    503 => {
                        shed.fetch_add(1, Ordering::Relaxed);
                        // Clients that honour `Retry-After` wait before the next request.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    status => return Err(io::Error::other(format!("a login returned {status}"))),
                }
            }
            Ok(())
        }));
    }
    tokio::time::sleep(plan.phase / 4).await;
    let mut flooded = latencies(&server, &me(&token), plan.phase * 2).await?;
    let (_, peak) = server.memory()?;
    stop.store(true, Ordering::Relaxed);
    for connection in crowd {
        connection.await.map_err(io::Error::other)??;
    }
    println!(
        "{name}: me p50 {:.2} -> {:.2} ms, p99 {:.2} -> {:.2} ms in a flood of 64 logins ({} completed, {} shed); +{:.0} MiB",
        quantile(&mut idle, 0.5),
        quantile(&mut flooded, 0.5),
        quantile(&mut idle, 0.99),
        quantile(&mut flooded, 0.99),
        done.load(Ordering::Relaxed),
        shed.load(Ordering::Relaxed),
        peak - before,
    );
    if name == "candidate" {
        let ratio = quantile(&mut flooded, 0.99) / quantile(&mut idle, 0.99);
        println!("p99 of me in the flood: {ratio:.2} of its own idle p99 (goal <= 2)");
        let floor = quantile(&mut beside_spinners, 0.99);
        println!(
            "p99 of me next to spinning processes at the lowest priority: {floor:.2} ms; in the flood {:.2} of that",
            quantile(&mut flooded, 0.99) / floor
        );
        println!("memory in the flood: +{:.0} MiB (goal <= budget of 256 + 64)", peak - before);
    }
    Ok(())
}

/// Spinning processes at the lowest priority, one per core: they show the scheduling delay of a
/// request on a machine without a free core.
struct Spinners(Vec<std::process::Child>);

impl Spinners {
    fn start() -> io::Result<Self> {
        let cores = std::thread::available_parallelism()?.get();
        let spin = |_| std::process::Command::new("nice").args(["-n", "19", "sh", "-c", "while :; do :; done"]).spawn();
        (0..cores).map(spin).collect::<io::Result<_>>().map(Self)
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        for spinner in &mut self.0 {
            if spinner.kill().is_ok() {
                let _status = spinner.wait();
            }
        }
    }
}

/// Returns latencies in milliseconds of a client that repeatedly sends 4 concurrent requests, with a pause between.
async fn latencies(server: &Server, request: &[u8], phase: Duration) -> io::Result<Vec<f64>> {
    let end = Instant::now() + phase;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let (address, request) = (server.address.clone(), request.to_vec());
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut times = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                let status = connection.call(&request).await?.status;
                times.push(start.elapsed().as_secs_f64() * 1000.0);
                if status != 200 {
                    return Err(io::Error::other(format!("GET /users/me returned {status}")));
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
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
