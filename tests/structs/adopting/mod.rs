//! Tables of other programs are adopted as docs/guide/adopting.md describes, and every flow works on them.
//!
//! A file per program and database has the statements with which the program makes its tables, and a user, Arthur, whose
//! password is `guinevere`. After the line `-- Changes by hand.` follow the statements that the guide asks a person to write.
//! `DATABASE.txt` beside it is what `check_schema` says first about the tables of the program; `UPDATE_DOCS=1` writes it
//! anew.

mod users;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    Backend, DatabaseSessions, Jwt, Limits, Mailer, Policy, SecretKey, Users, mail::MemoryMails, store::StoredUser,
};
use serde_json::{Value, json};

use self::users::*;
use crate::hashing::weak_hashing;
use crate::{
    credentials::{PASSWORD, SECRET},
    database::{Database, DatabaseKind},
    http::Http,
    log::Log,
    repository::{is_current, read},
};

const ARTHUR: &str = "arthur@camelot.bt";
const GUINEVERE: &str = "guinevere";

/// The tables of a program, and the struct for them.
struct Program<U: StoredUser> {
    folder: &'static str,
    routes: fn(&Users<U>) -> Router<Users<U>>,
    table: &'static str,
    superuser: &'static str,
    email: &'static str,
    /// Whether the existing user is verified.
    verified: bool,
    /// What a registration sends beside address and password.
    register: Value,
    /// A change that users make to themselves.
    change: Value,
}

/// A service on adopted tables.
struct Adopted<U: StoredUser> {
    http: Http,
    mails: MemoryMails,
    database: Arc<Database>,
    program: Program<U>,
}

fn merged(mut one: Value, other: &Value) -> Value {
    one.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    one
}

async fn users<U: StoredUser>(url: &str, policy: Policy, mails: &MemoryMails) -> Users<U> {
    let hashing = weak_hashing();
    #[cfg(feature = "foreign-hashes")]
    let hashing = hashing.also_verify(axum_users::password::Django::new());
    let builder = Users::<U>::builder(SecretKey::new(SECRET).unwrap()).database(url).policy(policy).hashing(hashing);
    let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.bt").unwrap();
    let builder = builder.mailer(mailer).public_url("https://camelot.bt").limits(Limits::off());
    let builder =
        builder.backend(Backend::bearer("jwt", Jwt::new())).backend(Backend::bearer("db", DatabaseSessions::new()));
    builder.verification_on_register(false).build().await.unwrap()
}

/// Makes the tables, follows the reports of `check_schema`, and migrates.
async fn adopt<U: StoredUser>(program: Program<U>, kind: DatabaseKind, policy: Policy) -> Adopted<U> {
    let (folder, name) = (
        program.folder,
        match kind {
            DatabaseKind::Sqlite => "sqlite",
            DatabaseKind::Postgres => "postgres",
            DatabaseKind::MariaDb => "mysql",
        },
    );
    let file = format!("tests/structs/adopting/{folder}/{name}");
    let sql = read(&format!("{file}.sql"));
    let (made, by_hand) = sql.split_once("-- Changes by hand.").unwrap_or((&sql, ""));
    let (database, mails) = (Database::empty(kind).await, MemoryMails::new());
    database.run(made).await;
    let users = users::<U>(&database.url(), policy, &mails).await;

    let drift = users.check_schema().await.unwrap();
    let is_missing = |table: &str| {
        drift.iter().any(|drift| drift.table == table && drift.problem.starts_with("the table is missing"))
    };
    let mut report = String::new();
    for drift in drift.iter().filter(|drift| !is_missing(&drift.table)) {
        writeln!(report, "{drift}").unwrap();
    }
    is_current(&format!("{file}.txt"), &report);
    if !by_hand.is_empty() {
        database.run(by_hand).await;
    }
    // First what a migration adds, then what changes the tables of the program.
    users.migrate().await.unwrap();
    for drift in users.check_schema().await.unwrap() {
        database.run(drift.repair.as_deref().unwrap_or_else(|| panic!("{folder} on {name}: {drift}"))).await;
    }
    assert_eq!(users.check_schema().await.unwrap(), [], "{folder} on {name}");
    let app = Router::new().merge((program.routes)(&users)).fallback(axum_users::not_found).with_state(users);
    Adopted { http: Http::serve(app).await, mails, database, program }
}

impl<U: StoredUser> Adopted<U> {
    async fn login(&self, backend: &str, email: &str, password: &str) -> String {
        let form = [("username", email), ("password", password)];
        let response = self.http.post(&format!("/auth/{backend}/login")).form(&form).send().await;
        assert_eq!(response.status, 200, "{}: {response:?}", self.program.folder);
        response.access_token()
    }

