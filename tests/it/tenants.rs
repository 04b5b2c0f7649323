//! A service whose users belong to tenants, named by a header; and what holds of such users whatever the store is.

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::{Router, extract::State, routing::get};
use axum_users::{
    AuthUser, Backend, CurrentUser, Error, Jwt, Mailer, PasswordHash, Policy, SecretKey, Status, Users, UsersBuilder,
    mail::MemoryMails,
    password::{Argon2Params, HashSettings},
    store::{MemoryStore, NewAccount, SqlStore, StoreError, StoredUser, UserStore},
    testing::store_tenants,
};
use serde_json::{Value, json};
use uuid::Uuid;

#[cfg(feature = "services")]
use crate::servers::{Server, TempDatabase};
use crate::{
    http::{Answer, Call, Http},
    support::{PASSWORD, SECRET},
};

/// A user of a company.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The tenant.
    #[auth(tenant, read)]
    pub company: String,
    /// What everybody may write.
    #[auth(read, create, update)]
    pub motto: Option<String>,
}

/// A member of a club with a number, whose id the database makes.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "member")]
pub struct Member {
    pub id: i64,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The club.
    #[auth(tenant)]
    pub club: i64,
}

pub const CAMELOT: &str = "camelot";
pub const CORNWALL: &str = "cornwall";

/// A running service for the companies [`CAMELOT`] and [`CORNWALL`].
pub struct Companies {
    pub users: Users<User>,
    pub mails: MemoryMails,
    http: Http,
    database: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Deref for Companies {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

fn builder(url: String) -> UsersBuilder<User> {
    Users::<User>::builder(SecretKey::new(SECRET).unwrap())
        .database(url)
        .backend(Backend::bearer("jwt", Jwt::new()))
        .hashing(HashSettings::default().params(Argon2Params::weak_for_tests()))
}

/// The company of a request: the header `x-company`, if there is such a company.
fn company(request: &axum::http::request::Parts) -> Option<String> {
    let named = request.headers.get("x-company")?.to_str().ok()?;
    [CAMELOT, CORNWALL].contains(&named).then(|| named.to_owned())
}

async fn motto(user: Option<CurrentUser<User>>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| format!("{:?}", user.motto))
}

async fn count_arthurs(users: Users<User>) -> String {
    users.get_by_email("arthur@camelot.bt").await.unwrap().map_or(0, |_| 1).to_string()
}

async fn forgets_the_tenant(State(users): State<Users<User>>) -> String {
    format!("{:?}", users.get_by_email("arthur@camelot.bt").await.map(|found| found.is_some()))
}

impl Companies {
    pub async fn start() -> Self {
        Self::under(Policy::recommended()).await
    }

    pub async fn under(policy: Policy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("test.db");
        let mails = MemoryMails::new();
        let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.bt/castle").unwrap();
        let users = builder(format!("sqlite://{}?mode=rwc", database.display()))
            .mailer(mailer)
            .tenant(company)
            .policy(policy)
            .build()
            .await
            .unwrap();
        users.migrate().await.unwrap();
        let app = Router::new()
            .merge(user_routes(&users))
            .route("/motto", get(motto))
            .route("/arthurs", get(count_arthurs))
            .route("/careless", get(forgets_the_tenant))
            .with_state(users.clone());
        Self { users, mails, http: Http::serve(app).await, database, _folder: folder }
    }

