//! The tests of `sql` and `schema` on servers: injection, round trips, invalid rows, schema
//! drift; and the handling of letter case, which depends on the server.

use std::sync::Arc;

use users_runtime::{
    AccessToken,
    store::{
        AuthMethods, Epoch, Lookup, NewSession, SessionKey, SessionStore, StoreError, TokenId, TokenState, UserStore,
    },
    token::Device,
};

use crate::store::{
    server_store::ServerStore,
    servers::Server,
    sql::{corpus_is_harmless, own_fields_both_land, present, values_come_back},
    support::account,
    users::{Member, User, member, user},
};

/// Quotes a name for the server.
fn quoted(server: Server, name: &str) -> String {
    match server {
        Server::Postgres => format!("\"{name}\""),
        Server::Mysql => format!("`{name}`"),
    }
}

#[tokio::test]
async fn injection_corpus_harmless() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        corpus_is_harmless(&store).await;
        assert_eq!(store.check_schema().await.unwrap(), [], "{server:?}");
    }
}

#[tokio::test]
async fn values_round_trip_through_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        values_come_back(&store).await;
        own_fields_both_land(&store.store).await;
    }
}

#[tokio::test]
async fn an_invalid_row_fails_alone_and_is_not_quoted_on_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        let bad = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
        let good = store.insert(user(account("mordred@camelot.example"))).await.unwrap();
        let table = quoted(server, "user");
        store.database.run(&format!("UPDATE {table} SET plan = 'hunter2' WHERE email LIKE 'arthur%'")).await;
        let error = store.find(&[Lookup::by_id(bad.id)]).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{server:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{server:?}: {error:?}");
        assert_eq!(present(&store.store, &good).await, good);
        store
            .database
            .run(&format!("UPDATE {table} SET plan = 'free', tags = 'hunter2' WHERE email LIKE 'arthur%'"))
            .await;
        let error = store.find(&[Lookup::by_id(bad.id)]).await.unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{server:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_custom_unique_column_is_a_conflict_and_not_a_taken_address_on_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<Member>::migrated(server).await else { continue };
        let (table, column) = match server {
            Server::Postgres => ("\"user\"", "full_name"),
            Server::Mysql => ("`user`", "full_name(40)"),
        };
        // The second name ends with the name of the index on the address.
        for (number, index) in ["one_name", "full_ix_user_email"].into_iter().enumerate() {
            store.database.run(&format!("CREATE UNIQUE INDEX {index} ON {table} ({column})")).await;
            let name = format!("Arthur' for key 'ix_user_email {number}");
            let named = |email: &str| Member { full_name: Some(name.clone()), ..member(account(email)) };
            store.insert(named(&format!("arthur.{number}@camelot.example"))).await.unwrap();
            let second = store.insert(named("mordred@camelot.example")).await;
            assert!(matches!(second, Err(StoreError::Conflict)), "{server:?} {index}: {second:?}");
            let on = if server == Server::Postgres { "" } else { " ON `user`" };
            store.database.run(&format!("DROP INDEX {index}{on}")).await;
        }
        let twin = store.insert(member(account("ARTHUR.0@camelot.example"))).await;
        assert!(matches!(twin, Err(StoreError::EmailTaken)), "{server:?}: {twin:?}");
    }
}

