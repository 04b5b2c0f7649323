//! Unique keys that other programs created: which of them mean that an address is taken, and which are too strict.

use users_runtime::store::{Change, Columns, SchemaDrift, StoreError, UserStore};

use crate::store::{
    server_store::ServerStore,
    servers::Server,
    support::{FileStore, account},
    users::{User, user},
};

const ARTHUR: &str = "arthur@camelot.example";

/// The outcome of writing a value that a key refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    EmailTaken,
    Conflict,
}

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refused {
    match result {
        Err(StoreError::EmailTaken) => Refused::EmailTaken,
        Err(StoreError::Conflict) => Refused::Conflict,
        other => panic!("not refused by a key: {other:?}"),
    }
}

/// Keys that refuse a second Arthur (with another address, if the key is not on the address), and what that means.
fn keys(server: Option<Server>) -> Vec<(&'static str, Refused)> {
    let everywhere = [
        ("CREATE UNIQUE INDEX uq_user_email ON {user} (email)", Refused::EmailTaken),
        ("CREATE UNIQUE INDEX email_visits ON {user} (email, visits)", Refused::EmailTaken),
        ("CREATE UNIQUE INDEX visits_email ON {user} (visits, email)", Refused::EmailTaken),
        ("CREATE UNIQUE INDEX ix_user_email_name ON {user} (full_name)", Refused::Conflict),
        ("CREATE UNIQUE INDEX name_visits ON {user} (full_name, visits)", Refused::Conflict),
    ];
    let here: &[(&str, Refused)] = match server {
        None => &[
            ("CREATE UNIQUE INDEX by_lower ON {user} (lower(\"email\"))", Refused::EmailTaken),
            ("CREATE UNIQUE INDEX \"it's\" ON {user} (visits, email COLLATE NOCASE DESC)", Refused::EmailTaken),
            ("CREATE UNIQUE INDEX active ON {user} (email) WHERE is_active", Refused::EmailTaken),
            ("CREATE UNIQUE INDEX named ON {user} (lower(full_name)) WHERE email IS NOT NULL", Refused::Conflict),
            (
                "ALTER TABLE {user} ADD COLUMN folded TEXT AS (lower(trim(email))) VIRTUAL; \
                 CREATE UNIQUE INDEX by_folded ON {user} (folded)",
                Refused::EmailTaken,
            ),
        ],
        Some(Server::Postgres) => &[
            ("CREATE UNIQUE INDEX by_lower ON {user} (lower(email))", Refused::EmailTaken),
            (
                "CREATE UNIQUE INDEX \"Odd \"\" name\" ON {user} (visits, upper(email) DESC) INCLUDE (plan)",
                Refused::EmailTaken,
            ),
            ("CREATE UNIQUE INDEX active ON {user} (email) WHERE is_active", Refused::EmailTaken),
            ("ALTER TABLE {user} ADD CONSTRAINT of_the_address UNIQUE (email)", Refused::EmailTaken),
            (
                "CREATE UNIQUE INDEX named ON {user} (lower(full_name)) INCLUDE (email) WHERE email > ''",
                Refused::Conflict,
            ),
            (
                "ALTER TABLE {user} ADD COLUMN folded TEXT GENERATED ALWAYS AS (lower(email)) STORED, ADD UNIQUE (folded)",
                Refused::EmailTaken,
            ),
        ],
        Some(Server::Mysql) => &[
            ("ALTER TABLE {user} ADD UNIQUE KEY `it's a key` (email)", Refused::EmailTaken),
            ("ALTER TABLE {user} ADD UNIQUE KEY start (email(8))", Refused::EmailTaken),
            (
                "ALTER TABLE {user} ADD COLUMN folded varchar(320) AS (lower(email)) VIRTUAL, ADD UNIQUE KEY k (folded)",
                Refused::EmailTaken,
            ),
        ],
    };
    let quoted = if server == Some(Server::Mysql) { "`user`" } else { "\"user\"" };
    let all = everywhere.into_iter().chain(here.iter().copied());
    all.map(|(sql, refused)| (&*sql.replace("{user}", quoted).leak(), refused)).collect()
}

/// Writes a second Arthur by an insert and by an update, in a store that has just been connected and in one that has
/// written before.
async fn check(store: &impl UserStore<User>, sql: &str, expected: Refused) {
    let email = |address: &str| {
        if expected == Refused::EmailTaken { ARTHUR.to_owned() } else { address.to_owned() }
    };
    let twin = user(account(&email("twin@camelot.example")));
    assert_eq!(refused(store.insert(twin).await), expected, "{sql}");
    let mut kay = user(account("kay@camelot.example"));
    (kay.full_name, kay.visits) = (Some("Kay".to_owned()), 1);
    let kay = store.insert(kay).await.unwrap();
    let mut change = Change::new(kay, Columns::EMAIL.with(6).with(7));
    (change.user.email, change.user.full_name, change.user.visits) =
        (email("kay@cornwall.example"), Some("Arthur".to_owned()), 7);
    assert_eq!(refused(store.update(change).await), expected, "{sql}");
}

