//! Guarantees of the SQL store beyond the conformance suite.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row};
use users_runtime::{
    Error, PasswordHash,
    store::{CanonicalEmail, Change, Columns, Lookup, MemoryStore, PoolSettings, SqlStore, StoreError, UserStore},
};

use crate::store::{
    plans,
    support::{FileStore, TempFile, account},
    users::{Elsewhere, Member, Plan, USER_SQL, User, member, user},
};

const FULL_NAME: usize = 6;
const VISITS: usize = 7;
const TAGS: usize = 8;
const PLAN: usize = 9;

fn change(user: &User, columns: Columns) -> Change<User> {
    Change::new(user.clone(), columns)
}

pub async fn present(store: &impl UserStore<User>, user: &User) -> User {
    store.find(&[Lookup::by_id(user.id)]).await.unwrap().pop().unwrap().unwrap().user
}

#[tokio::test]
async fn hot_queries_use_an_index() {
    plans::on_sqlite().await;
    #[cfg(all(feature = "postgres", feature = "mysql"))]
    for server in crate::store::servers::Server::ALL {
        plans::on_server(server).await;
    }
}

#[tokio::test]
async fn the_query_plan_test_detects_a_missing_index() {
    let users = FileStore::<User>::migrated().await;
    users.file.run(r#"DROP INDEX "ix_user_email_canonical""#).await;
    let mut connection = users.file.connect().await;
    let explain = format!("EXPLAIN QUERY PLAN {}", USER_SQL.sqlite.find_by_email);
    let plan = sqlx::query(AssertSqlSafe(explain)).fetch_one(&mut connection).await.unwrap();
    assert!(plan.get::<String, _>("detail").starts_with("SCAN"));
}

#[tokio::test]
async fn injection_corpus_harmless() {
    corpus_is_harmless(&FileStore::<User>::migrated().await.store).await;
}

/// Injection payloads in every position that can contain a client's text.
pub async fn corpus_is_harmless(store: &SqlStore<User>) {
    let corpus = [
        "'; DROP TABLE user; --",
        "\"; DROP TABLE \"user\"; --",
        "' UNION SELECT id, email, hashed_password, 1, 1, 1, '', 0, '[]', 'free', 0 FROM user --",
        "' OR 1=1 --",
        "') ON CONFLICT DO UPDATE SET is_superuser = 1 --",
        "$1",
        "?1",
        ":id",
        "@id",
        "%",
        "_",
        "\\",
        "''",
        "\"\"",
        "[\"x\"]",
        "{\"a\":1}",
        "null",
        "NULL",
        "TRUE",
        "0x1F",
        "1e5",
        "007",
        " ",
        "\u{feff}\u{202e}\u{1f5dd}",
    ];
    let mut users = Vec::new();
    for (number, text) in corpus.into_iter().enumerate() {
        let mut user = user(account(&format!("{number}{text}@camelot.example")));
        user.hashed_password = PasswordHash::from_stored(text);
        user.full_name = Some(text.to_owned());
        user.tags = vec![text.to_owned(), String::new()];
        let stored = store.insert(user.clone()).await.unwrap();
        assert_eq!(stored, user);
        users.push(stored);
    }
    for (user, text) in users.iter_mut().zip(corpus.iter().rev()) {
        user.full_name = Some((*text).to_owned());
        user.tags.push((*text).to_owned());
        let mut change = change(user, Columns::NONE.with(FULL_NAME).with(TAGS));
        change.if_email = Some(user.email.clone());
        change.if_hashed_password = Some(user.hashed_password.clone());
        assert_eq!(store.update(change).await.unwrap().as_ref(), Some(&*user));
    }
    for user in &users {
        assert_eq!(present(store, user).await, *user);
        let by_email = store.find_by_email(&CanonicalEmail::of(&user.email)).await.unwrap().unwrap();
        assert_eq!(by_email.user, *user);
    }
    for text in corpus {
        assert!(store.find_by_email(&CanonicalEmail::of(text)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn every_kind_of_column_round_trips() {
    values_come_back(&FileStore::<User>::migrated().await.store).await;
}

pub async fn values_come_back(store: &SqlStore<User>) {
    for (number, visits) in (0..).zip([0, 1, -1, i64::MAX, i64::MIN]) {
        let mut user = user(account(&format!("{number}@camelot.example")));
        user.visits = visits;
        user.full_name = (visits > 0).then(|| visits.to_string()); // a numeric string stays a text
        user.tags = vec!["ä".to_owned(); usize::try_from(number).unwrap()];
        user.plan = if visits > 0 { Plan::Paid } else { Plan::Free };
        assert_eq!(store.insert(user.clone()).await.unwrap(), user);
        assert_eq!(present(store, &user).await, user);
    }
}

/// Two updates of different custom fields, both based on the same earlier state.
pub async fn own_fields_both_land(store: &impl UserStore<User>) {
    let before = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    let (mut one, mut other) = (before.clone(), before.clone());
    one.full_name = None;
    one.plan = Plan::Free;
    other.visits = 8;
    other.tags = vec!["sword".to_owned()];
    store.update(change(&one, Columns::NONE.with(FULL_NAME).with(PLAN))).await.unwrap().unwrap();
    let after = store.update(change(&other, Columns::NONE.with(VISITS).with(TAGS))).await.unwrap().unwrap();
    let expected = User { full_name: None, plan: Plan::Free, visits: 8, tags: vec!["sword".to_owned()], ..before };
    assert_eq!(after, expected);
    assert_eq!(present(store, &after).await, expected);
}

#[tokio::test]
async fn concurrent_updates_of_different_custom_fields_are_both_stored() {
    own_fields_both_land(&FileStore::<User>::migrated().await).await;
    own_fields_both_land(&MemoryStore::new()).await;
}

#[tokio::test]
async fn acknowledged_writes_are_durable() {
    let store = FileStore::<User>::migrated().await;
    let inserted = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    // The files on disk as a crash at this moment would leave them, without a clean shutdown.
    let copy = TempFile::new();
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", store.file.path().display());
        std::fs::copy(from, format!("{}{suffix}", copy.path().display())).unwrap();
    }
    let recovered = SqlStore::<User>::connect(&copy.url()).await.unwrap();
    assert_eq!(present(&recovered, &inserted).await, inserted);

    // After a clean shutdown everything is in one file.
    store.close().await;
    assert!(!std::path::Path::new(&format!("{}-wal", store.file.path().display())).exists());
    let reopened = SqlStore::<User>::connect(&store.file.url()).await.unwrap();
    assert_eq!(present(&reopened, &inserted).await, inserted);
}

#[tokio::test]
async fn the_store_works_on_a_pool_of_the_application() {
    let file = TempFile::new();
    let pool = sqlx::SqlitePool::connect(&file.url()).await.unwrap();
    let store = SqlStore::<User>::from_sqlite_pool(pool.clone()).unwrap();
    store.migrate().await.unwrap();
    let inserted = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    assert_eq!(present(&store, &inserted).await, inserted);
    let count: i64 = sqlx::query_scalar(r#"SELECT count(*) FROM "user""#).fetch_one(&pool).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_unavailable_until_the_lock_is_released() {
    let settings = PoolSettings::default().acquire_timeout(Duration::from_millis(100));
    let file = TempFile::new();
    let store = SqlStore::<User>::connect_with(&file.url(), &settings).await.unwrap();
    store.migrate().await.unwrap();
    let mut other = file.connect().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    // The first holds the write connection and waits for the lock; the second does not get the connection in time.
    let write = |email: &str| {
        let (store, user) = (store.clone(), user(account(email)));
        tokio::spawn(async move { store.insert(user).await })
    };
    let (mut one, mut other_one) = (write("arthur@camelot.example"), write("mordred@camelot.example"));
    let (refused, waiting) = tokio::select! {
        refused = &mut one => (refused, other_one),
        refused = &mut other_one => (refused, one),
    };
    let refused = refused.unwrap();
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    // Reads are not blocked.
    assert!(store.find_by_email(&CanonicalEmail::of("arthur@camelot.example")).await.unwrap().is_none());

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_read_only_database_serves_reads_and_rejects_writes_as_unavailable() {
    let store = FileStore::<User>::migrated().await;
    let inserted = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    let url = format!("sqlite://{}?mode=ro", store.file.path().display());
    let read_only = SqlStore::<User>::connect(&url).await.unwrap();
    assert_eq!(present(&read_only, &inserted).await, inserted);
    let refused = read_only.insert(user(account("mordred@camelot.example"))).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_database_without_tables_is_a_failure() {
    let store = FileStore::<User>::fresh().await;
    let found = store.find_by_email(&CanonicalEmail::of("arthur@camelot.example")).await;
    assert!(matches!(found, Err(StoreError::Failed(_))), "{found:?}");
}

#[tokio::test]
async fn an_invalid_row_fails_alone_and_is_not_quoted() {
    let store = FileStore::<User>::migrated().await;
    let bad = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    let good = store.insert(user(account("mordred@camelot.example"))).await.unwrap();
    store.file.run(r#"UPDATE "user" SET "plan" = 'hunter2' WHERE "email" LIKE 'arthur%'"#).await;
    let error = store.find(&[Lookup::by_id(bad.id)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }));
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    assert_eq!(present(&store, &good).await, good);
}

#[tokio::test]
async fn a_custom_unique_column_is_a_conflict_and_not_a_taken_address() {
    let store = FileStore::<Member>::migrated().await;
    store.file.run(r#"CREATE UNIQUE INDEX one_name ON "user" ("full_name")"#).await;
    let named = |email: &str| Member { full_name: Some("Arthur".to_owned()), ..member(account(email)) };
    store.insert(named("arthur@camelot.example")).await.unwrap();
    let second = store.insert(named("mordred@camelot.example")).await;
    assert!(matches!(second, Err(StoreError::Conflict)), "{second:?}");
}

#[tokio::test]
async fn an_unsupported_url_is_an_error_with_a_remedy_and_without_the_password() {
    async fn refusal(url: &str) -> String {
        match SqlStore::<User>::connect(url).await {
            Err(Error::Config(error)) => error.to_string(),
            other => panic!("{url}: {other:?}"),
        }
    }
    // With server support compiled in, the URLs are malformed so that no server is contacted.
    let (postgres, mysql) = (cfg!(feature = "postgres"), cfg!(feature = "mysql"));
    let broken = |built_in: bool| if built_in { ":hunter2" } else { "" };
    for (url, word) in [
        (
            format!("postgres://king:hunter2@localhost{}/users", broken(postgres)),
            if postgres { "PostgreSQL URL" } else { "`postgres`" },
        ),
        (
            format!("postgresql://king:hunter2@localhost{}/users", broken(postgres)),
            if postgres { "PostgreSQL URL" } else { "`postgres`" },
        ),
        (format!("mysql://king:hunter2@localhost{}/users", broken(mysql)), if mysql { "MySQL URL" } else { "`mysql`" }),
        (
            format!("mariadb://king:hunter2@localhost{}/users", broken(mysql)),
            if mysql { "MySQL URL" } else { "`mysql`" },
        ),
    ] {
        let text = refusal(&url).await;
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    for (url, word) in [("king:hunter2@localhost", "`sqlite:`"), ("users.db", "`sqlite:`"), ("", "`sqlite:`")] {
        let text = refusal(url).await;
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    let file = TempFile::new();
    let text = refusal(&format!("sqlite://{}", file.path().display())).await;
    assert!(text.contains("?mode=rwc"), "{text}");
    assert!(!file.path().exists(), "a file is created only with mode=rwc");
}

#[tokio::test]
async fn a_struct_without_statements_for_the_database_is_rejected_at_connect() {
    let Err(Error::Config(error)) = SqlStore::<Elsewhere>::connect("sqlite::memory:").await else {
        panic!("must be rejected")
    };
    let text = error.to_string();
    assert!(text.contains("#[auth(databases"), "{text}");
}
