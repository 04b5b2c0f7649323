//! Every flow with ids of every kind, over HTTP: registration, logins with each strategy, mailed tokens, the routes of
//! superusers, other spellings of ids, and the OpenAPI document.

use std::{sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    Backend, DatabaseSessions, Jwt, Limits, Mailer, SecretKey, Users,
    mail::MemoryMails,
    openapi::openapi,
    schema::{Status, UserId},
    store::{MemoryStore, SqlStore, StoredUser, UserStore},
};
#[cfg(feature = "services")]
use axum_users::{Redis, RedisSessions};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::types::{
    keys, numbers_of_database, snowflakes, snowflakes_of_database, ulids, uuids_of_database, version_7,
};
use crate::hashing::weak_hashing;
use crate::{
    credentials::{PASSWORD, SECRET},
    http::Http,
};
#[cfg(feature = "services")]
use crate::{redis_server::TestRedis, servers::Server};

const ARTHUR: &str = "arthur@camelot.bt";
const KAY: &str = "kay@camelot.bt";

struct Service<U: StoredUser> {
    users: Users<U>,
    http: Http,
    mails: MemoryMails,
    backends: Vec<&'static str>,
    #[cfg(feature = "services")]
    _redis: Option<TestRedis>,
}

impl<U: StoredUser> Service<U> {
    async fn over(store: impl UserStore<U>, routes: fn(&Users<U>) -> Router<Users<U>>) -> Self {
        let mails = MemoryMails::new();
        let builder = Users::<U>::builder(SecretKey::new(SECRET).unwrap())
            .store(store)
            .hashing(weak_hashing())
            .limits(Limits::off())
            .mailer(Mailer::new(Arc::new(mails.clone()), "https://camelot.bt/castle").unwrap())
            .backend(Backend::bearer("jwt", Jwt::new()))
            .backend(Backend::bearer("db", DatabaseSessions::new()));
        #[cfg(feature = "services")]
        let redis = TestRedis::reach();
        #[cfg(feature = "services")]
        let builder = redis.iter().fold(builder, |builder, redis| {
            let place = Redis::new(&redis.url).unwrap().prefix(redis.ours());
            builder.backend(Backend::bearer("redis", RedisSessions::new(place)))
        });
        let mut backends = vec!["jwt", "db"];
        #[cfg(feature = "services")]
        backends.extend(redis.iter().map(|_| "redis"));
        let users = builder.build().await.unwrap();
        users.migrate().await.unwrap();
        assert_eq!(users.check_schema().await.unwrap(), []);
        let http = Http::serve(routes(&users).with_state(users.clone())).await;
        Self {
            users,
            http,
            mails,
            backends,
            #[cfg(feature = "services")]
            _redis: redis,
        }
    }

    async fn login(&self, backend: &str, email: &str, password: &str) -> String {
        let form = [("username", email), ("password", password)];
        self.http.post(&format!("/auth/{backend}/login")).form(&form).send().await.access_token()
    }

    async fn mailed_token(&self, count: usize) -> String {
        let mails = tokio::time::timeout(Duration::from_secs(10), self.mails.wait_for(count)).await;
        MemoryMails::token(&mails.unwrap()[count - 1]).unwrap()
    }

    async fn me(&self, token: &str) -> (u16, Value) {
        let response = self.http.get("/users/me").bearer(token).send().await;
        (response.status.as_u16(), response.json())
    }
}