    /// A request to a company.
    pub fn at<'a>(company: &str, call: Call<'a>) -> Call<'a> {
        call.header("x-company", company)
    }

    pub async fn register(&self, company: &str, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD, "company": CORNWALL, "motto": company });
        Self::at(company, self.post("/auth/register")).json(body).send().await
    }

    pub async fn try_login(&self, company: &str, email: &str, password: &str) -> Answer {
        let form = [("username", email), ("password", password)];
        Self::at(company, self.post("/auth/jwt/login")).form(&form).send().await
    }

    pub async fn login(&self, company: &str, email: &str, password: &str) -> String {
        let answer = self.try_login(company, email, password).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn me(&self, company: &str, token: &str) -> Answer {
        Self::at(company, self.get("/users/me")).bearer(token).send().await
    }

    pub async fn post_json(&self, company: &str, path: &str, body: Value) -> Answer {
        Self::at(company, self.post(path)).json(body).send().await
    }

    /// The token in the `count`th mail.
    pub async fn mailed_token(&self, count: usize) -> String {
        let mails = tokio::time::timeout(Duration::from_secs(10), self.mails.wait_for(count)).await;
        let mails = mails.unwrap_or_else(|_| panic!("no mail number {count}"));
        MemoryMails::token(&mails[count - 1]).unwrap_or_else(|| panic!("no token in {:?}", mails[count - 1]))
    }

    /// The user as stored.
    pub async fn stored(&self, company: &str, email: &str) -> User {
        self.users.for_tenant(company.to_owned()).unwrap().get_by_email(email).await.unwrap().unwrap()
    }

    /// Makes a superuser of one company by code and logs in over HTTP.
    pub async fn superuser(&self, company: &str, email: &str) -> String {
        let status = Status { is_active: true, is_superuser: true, is_verified: true };
        let input = UserCreate { email: email.into(), password: PASSWORD.into(), motto: None };
        self.users.for_tenant(company.to_owned()).unwrap().create(input, status).await.unwrap();
        self.login(company, email, PASSWORD).await
    }

    /// A second connection to the database, to look behind the service.
    pub async fn sqlite(&self) -> sqlx::SqlitePool {
        sqlx::SqlitePool::connect(&format!("sqlite://{}", self.database.display())).await.unwrap()
    }
}

#[tokio::test]
async fn a_service_for_tenants_is_not_built_without_saying_whose_request_is_whose() {
    let Err(Error::Config(text)) = builder("sqlite::memory:".into()).build().await else {
        panic!("it must be refused")
    };
    assert!(text.contains(".tenant(") && text.contains("#[auth(tenant)]"), "{text}");
}