#[tokio::test]
async fn a_violated_key_is_known_by_its_columns_on_sqlite() {
    for (sql, expected) in keys(None) {
        let store = FileStore::<User>::migrated().await;
        store.file.run("DROP INDEX ix_user_email; DROP INDEX ix_user_email_canonical").await;
        store.insert(user(account(ARTHUR))).await.unwrap();
        // Added while the store runs.
        store.file.run(sql).await;
        check(&store, sql, expected).await;
    }
}

#[tokio::test]
async fn a_violated_key_is_known_by_its_columns_on_servers() {
    for server in Server::ALL {
        for (sql, expected) in keys(Some(server)) {
            let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
            store
                .database
                .run(match server {
                    Server::Postgres => "DROP INDEX ix_user_email; DROP INDEX ix_user_email_canonical",
                    Server::Mysql => "ALTER TABLE `user` DROP INDEX ix_user_email, DROP INDEX ix_user_email_canonical",
                })
                .await;
            store.insert(user(account(ARTHUR))).await.unwrap();
            store.database.run(sql).await;
            check(&store.store, sql, expected).await;
        }
    }
}

/// A trigger that writes another table, whose unique key has the name of one on the address.
#[tokio::test]
async fn a_key_of_another_table_is_not_one_on_the_address() {
    let Some(store) = ServerStore::<User>::migrated(Server::Postgres).await else { return };
    store
        .database
        .run(
            "CREATE SCHEMA other; CREATE TABLE other.log (email text); \
             CREATE UNIQUE INDEX ix_user_email ON other.log ((true)); \
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO other.log VALUES (NEW.email); RETURN NEW; END $$; \
             CREATE TRIGGER note AFTER INSERT ON \"user\" FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .await;
    store.insert(user(account(ARTHUR))).await.unwrap();
    assert_eq!(refused(store.insert(user(account("kay@camelot.example"))).await), Refused::Conflict);
}

/// Keys on the address with an example of what is wrong with each, or `None` for keys that are as strict as ours or less.
fn strictness(server: Option<Server>) -> Vec<(&'static str, Option<&'static str>)> {
    match server {
        None => vec![
            ("CREATE UNIQUE INDEX plain ON user (email)", None),
            ("CREATE UNIQUE INDEX nocase ON user (email COLLATE NOCASE)", None),
            ("CREATE UNIQUE INDEX trimmed ON user (email COLLATE RTRIM, full_name)", None),
            ("CREATE UNIQUE INDEX folded ON user (upper(email))", None),
            ("CREATE UNIQUE INDEX other ON user (full_name)", None),
            ("CREATE UNIQUE INDEX no_dots ON user (replace(email, '.', ''))", Some("a.b@camelot.example")),
            ("CREATE UNIQUE INDEX one_each ON user (substr(email, instr(email, '@')))", Some("@camelot.example")),
            ("CREATE UNIQUE INDEX long ON user (substr(email, 1, 320))", None),
            ("CREATE UNIQUE INDEX start ON user (substr(email, 1, 50))", Some("compares only a part of an address")),
            ("CREATE UNIQUE INDEX most ON user (substr(email, 1, 253))", Some("compares only a part of an address")),
            (
                "ALTER TABLE user ADD COLUMN ends TEXT AS (substr(email, -100)) VIRTUAL; CREATE UNIQUE INDEX e ON user (ends)",
                Some("compares only a part of an address"),
            ),
        ],
        Some(Server::Postgres) => vec![
            ("CREATE UNIQUE INDEX plain ON \"user\" (email)", None),
            ("CREATE UNIQUE INDEX folded ON \"user\" (lower(email COLLATE \"C\"), full_name)", None),
            ("CREATE UNIQUE INDEX folded ON \"user\" (lower(email))", Some("é@camelot.example")),
            ("CREATE UNIQUE INDEX start ON \"user\" (left(email, 64))", Some("compares only a part of an address")),
            ("CREATE UNIQUE INDEX ends ON \"user\" (right(email, 100))", Some("compares only a part of an address")),
            ("CREATE UNIQUE INDEX long ON \"user\" (left(email, 254))", None),
            ("CREATE UNIQUE INDEX folded ON \"user\" (lower(email COLLATE \"tr-x-icu\"))", Some("@camelot.example")),
            (
                "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false); \
                 ALTER TABLE \"user\" ALTER COLUMN email TYPE varchar(320) COLLATE loose; \
                 ALTER TABLE \"user\" ADD CONSTRAINT \"Loose\" UNIQUE (email)",
                Some("a@straße.example"),
            ),
            (
                "CREATE EXTENSION citext; ALTER TABLE \"user\" ALTER COLUMN email TYPE citext; \
                 CREATE UNIQUE INDEX by_citext ON \"user\" (email) WHERE is_active",
                Some("é@camelot.example"),
            ),
        ],
        Some(Server::Mysql) => vec![
            ("CREATE UNIQUE INDEX exact ON `user` (email)", None),
            (
                "ALTER TABLE `user` MODIFY email varchar(320) COLLATE utf8mb4_general_ci NOT NULL; \
                 CREATE UNIQUE INDEX loose ON `user` (email, full_name(10))",
                Some("é@camelot.example"),
            ),
            (
                "ALTER TABLE `user` MODIFY email varchar(320) COLLATE utf8mb4_unicode_ci NOT NULL; \
                 CREATE UNIQUE INDEX loose ON `user` (email)",
                Some("a@straße.example"),
            ),
            ("CREATE UNIQUE INDEX start ON `user` (email(100))", Some("compares only the first 100 characters")),
            (
                "ALTER TABLE `user` ADD COLUMN start varchar(64) COLLATE utf8mb4_bin AS (left(email, 64)) VIRTUAL, \
                 ADD UNIQUE KEY k (start)",
                Some("compares only a part of an address"),
            ),
            (
                "ALTER TABLE `user` ADD COLUMN folded varchar(320) AS (lower(email)) VIRTUAL, ADD UNIQUE KEY k (folded)",
                Some("É@camelot.example"),
            ),
        ],
    }
}

fn check_strictness(sql: &str, problem: Option<&str>, found: &[SchemaDrift]) -> Option<String> {
    let Some(problem) = problem else {
        assert_eq!(found, [], "{sql}");
        return None;
    };
    let [drift] = found else { panic!("{sql}: {found:?}") };
    assert_eq!(drift.column.as_deref(), Some("email"), "{sql}");
    assert!(drift.problem.starts_with("the unique key ") && drift.problem.contains(problem), "{sql}: {drift}");
    Some(drift.repair.clone().unwrap_or_else(|| panic!("{sql}: {drift}")))
}

#[tokio::test]
async fn a_key_that_takes_different_addresses_for_equal_is_drift_on_sqlite() {
    for (sql, problem) in strictness(None) {
        let store = FileStore::<User>::migrated().await;
        store.file.run("DROP INDEX ix_user_email").await;
        store.file.run(sql).await;
        let found = store.check_schema().await.unwrap();
        if let Some(repair) = check_strictness(sql, problem, &found) {
            store.file.run(repair.leak()).await;
            assert_eq!(store.check_schema().await.unwrap(), [], "{sql}");
        }
    }
}

#[tokio::test]
async fn a_key_that_takes_different_addresses_for_equal_is_drift_on_servers() {
    for server in Server::ALL {
        for (sql, problem) in strictness(Some(server)) {
            let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
            let drop = match server {
                Server::Postgres => "DROP INDEX ix_user_email",
                Server::Mysql => "DROP INDEX ix_user_email ON `user`",
            };
            store.database.run(drop).await;
            store.database.run(sql).await;
            let found = store.check_schema().await.unwrap();
            // A migration drops nothing, and the check does not disturb it.
            store.migrate().await.unwrap();
            if let Some(repair) = check_strictness(sql, problem, &found) {
                store.database.run(&repair).await;
                assert_eq!(store.check_schema().await.unwrap(), [], "{server:?} {sql}");
            }
        }
    }
}

#[tokio::test]
async fn until_it_is_repaired_a_strict_key_says_that_the_address_is_taken() {
    let Some(store) = ServerStore::<User>::migrated(Server::Mysql).await else { return };
    store
        .database
        .run(
            "ALTER TABLE `user` MODIFY email varchar(320) COLLATE utf8mb4_unicode_ci NOT NULL; \
             CREATE UNIQUE INDEX uq_user_email ON `user` (email)",
        )
        .await;
    store.insert(user(account("a@straße.example"))).await.unwrap();
    assert_eq!(refused(store.insert(user(account("a@strasse.example"))).await), Refused::EmailTaken);
}

#[tokio::test]
async fn a_key_that_allows_a_user_one_session_is_drift() {
    let check = async |store: &dyn UserStore<User>, name: &str| {
        let drift = store.check_schema().await.unwrap();
        let [drift] = &drift[..] else { panic!("{drift:?}") };
        assert!(drift.problem.starts_with(&format!("the unique key {name} allows one row per ")), "{drift}");
        drift.repair.clone().unwrap()
    };
    let store = FileStore::<User>::migrated().await;
    store.file.run("CREATE UNIQUE INDEX one_each ON accesstoken (user_id)").await;
    assert_eq!(check(&store.store, "one_each").await, "DROP INDEX \"one_each\"");
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        store.database.run("CREATE UNIQUE INDEX one_each ON accesstoken (user_id)").await;
        store.database.run(&check(&store.store, "one_each").await).await;
        assert_eq!(store.check_schema().await.unwrap(), []);
    }
}