/// The text of an id in JSON.
fn text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// Goes through every flow. `spellings` makes other spellings of an id.
async fn every_flow<U: StoredUser>(of: &str, service: &Service<U>, spellings: fn(&str) -> Vec<String>) {
    let Service { users, http, .. } = service;
    let mut ids = Vec::new();
    for (number, email) in [ARTHUR, KAY].into_iter().enumerate() {
        let body = json!({ "email": email, "password": PASSWORD, "motto": "Excalibur" });
        let registered = http.post("/auth/register").json(body).send().await;
        assert_eq!(registered.status, 201, "{of}: {registered:?}");
        let id = registered.json()["id"].clone();
        let stored = users.get(U::Id::parse(&text(&id)).unwrap()).await.unwrap().unwrap();
        assert_eq!((stored.account().email, stored.id().to_string()), (email, text(&id)), "{of}");
        ids.push(id);
        let token = service.mailed_token(number + 1).await;
        let verified = http.post("/auth/verify").json(json!({ "token": token })).send().await;
        assert_eq!((verified.status.as_u16(), &verified.json()["id"]), (200, &ids[number]), "{of}");
    }
    assert_ne!(ids[0], ids[1], "{of}");

    for backend in &service.backends {
        let (arthur, kay) =
            (service.login(backend, ARTHUR, PASSWORD).await, service.login(backend, KAY, PASSWORD).await);
        // Requests at the same time share a query.
        for _ in 0..4 {
            let (a, b, c, d) =
                tokio::join!(service.me(&arthur), service.me(&kay), service.me(&arthur), service.me(&kay));
            let found = [a, b, c, d].map(|(status, me)| (status, me["id"].clone()));
            let expected = [&ids[0], &ids[1], &ids[0], &ids[1]].map(|id| (200, id.clone()));
            assert_eq!(found, expected, "{of} {backend}");
        }
        if *backend == "jwt" {
            let payload = URL_SAFE_NO_PAD.decode(arthur.split('.').nth(1).unwrap()).unwrap();
            let payload: Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(payload["sub"], json!(text(&ids[0])), "{of}");
        } else {
            let listed = http.get("/auth/sessions").bearer(&arthur).send().await;
            assert_eq!(listed.json().as_array().map(Vec::len), Some(1), "{of} {backend}: {listed:?}");
        }
        let change = http.patch("/users/me").bearer(&arthur).json(json!({ "motto": backend })).send().await;
        assert_eq!((change.status.as_u16(), &change.json()["motto"]), (200, &json!(backend)), "{of}");
        for token in [&arthur, &kay] {
            assert_eq!(http.post(&format!("/auth/{backend}/logout")).bearer(token).send().await.status, 204, "{of}");
            assert_eq!(service.me(token).await.0, 401, "{of} {backend}");
        }
    }

    let sent = service.mails.all().len();
    http.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
    let token = service.mailed_token(sent + 1).await;
    let reset = json!({ "token": token, "password": "another long sword" });
    assert_eq!(http.post("/auth/reset-password").json(reset).send().await.status, 200, "{of}");
    let arthur = service.login("jwt", ARTHUR, "another long sword").await;

    let merlin = json!({ "email": "merlin@camelot.bt", "password": PASSWORD, "motto": null });
    let status = Status { is_active: true, is_superuser: true, is_verified: true };
    users.create(serde_json::from_value(merlin).unwrap(), status).await.unwrap();
    let merlin = service.login("db", "merlin@camelot.bt", PASSWORD).await;
    let path = format!("/users/{}", text(&ids[0]));
    assert_eq!(http.get(&path).bearer(&merlin).send().await.json()["id"], ids[0], "{of}");
    let changed = http.patch(&path).bearer(&merlin).json(json!({ "motto": "none" })).send().await;
    assert_eq!((changed.status.as_u16(), &changed.json()["id"]), (200, &ids[0]), "{of}");
    let mut others = spellings(&text(&ids[0]));
    others.extend(["0".repeat(300), "%00".to_owned(), "%FF".to_owned(), format!("{}%20", text(&ids[0]))]);
    for other in others {
        for method in [axum::http::Method::GET, axum::http::Method::PATCH, axum::http::Method::DELETE] {
            let call = http.request(method.clone(), &format!("/users/{other}")).bearer(&merlin);
            let call = if method == axum::http::Method::PATCH { call.json(json!({})) } else { call };
            let response = call.send().await;
            assert_eq!(response.status, 404, "{of} {method} {other}: {response:?}");
        }
    }
    assert_eq!(service.me(&arthur).await.0, 200, "{of}");
    assert_eq!(http.delete(&path).bearer(&merlin).send().await.status, 204, "{of}");
    assert_eq!((service.me(&arthur).await.0, service.me(&merlin).await.0), (401, 200), "{of}");
}

