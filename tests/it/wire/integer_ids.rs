//! Users whose ids are integers made by the database, in a table and under names of their own.

use axum::Router;
use axum_users::{
    AuthUser, Backend, Jwt, NoHooks, PasswordHash, Policy, SecretKey, Status, Users,
    password::{Argon2Params, HashSettings},
};
use serde_json::json;

use crate::support::{Answer, Http, PASSWORD, SECRET};

/// Roles on fields of other names.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "member")]
pub struct Member {
    #[auth(id)]
    pub number: i64,
    #[auth(email)]
    pub address: String,
    #[auth(hashed_password)]
    pub secret: PasswordHash,
    #[auth(is_active)]
    pub enabled: bool,
    #[auth(is_superuser)]
    pub librarian: bool,
    #[auth(is_verified)]
    pub confirmed: bool,
}

struct Library {
    users: Users<Member>,
    http: Http,
    _folder: tempfile::TempDir,
}

impl Library {
    async fn opens() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = Users::<Member>::builder(SecretKey::new(SECRET).unwrap())
            .database(format!("sqlite://{}?mode=rwc", folder.path().join("library.db").display()))
            .policy(Policy::recommended())
            .hashing(HashSettings::default().params(Argon2Params::weak_for_tests()))
            .backend(Backend::bearer("jwt", Jwt::new()))
            .manager(NoHooks)
            .build()
            .await
            .unwrap();
        users.migrate().await.unwrap();
        assert_eq!(users.check_schema().await.unwrap(), []);
        let app = Router::new().merge(member_routes(&users)).fallback(axum_users::not_found).with_state(users.clone());
        Self { users, http: Http::serve(app).await, _folder: folder }
    }

    async fn register(&self, email: &str) -> Answer {
        self.http.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await
    }

    async fn login(&self, email: &str) -> String {
        let form = [("username", email), ("password", PASSWORD)];
        let answer = self.http.post("/auth/jwt/login").form(&form).send().await;
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    async fn librarian(&self) -> String {
        let status = Status { is_superuser: true, ..Status::NEW };
        let create = MemberCreate { email: "librarian@camelot.bt".into(), password: PASSWORD.into() };
        self.users.create(create, status).await.unwrap();
        self.login("librarian@camelot.bt").await
    }
}

#[tokio::test]
async fn ids_are_json_numbers_and_every_flow_works_with_them() {
    let library = Library::opens().await;
    let flags = r#""is_active":true,"is_superuser":false,"is_verified":false}"#;
    for number in 1..=2 {
        let email = format!("reader{number}@camelot.bt");
        library.register(&email).await.is(201, &format!(r#"{{"id":{number},"email":"{email}",{flags}"#));
    }
    let token = library.login("reader2@camelot.bt").await;
    let me = library.http.get("/users/me").bearer(&token).send().await;
    me.is(200, &format!(r#"{{"id":2,"email":"reader2@camelot.bt",{flags}"#));
    let change = json!({ "email": "writer@camelot.bt" });
    let changed = library.http.patch("/users/me").bearer(&token).json(change).send().await;
    changed.is(200, &format!(r#"{{"id":2,"email":"writer@camelot.bt",{flags}"#));
    library.http.get("/users/2").bearer(&token).send().await.is(403, r#"{"detail":"Forbidden"}"#);

    let librarian = library.librarian().await;
    let path = "/users/2";
    let answer = library.http.patch(path).bearer(&librarian).json(json!({ "is_verified": true })).send().await;
    assert_eq!(answer.json()["is_verified"], true);
    assert_eq!(library.users.get(2).await.unwrap().map(|member| member.confirmed), Some(true));
    library.http.delete(path).bearer(&librarian).send().await.is(204, "");
    library.http.get(path).bearer(&librarian).send().await.is(404, r#"{"detail":"Not Found"}"#);
    library.http.get("/users/me").bearer(&token).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
    library.http.post("/auth/jwt/logout").bearer(&librarian).send().await.is(204, "");
}

#[tokio::test]
async fn a_token_is_not_another_persons_when_a_number_is_given_out_again() {
    let library = Library::opens().await;
    library.register("first@camelot.bt").await;
    let token = library.login("first@camelot.bt").await;
    let first = library.users.get_by_email("first@camelot.bt").await.unwrap().unwrap();
    library.users.delete(&first).await.unwrap();
    library.register("second@camelot.bt").await;
    let answer = library.http.get("/users/me").bearer(&token).send().await;
    answer.is(401, r#"{"detail":"Unauthorized"}"#);
}

#[tokio::test]
async fn every_id_has_one_spelling() {
    let library = Library::opens().await;
    for number in 1..=12 {
        library.register(&format!("reader{number}@camelot.bt")).await;
    }
    let librarian = library.librarian().await;
    for spelling in ["12", "%312"] {
        let answer = library.http.get(&format!("/users/{spelling}")).bearer(&librarian).send().await;
        assert_eq!((answer.status.as_u16(), &answer.json()["id"]), (200, &json!(12)), "{spelling}");
    }
    for other in [
        "012",
        "+12",
        "1_2",
        "%2012%20",
        "%0912%0A",
        "%C2%A012",
        "%D9%A1%D9%A2",       // Arabic-Indic digits
        "%EF%BC%91%EF%BC%92", // full-width digits
        "-0",
        "0",
        "-12",
        "13x",
        "1.0",
        "12.0",
        "0x1",
        "1e1",
        "_12",
        "12_",
        "1__2",
        "+",
        "-",
        "+-1",
        "1%202",
        "abc",
        "%C2%B2",
        "%E2%85%AB",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999999999999999999999",
        "bdfc2b97-4876-4210-9dba-158745062fcd",
        "%FF",
    ] {
        for method in [axum::http::Method::GET, axum::http::Method::DELETE] {
            let answer = library.http.request(method, &format!("/users/{other}")).bearer(&librarian).send().await;
            answer.is(404, r#"{"detail":"Not Found"}"#);
        }
    }
    assert_eq!(library.http.get("/users/me").bearer(&librarian).send().await.status, 200);
}