    async fn me(&self, token: &str) -> Value {
        let response = self.http.get("/users/me").bearer(token).send().await;
        assert_eq!(response.status, 200, "{}: {response:?}", self.program.folder);
        response.json()
    }

    fn registration(&self, email: &str) -> Value {
        merged(json!({ "email": email, "password": PASSWORD }), &self.program.register)
    }

    async fn update(&self, path: &str, token: &str, change: &Value) {
        let response = self.http.patch(path).bearer(token).json(change.clone()).send().await;
        assert_eq!(response.status, 200, "{}: {response:?}", self.program.folder);
        for (key, value) in change.as_object().unwrap() {
            assert_eq!(&response.json()[key], value, "{}", self.program.folder);
        }
    }

    /// Logs in an existing user, changes and resets.
    async fn existing_user(&self) {
        for backend in ["jwt", "db"] {
            let token = self.login(backend, ARTHUR, GUINEVERE).await;
            let me = self.me(&token).await;
            assert_eq!(
                (&me["email"], &me["is_verified"], &me["is_superuser"]),
                (&json!(ARTHUR), &json!(self.program.verified), &json!(false))
            );
            self.update("/users/me", &token, &self.program.change).await;
        }
        self.http.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
        let mails = tokio::time::timeout(Duration::from_secs(10), self.mails.wait_for(1)).await.unwrap();
        let token = MemoryMails::token(&mails[0]).unwrap();
        let body = json!({ "token": token, "password": PASSWORD });
        let reset = self.http.post("/auth/reset-password").json(body).send().await;
        assert_eq!(reset.status, 200, "{}: {reset:?}", self.program.folder);
        self.login("db", ARTHUR, PASSWORD).await;
    }

