//! Errors while a service is built and migrated: they state the cause once and a remedy, and contain no secret.

use std::{error::Error as _, time::Duration};

use axum_users::{
    Backend, Error, Jwt, SecretKey, Users,
    error::Setting,
    store::{SqlStore, UserStore},
};

use crate::support::{SECRET, User};

/// Builds a service on a database and migrates it.
async fn start(url: &str) -> Result<Users<User>, Error> {
    let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap());
    let users = builder.database(url).backend(Backend::bearer("jwt", Jwt::new())).build().await?;
    users.migrate().await?;
    Ok(users)
}

/// Returns the text of the error of a start, which must be complete and without secrets in every form.
async fn error_of(url: &str) -> String {
    let error = start(url).await.expect_err(url);
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), text, "`main` prints the same");
    assert!(error.source().is_none(), "the text has the whole chain, so that nothing is printed twice");
    // The chain of the inner error contains nothing that the text lacks.
    if let Error::Store(inner) = &error {
        let mut source = inner.source();
        while let Some(error) = source {
            assert!(text.contains(&error.to_string()) || error.to_string().contains('@'), "{text}: {error}");
            source = error.source();
        }
    }
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!text.contains('\n'), "{text}");
    text
}

/// Asserts that a text has each part exactly once.
#[track_caller]
fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert_eq!(text.matches(part).count(), 1, "{part:?} in {text:?}");
    }
}

#[cfg(feature = "passkeys")]
#[tokio::test]
async fn passkeys_that_cannot_work_are_refused() {
    use axum_users::{Policy, passkeys::Passkeys};
    for (passkeys, public_url, policy, reason) in [
        (Passkeys::new(), None, Policy::recommended(), "passkeys belong to a domain: call .public_url"),
        (Passkeys::new(), Some("http://127.0.0.1:8000"), Policy::recommended(), "use https, or http://localhost:PORT"),
        (Passkeys::new().at_most(0), Some("https://camelot.bt"), Policy::recommended(), "would allow no passkey"),
        (Passkeys::new().relying_party("other.bt"), Some("https://camelot.bt"), Policy::recommended(), "or below it"),
        (Passkeys::new(), Some("https://camelot.bt"), Policy::fastapi_users(), "fastapi-users has no passkeys"),
    ] {
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap()).database("sqlite::memory:");
        let builder = builder.backend(Backend::bearer("jwt", Jwt::new())).policy(policy).passkeys(passkeys);
        let builder = public_url.into_iter().fold(builder, |builder, url| builder.public_url(url));
        let error = builder.build().await.expect_err(reason);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_as_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "not a database, and longer than the header of one: ".repeat(40)).unwrap();
    let text = error_of(&format!("sqlite:{}", file.display())).await;
    assert_contains(
        &text,
        &["the database is not available", "file is not a database", "check the path in the database URL"],
    );
    let text = error_of("sqlite:/no/such/folder/app.db?mode=rwc").await;
    assert!(text.contains("the SQLite file cannot be opened"), "{text}");
}

/// sqlx's pool has a time limit on tokio's clock, and a paused clock jumps to it.
#[tokio::test]
async fn a_paused_clock_is_named_as_the_cause() {
    // The only connection is in use, so the start has to wait, and the clock jumps.
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(30));
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let held = pool.acquire().await.unwrap();
    tokio::time::pause();
    let store = SqlStore::<User>::from_sqlite_pool(pool).unwrap();
    for error in [store.migrate().await.unwrap_err(), store.check_schema().await.unwrap_err()] {
        let text = Error::from(error).to_string();
        assert_contains(&text, &["the database is not available", "tokio's clock is paused", "UsersBuilder::clock"]);
    }
    drop(held);
}

