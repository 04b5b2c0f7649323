//! Effects of the application's triggers, rules, views and policies on a write: a refusal is an error of the client,
//! whatever its code; its text is not logged; and a swallowed write is neither a success nor a failure of the service.

use axum_users::Policy;
use serde_json::json;

use super::{ARTHUR, logs::Recording, patch_me};
use crate::{
    matrix::{Database, DatabaseKind},
    support::{PASSWORD, Response, Setup, TestApp},
};

/// A text that no log may contain: a trigger's message contains it without an at sign.
const SECRET_TEXT: &str = "Clarent";

/// Starts a service on a database to which an application has added something.
async fn app_with(kind: DatabaseKind, addition: &str) -> (TestApp, std::sync::Arc<Database>) {
    let database = Database::own(kind).await;
    let url = database.url();
    let setup =
        Setup { policy: Policy::recommended(), builder: Box::new(|builder| builder.database(url)), ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.superuser("uther@camelot.bt").await;
    app.register("kay@camelot.bt").await;
    database.run(addition).await;
    (app, database)
}

async fn register(app: &TestApp, first_name: &str) -> Response {
    let body = json!({ "email": ARTHUR, "password": PASSWORD, "first_name": first_name });
    app.post("/auth/register").json(body).send().await
}

fn is_refused(response: &Response, what: &str) {
    assert_eq!(response.status, 422, "{what}: {response:?}");
    assert_eq!(response.json()["detail"][0]["loc"], json!(["body"]), "{what}: {response:?}");
}

/// Registers and changes a user with a value that is refused, and looks for its text in the logs.
async fn refuses(kind: DatabaseKind, what: &str, addition: &str) {
    let recording = Recording::start();
    let (app, _database) = app_with(kind, addition).await;
    let what = format!("{kind:?}, {what}");
    is_refused(&register(&app, SECRET_TEXT).await, &what);
    assert!(app.users.get_by_email(ARTHUR).await.unwrap().is_none(), "{what}: nothing is stored");
    assert_eq!(register(&app, "Arthur").await.status, 201, "{what}");
    let kay = app.login("kay@camelot.bt", PASSWORD).await;
    is_refused(&patch_me(&app, &kay, json!({ "first_name": SECRET_TEXT })).await, &what);
    assert_eq!(app.stored("kay@camelot.bt").await.first_name, None, "{what}");
    for line in recording.events() {
        assert!(!format!("{:?}", line.fields).contains(SECRET_TEXT), "{what}: {line:?}");
    }
}

fn postgres_trigger(raise: &str) -> String {
    format!(
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n text; BEGIN \
         IF NEW.first_name = '{SECRET_TEXT}' THEN {raise}; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER stop BEFORE INSERT OR UPDATE ON \"user\" FOR EACH ROW EXECUTE FUNCTION stop()"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_the_application_is_422_whatever_its_code() {
    if DatabaseKind::Postgres.is_reachable().await {
        for raise in [
            "RAISE EXCEPTION 'bad name %', NEW.first_name USING ERRCODE = 'AU001'",
            "RAISE EXCEPTION 'bad name %', NEW.first_name USING ERRCODE = 'PT422'",
            "RAISE EXCEPTION 'bad name %', NEW.first_name USING ERRCODE = '42501'",
            "RAISE EXCEPTION 'bad name %', NEW.first_name USING ERRCODE = '42804'",
            "RAISE EXCEPTION 'bad name %', NEW.first_name USING ERRCODE = '0A000'",
            "ASSERT NEW.first_name = 'x', 'bad name ' || NEW.first_name",
            "SELECT email INTO STRICT n FROM \"user\" WHERE email = NEW.first_name",
        ] {
            refuses(DatabaseKind::Postgres, raise, &postgres_trigger(raise)).await;
        }
    }
    if DatabaseKind::MariaDb.is_reachable().await {
        for signal in [
            "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 30001, MESSAGE_TEXT = 'Clarent'",
            "SIGNAL SQLSTATE '99001' SET MESSAGE_TEXT = 'Clarent'",
            "SIGNAL SQLSTATE 'AU001' SET MYSQL_ERRNO = 1234, MESSAGE_TEXT = 'Clarent'",
            "SIGNAL SQLSTATE '02000' SET MESSAGE_TEXT = 'Clarent'",
        ] {
            let trigger = |event: &str| {
                format!(
                    "CREATE TRIGGER stop_{event} BEFORE {event} ON `user` FOR EACH ROW BEGIN \
                     IF NEW.first_name = '{SECRET_TEXT}' THEN {signal}; END IF; END;"
                )
            };
            refuses(DatabaseKind::MariaDb, signal, &format!("{}{}", trigger("INSERT"), trigger("UPDATE"))).await;
        }
    }
    let sqlite = |event: &str| {
        format!(
            "CREATE TRIGGER stop_{event} BEFORE {event} ON user WHEN NEW.first_name = '{SECRET_TEXT}' BEGIN \
             SELECT json_extract('{{}}', NEW.first_name); END;"
        )
    };
    // The function quotes its argument.
    refuses(DatabaseKind::Sqlite, "a function", &format!("{}{}", sqlite("INSERT"), sqlite("UPDATE"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_a_policy_a_view_or_a_partition_refuses_is_422() {
    if DatabaseKind::Postgres.is_reachable().await {
        let policy = "ALTER TABLE \"user\" ENABLE ROW LEVEL SECURITY; ALTER TABLE \"user\" FORCE ROW LEVEL SECURITY; \
             CREATE POLICY readable ON \"user\" USING (true) WITH CHECK (first_name IS DISTINCT FROM 'Clarent'); \
             DO $$ BEGIN EXECUTE 'CREATE ROLE axum_users_rls_' || substr(md5(current_database()), 1, 12) || ' LOGIN'; END $$; \
             DO $$ BEGIN EXECUTE 'ALTER TABLE \"user\" OWNER TO axum_users_rls_' || substr(md5(current_database()), 1, 12); \
             EXECUTE 'ALTER TABLE user_token_state OWNER TO axum_users_rls_' || substr(md5(current_database()), 1, 12); \
             EXECUTE 'ALTER TABLE accesstoken OWNER TO axum_users_rls_' || substr(md5(current_database()), 1, 12); \
             EXECUTE 'GRANT ALL ON SCHEMA public TO axum_users_rls_' || substr(md5(current_database()), 1, 12); \
             EXECUTE 'ALTER DATABASE ' || current_database() || ' SET role = axum_users_rls_' \
               || substr(md5(current_database()), 1, 12); END $$";
        let database = Database::own(DatabaseKind::Postgres).await;
        database.run(policy).await;
        let url = database.url();
        let builder = Box::new(|builder: axum_users::UsersBuilder<crate::support::User>| builder.database(url));
        let app = TestApp::with(Setup { builder, ..Setup::default() }).await;
        is_refused(&register(&app, SECRET_TEXT).await, "row-level security");
        assert_eq!(register(&app, "Arthur").await.status, 201);
        let arthur = app.login(ARTHUR, PASSWORD).await;
        is_refused(&patch_me(&app, &arthur, json!({ "first_name": SECRET_TEXT })).await, "row-level security");
        drop(app);
        let role = "DO $$ BEGIN \
             EXECUTE 'REASSIGN OWNED BY axum_users_rls_' || substr(md5(current_database()), 1, 12) || ' TO CURRENT_USER'; \
             EXECUTE 'DROP OWNED BY axum_users_rls_' || substr(md5(current_database()), 1, 12); \
             EXECUTE 'ALTER DATABASE ' || current_database() || ' RESET role'; \
             EXECUTE 'DROP ROLE axum_users_rls_' || substr(md5(current_database()), 1, 12); END $$";
        database.run(&format!("SET ROLE NONE; {role}")).await;
    }
    if DatabaseKind::MariaDb.is_reachable().await {
        let view = "RENAME TABLE `user` TO people; CREATE VIEW `user` AS SELECT * FROM people \
             WHERE first_name IS NULL OR first_name <> 'Clarent' WITH CHECK OPTION";
        refuses(DatabaseKind::MariaDb, "a view", view).await;
    }
    if DatabaseKind::Postgres.is_reachable().await {
        let view = "ALTER TABLE \"user\" RENAME TO people; CREATE VIEW \"user\" AS SELECT * FROM people \
             WHERE first_name IS DISTINCT FROM 'Clarent' WITH CHECK OPTION; \
             ALTER VIEW \"user\" ALTER auth_epoch SET DEFAULT 0";
        refuses(DatabaseKind::Postgres, "a view", view).await;
    }
}

/// A trigger without a row, and a rule that does nothing instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_swallowed_is_422_and_not_a_lie() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        if !kind.is_reachable().await {
            continue;
        }
        let additions = match kind {
            DatabaseKind::Sqlite => vec![
                "CREATE TRIGGER no_insert BEFORE INSERT ON user WHEN NEW.first_name = 'Clarent' BEGIN SELECT RAISE(IGNORE); END; \
                 CREATE TRIGGER no_update BEFORE UPDATE ON user WHEN NEW.first_name = 'Clarent' BEGIN SELECT RAISE(IGNORE); END; \
                 CREATE TRIGGER no_delete BEFORE DELETE ON user BEGIN SELECT RAISE(IGNORE); END;"
                    .to_owned(),
            ],
            _ => vec![
                format!(
                    "{}; CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
                     CREATE TRIGGER keep BEFORE DELETE ON \"user\" FOR EACH ROW EXECUTE FUNCTION keep()",
                    postgres_trigger("RETURN NULL")
                ),
            ],
        };
        for addition in additions {
            let (app, database) = app_with(kind, &addition).await;
            let what = format!("{kind:?}");
            is_refused(&register(&app, SECRET_TEXT).await, &what);
            let kay = app.login("kay@camelot.bt", PASSWORD).await;
            is_refused(&patch_me(&app, &kay, json!({ "first_name": SECRET_TEXT })).await, &what);
            // With a new password, whose change requires that the session was not ended meanwhile.
            let change =
                json!({ "first_name": SECRET_TEXT, "password": "another long sword", "current_password": PASSWORD });
            is_refused(&patch_me(&app, &kay, change).await, &what);
            assert_eq!(app.me(&kay).await.status, 200, "{what}: the session goes on");
            let king = app.login("uther@camelot.bt", PASSWORD).await;
            let id = app.stored("kay@camelot.bt").await.id;
            let deleted = app.delete(&format!("/users/{id}")).bearer(&king).send().await;
            assert_eq!(deleted.status, 422, "{what}: {deleted:?}");
            assert_eq!(database.count("user", "email = 'kay@camelot.bt'").await, 1, "{what}");
        }
    }
}

/// A trigger that reports a full disk is believed, and its text is not logged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_with_the_code_of_a_full_disk_is_503_without_its_text() {
    let recording = Recording::start();
    for kind in [DatabaseKind::Postgres, DatabaseKind::MariaDb] {
        if !kind.is_reachable().await {
            continue;
        }
        let addition = if kind == DatabaseKind::Postgres {
            postgres_trigger("RAISE EXCEPTION 'no room for %', NEW.first_name USING ERRCODE = '53100'")
        } else {
            "CREATE TRIGGER stop BEFORE INSERT ON `user` FOR EACH ROW BEGIN IF NEW.first_name = 'Clarent' THEN \
             SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1021, MESSAGE_TEXT = 'no room for Clarent'; END IF; END"
                .to_owned()
        };
        let (app, _database) = app_with(kind, &addition).await;
        assert_eq!(register(&app, SECRET_TEXT).await.status, 503, "{kind:?}");
    }
    let text = format!("{:?}", recording.events().iter().map(|line| format!("{:?}", line.fields)).collect::<Vec<_>>());
    assert!(!text.contains(SECRET_TEXT), "{text}");
}