    /// Registers users: one of eight who want the same address at once, and one with the address of another user.
    async fn new_users(&self) {
        let one = async || {
            let body = self.registration("lancelot@camelot.bt");
            let response = self.http.another().post("/auth/register").json(body).send().await;
            (response.status.as_u16(), response.text())
        };
        let answers = tokio::join!(one(), one(), one(), one(), one(), one(), one(), one());
        let answers = [answers.0, answers.1, answers.2, answers.3, answers.4, answers.5, answers.6, answers.7];
        let (registered, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 201);
        assert_eq!(registered.len(), 1, "{}: {refused:?}", self.program.folder);
        let taken = (400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#.to_owned());
        assert!(refused.iter().all(|answer| *answer == taken), "{}: {refused:?}", self.program.folder);
        self.me(&self.login("jwt", "LANCELOT@camelot.bt", PASSWORD).await).await;

        let token = self.login("db", "lancelot@camelot.bt", PASSWORD).await;
        let change = self.http.patch("/users/me").bearer(&token).json(json!({ "email": ARTHUR })).send().await;
        change.is(400, r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#);
    }

    /// Reads, changes and deletes a user as a superuser.
    async fn superuser(&self) {
        let Program { table, superuser, email, .. } = &self.program;
        let quoted = |name: &str| self.database.quoted(name);
        let (table, superuser, email) = (quoted(table), quoted(superuser), quoted(email));
        self.database.run(&format!("UPDATE {table} SET {superuser} = TRUE WHERE {email} = '{ARTHUR}'")).await;
        let king = self.login("jwt", ARTHUR, PASSWORD).await;
        let member = self.login("jwt", "lancelot@camelot.bt", PASSWORD).await;
        let id = self.me(&member).await["id"].clone();
        let path = format!("/users/{}", id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        assert_eq!(self.http.get(&path).bearer(&king).send().await.json()["id"], id);
        self.update(&path, &king, &merged(json!({ "is_verified": true }), &self.program.change)).await;
        self.http.get(&path).bearer(&member).send().await.is(403, r#"{"detail":"Forbidden"}"#);
        self.http.delete(&path).bearer(&king).send().await.is(204, "");
        assert_eq!(self.http.get("/users/me").bearer(&member).send().await.status, 401);
    }
}

/// Adopts the tables of a program on every database, and runs every flow.
async fn adopts<U: StoredUser>(program: impl Fn() -> Program<U>) {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let adopted = adopt(program(), kind, Policy::recommended()).await;
        adopted.existing_user().await;
        adopted.new_users().await;
        adopted.superuser().await;
    }
}

#[tokio::test]
async fn tables_of_fastapi_users_are_adopted() {
    adopts(|| Program {
        folder: "fastapi_users",
        routes: upstream_routes,
        table: "user",
        superuser: "is_superuser",
        email: "email",
        verified: true,
        register: json!({}),
        change: json!({ "is_active": true }),
    })
    .await;
}

#[tokio::test]
async fn tables_of_sqlalchemy_and_alembic_are_adopted() {
    adopts(|| Program {
        folder: "sqlalchemy",
        routes: account_routes,
        table: "users",
        superuser: "is_admin",
        email: "email",
        verified: true,
        register: json!({ "name": "Lancelot" }),
        change: json!({ "name": "Sir" }),
    })
    .await;
}

#[tokio::test]
async fn tables_of_sqlalchemy_with_uuids_are_adopted() {
    adopts(|| Program {
        folder: "sqlalchemy_uuid",
        routes: uuid_account_routes,
        table: "account",
        superuser: "is_superuser",
        email: "email",
        verified: true,
        register: json!({}),
        change: json!({ "team_id": "5d6c9f0e-1b2a-4c3d-8e4f-a0b1c2d3e4f5" }),
    })
    .await;
}

#[cfg(feature = "foreign-hashes")]
#[tokio::test]
async fn tables_of_django_are_adopted() {
    adopts(|| Program {
        folder: "django",
        routes: django_user_routes,
        table: "accounts_user",
        superuser: "is_superuser",
        email: "email",
        verified: false,
        register: json!({ "first_name": "Lancelot" }),
        change: json!({ "first_name": "Sir", "last_name": "Knight" }),
    })
    .await;
}

#[cfg(feature = "foreign-hashes")]
#[tokio::test]
async fn the_built_in_user_of_django_is_adopted() {
    adopts(|| Program {
        folder: "django_auth_user",
        routes: django_auth_user_routes,
        table: "auth_user",
        superuser: "is_superuser",
        email: "email",
        verified: false,
        register: json!({ "first_name": "Lancelot" }),
        change: json!({ "first_name": "Sir", "last_name": "Knight" }),
    })
    .await;
}

#[tokio::test]
async fn tables_of_laravel_are_adopted() {
    adopts(|| Program {
        folder: "laravel",
        routes: laravel_user_routes,
        table: "users",
        superuser: "is_superuser",
        email: "email",
        verified: true,
        register: json!({ "name": "Lancelot" }),
        change: json!({ "name": "Sir" }),
    })
    .await;
}

#[tokio::test]
async fn tables_of_devise_are_adopted() {
    adopts(|| Program {
        folder: "devise",
        routes: devise_user_routes,
        table: "users",
        superuser: "is_superuser",
        email: "email",
        verified: true,
        register: json!({}),
        change: json!({ "is_active": true }),
    })
    .await;
}

fn of_typeorm() -> Program<TypeormUser> {
    Program {
        folder: "typeorm",
        routes: typeorm_user_routes,
        table: "user",
        superuser: "isAdmin",
        email: "email",
        verified: true,
        register: json!({ "firstName": "Lancelot" }),
        change: json!({ "firstName": "Sir" }),
    }
}

#[tokio::test]
async fn tables_of_typeorm_are_adopted() {
    adopts(of_typeorm).await;
}

#[tokio::test]
async fn tables_made_by_hand_are_adopted() {
    adopts(|| Program {
        folder: "by_hand",
        routes: member_routes,
        table: "member",
        superuser: "admin",
        email: "mail",
        verified: true,
        register: json!({}),
        change: json!({ "is_active": true }),
    })
    .await;
}

#[tokio::test]
async fn a_private_registration_hides_a_taken_address_behind_keys_of_any_name() {
    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let policy = Policy::recommended().private_registration().require_verification(true);
        let adopted = adopt(of_typeorm(), kind, policy).await;
        // Without our index only a key of the program refuses an address, and its name says nothing.
        let key = match kind {
            DatabaseKind::Sqlite | DatabaseKind::Postgres => "DROP INDEX ix_user_email_canonical",
            DatabaseKind::MariaDb => {
                "ALTER TABLE `user` DROP INDEX ix_user_email_canonical, ADD UNIQUE KEY of_mail (email)"
            }
        };
        adopted.database.run(key).await;
        let new = adopted.http.post("/auth/register").json(adopted.registration("kay@camelot.bt")).send().await;
        let taken = adopted.http.post("/auth/register").json(adopted.registration(ARTHUR)).send().await;
        assert_eq!((new.status.as_u16(), taken.status.as_u16()), (201, 201), "{new:?} {taken:?}");
    }
}

#[tokio::test]
async fn a_migration_logs_what_it_leaves() {
    let database = Database::empty(DatabaseKind::Sqlite).await;
    database.run(&read("tests/structs/adopting/by_hand/sqlite.sql").replace("NOCASE NOT NULL", "NOCASE")).await;
    let users = users::<Member>(&database.url(), Policy::recommended(), &MemoryMails::new()).await;
    let (log, _guard) = Log::start(tracing::Level::WARN);
    users.migrate().await.unwrap();
    let lines = log.lines("event=\"schema_drift\"");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = "drift=member.mail: may be NULL, which the field cannot hold";
    assert!(lines[0].contains(" WARN ") && lines[0].contains("axum_users: ") && lines[0].contains(line), "{lines:?}");
}