#[tokio::test]
async fn a_request_for_no_tenant_is_404_before_anything_else_is_looked_at() {
    let app = Companies::start().await;
    app.register(CAMELOT, "arthur@camelot.bt").await;
    let session = app.login(CAMELOT, "arthur@camelot.bt", PASSWORD).await;
    let body = "not even JSON";
    for call in [
        app.get("/users/me").bearer(&session),
        app.get("/users/me"),
        app.patch("/users/me").bearer(&session).raw("application/json", body),
        app.delete(&format!("/users/{}", Uuid::nil())).bearer(&session),
        app.post("/auth/register").raw("application/json", body),
        app.post("/auth/jwt/login").raw("text/plain", body),
        app.post("/auth/jwt/logout").bearer(&session),
        app.post("/auth/forgot-password").raw("application/json", body),
        app.post("/auth/reset-password").raw("application/json", body),
        app.post("/auth/request-verify-token").raw("application/json", body),
        app.post("/auth/verify").raw("application/json", body),
        app.get("/motto").bearer(&session),
        app.get("/arthurs"),
        Companies::at("atlantis", app.get("/users/me")).bearer(&session),
        Companies::at("", app.get("/users/me")).bearer(&session),
        Companies::at("Camelot", app.get("/users/me")).bearer(&session),
    ] {
        call.send().await.is(404, r#"{"detail":"Not Found"}"#);
    }
}

#[tokio::test]
async fn handlers_of_the_application_see_the_tenant_of_the_request() {
    let app = Companies::start().await;
    app.register(CAMELOT, "arthur@camelot.bt").await;
    let session = app.login(CAMELOT, "arthur@camelot.bt", PASSWORD).await;
    let get = async |company, path| Companies::at(company, app.get(path)).bearer(&session).send().await.text();
    assert_eq!(get(CAMELOT, "/motto").await, "Some(\"camelot\")");
    assert_eq!(get(CORNWALL, "/motto").await, "nobody");
    assert_eq!(get(CAMELOT, "/arthurs").await, "1");
    assert_eq!(get(CORNWALL, "/arthurs").await, "0");
    assert_eq!(get(CAMELOT, "/careless").await, "Err(MissingTenant)", "a handle of no tenant finds nobody");
}

#[tokio::test]
async fn code_must_name_a_tenant() {
    let app = Companies::start().await;
    app.register(CAMELOT, "arthur@camelot.bt").await;
    let arthur = app.stored(CAMELOT, "arthur@camelot.bt").await;
    let camelot = app.users.for_tenant(CAMELOT.to_owned()).unwrap();
    let cornwall = app.users.for_tenant(CORNWALL.to_owned()).unwrap();
    assert!(camelot.get(arthur.id).await.unwrap().is_some());
    assert!(cornwall.get(arthur.id).await.unwrap().is_none());
    assert!(cornwall.for_tenant(CAMELOT.to_owned()).unwrap().get(arthur.id).await.unwrap().is_some());
    assert!(matches!(app.users.get(arthur.id).await, Err(StoreError::MissingTenant)));
    assert!(matches!(app.users.sessions().end_everyone().await, Err(StoreError::MissingTenant)));
    cornwall.sessions().end_all(arthur.id).await.unwrap();
    assert!(cornwall.delete(&arthur).await.is_err());
    assert!(camelot.get(arthur.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_handle_bound_by_code_stays_in_its_tenant() {
    let app = Companies::start().await;
    app.register(CAMELOT, "arthur@camelot.bt").await;
    let cornwall = app.users.for_tenant(CORNWALL.to_owned()).unwrap();
    let bound = Http::serve(Router::new().route("/arthurs", get(count_arthurs)).with_state(cornwall)).await;
    bound.get("/arthurs").header("x-company", CAMELOT).send().await.is(200, "0");
}

#[tokio::test]
async fn a_table_whose_addresses_are_unique_over_all_tenants_is_reported() {
    let app = Companies::start().await;
    assert_eq!(app.users.check_schema().await.unwrap(), []);
    let sqlite = app.sqlite().await;
    for index in ["DROP INDEX ix_user_email", "CREATE UNIQUE INDEX ix_user_email ON user (email)"] {
        sqlx::query(index).execute(&sqlite).await.unwrap();
    }
    let drift = app.users.check_schema().await.unwrap();
    assert_eq!(drift.len(), 1, "{drift:?}");
    assert!(drift[0].problem.contains("ix_user_email is another one"), "{drift:?}");
}

fn user(account: NewAccount<Uuid>) -> User {
    let input = UserCreate { email: String::new(), password: PASSWORD.into(), motto: None };
    <User as AuthUser>::new(account, input)
}

fn member(account: NewAccount<i64>) -> Member {
    let input = MemberCreate { email: String::new(), password: PASSWORD.into() };
    <Member as AuthUser>::new(account, input)
}

/// A tenant whose name another would be under a collation that ignores case.
#[cfg(feature = "services")]
const LOUD: &str = "CAMELOT";

/// A store on a database that each rule finds empty: to make one for each takes minutes.
#[cfg(feature = "services")]
async fn emptied<U: StoredUser>(database: &TempDatabase, tables: [&str; 3]) -> SqlStore<U> {
    let store = SqlStore::connect(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    let quote = if database.server == Server::Mysql { '`' } else { '"' };
    for table in tables {
        database.run(&format!("DELETE FROM {quote}{table}{quote}")).await;
    }
    store
}

#[cfg(feature = "services")]
async fn keeps_tenants_apart(server: Server) {
    let (Some(companies), Some(clubs)) = (server.database().await, server.database().await) else { return };
    const USERS: [&str; 3] = ["accesstoken", "user_token_state", "user"];
    const MEMBERS: [&str; 3] = ["member_accesstoken", "member_token_state", "member"];
    let names = [CAMELOT.to_owned(), LOUD.to_owned()];
    // Most of it is waiting.
    let (users, members) = tokio::join!(
        store_tenants(|| emptied::<User>(&companies, USERS), user, names),
        store_tenants(|| emptied::<Member>(&clubs, MEMBERS), member, [1, 2]),
    );
    users.and(members).unwrap_or_else(|broken| panic!("{server:?}: {broken}"));
    let store = emptied::<User>(&companies, USERS).await;
    assert_eq!(store.check_schema().await.unwrap(), [], "{server:?}");
}

#[cfg(feature = "services")]
#[tokio::test]
async fn servers_keep_tenants_apart() {
    tokio::join!(keeps_tenants_apart(Server::Postgres), keeps_tenants_apart(Server::Mysql));
}

#[tokio::test]
async fn stores_keep_tenants_apart() {
    let companies = || [CAMELOT.to_owned(), CORNWALL.to_owned()];
    store_tenants(async || SqlStore::<User>::connect("sqlite::memory:").await.unwrap(), user, companies())
        .await
        .unwrap();
    store_tenants(async || SqlStore::<Member>::connect("sqlite::memory:").await.unwrap(), member, [1, 2])
        .await
        .unwrap();
    store_tenants(async || MemoryStore::<User>::new(), user, companies()).await.unwrap();
    store_tenants(async || MemoryStore::<Member>::new(), member, [1, 2]).await.unwrap();
}
