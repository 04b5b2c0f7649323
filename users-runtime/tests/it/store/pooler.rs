//! PgBouncer: modes and versions that work, and those that cannot work and are refused at the start.
//!
//! The program is at `TEST_PGBOUNCER` or in the path. Without it these tests are skipped with a message; with
//! `REQUIRE_SERVICES=1` they fail.

use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use users_runtime::store::{SqlStore, UserStore};

use crate::store::{
    every_write::{Write, by_email},
    servers::{Server, TempDatabase},
    support::account,
    users::{User, user},
};

/// The first version that supports prepared statements in transaction mode.
const SUPPORTED: (u32, u32) = (1, 21);

/// A running PgBouncer, by default in transaction mode.
struct PgBouncer {
    process: Child,
    port: u16,
    folder: PathBuf,
    version: (u32, u32),
}

impl PgBouncer {
    /// Returns the program and its version, or `None` if it is not installed.
    fn installed() -> Option<(PathBuf, (u32, u32))> {
        let given = env::var_os("TEST_PGBOUNCER").map(PathBuf::from);
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let program = given.or_else(|| folders.map(|folder| folder.join("pgbouncer")).find(|file| file.is_file()));
        let Some(program) = program else {
            assert_ne!(env::var("REQUIRE_SERVICES").as_deref(), Ok("1"), "PgBouncer is not installed");
            eprintln!("skipped: PgBouncer is not installed");
            return None;
        };
        let text = Command::new(&program).arg("--version").output().ok()?.stdout;
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let mut number = || numbers.next().and_then(|number| number.parse().ok());
        Some((program, (number()?, number()?)))
    }

    /// Starts one before the PostgreSQL of the tests, with these further settings.
    async fn before_postgres(settings: &str) -> Option<Self> {
        let (program, version) = Self::installed()?;
        let address = Server::Postgres.address().await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = env::temp_dir().join(format!("axum-users-pgbouncer-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let config = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={} port={} user=postgres pool_size=4\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n{settings}\n",
            address.ip(),
            address.port(),
        );
        fs::write(&config, text).unwrap();
        // It refuses to run as root.
        let user = ["-u", "nobody"];
        let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        let process = Command::new(program)
            .args(user.iter().filter(|_| is_root))
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut bouncer = Self { process, port, folder, version };
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert_eq!(bouncer.process.try_wait().unwrap(), None, "PgBouncer has exited");
            tokio::task::yield_now().await;
        }
        Some(bouncer)
    }

    fn url(&self, database: &TempDatabase, options: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{}?sslmode=disable{options}", self.port, database.name)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _status = self.process.wait();
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

/// Returns the message with which a start is refused.
async fn refused(url: &str) -> String {
    SqlStore::<User>::connect(url).await.expect_err("a pooler that cannot work is refused").to_string()
}

#[tokio::test]
async fn a_pooler_without_prepared_statements_is_refused_at_the_start() {
    let Some(database) = Server::Postgres.database().await else { return };
    let ignore = "ignore_startup_parameters = extra_float_digits\nmax_client_conn = 50";
    let Some((_, version)) = PgBouncer::installed() else { return };
    let off = if version >= SUPPORTED { "\nmax_prepared_statements = 0" } else { "" };
    let Some(bouncer) = PgBouncer::before_postgres(&format!("{ignore}{off}")).await else { return };
    for _ in 0..3 {
        let text = refused(&bouncer.url(&database, "")).await;
        assert!(text.contains("max_prepared_statements") && text.contains("1.21"), "{text}");
        assert!(!text.contains("postgres@"), "{text}");
    }
    let text = refused(&bouncer.url(&database, "&statement-cache-capacity=0")).await;
    assert!(text.contains("statement-cache-capacity=0"), "{text}");
}

#[tokio::test]
async fn a_pooler_that_refuses_the_startup_parameters_is_refused_with_the_setting() {
    let Some(database) = Server::Postgres.database().await else { return };
    let Some(bouncer) = PgBouncer::before_postgres("").await else { return };
    let text = refused(&bouncer.url(&database, "")).await;
    assert!(text.contains("ignore_startup_parameters = extra_float_digits"), "{text}");
}

#[tokio::test]
async fn a_pooler_in_session_mode_works() {
    let Some(database) = Server::Postgres.database().await else { return };
    let settings = "ignore_startup_parameters = extra_float_digits\npool_mode = session\ndefault_pool_size = 20";
    let Some(bouncer) = PgBouncer::before_postgres(settings).await else { return };
    works(&bouncer.url(&database, "")).await;
}

#[tokio::test]
async fn a_pooler_with_prepared_statements_works() {
    let Some(database) = Server::Postgres.database().await else { return };
    let settings = "ignore_startup_parameters = extra_float_digits\nmax_prepared_statements = 200";
    let Some((_, version)) = PgBouncer::installed() else { return };
    if version < SUPPORTED {
        eprintln!("skipped: PgBouncer {}.{} does not support prepared statements", version.0, version.1);
        return;
    }
    let Some(bouncer) = PgBouncer::before_postgres(settings).await else { return };
    assert_eq!(bouncer.version, version);
    works(&bouncer.url(&database, "")).await;
}

/// Migrates, from two instances at once, and runs every write.
async fn works(url: &str) {
    let store = SqlStore::<User>::connect(url).await.unwrap();
    let other = SqlStore::<User>::connect(url).await.unwrap();
    let (first, second) = tokio::join!(store.migrate(), other.migrate());
    first.unwrap();
    second.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
    store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    for (number, write) in (1..).zip(Write::ALL) {
        let about = write.prepare(&store, number).await;
        write.run(&store, &about).await.unwrap_or_else(|error| panic!("{write:?}: {error:?}"));
        assert!(write.is_stored(&other, &about).await, "{write:?}");
    }
    assert!(by_email(&other, "arthur@camelot.bt").await.is_some());
}