#[tokio::test]
async fn each_kind_of_drift_is_reported_for_its_column_on_servers() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::fresh(server).await else { continue };
        let (table, id, text) = match server {
            Server::Postgres => ("\"user\"", "UUID", "TEXT"),
            Server::Mysql => ("`user`", "CHAR(36)", "LONGTEXT"),
        };
        store
            .database
            .run(&format!(
                "CREATE TABLE {table} (id {id} NOT NULL, email VARCHAR(320), hashed_password VARCHAR(1024) NOT NULL,
                   is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified {text} NOT NULL,
                   full_name {text} NOT NULL, visits {text} NOT NULL, plan INTEGER NOT NULL, nickname {text} NOT NULL,
                   title {text}, created VARCHAR(9) NOT NULL DEFAULT '',
                   initial VARCHAR(320) GENERATED ALWAYS AS (email) STORED, PRIMARY KEY (id));
                 CREATE INDEX ix_user_email_canonical ON {table} (email);"
            ))
            .await;
        let found = store.check_schema().await.unwrap();
        let of = |column: &str| -> Vec<(&str, Option<&str>)> {
            let of_column = found.iter().filter(|drift| drift.column.as_deref() == Some(column));
            of_column.map(|drift| (drift.problem.as_str(), drift.repair.as_deref())).collect()
        };
        for (column, problem) in [
            ("email", "may be NULL, which the field cannot hold"),
            ("is_verified", "the type is "),
            ("full_name", "may not be NULL, which the field can be"),
            ("visits", "the type is "),
            ("plan", "the type is "),
            ("tags", "the column is missing"),
            ("auth_epoch", "the column is missing"),
            ("nickname", "no user can be added"),
        ] {
            let [(reported, _)] = of(column)[..] else { panic!("{server:?} {column}: {found:?}") };
            assert!(reported.contains(problem), "{server:?} {column}: {reported}");
        }
        for harmless in ["id", "hashed_password", "title", "created", "initial"] {
            assert_eq!(of(harmless), [], "{server:?} {harmless}");
        }
        let index = found.iter().find(|drift| drift.problem.starts_with("the index ix_user_email_canonical"));
        assert!(index.is_some_and(|index| index.problem.contains("another one")), "{server:?}: {found:?}");
        assert!(found.iter().any(|drift| drift.table == "user_token_state" && drift.problem == "the table is missing"));
    }
}

/// Swaps the case of every letter.
fn other_case(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
}

/// Tables of fastapi-users in a collation in which `a`, `A` and `ä` are equal.
const LENIENT: &str = "
    CREATE TABLE `user` (id CHAR(36) NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL,
      is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id))
      CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    CREATE UNIQUE INDEX ix_user_email ON `user` (email);
    CREATE TABLE accesstoken (user_id CHAR(36) NOT NULL, token VARCHAR(43) NOT NULL, created_at DATETIME NOT NULL,
      PRIMARY KEY (token), FOREIGN KEY(user_id) REFERENCES `user` (id) ON DELETE cascade)
      CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
    CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at);
";

#[tokio::test]
async fn tokens_and_session_names_are_compared_exactly_under_every_collation() {
    for (server, lenient) in [(Server::Postgres, false), (Server::Mysql, false), (Server::Mysql, true)] {
        let Some(store) = ServerStore::<User>::fresh(server).await else { continue };
        if lenient {
            store.database.run(LENIENT).await;
        }
        store.migrate().await.unwrap();
        let what = format!("{server:?}, lenient: {lenient}");
        let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
        let sessions: Arc<dyn SessionStore> = Arc::new(store.store.clone()).session_store().unwrap();
        let token = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcdefg";
        let key = |token: &str| SessionKey::plain(&AccessToken::new(token.to_owned()));
        let (name, shouted) = ("aBcDeFgHiJkLmNoPqRsTuV", TokenId(other_case("aBcDeFgHiJkLmNoPqRsTuV")));
        let session = NewSession {
            key: key(token),
            id: TokenId(name.to_owned()),
            subject: arthur.id.to_string(),
            epoch: Epoch(0),
            at: "2026-11-23T12:00:00Z".parse().unwrap(),
            device: Device::new(None, None),
            backend: None,
            methods: AuthMethods::NONE,
            logged_in_at: None,
            replaces: false,
        };
        sessions.add(session, 20).await.unwrap();

        let wrong = key(&other_case(token));
        let wanted = [Lookup::Session(wrong.clone()), Lookup::Session(key(token))];
        let found = store.find(&wanted).await.unwrap();
        assert!(found[0].is_none() && found[1].is_some(), "{what}: together");
        assert!(store.find(&wanted[..1]).await.unwrap()[0].is_none(), "{what}: alone");
        assert!(store.find(&wanted[1..]).await.unwrap()[0].is_some(), "{what}: alone");

        // Ending or revoking under a name that differs in case does not affect this session.
        assert!(
            !sessions.end(&arthur.id.to_string(), &shouted).await.unwrap(),
            "{what}: ended by the name of another session"
        );
        store.revoke(&shouted, "2030-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
        let found = store.find(&wanted[1..]).await.unwrap().pop().unwrap().unwrap();
        assert_eq!(found.token, TokenState::Unmarked, "{what}: revoked by the name of another session");
        assert!(sessions.end(&arthur.id.to_string(), &TokenId(name.to_owned())).await.unwrap(), "{what}");
        assert!(store.find(&wanted[1..]).await.unwrap()[0].is_none(), "{what}");
    }
}
