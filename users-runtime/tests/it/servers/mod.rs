//! Temporary databases on real servers.
//!
//! `tests/it` includes this file by its path. The servers are at `TEST_POSTGRES_URL` and `TEST_MYSQL_URL`, or at their default
//! ports on this machine. An unavailable server is skipped with a message, or a failure with `REQUIRE_SERVICES=1`.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "each test file uses a part of this module and prints what it skips"
)]

pub mod proxy;

use std::{
    env, fmt,
    net::SocketAddr,
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, Row};

/// Repeats a first connection, for settings that wait for less time than a busy machine may need.
pub async fn until_connected<T, E: fmt::Debug>(mut connect: impl AsyncFnMut() -> Result<T, E>) -> T {
    for _ in 0..100 {
        if let Ok(connected) = connect().await {
            return connected;
        }
    }
    connect().await.unwrap()
}

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Postgres,
    Mysql,
}

impl Server {
    pub const ALL: [Self; 2] = [Self::Postgres, Self::Mysql];

    /// Returns the URL of the server with an existing database.
    fn url(self) -> String {
        let (variable, usual) = match self {
            Self::Postgres => ("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
            Self::Mysql => ("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306"),
        };
        env::var(variable).ok().filter(|url| !url.is_empty()).unwrap_or_else(|| usual.to_owned())
    }

    /// Returns the address of the server.
    pub async fn address(self) -> SocketAddr {
        let url = self.url();
        let authority = url.split_once("://").unwrap().1.split(['/', '?']).next().unwrap();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let usual = if self == Self::Postgres { 5432 } else { 3306 };
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:{usual}") };
        tokio::net::lookup_host(host).await.unwrap().next().unwrap()
    }

    /// Runs statements on the server as its administrator.
    async fn administrate(self, sql: &str) -> Result<(), sqlx::Error> {
        run(self, &self.url(), sql).await
    }

    /// Returns an empty temporary database, or `None` if the server is unavailable.
    pub async fn database(self) -> Option<TempDatabase> {
        if self == Self::Postgres
            && let Some(name) = Reused::lend()
        {
            return Some(TempDatabase { server: self, name, is_reused: true });
        }
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        #[allow(clippy::disallowed_methods, reason = "a name that is unique to this run")]
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("axum_users_{}_{number}_{:x}", std::process::id(), time & 0xffff_ffff);
        match self.administrate(&format!("CREATE DATABASE {name}")).await {
            Ok(()) => {
                let is_reused = self == Self::Postgres;
                if is_reused {
                    Reused::count_one();
                }
                Some(TempDatabase { server: self, name, is_reused })
            }
            Err(error) if env::var("REQUIRE_SERVICES").is_ok_and(|value| value == "1") => {
                panic!("REQUIRE_SERVICES=1 and {self:?} is unavailable: {error}")
            }
            Err(error) => {
                println!("skipped: {self:?} is unavailable: {error}");
                None
            }
        }
    }
}

async fn run(server: Server, url: &str, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    match server {
        Server::Postgres => {
            let mut connection = connect_to_postgres(url).await?;
            connection.execute(sqlx::raw_sql(sql)).await?;
            connection.close().await
        }
        Server::Mysql => {
            let mut connection = MySqlConnection::connect(url).await?;
            connection.execute(sqlx::raw_sql(sql)).await?;
            connection.close().await
        }
    }
}

/// Connects, and again while the server has no free connection (53300): those of other tests end a moment after they were
/// closed.
async fn connect_to_postgres(url: &str) -> Result<PgConnection, sqlx::Error> {
    loop {
        match PgConnection::connect(url).await {
            Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("53300") => {}
            connected => return connected,
        }
    }
}

/// Runs tests of this binary, selected by `arguments`, in a process that uses the MySQL 8 at `TEST_MYSQL8_URL` instead of MariaDB.
pub fn pass_on_mysql_8(arguments: &[&str]) {
    let Some(url) = env::var_os("TEST_MYSQL8_URL").filter(|url| !url.is_empty()) else {
        eprintln!("skipped: TEST_MYSQL8_URL is not set, so MySQL 8 is not tested");
        return;
    };
    let program = env::current_exe().unwrap();
    for filter in arguments.iter().take_while(|argument| !argument.starts_with("--")) {
        let listed = Command::new(&program).args([filter, "--list"]).output().unwrap().stdout;
        assert!(String::from_utf8_lossy(&listed).contains(": test"), "no test is named {filter}");
    }
    let status = Command::new(program)
        .args(arguments)
        .env("REQUIRE_SERVICES", "1")
        .env("TEST_MYSQL_URL", url)
        .env_remove("TEST_MYSQL8_URL")
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

async fn cut_mysql_connections(url: &str) -> Result<usize, sqlx::Error> {
    const OTHERS: &str = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist \
                          WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    let mut connection = MySqlConnection::connect(url).await?;
    let mut others = connection.fetch_all(OTHERS).await?;
    let cut: Vec<i64> = others.iter().map(|other| other.get(0)).collect();
    for other in &cut {
        let kill = format!("KILL {other}");
        // The connection may already be closed.
        let _gone = connection.execute(sqlx::raw_sql(AssertSqlSafe(kill))).await;
    }
    while others.iter().any(|other| cut.contains(&other.get(0))) {
        others = connection.fetch_all(OTHERS).await?;
    }
    connection.close().await?;
    Ok(cut.len())
}

/// The databases of PostgreSQL that tests have emptied and returned. PostgreSQL copies all files of a template to create one, and
/// writes everything that waits to its disk to drop one. The last database in use drops those that were returned.
struct Reused {
    lent: usize,
    returned: Vec<String>,
}

static REUSED: Mutex<Reused> = Mutex::new(Reused { lent: 0, returned: Vec::new() });

impl Reused {
    fn lend() -> Option<String> {
        let mut reused = REUSED.lock().unwrap_or_else(PoisonError::into_inner);
        let name = reused.returned.pop()?;
        reused.lent += 1;
        Some(name)
    }

    fn count_one() {
        REUSED.lock().unwrap_or_else(PoisonError::into_inner).lent += 1;
    }

    /// Takes a database back, if it could be emptied, and returns the names of those to drop.
    fn take_back(name: Option<String>) -> Vec<String> {
        let mut reused = REUSED.lock().unwrap_or_else(PoisonError::into_inner);
        reused.lent -= 1;
        reused.returned.extend(name);
        if reused.lent == 0 { std::mem::take(&mut reused.returned) } else { Vec::new() }
    }
}

/// Ends the other connections to a database, and removes all that tests create in it.
const EMPTY: &str = "\
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid(); \
    DO $$ DECLARE name text; BEGIN \
        EXECUTE format('ALTER DATABASE %I RESET ALL', current_database()); \
        FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP \
            EXECUTE format('DROP SCHEMA %I CASCADE', name); \
        END LOOP; \
    END $$; \
    CREATE SCHEMA public";

/// A database that is dropped with this value, also after a panic.
pub struct TempDatabase {
    pub server: Server,
    pub name: String,
    is_reused: bool,
}

impl TempDatabase {
    /// Returns a database that a test has created in its own way.
    pub fn created(server: Server, name: String) -> Self {
        Self { server, name, is_reused: false }
    }

    pub fn url(&self) -> String {
        let server = self.server.url();
        let (before, authority) = server.split_once("://").unwrap();
        let (authority, options) = authority.split_once('?').map_or((authority, None), |(a, o)| (a, Some(o)));
        let host = authority.split('/').next().unwrap();
        let options = options.map(|options| format!("?{options}")).unwrap_or_default();
        format!("{before}://{host}/{}{options}", self.name)
    }

    /// Counts the rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let quote = if self.server == Server::Postgres { '"' } else { '`' };
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {quote}{table}{quote}"));
        match self.server {
            Server::Postgres => {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            Server::Mysql => {
                let mut connection = MySqlConnection::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// Terminates every connection to this database at the server, waits until they are closed, and returns their number.
    pub async fn cut_connections(&self) -> usize {
        // A connection that was used less than 10 ms ago is not pinged before a write.
        let rest = std::time::Duration::from_millis(10);
        let _rested = tokio::time::timeout(rest, std::future::pending::<()>()).await;
        match self.server {
            Server::Postgres => {
                const CUT: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                let cut = connection.fetch_all(CUT).await.unwrap().len();
                connection.close().await.unwrap();
                cut
            }
            Server::Mysql => cut_mysql_connections(&self.url()).await.unwrap(),
        }
    }

    /// Runs statements on a separate connection, and again if the server ends them to resolve a deadlock.
    pub async fn run(&self, sql: &str) {
        while let Err(error) = run(self.server, &self.url(), sql).await {
            let code = error.as_database_error().and_then(|refusal| refusal.code());
            assert!(code.is_some_and(|code| ["40P01", "40001"].contains(&&*code)), "{error}");
        }
    }
}

impl Drop for TempDatabase {
    fn drop(&mut self) {
        let (server, name, url, is_reused) = (self.server, self.name.clone(), self.url(), self.is_reused);
        // A separate thread, since this may run inside a runtime that is shutting down.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let names = match is_reused {
                    true if run(server, &url, EMPTY).await.is_ok() => Reused::take_back(Some(name)),
                    true => [vec![name], Reused::take_back(None)].concat(),
                    false => vec![name],
                };
                let mut force = " WITH (FORCE)";
                if server == Server::Mysql {
                    // A connection in an open transaction, which may be idle in a pool, would make the statement wait for it.
                    cut_mysql_connections(&url).await?;
                    force = "";
                }
                for name in names {
                    server.administrate(&format!("DROP DATABASE IF EXISTS {name}{force}")).await?;
                }
                Ok::<_, sqlx::Error>(())
            })
        });
        if let Ok(Err(error)) = dropping.join() {
            println!("{} was not dropped: {error}", self.name);
        }
    }
}