/// Goes through every flow on every store.
async fn on_every_store<U: StoredUser>(routes: fn(&Users<U>) -> Router<Users<U>>, spellings: fn(&str) -> Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("ids.db").display());
    let service = Service::over(SqlStore::<U>::connect(&url).await.unwrap(), routes).await;
    every_flow("SQLite", &service, spellings).await;
    let service = Service::over(MemoryStore::<U>::new(), routes).await;
    every_flow("memory", &service, spellings).await;
    #[cfg(feature = "services")]
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let service = Service::over(SqlStore::<U>::connect(&database.url()).await.unwrap(), routes).await;
        every_flow(&format!("{server:?}"), &service, spellings).await;
    }
}

/// Texts that a lenient parser takes for the same id.
fn lenient(id: &str) -> Vec<String> {
    vec![id.to_lowercase(), format!("%20{id}"), format!("{id}0"), format!("0{id}"), format!("%2B{id}")]
        .into_iter()
        .filter(|other| other != id)
        .collect()
}

#[tokio::test]
async fn every_flow_works_with_uuids_of_version_7() {
    on_every_store(version_7::routes, |id| vec![format!("{id}0"), format!("%20{id}")]).await;
}

#[tokio::test]
async fn every_flow_works_with_ulids() {
    on_every_store(ulids::routes, lenient).await;
}

#[tokio::test]
async fn every_flow_works_with_snowflakes() {
    on_every_store(snowflakes::routes, lenient).await;
}

#[tokio::test]
async fn every_flow_works_with_uuids_that_have_a_prefix() {
    on_every_store(keys::routes, |id| {
        let bare = id.strip_prefix("usr_").unwrap();
        let hyphens = uuid::Uuid::parse_str(bare).unwrap().hyphenated().to_string();
        vec![bare.to_owned(), hyphens.clone(), format!("usr_{hyphens}"), format!("usr_{}", bare.to_uppercase())]
    })
    .await;
}

#[tokio::test]
async fn every_flow_works_with_ids_that_the_database_makes() {
    on_every_store(uuids_of_database::routes, |id| vec![format!("{id}0")]).await;
    on_every_store(numbers_of_database::routes, lenient).await;
    on_every_store(snowflakes_of_database::routes, lenient).await;
}

#[tokio::test]
async fn ids_of_version_7_are_in_the_order_of_registration() {
    let service = Service::over(MemoryStore::<version_7::User>::new(), version_7::routes).await;
    let mut last = uuid::Uuid::nil();
    for number in 0..3 {
        let body = json!({ "email": format!("knight{number}@camelot.bt"), "password": PASSWORD });
        let id = service.http.post("/auth/register").json(body).send().await.json()["id"].clone();
        let id = uuid::Uuid::parse_str(id.as_str().unwrap()).unwrap();
        assert_eq!(id.get_version_num(), 7);
        assert!(id.get_timestamp().unwrap().to_unix().0 >= last.get_timestamp().map_or(0, |time| time.to_unix().0));
        last = id;
    }
}

#[tokio::test]
async fn the_openapi_document_has_the_format_of_the_ids_json() {
    async fn id_of<U: StoredUser>(routes: fn(&Users<U>) -> Router<Users<U>>) -> Value {
        let service = Service::over(MemoryStore::<U>::new(), routes).await;
        let document = serde_json::to_value(openapi(&service.users)).unwrap();
        let mut id = document["components"]["schemas"]["UserRead"]["properties"]["id"].clone();
        id.as_object_mut().unwrap().remove("title");
        id
    }
    let uuid = json!({ "type": "string", "format": "uuid" });
    assert_eq!(id_of(version_7::routes).await, uuid);
    assert_eq!(id_of(uuids_of_database::routes).await, uuid);
    for id in [id_of(ulids::routes).await, id_of(snowflakes::routes).await, id_of(keys::routes).await] {
        assert_eq!(id, json!({ "type": "string" }));
    }
    assert_eq!(id_of(numbers_of_database::routes).await, json!({ "type": "integer" }));
}
