//! A server under measurement: a separate process with its own database.

use std::{
    fs, io,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::client::{Connection, Response, request};

/// A running server.
pub struct Server {
    /// The name in the report.
    pub name: &'static str,
    /// The address.
    pub address: String,
    child: Child,
    command: Vec<String>,
    url: String,
    folder: TempDir,
}

impl Server {
    /// Starts the program `name` in the folder of this one, with a new SQLite file.
    pub async fn start(name: &'static str, port: u16) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("bench.db").display());
        Self::start_on(name, port, &url, folder, &[]).await
    }

    /// Starts the program `name` in the folder of this one, by this command, for instance `taskset`, or without one.
    /// The folder exists as long as the server.
    pub async fn start_on(
        name: &'static str,
        port: u16,
        url: &str,
        folder: TempDir,
        command: &[&str],
    ) -> io::Result<Self> {
        let program = std::env::current_exe()?.with_file_name(name);
        let program = program.to_str().ok_or_else(|| io::Error::other("the path of the program is not text"))?;
        Self::start_command(name, port, url, folder, &[command, &[program]].concat()).await
    }

    /// Starts a command that listens at `BIND` with the database `DATABASE_URL`.
    pub async fn start_command(
        name: &'static str,
        port: u16,
        url: &str,
        folder: TempDir,
        command: &[&str],
    ) -> io::Result<Self> {
        let address = format!("127.0.0.1:{port}");
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let child = spawn(&command, &address, url)?;
        let server = Self { name, address, child, command, url: url.to_owned(), folder };
        server.poll(async || Connection::open(&server.address).await.is_ok()).await?;
        Ok(server)
    }

    /// Stops the process and starts it again on the same database. Returns the time until the first response with status 200 to
    /// this request.
    pub async fn restart(&mut self, request: &[u8]) -> io::Result<Duration> {
        let (id, _) = self.process()?;
        Command::new("kill").arg(id.to_string()).status().await?;
        self.child.wait().await?;
        let start = Instant::now();
        self.child = spawn(&self.command, &self.address, &self.url)?;
        self.poll(async || match Connection::open(&self.address).await {
            Ok(mut connection) => connection.call(request).await.is_ok_and(|response| response.status == 200),
            Err(_) => false,
        })
        .await?;
        Ok(start.elapsed())
    }

    /// Waits until the server is ready.
    async fn poll(&self, is_ready: impl AsyncFn() -> bool) -> io::Result<()> {
        let start = Instant::now();
        while !is_ready().await {
            if start.elapsed() > Duration::from_secs(120) {
                return Err(io::Error::other(format!("{} does not respond", self.name)));
            }
            // A hundredth of the time, so that waiting takes no time from the start.
            tokio::time::sleep((start.elapsed() / 100).max(Duration::from_millis(1))).await;
        }
        Ok(())
    }

    /// Returns the id of the process, and the folder of its files.
    pub fn process(&self) -> io::Result<(u32, &Path)> {
        let id = self.child.id().ok_or_else(|| io::Error::other("the server has stopped"))?;
        Ok((id, self.folder.path()))
    }

    /// Registers a user, logs in and returns the access token.
    pub async fn member(&self, email: &str) -> io::Result<String> {
        self.member_of("jwt", email).await
    }

    /// Registers a user, unless there is one, logs in by this backend and returns the token.
    pub async fn member_of(&self, backend: &str, email: &str) -> io::Result<String> {
        let body = format!(r#"{{"email":"{email}","password":"a long sword","full_name":"Arthur"}}"#);
        self.call(&request("POST", "/auth/register", "content-type: application/json\r\n", &body)).await?;
        let response = self.call(&login_by(backend, email)).await?;
        if response.status != 200 {
            return Err(io::Error::other(format!("the login returned {}", response.status)));
        }
        let response: serde_json::Value = serde_json::from_slice(&response.body).map_err(io::Error::other)?;
        Ok(response["access_token"].as_str().unwrap_or_default().to_owned())
    }

    /// Sends a request, and again if no thread was free to hash: a busy machine or callgrind makes hashing slow.
    async fn call(&self, sent: &[u8]) -> io::Result<Response> {
        for _ in 0..20 {
            let response = Connection::open(&self.address).await?.call(sent).await?;
            if response.status != 503 {
                return Ok(response);
            }
        }
        Err(io::Error::other("the service is busy all the time"))
    }

    /// Returns the CPU time used so far, user and system.
    pub fn cpu(&self) -> io::Result<Duration> {
        let stat = self.proc("stat")?;
        // Fields 14 and 15 in ticks of 10 ms. The name before them may contain spaces but ends at the last parenthesis.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        Ok(Duration::from_millis(10 * (ticks(11) + ticks(12))))
    }

    /// Returns the resident memory in MiB: current and peak.
    pub fn memory(&self) -> io::Result<(f64, f64)> {
        let status = self.proc("status")?;
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
        };
        Ok((value("VmRSS:"), value("VmHWM:")))
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        let (id, _) = self.process()?;
        fs::read_to_string(Path::new("/proc").join(id.to_string()).join(file))
    }
}

fn spawn(command: &[String], address: &str, url: &str) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or_else(|| io::Error::other("no command"))?;
    let mut command = Command::new(program);
    command.args(arguments).env("BIND", address).env("DATABASE_URL", url);
    command.stdout(Stdio::null()).kill_on_drop(true).spawn()
}

/// Formats a login request.
pub fn login(email: &str) -> Vec<u8> {
    login_by("jwt", email)
}

fn login_by(backend: &str, email: &str) -> Vec<u8> {
    let body = format!("username={}&password=a+long+sword", email.replace('@', "%40"));
    request("POST", &format!("/auth/{backend}/login"), "content-type: application/x-www-form-urlencoded\r\n", &body)
}

/// Formats a `GET /users/me` request.
pub fn me(token: &str) -> Vec<u8> {
    request("GET", "/users/me", &format!("authorization: Bearer {token}\r\n"), "")
}

/// Formats a `PATCH /users/me` request that gives the user another name.
pub fn rename(token: &str, name: &str) -> Vec<u8> {
    let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    request("PATCH", "/users/me", &headers, &format!(r#"{{"full_name":"{name}"}}"#))
}
