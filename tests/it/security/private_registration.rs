//! Under `private_registration()`, values that a database refuses are refused in the same way for new and for taken
//! addresses: in every spelling of the address, regardless of the order in which the database checks keys, references,
//! constraints and triggers.

use axum_users::{
    AuthUser, Backend, Jwt, Limits, PasswordHash, Policy, SecretKey, Users,
    schema::Status,
    store::{MemoryStore, StoreError, UserStore},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::failing_store::FailingStore;
use crate::hashing::weak_hashing;
use crate::{
    http::Http,
    matrix::{Database, DatabaseKind},
    support::{PASSWORD, SECRET, Setup, TestApp},
};

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read, create, update)]
    pub nickname: Option<String>,
    #[auth(read, create, update)]
    pub team: Option<i64>,
}

const ARTHUR: &str = "arthur@camelot.bt";
/// An address with an international domain, which has several forms.
const KAY: &str = "kay@b\u{fc}cher.example";

/// How each address is sent: as it is shown, and as keyboards and browsers write it.
const SPELLINGS: [(&str, &str, &str); 5] = [
    (ARTHUR, "new@camelot.bt", "as it is"),
    (" arthur@camelot.bt", " new@camelot.bt", "with a space"),
    ("ARTHUR@Camelot.BT\u{a0}", "NEW@Camelot.BT\u{a0}", "in capitals"),
    (KAY, "new@b\u{fc}cher.example", "in Unicode"),
    ("kay@xn--bcher-kva.example", "new@xn--bcher-kva.example", "in Punycode"),
];