#[tokio::test]
async fn an_error_of_a_setting_has_no_chain() {
    let Err(Error::Config(error)) = start("hunter2://user:hunter2@host/db").await else { panic!("refused") };
    assert_eq!(error.setting(), Setting::Database);
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[cfg(feature = "services")]
mod servers {
    use std::{
        io::{Read, Write},
        net::{Shutdown, TcpListener},
    };

    use super::{Duration, Error, SqlStore, User, UserStore as _, assert_contains, error_of, start};
    use crate::servers::Server;

    const SCHEMES: [(&str, Server); 2] = [("postgres", Server::Postgres), ("mysql", Server::Mysql)];

    /// Returns a URL of the server of a database with another user and password.
    async fn as_user(server: Server, user: &str, database: &str) -> String {
        let (scheme, _) = SCHEMES.into_iter().find(|(_, other)| *other == server).unwrap();
        format!("{scheme}://{user}:hunter2@{}/{database}", server.address().await)
    }

    #[tokio::test]
    async fn a_closed_port_and_an_unknown_host_are_told_apart() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for (scheme, _) in SCHEMES {
            let text = error_of(&format!("{scheme}://arthur:hunter2@127.0.0.1:{closed}/camelot")).await;
            assert_contains(
                &text,
                &["the database is not available", "onnection refused", "check the host and the port"],
            );
            let text = error_of(&format!("{scheme}://arthur:hunter2@no-such-host.invalid/camelot")).await;
            assert_contains(&text, &["the database is not available", "failed to lookup address", "misspelled"]);
        }
    }

    #[tokio::test]
    async fn a_missing_database_is_told() {
        for server in Server::ALL {
            let Some(database) = server.database().await else { continue };
            let url = database.url().replace(&database.name, "no_such_camelot");
            let text = error_of(&url).await;
            assert_contains(&text, &["the database is not available", "no_such_camelot", "CREATE DATABASE"]);
        }
    }

    #[tokio::test]
    async fn a_wrong_user_or_password_is_told() {
        for server in Server::ALL {
            let Some(database) = server.database().await else { continue };
            let text = error_of(&as_user(server, "mordred", &database.name).await).await;
            assert_contains(&text, &["the database is not available", "Check the user and the password"]);
        }
    }

    #[tokio::test]
    async fn a_user_who_may_not_create_tables_is_told_what_is_missing() {
        for server in Server::ALL {
            let Some(database) = server.database().await else { continue };
            let user = format!("limited_{}", &database.name[database.name.len() - 8..]);
            let (make, drop) = match server {
                Server::Postgres => {
                    (format!("CREATE ROLE {user} LOGIN PASSWORD 'hunter2'"), format!("DROP ROLE {user}"))
                }
                Server::Mysql => (
                    format!(
                        "CREATE USER {user}@'%' IDENTIFIED BY 'hunter2'; GRANT SELECT ON {}.* TO {user}@'%'",
                        database.name
                    ),
                    format!("DROP USER {user}@'%'"),
                ),
            };
            database.run(&make).await;
            let text = error_of(&as_user(server, &user, &database.name).await).await;
            database.run(&drop).await;
            assert_contains(&text, &["the database failed", "denied", "Grant the user", "SqlStore::creation"]);
        }
    }

    /// Responds to every connection like a PostgreSQL server that refuses it. Returns the port.
    fn refusing_postgres(code: &'static str, message: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut head = [0; 8];
                while stream.read_exact(&mut head).is_ok() {
                    if head[4..] == 80_877_103_u32.to_be_bytes() {
                        stream.write_all(b"N").unwrap(); // no TLS
                        continue;
                    }
                    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
                    let length = u32::try_from(fields.len() + 4).unwrap();
                    stream.write_all(b"E").unwrap();
                    stream.write_all(&length.to_be_bytes()).unwrap();
                    stream.write_all(fields.as_bytes()).unwrap();
                    stream.shutdown(Shutdown::Write).unwrap();
                    break;
                }
            }
        });
        port
    }

    #[tokio::test]
    async fn what_postgres_refuses_a_connection_for_is_told_with_the_remedy() {
        for (code, message, remedy) in [
            ("28P01", "password authentication failed for user \"arthur\"", "Check the user and the password"),
            ("28000", "no pg_hba.conf entry for host \"10.0.0.7\", user \"arthur\", no encryption", "sslmode=require"),
            ("3D000", "database \"camelot\" does not exist", "CREATE DATABASE"),
            ("42501", "permission denied for database \"camelot\"", "Grant the user CREATE"),
        ] {
            let port = refusing_postgres(code, message);
            let text = error_of(&format!("postgres://arthur:hunter2@127.0.0.1:{port}/camelot")).await;
            assert_contains(&text, &["the database is not available", message, remedy]);
        }
    }

    #[cfg(feature = "tls")]
    #[tokio::test]
    async fn a_server_without_tls_is_told() {
        let port = refusing_postgres("28000", "unreachable");
        let text = error_of(&format!("postgres://arthur:hunter2@127.0.0.1:{port}/camelot?sslmode=require")).await;
        assert_contains(&text, &["the database is not available", "server does not support TLS", "Check `sslmode`"]);
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_told() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let text = error_of(&format!("postgres://arthur:hunter2@127.0.0.1:{port}/camelot")).await;
        assert_contains(&text, &["the database is not available", "timed out", "The server does not answer"]);
    }

    #[cfg(feature = "redis")]
    #[tokio::test]
    async fn redis_says_why_it_cannot_be_reached() {
        use axum_users::Redis;

        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for (url, why) in [
            (format!("redis://:hunter2@127.0.0.1:{closed}"), "no server at this address"),
            ("redis://:hunter2@no-such-host.invalid".to_owned(), "failed to lookup address"),
        ] {
            let text = Redis::new(&url).unwrap().ping().await.unwrap_err().to_string();
            assert_contains(&text, &["Redis: ", why, "check the host and the port in the Redis URL"]);
            assert!(!text.contains("hunter2") && !text.contains("://:"), "{text}");
        }
        let Some(redis) = crate::redis_server::TestRedis::reach() else { return };
        let address = redis.url.split("://").nth(1).unwrap().split('/').next().unwrap().rsplit('@').next().unwrap();
        let text =
            Redis::new(&format!("redis://mordred:hunter2@{address}")).unwrap().ping().await.unwrap_err().to_string();
        assert_contains(&text, &["Redis: ", "check the user and the password in the Redis URL"]);
        assert!(!text.contains("hunter2"), "{text}");
    }

    /// A pool of the application connects when it is first used.
    #[tokio::test]
    async fn a_pool_of_the_application_says_why_it_cannot_connect() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let limit = Duration::from_millis(300);
        let postgres = sqlx::postgres::PgPoolOptions::new()
            .acquire_timeout(limit)
            .connect_lazy(&format!("postgres://arthur:hunter2@127.0.0.1:{closed}/camelot"))
            .unwrap();
        let mysql = sqlx::mysql::MySqlPoolOptions::new()
            .acquire_timeout(limit)
            .connect_lazy(&format!("mysql://arthur:hunter2@127.0.0.1:{closed}/camelot"))
            .unwrap();
        for store in
            [SqlStore::<User>::from_postgres_pool(postgres).unwrap(), SqlStore::from_mysql_pool(mysql).unwrap()]
        {
            for error in [store.migrate().await.unwrap_err(), store.check_schema().await.unwrap_err()] {
                let text = Error::from(error).to_string();
                assert_contains(
                    &text,
                    &["the database is not available", "onnection refused", "check the host and the port"],
                );
                assert!(!text.contains("hunter2"), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn a_database_that_can_be_used_starts() {
        for server in Server::ALL {
            let Some(database) = server.database().await else { continue };
            assert!(start(&database.url()).await.is_ok());
        }
    }
}

#[tokio::test]
async fn refresh_tokens_that_cannot_work_are_refused() {
    use axum_users::{DatabaseSessions, Policy, token::Refresh};

    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let jwt = |lifetime| Backend::bearer("jwt", Jwt::new().lifetime(lifetime));
    let build = async |backend: Backend, policy: Policy| {
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap()).database("sqlite::memory:");
        builder.backend(backend).policy(policy).build().await.map(drop).map_err(|error| error.to_string())
    };
    let recommended = Policy::recommended;
    let stored = || {
        let sessions = DatabaseSessions::new().lifetime(minutes(15)).at_most(5).idle(minutes(30));
        Backend::cookie("web", sessions)
    };
    assert_eq!(build(jwt(minutes(15)).refresh(Refresh::new()), recommended()).await, Ok(()));
    for refresh in [Refresh::new(), Refresh::new().at_most(5).idle(minutes(30))] {
        assert_eq!(build(stored().refresh(refresh), recommended()).await, Ok(()));
    }
    let default_idle = Backend::cookie("web", DatabaseSessions::new().lifetime(minutes(15)));
    let longer = Refresh::new().idle(minutes(24 * 60));
    assert_eq!(build(default_idle.refresh(longer), recommended()).await, Ok(()), "the default is no choice");
    for (backend, policy, said) in [
        (jwt(minutes(15)).refresh(Refresh::new()), Policy::fastapi_users(), "fastapi-users has no refresh tokens"),
        (jwt(minutes(15)).refresh(Refresh::new().lifetime(minutes(14))), recommended(), "live longer than its refresh"),
        (Backend::bearer("jwt", Jwt::new().never_expires()).refresh(Refresh::new()), recommended(), "live longer"),
        (jwt(minutes(1)).refresh(Refresh::new().lifetime(minutes(401 * 24 * 60))), recommended(), "at most 400 days"),
        (jwt(minutes(1)).refresh(Refresh::new().idle(Duration::ZERO)), recommended(), "at least a second"),
        (jwt(minutes(1)).refresh(Refresh::new().grace(minutes(2))), recommended(), "at most a minute"),
        (jwt(minutes(1)).refresh(Refresh::new().at_most(0)), recommended(), "at_most(0)"),
        (stored().refresh(Refresh::new().at_most(6)), recommended(), "than the user may have sessions"),
        (stored().refresh(Refresh::new().idle(minutes(31))), recommended(), "longer than that of the sessions"),
    ] {
        let refused = build(backend, policy).await.unwrap_err();
        assert_contains(&refused, &[said]);
    }
}

#[cfg(feature = "totp")]
#[tokio::test]
async fn second_factors_that_cannot_work_are_refused() {
    use axum_users::{Mfa, Policy};

    let build = async |mfa: Mfa<User>, policy: Policy| {
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap()).database("sqlite::memory:");
        let built = builder.backend(Backend::bearer("jwt", Jwt::new())).mfa(mfa).policy(policy).build().await;
        built.map(drop).map_err(|error| error.to_string())
    };
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    let recommended = Policy::recommended;
    for mfa in [Mfa::off(), Mfa::optional().issuer("Camelot").remember_devices(days(30)), Mfa::required()] {
        assert_eq!(build(mfa, recommended()).await, Ok(()));
    }
    assert_eq!(build(Mfa::off(), Policy::fastapi_users()).await, Ok(()));
    for (mfa, policy, said) in [
        (Mfa::optional(), Policy::fastapi_users(), "fastapi-users has no second factors"),
        (Mfa::optional().issuer(""), recommended(), "1 to 64 characters"),
        (Mfa::optional().issuer("a:b"), recommended(), "none of them is a colon"),
        (Mfa::optional().issuer("a".repeat(65)), recommended(), "1 to 64 characters"),
        (Mfa::optional().remember_devices(days(31)), recommended(), "at most 30 days"),
        (Mfa::optional().remember_devices(Duration::ZERO), recommended(), "at least a second"),
    ] {
        assert_contains(&build(mfa, policy).await.unwrap_err(), &[said]);
    }
}
