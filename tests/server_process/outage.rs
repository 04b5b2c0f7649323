//! The server under load while its database is killed and started again. `scripts/outage` does it more often.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::json;
use tokio::sync::Notify;

use crate::{PASSWORD, Running, free_port, http::Http, login, patient_login};

/// Requests at once.
const CLIENTS: usize = 4;

/// A PostgreSQL of this test alone.
struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// Makes and starts one, if its programs are here.
    fn start() -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
        let programs = programs.filter(|path| path.join("initdb").exists()).max()?;
        let postgres = Self { programs, folder: tempfile::tempdir().unwrap(), port: free_port() };
        if is_root() {
            // PostgreSQL does not run as root.
            let owner = Command::new("chown").arg("postgres").arg(postgres.folder.path()).status().unwrap();
            assert!(owner.success());
        }
        let data = postgres.data();
        let made = postgres.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "--no-sync"]);
        assert!(made, "initdb fails");
        assert!(postgres.serve(), "it does not start");
        Some(postgres)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let command = command.args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    /// Whether it runs now.
    fn serve(&self) -> bool {
        let (data, folder) = (self.data(), self.folder.path().display());
        let options = format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}", self.port);
        self.run("pg_ctl", &["-D", &data, "-w", "-l", &format!("{folder}/log"), "-o", &options, "start"])
    }

    /// Kills it as a crash does, and starts it again: `between` runs while it is gone.
    async fn kill(&self, between: impl AsyncFn()) {
        let pid = fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        let killed = Command::new("kill").args(["-KILL", pid.lines().next().unwrap()]).status().unwrap();
        assert!(killed.success());
        between().await;
        // Its processes notice one after the other that it is gone; until then a new one is refused.
        assert!((0..20).any(|_| self.serve()), "it does not start again");
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
        if is_root() {
            let _left = Command::new("chown").arg("-R").arg("root").arg(self.folder.path()).status();
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// How often an answer came.
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

    /// Waits until there are `more` of one of them.
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
}

/// Registers people and logs them in until it is told to stop; answers who was registered.
async fn load(client: usize, http: Http, counts: Arc<Counts>, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let email = format!("{client}.{number}@camelot.bt");
        let answer = http.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await;
        match answer.status.as_u16() {
            201 => {
                counts.count(&counts.registered);
                acknowledged.push(email.clone());
            }
            503 => {
                counts.count(&counts.unavailable);
                continue;
            }
            _ => panic!("{email}: {answer:?}"),
        }
        let answer = login(&http, if number % 2 == 0 { "jwt" } else { "db" }, &email, PASSWORD).await;
        match answer.status.as_u16() {
            200 => counts.count(&counts.logged_in),
            503 => counts.count(&counts.unavailable),
            _ => panic!("{email}: {answer:?}"),
        };
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_the_death_of_the_database() {
    let Some(postgres) = Postgres::start() else {
        assert!(!env::var("REQUIRE_SERVICES").is_ok_and(|value| value == "1"), "PostgreSQL's programs are not here");
        println!("left out: PostgreSQL's programs are not here");
        return;
    };
    let kills: usize = env::var("OUTAGE_KILLS").map_or(1, |kills| kills.parse().unwrap());
    let running = Running::start(&postgres.url());
    let (counts, stop) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(load(client, Http::at(running.address), Arc::clone(&counts), Arc::clone(&stop))))
        .collect();
    for _ in 0..kills {
        counts.more(&counts.registered, 5).await;
        postgres.kill(async || counts.more(&counts.unavailable, CLIENTS).await).await;
        // It recovers by itself.
        counts.more(&counts.logged_in, 5).await;
    }
    stop.store(true, Ordering::Relaxed);
    let http = Http::at(running.address);
    let mut acknowledged = 0;
    for client in clients {
        for email in client.await.unwrap() {
            let answer = patient_login(&http, "db", &email, PASSWORD).await;
            assert_eq!(answer.status, 200, "{email} was registered: {answer:?}");
            acknowledged += 1;
        }
    }
    println!(
        "{kills} times killed: {acknowledged} registrations acknowledged, all of them there; {} logins, {} answers 503, no other failure",
        counts.logged_in.load(Ordering::Relaxed),
        counts.unavailable.load(Ordering::Relaxed),
    );
    let (status, _complaints) = running.stop();
    assert!(status.success(), "{status}");
}
