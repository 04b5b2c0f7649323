//! Counts the instructions of single requests with callgrind, on SQLite, and compares them with recorded ones:
//! `instructions [--record]`. It needs valgrind.
//!
//! A count depends on the compiler, but hardly on the machine and its load. A request of axum-users may need 5 percent more than
//! the recorded count; if another compiler recorded it, the limit is scaled by the change of the hand-written service since then.

use std::{env, fs, io, path::Path, process::Stdio};

use axum_users_benches::{
    client::Connection,
    server::{Server, me, rename},
};
use tokio::process::Command;

/// The requests of one round.
const REQUESTS: u64 = 100;
/// Of this many rounds the one with the fewest instructions is used: the others contain background work, such as
/// checkpoints of SQLite.
const ROUNDS: usize = 7;
/// The maximum ratio of a count to the recorded one.
const LIMIT: f64 = 1.05;
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
const PROFILE: &str = if cfg!(debug_assertions) { "development" } else { "release" };

#[derive(Clone, Copy)]
enum Kind {
    Jwt,
    Session,
    Patch,
}

const KINDS: [(Kind, &str); 3] = [(Kind::Jwt, "me-jwt"), (Kind::Session, "me-session"), (Kind::Patch, "patch-jwt")];

/// The instructions of one kind of request.
struct Count {
    kind: &'static str,
    own: u64,
    by_hand: u64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let record = env::args().any(|argument| argument == "--record");
    let (own, by_hand) = (count("candidate", 8713).await?, count("baseline", 8714).await?);
    let counts: Vec<Count> = KINDS
        .iter()
        .zip(own.into_iter().zip(by_hand))
        .map(|((_, kind), (own, by_hand))| Count { kind, own, by_hand })
        .collect();
    let recorded = fs::read_to_string(RECORDED)?;
    let compiler = compiler().await?;
    let is_same = recorded.lines().any(|line| *line == format!("{PROFILE} {compiler}"));
    let mut grown = Vec::new();
    for Count { kind, own, by_hand } in &counts {
        let ratio = *own as f64 / *by_hand as f64;
        match find(&recorded, kind) {
            Some((old_own, old_by_hand)) => {
                let change = if is_same { 1.0 } else { *by_hand as f64 / old_by_hand as f64 };
                let growth = *own as f64 / (old_own as f64 * change);
                println!(
                    "{kind}: {own} instructions, {ratio:.2} of the hand-written service's {by_hand}; {growth:.3} of the record"
                );
                if growth > LIMIT {
                    grown.push(*kind);
                }
            }
            None if record => {
                println!("{kind}: {own} instructions, {ratio:.2} of the hand-written service's {by_hand}")
            }
            None => return Err(io::Error::other(format!("{RECORDED} has no {kind} of the profile {PROFILE}"))),
        }
    }
    if record {
        return fs::write(RECORDED, with(&recorded, &compiler, &counts));
    }
    if grown.is_empty() {
        return Ok(());
    }
    let message = format!(
        "more than {LIMIT} times the recorded instructions for {}; if that is worth it, run scripts/bench --instructions --record",
        grown.join(", ")
    );
    Err(io::Error::other(message))
}

/// Returns the version of the compiler.
async fn compiler() -> io::Result<String> {
    let output = Command::new("rustc").arg("--version").output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns the recorded counts of a kind of request.
fn find(recorded: &str, kind: &str) -> Option<(u64, u64)> {
    recorded.lines().find_map(|line| {
        let [profile, name, own, by_hand] = *line.split_whitespace().collect::<Vec<_>>() else { return None };
        (profile == PROFILE && name == kind).then_some((own.parse().ok()?, by_hand.parse().ok()?))
    })
}

/// Returns the record with these counts instead of the earlier ones of this profile.
fn with(recorded: &str, compiler: &str, counts: &[Count]) -> String {
    let others = recorded.lines().filter(|line| !line.starts_with(PROFILE));
    let new = counts.iter().map(|Count { kind, own, by_hand }| format!("{PROFILE} {kind} {own} {by_hand}"));
    others.map(str::to_owned).chain([format!("{PROFILE} {compiler}")]).chain(new).map(|line| line + "\n").collect()
}

/// Returns the instructions of each kind of request to a server.
async fn count(name: &'static str, port: u16) -> io::Result<Vec<u64>> {
    // Next to the programs instead of in the folder for temporary files, which may be in memory: SQLite does less for a
    // file there.
    let programs = env::current_exe()?;
    let folder = tempfile::tempdir_in(programs.parent().unwrap_or(Path::new(".")))?;
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("bench.db").display());
    let out = format!("--callgrind-out-file={}", folder.path().join("out").display());
    let command = ["valgrind", "--quiet", "--tool=callgrind", &out];
    let server = Server::start_on(name, port, &url, folder, &command).await?;
    let email = "arthur@camelot.bt";
    let (jwt, session) = (server.member_of("jwt", email).await?, server.member_of("db", email).await?);
    let mut counts = Vec::new();
    for (kind, _) in KINDS {
        let token = if matches!(kind, Kind::Session) { &session } else { &jwt };
        let mut client = Client { connection: Connection::open(&server.address).await?, kind, token, sent: 0 };
        client.send(REQUESTS).await?;
        let mut fewest = u64::MAX;
        for _ in 0..ROUNDS {
            client.tell(&server, "zero").await?;
            let before = client.sent;
            client.send(REQUESTS).await?;
            client.tell(&server, &format!("dump {name}")).await?;
            fewest = fewest.min(dumped(server.process()?.1)? / (client.sent - before));
        }
        counts.push(fewest);
    }
    Ok(counts)
}

/// Sends one kind of request, one after the other.
struct Client<'a> {
    connection: Connection,
    kind: Kind,
    token: &'a str,
    sent: u64,
}

impl Client<'_> {
    async fn send(&mut self, requests: u64) -> io::Result<()> {
        for _ in 0..requests {
            self.sent += 1;
            let request = match self.kind {
                Kind::Patch => rename(self.token, &format!("Knight {}", self.sent)),
                Kind::Jwt | Kind::Session => me(self.token),
            };
            let status = self.connection.call(&request).await?.status;
            if status != 200 {
                return Err(io::Error::other(format!("status {status}")));
            }
        }
        Ok(())
    }

    /// Sends a command to callgrind, which executes it during one of the requests that are sent meanwhile. The
    /// alternative, interrupting a waiting program, makes version 3.19 abort.
    async fn tell(&mut self, server: &Server, command: &str) -> io::Result<()> {
        let id = server.process()?.0;
        let mut told = Command::new("vgdb")
            .args(["--max-invoke-ms=0", &format!("--pid={id}")])
            .args(command.split(' '))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        loop {
            self.send(1).await?;
            if let Some(status) = told.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    Err(io::Error::other(format!("vgdb {command}: {status}")))
                };
            }
        }
    }
}

/// Returns the sum of the newest dump in this folder, and removes it.
fn dumped(folder: &Path) -> io::Result<u64> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("out.")) {
            continue;
        }
        let dump = fs::read_to_string(&path)?;
        let total = dump.lines().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok());
        fs::remove_file(path)?;
        return total.ok_or_else(|| io::Error::other("a dump without a sum"));
    }
    Err(io::Error::other("callgrind has written no dump"))
}
