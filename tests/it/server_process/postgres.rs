//! A private PostgreSQL server that a test can kill.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::free_port;

/// A private PostgreSQL server.
pub struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// Creates and starts a server. Without its programs the test is skipped, or fails with `REQUIRE_SERVICES=1`.
    pub fn start() -> Option<Self> {
        let here = Self::start_if_here();
        if here.is_none() {
            assert!(
                !env::var("REQUIRE_SERVICES").is_ok_and(|value| value == "1"),
                "the programs of PostgreSQL are not installed"
            );
            println!("skipped: the programs of PostgreSQL are not installed");
        }
        here
    }

    fn start_if_here() -> Option<Self> {
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
        assert!(postgres.serve(), "the server does not start");
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

    /// Starts the server and returns whether it runs.
    fn serve(&self) -> bool {
        let (data, folder) = (self.data(), self.folder.path().display());
        let options = format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}", self.port);
        self.run("pg_ctl", &["-D", &data, "-w", "-l", &format!("{folder}/log"), "-o", &options, "start"])
    }

    /// Kills the server as a crash does and restarts it; `between` runs while it is down.
    pub async fn kill(&self, between: impl AsyncFn()) {
        let pid = fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        let killed = Command::new("kill").args(["-KILL", pid.lines().next().unwrap()]).status().unwrap();
        assert!(killed.success());
        between().await;
        // The backend processes exit one after the other, and a new server is refused until then.
        assert!((0..20).any(|_| self.serve()), "the server does not restart");
    }

    pub fn url(&self) -> String {
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
