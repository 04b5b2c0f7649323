//! Runs `examples/server.rs` as a process on each database: it creates or adopts its tables, serves over real HTTP and
//! stops cleanly on SIGTERM.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
};

use serde_json::json;

#[path = "../../../examples/server.rs"]
mod server;

mod by_mail;
mod front_ends;
mod full_disk;
#[cfg(feature = "totp")]
mod mfa;
mod nodes;
#[cfg(feature = "oauth")]
mod oauth;
mod outage;
#[cfg(feature = "passkeys")]
mod passkeys;
mod postgres;
mod refresh;
mod start;

use crate::{
    http::{Http, Response},
    servers::Server,
};

const PASSWORD: &str = "a long sword of steel";
/// The hash of `guinevere` as fastapi-users stores it.
const HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ";
const SECRET: &str = "q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E";

/// The entry point of the server process: the other tests run this test binary with `BIND` set.
#[test]
fn the_server() {
    if env::var_os("EXIT").is_some() {
        // The process ends with the exit code of the server instead of that of the test.
        let failed = format!("{:?}", server::main()) != format!("{:?}", ExitCode::SUCCESS);
        std::process::exit(i32::from(failed));
    }
    if env::var_os("BIND").is_some() {
        assert_eq!(format!("{:?}", server::main()), format!("{:?}", ExitCode::SUCCESS));
    }
}

/// Returns a currently free port.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server process that is killed on drop.
struct Running {
    process: Child,
    address: SocketAddr,
}

impl Running {
    fn start(database: &str, redis: Option<&str>) -> Self {
        Self::start_with(Command::new(env::current_exe().unwrap()), database, redis)
    }

    /// Starts the server by a command that passes its arguments on to this test binary.
    fn start_with(command: Command, database: &str, redis: Option<&str>) -> Self {
        let port = free_port();
        let redis: Vec<_> = redis.map(|url| ("REDIS_URL", url)).into_iter().collect();
        Self::at(command, &format!("127.0.0.1:{port}"), port, database, &redis)
    }

    /// Starts the server with this `BIND`, whose port is `port`, and with further variables.
    fn at(mut command: Command, bind: &str, port: u16, database: &str, variables: &[(&str, &str)]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut process = command
            .args(["--exact", "server_process::the_server", "--nocapture", "--test-threads=1"])
            .env_clear()
            .env("BIND", bind)
            .env("DATABASE_URL", database)
            .env("AUTH_SECRET", SECRET)
            .env("RUST_LOG", "warn")
            // All requests come from one address.
            .env("LIMITS", "off")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.as_mut().unwrap()).lines();
        let listens = format!("listening on http://{bind}");
        let is_up = lines.map_while(Result::ok).any(|line| line.ends_with(&listens));
        let mut running = Self { process, address };
        if !is_up {
            let mut complaints = String::new();
            running.process.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
            panic!("the server does not start: {complaints}");
        }
        // The line is printed just before the server listens.
        while TcpStream::connect(address).is_err() {
            std::thread::yield_now();
        }
        running
    }

    /// Sends SIGTERM and returns the exit status and the error output.
    fn stop(mut self) -> (ExitStatus, String) {
        let signalled = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(signalled.success());
        let status = self.process.wait().unwrap();
        let mut complaints = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        (status, complaints)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `stop` the process has already ended.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

async fn login(http: &Http, backend: &str, email: &str, password: &str) -> Response {
    http.post(&format!("/auth/{backend}/login")).form(&[("username", email), ("password", password)]).send().await
}

/// Logs in like [`login`] and retries while the server sheds load, as clients do.
async fn patient_login(http: &Http, backend: &str, email: &str, password: &str) -> Response {
    for _ in 0..20 {
        let response = login(http, backend, email, password).await;
        if response.status != 503 {
            return response;
        }
    }
    login(http, backend, email, password).await
}

/// Starts the server, uses it, stops it, and starts it again on the same data.
async fn walk(what: &str, url: &str) {
    let mut email = "arthur@camelot.bt";
    for round in ["on an empty database", "on its own tables"] {
        let running = Running::start(url, None);
        let http = Http::at(running.address);
        let registered = http.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await;
        assert_eq!(registered.status, 201, "{what} {round}: {registered:?}");
        for backend in ["jwt", "db"] {
            let what = format!("{what} {round}, {backend}");
            let response = patient_login(&http, backend, "Arthur@camelot.BT", PASSWORD).await;
            assert_eq!(response.status, 200, "{what}: {response:?}");
            let token = response.json()["access_token"].as_str().unwrap().to_owned();
            let me = http.get("/users/me").bearer(&token).send().await;
            assert_eq!((me.status.as_u16(), &me.json()["email"]), (200, &json!("arthur@camelot.bt")), "{what}");
            let name = json!({ "first_name": format!("Árthur 漢 of {backend}") });
            let changed = http.patch("/users/me").bearer(&token).json(name.clone()).send().await;
            assert_eq!((changed.status.as_u16(), &changed.json()["first_name"]), (200, &name["first_name"]), "{what}");
            let out = http.post(&format!("/auth/{backend}/logout")).bearer(&token).send().await;
            assert_eq!(out.status, 204, "{what}: {out:?}");
            assert_eq!(http.get("/users/me").bearer(&token).send().await.status, 401, "{what}");
        }
        let twin = http.post("/auth/register").json(json!({ "email": "ARTHUR@camelot.bt", "password": PASSWORD }));
        assert_eq!(twin.send().await.status, 400, "{what} {round}");

        let address = running.address;
        let (status, complaints) = running.stop();
        assert!(status.success(), "{what} {round}: {status}");
        assert_eq!(complaints, "", "{what} {round}");
        assert!(TcpStream::connect(address).is_err(), "{what} {round}: the server still listens");
        email = "mordred@camelot.bt";
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_runs_on_sqlite_and_stops_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    walk("SQLite", &format!("sqlite://{}?mode=rwc", folder.path().join("server.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_runs_on_postgres_and_mysql_and_stops_on_sigterm() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        walk(&format!("{server:?}"), &database.url()).await;
    }
}

/// Runs the server on tables of fastapi-users with a user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_adopts_existing_tables() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let (table, id) = match server {
            Server::Postgres => ("\"user\"", "UUID"),
            Server::Mysql => ("`user`", "CHAR(36)"),
        };
        let made = format!(
            "CREATE TABLE {table} (id {id} NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, \
             is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id)); \
             CREATE UNIQUE INDEX ix_user_email ON {table} (email); \
             INSERT INTO {table} VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'King.Arthur@camelot.bt', '{HASH}', TRUE, \
             FALSE, TRUE)"
        );
        database.run(&made).await;
        let running = Running::start(&database.url(), None);
        let http = Http::at(running.address);
        let response = patient_login(&http, "jwt", "king.arthur@camelot.bt", "guinevere").await;
        assert_eq!(response.status, 200, "{server:?}: {response:?}");
        let token = response.json()["access_token"].as_str().unwrap().to_owned();
        let me = http.get("/users/me").bearer(&token).send().await.json();
        assert_eq!(me["id"], "bdfc2b97-4876-4210-9dba-158745062fcd", "{server:?}");
        assert_eq!(me["first_name"], json!(null), "{server:?}");
        let (status, complaints) = running.stop();
        assert!(status.success() && complaints.is_empty(), "{server:?}: {status} {complaints}");
    }
}
