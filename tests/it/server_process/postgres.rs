//! A PostgreSQL of one test alone, to be killed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::free_port;

/// A PostgreSQL of this test alone.
pub struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// Makes and starts one. Without its programs the test is left out, or fails where services are required.
    pub fn start() -> Option<Self> {
        let here = Self::start_if_here();
        if here.is_none() {
            assert!(
                !env::var("REQUIRE_SERVICES").is_ok_and(|value| value == "1"),
                "PostgreSQL's programs are not here"
            );
            println!("left out: PostgreSQL's programs are not here");
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
    pub async fn kill(&self, between: impl AsyncFn()) {
        let pid = fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        let killed = Command::new("kill").args(["-KILL", pid.lines().next().unwrap()]).status().unwrap();
        assert!(killed.success());
        between().await;
        // Its processes notice one after the other that it is gone; until then a new one is refused.
        assert!((0..20).any(|_| self.serve()), "it does not start again");
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
