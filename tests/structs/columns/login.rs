//! Logins with another field beside the address (`#[auth(login)]`), on every database.

use axum_users::{AuthUser, PasswordHash, limits::Limit};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Database, change, login as log_in, me, register, serve};
use crate::{credentials::PASSWORD, http::Http};

#[derive(AuthUser, Debug, Clone)]
struct User {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(login, read, create, update, length(min = 3))]
    username: String,
}

/// Users who may have no name.
mod optional {
    use super::*;

    #[derive(AuthUser, Debug, Clone)]
    pub struct User {
        pub id: Uuid,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,
        #[auth(login, read, create, update)]
        pub nick: Option<String>,
    }
}

const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

async fn try_login(http: &Http, username: &str, password: &str) -> crate::http::Response {
    http.post("/auth/jwt/login").form(&[("username", username), ("password", password)]).send().await
}

#[tokio::test]
async fn a_user_logs_in_with_the_address_or_the_name_in_any_case() {
    for database in Database::all().await {
        let (users, http) = serve::<User>(&database, user_routes).await;
        let (status, arthur) = register(&http, "arthur@camelot.bt", json!({ "username": "King.Arthur" })).await;
        assert_eq!((status, &arthur["username"]), (201, &json!("king.arthur")), "{}: {arthur}", database.name());
        for username in ["king.arthur", "KING.ARTHUR", " King.Arthur ", "arthur@camelot.bt", "Arthur@Camelot.bt"] {
            let token = try_login(&http, username, PASSWORD).await.access_token();
            assert_eq!(me(&http, &token).await["email"], "arthur@camelot.bt", "{username}");
        }
        for username in ["king_arthur", "king", "king.arthur.", "king.arthur%", "' OR '1'='1", "arthur"] {
            try_login(&http, username, PASSWORD).await.is(400, BAD_CREDENTIALS);
        }
        try_login(&http, "king.arthur", "a wrong long sword").await.is(400, BAD_CREDENTIALS);
        let token = log_in(&http, "arthur@camelot.bt").await;
        let (status, changed) = change(&http, &token, json!({ "username": "Pendragon" })).await;
        assert_eq!((status, &changed["username"]), (200, &json!("pendragon")));
        try_login(&http, "king.arthur", PASSWORD).await.is(400, BAD_CREDENTIALS);
        assert_eq!(try_login(&http, "pendragon", PASSWORD).await.status, 200);
        assert_eq!(users.get_by_email("pendragon").await.unwrap().map(|user| user.id), None, "a name is no address");
    }
}

#[tokio::test]
async fn a_name_has_one_owner_and_is_never_an_address() {
    for database in Database::all().await {
        let (_users, http) = serve::<User>(&database, user_routes).await;
        assert_eq!(register(&http, "arthur@camelot.bt", json!({ "username": "arthur" })).await.0, 201);
        assert_eq!(register(&http, "kay@camelot.bt", json!({ "username": "kay" })).await.0, 201);
        let taken = (400, json!({ "detail": "CONFLICT" }));
        assert_eq!(register(&http, "other@camelot.bt", json!({ "username": "ARTHUR" })).await, taken);
        let kay = log_in(&http, "kay@camelot.bt").await;
        assert_eq!(change(&http, &kay, json!({ "username": "Arthur" })).await, taken);
        assert_eq!(change(&http, &kay, json!({ "username": "Kay" })).await.0, 200, "one's own name is not taken");
        let long = "k".repeat(65);
        let refused = ["arthur@camelot.bt", "@arthur", "ar", "", "a b", "ärthur", ".arthur", "art\nhur", &long];
        for name in refused {
            let (status, problems) = register(&http, "new@camelot.bt", json!({ "username": name })).await;
            assert_eq!((status, &problems["detail"][0]["loc"][1]), (422, &json!("username")), "{name:?}: {problems}");
            assert_eq!(change(&http, &kay, json!({ "username": name })).await.0, 422, "{name:?}");
        }
        for body in [json!({}), json!({ "username": null }), json!({ "username": 7 })] {
            assert_eq!(register(&http, "new@camelot.bt", body).await.0, 422);
        }
        assert_eq!(me(&http, &kay).await["username"], "kay");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_registrations_of_a_name_at_once_one_wins() {
    for database in Database::all().await {
        let (users, _http) = serve::<User>(&database, user_routes).await;
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let users = users.clone();
                let name = if number % 2 == 0 { "grail" } else { "GRAIL" };
                let email = format!("knight{number}@camelot.bt");
                let input = UserCreate { email, password: PASSWORD.into(), username: name.to_owned() };
                tokio::spawn(async move { users.create(input, axum_users::schema::Status::NEW).await.is_ok() })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.unwrap());
        }
        assert_eq!(won, 1, "{}", database.name());
    }
}

