//! Errors while a service is built and migrated: they say why, once, and what to do, and repeat no secret.

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
    // The chain of the inner error says nothing that the text lacks.
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

    /// Answers every connection like a PostgreSQL server that refuses it. Returns the port.
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