/// The additions of another program to the table: SQLite, PostgreSQL, MySQL.
struct Addition {
    what: &'static str,
    sql: [&'static str; 3],
    /// A body whose values this addition refuses.
    refused: fn() -> Value,
    status: u16,
}

fn additions() -> Vec<Addition> {
    vec![
        Addition {
            what: "a unique key that is newer than the one on addresses",
            sql: [
                "CREATE UNIQUE INDEX one_nickname ON user (nickname)",
                "CREATE UNIQUE INDEX one_nickname ON \"user\" (nickname)",
                "CREATE UNIQUE INDEX one_nickname ON `user` (nickname(40))",
            ],
            refused: || json!({ "nickname": "king" }),
            status: 400,
        },
        Addition {
            what: "a reference",
            sql: [
                "CREATE TABLE team (id INTEGER PRIMARY KEY); ALTER TABLE user DROP COLUMN team; \
                 ALTER TABLE user ADD COLUMN team INTEGER REFERENCES team (id)",
                "CREATE TABLE team (id BIGINT PRIMARY KEY); ALTER TABLE \"user\" ADD FOREIGN KEY (team) REFERENCES team (id)",
                "CREATE TABLE team (id BIGINT PRIMARY KEY); ALTER TABLE `user` ADD FOREIGN KEY (team) REFERENCES team (id)",
            ],
            refused: || json!({ "team": 7 }),
            status: 400,
        },
        Addition {
            what: "a reference that is checked at the end",
            sql: [
                "CREATE TABLE team (id INTEGER PRIMARY KEY); ALTER TABLE user DROP COLUMN team; \
                 ALTER TABLE user ADD COLUMN team INTEGER REFERENCES team DEFERRABLE INITIALLY DEFERRED",
                "CREATE TABLE team (id BIGINT PRIMARY KEY); \
                 ALTER TABLE \"user\" ADD FOREIGN KEY (team) REFERENCES team (id) DEFERRABLE INITIALLY DEFERRED",
                "CREATE TABLE team (id BIGINT PRIMARY KEY); ALTER TABLE `user` ADD FOREIGN KEY (team) REFERENCES team (id)",
            ],
            refused: || json!({ "team": 7 }),
            status: 400,
        },
        Addition {
            what: "a trigger that refuses after the insert",
            sql: [
                "CREATE TRIGGER stop AFTER INSERT ON user WHEN NEW.nickname = 'mordred' BEGIN SELECT RAISE(ABORT, 'no'); END",
                "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.nickname = 'mordred' THEN \
                 RAISE EXCEPTION 'no'; END IF; RETURN NULL; END $$; \
                 CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON \"user\" DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION stop()",
                "CREATE TRIGGER stop AFTER INSERT ON `user` FOR EACH ROW BEGIN IF NEW.nickname = 'mordred' THEN \
                 SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF; END",
            ],
            refused: || json!({ "nickname": "mordred" }),
            status: 422,
        },
        Addition {
            what: "a constraint",
            sql: [
                "CREATE TRIGGER short BEFORE INSERT ON user WHEN length(NEW.nickname) > 8 BEGIN SELECT RAISE(ABORT, 'no'); END",
                "ALTER TABLE \"user\" ADD CHECK (length(nickname) <= 8)",
                "ALTER TABLE `user` ADD CONSTRAINT short CHECK (char_length(nickname) <= 8)",
            ],
            refused: || json!({ "nickname": "a name that is too long" }),
            status: 422,
        },
    ]
}

async fn service(users: &Users<User>) -> Http {
    Http::serve(user_routes(users).with_state(users.clone())).await
}

fn builder() -> axum_users::UsersBuilder<User> {
    Users::<User>::builder(SecretKey::new(SECRET).unwrap())
        .hashing(weak_hashing())
        .policy(Policy::recommended().require_verification(true).private_registration())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .limits(Limits::off())
}

/// Registers and returns the status and the text, without what differs between two accounts.
async fn register(http: &Http, email: &str, fields: &Value) -> (u16, String) {
    let mut body = json!({ "email": email, "password": PASSWORD });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let response = http.post("/auth/register").json(body).send().await;
    let mut shown: Value = response.json();
    for differing in ["id", "email"] {
        if let Some(fields) = shown.as_object_mut() {
            fields.remove(differing);
        }
    }
    (response.status.as_u16(), shown.to_string())
}

async fn create(users: &Users<User>, email: &str, nickname: &str) {
    let input = UserCreate {
        email: email.to_owned(),
        password: PASSWORD.into(),
        nickname: Some(nickname.to_owned()),
        team: None,
    };
    users.create(input, Status::NEW).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_database_refuses_is_refused_alike_for_new_and_taken_addresses() {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        for addition in additions() {
            let database = Database::empty(kind).await;
            let users = builder().database(database.url()).build().await.unwrap();
            users.migrate().await.unwrap();
            let [sqlite, postgres, mysql] = addition.sql;
            let sql = match kind {
                DatabaseKind::Sqlite => sqlite,
                DatabaseKind::Postgres => postgres,
                DatabaseKind::MariaDb => mysql,
            };
            database.run(sql).await;
            // The service no longer knows what it read about the table before.
            let users = builder().database(database.url()).build().await.unwrap();
            let http = service(&users).await;
            create(&users, ARTHUR, "king").await;
            create(&users, KAY, "steward").await;
            for (taken, new, how) in SPELLINGS {
                let what = format!("{kind:?}, {}, {how}", addition.what);
                let fields = (addition.refused)();
                let (of_taken, of_new) = (register(&http, taken, &fields).await, register(&http, new, &fields).await);
                assert_eq!(of_taken, of_new, "{what}");
                assert_eq!(of_new.0, addition.status, "{what}: {}", of_new.1);
                // Accepted values are accepted in the same way, and store one account.
                let of_taken = register(&http, taken, &json!({ "nickname": "knight" })).await;
                assert_eq!(of_taken.0, 201, "{what}: {}", of_taken.1);
                let of_new = register(&http, new, &json!({ "nickname": "knight" })).await;
                assert_eq!(of_taken, of_new, "{what}");
                let stored = users.get_by_email(new).await.unwrap().unwrap();
                users.delete(&stored).await.unwrap();
            }
            assert_eq!(database.count("user", "1 = 1").await, 2, "{kind:?}, {}", addition.what);
        }
    }
}

/// A store in memory knows no constraints but those on ids and addresses.
#[tokio::test]
async fn a_store_in_memory_answers_alike() {
    let users = builder().store(MemoryStore::<User>::new()).build().await.unwrap();
    let http = service(&users).await;
    create(&users, ARTHUR, "king").await;
    for (taken, new, how) in &SPELLINGS[..3] {
        let fields = json!({ "nickname": "knight" });
        assert_eq!(register(&http, taken, &fields).await, register(&http, new, &fields).await, "{how}");
        let stored = users.get_by_email(new).await.unwrap().unwrap();
        users.delete(&stored).await.unwrap();
    }
}

/// `check_insert` never stores anything, whether it succeeds or fails.
#[tokio::test]
async fn a_check_stores_nothing() {
    let users = builder().database("sqlite::memory:").build().await.unwrap();
    users.migrate().await.unwrap();
    create(&users, ARTHUR, "king").await;
    let arthur = users.get_by_email(ARTHUR).await.unwrap().unwrap();
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::empty(kind).await;
        let store = axum_users::store::SqlStore::<User>::connect(&database.url()).await.unwrap();
        store.migrate().await.unwrap();
        store.check_insert(arthur.clone()).await.unwrap();
        assert_eq!(database.count("user", "1 = 1").await, 0, "{kind:?}");
        store.insert(arthur.clone()).await.unwrap();
        let other = User { email: "kay@camelot.bt".to_owned(), ..arthur.clone() };
        assert!(matches!(store.check_insert(other).await, Err(StoreError::Conflict)), "{kind:?}: the id");
        let other = User { id: Uuid::from_u128(7), ..arthur.clone() };
        assert!(matches!(store.check_insert(other).await, Err(StoreError::EmailTaken)), "{kind:?}: the address");
        assert_eq!(database.count("user", "1 = 1").await, 1, "{kind:?}");
    }
}

/// A store that does not implement the check fails for both, so that nothing is revealed by accident.
#[tokio::test]
async fn a_store_without_the_check_refuses_every_private_registration() {
    let policy = Policy::recommended().require_verification(true).private_registration();
    let builder =
        Box::new(|builder: axum_users::UsersBuilder<crate::support::User>| builder.store(FailingStore::default()));
    let app = TestApp::with(Setup { policy, builder, ..Setup::default() }).await;
    let input = crate::support::UserCreate { email: ARTHUR.into(), password: PASSWORD.into(), first_name: None };
    app.users.create(input, Status::NEW).await.unwrap();
    for email in [ARTHUR, "new@camelot.bt"] {
        let body = json!({ "email": email, "password": PASSWORD });
        assert_eq!(app.post("/auth/register").json(body).send().await.status, 500, "{email}");
    }
}