#[tokio::test]
async fn users_without_a_name_have_their_address() {
    for database in Database::all().await {
        let (_users, http) = serve::<optional::User>(&database, optional::user_routes).await;
        for email in ["arthur@camelot.bt", "kay@camelot.bt"] {
            assert_eq!(register(&http, email, json!({})).await.0, 201, "{}", database.name());
        }
        let token = log_in(&http, "arthur@camelot.bt").await;
        let (status, changed) = change(&http, &token, json!({ "nick": "Wart" })).await;
        assert_eq!((status, &changed["nick"]), (200, &json!("wart")));
        assert_eq!(try_login(&http, "wart", PASSWORD).await.status, 200);
        assert_eq!(change(&http, &token, json!({ "nick": null })).await.1["nick"], Value::Null);
        try_login(&http, "wart", PASSWORD).await.is(400, BAD_CREDENTIALS);
    }
}

#[tokio::test]
async fn names_that_code_writes_have_the_same_form() {
    for database in Database::all().await {
        let (users, _http) = serve::<User>(&database, user_routes).await;
        let create = |username: &str| UserCreate {
            email: format!("{}@camelot.bt", username.len()),
            password: PASSWORD.into(),
            username: username.to_owned(),
        };
        let status = axum_users::schema::Status::NEW;
        let user = users.create(create("Lancelot"), status).await.unwrap();
        assert_eq!(user.username, "lancelot");
        assert!(users.create(create("lancelot@camelot.bt"), status).await.is_err());
        assert!(users.create(create("LANCELOT"), status).await.is_err());
    }
}

#[tokio::test]
async fn a_table_without_the_index_is_reported_with_the_statement_that_adds_it() {
    for database in Database::all().await {
        let (users, _http) = serve::<User>(&database, user_routes).await;
        let (index, table) = database.choose([
            ("\"ix_user_username_login\"", ""),
            ("\"ix_user_username_login\"", ""),
            ("`ix_user_username_login`", " ON `user`"),
        ]);
        database.run(&format!("DROP INDEX {index}{table}")).await;
        let drift = users.check_schema().await.unwrap();
        assert_eq!(drift.len(), 1, "{drift:?}");
        let repair = drift[0].repair.clone().unwrap();
        assert!(repair.contains("ix_user_username_login"), "{repair}");
        database.run(&repair).await;
        assert_eq!(users.check_schema().await.unwrap(), []);
    }
}

#[tokio::test]
async fn failures_with_the_name_and_the_address_count_at_one_account() {
    let database = Database::all().await.remove(0);
    let (_users, http) = serve::<User>(&database, user_routes).await;
    register(&http, "arthur@camelot.bt", json!({ "username": "arthur" })).await;
    for username in ["arthur", "arthur@camelot.bt", "Arthur", "ARTHUR@camelot.bt", " arthur"] {
        try_login(&http, username, "a wrong long sword").await.is(400, BAD_CREDENTIALS);
    }
    for username in ["arthur", "arthur@camelot.bt"] {
        let limited = try_login(&http, username, PASSWORD).await;
        assert_eq!(limited.status, 429, "{limited:?}");
        assert!(limited.header("ratelimit-policy").unwrap().contains(Limit::LoginClient.name()));
    }
    // A name that nobody has is limited alike.
    for _ in 0..5 {
        try_login(&http, "nobody", PASSWORD).await.is(400, BAD_CREDENTIALS);
    }
    assert_eq!(try_login(&http, "nobody", PASSWORD).await.status, 429);
}
