//! A server under measurement: a separate process with its own database.

use std::{fs, io, path::Path, process::Stdio, time::Duration};

use tokio::process::{Child, Command};

use crate::client::{Connection, request};

/// A running server.
pub struct Server {
    /// The name in the report.
    pub name: &'static str,
    /// The address.
    pub address: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts the program `name` in the folder of this one.
    pub async fn start(name: &'static str, port: u16) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let program = std::env::current_exe()?.with_file_name(name);
        let address = format!("127.0.0.1:{port}");
        let child = Command::new(&program)
            .env("BIND", &address)
            .env("DATABASE", folder.path().join("bench.db"))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let server = Self { name, address, child, _folder: folder };
        for _ in 0..200 {
            if Connection::open(&server.address).await.is_ok() {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(io::Error::other(format!("{} does not listen", program.display())))
    }

    /// Registers a user, logs in and returns the token.
    pub async fn member(&self, email: &str) -> io::Result<String> {
        let mut connection = Connection::open(&self.address).await?;
        let body = format!(r#"{{"email":"{email}","password":"a long sword","full_name":"Arthur"}}"#);
        connection.call(&request("POST", "/auth/register", "content-type: application/json\r\n", &body)).await?;
        let response = connection.call(&login(email)).await?;
        let response: serde_json::Value = serde_json::from_slice(&response.body).map_err(io::Error::other)?;
        Ok(response["access_token"].as_str().unwrap_or_default().to_owned())
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
        let id = self.child.id().ok_or_else(|| io::Error::other("the server has stopped"))?;
        fs::read_to_string(Path::new("/proc").join(id.to_string()).join(file))
    }
}

/// Formats a login request.
pub fn login(email: &str) -> Vec<u8> {
    let body = format!("username={}&password=a+long+sword", email.replace('@', "%40"));
    request("POST", "/auth/jwt/login", "content-type: application/x-www-form-urlencoded\r\n", &body)
}

/// Formats a `GET /users/me` request.
pub fn me(token: &str) -> Vec<u8> {
    request("GET", "/users/me", &format!("authorization: Bearer {token}\r\n"), "")
}
