//! The client against a service in the same process.

use std::future::IntoFuture as _;

use axum_users::{
    Backend, Jwt, Limits, SecretKey, Users,
    client::Exposed,
    password::{Argon2Params, HashSettings},
};

use crate::{
    account::{Account, Failed},
    user::{User, UserCreate, UserRead, UserUpdate, user_routes},
};

const EMAIL: &str = "king.arthur@camelot.bt";
const PASSWORD: &str = "a long sword of steel";

/// Starts a service on a free port, and returns its URL.
async fn service() -> String {
    let users = Users::<User>::builder(SecretKey::generate().unwrap())
        .database("sqlite::memory:")
        .hashing(HashSettings::default().params(Argon2Params::weak_for_tests()))
        .backend(Backend::bearer("jwt", Jwt::new()))
        .limits(Limits::off())
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = user_routes(&users).with_state(users);
    tokio::spawn(axum::serve(listener, app).into_future());
    url
}

fn arthur() -> UserCreate {
    UserCreate { email: EMAIL.to_owned(), password: PASSWORD.into(), first_name: Some("Arthur".to_owned()) }
}

#[tokio::test]
async fn a_client_registers_logs_in_and_reads_and_changes_its_profile() {
    let url = service().await;
    let created = Account::register(&url, &arthur()).await.unwrap();
    let account = Account::log_in(&url, EMAIL, PASSWORD).await.unwrap();
    let me = account.profile().await.unwrap();
    assert_eq!((me.id, me.email.as_str(), me.first_name.as_deref()), (created.id, EMAIL, Some("Arthur")));
    let change = UserUpdate { first_name: Some(None), ..UserUpdate::default() };
    assert_eq!(account.change(&change).await.unwrap().first_name, None);
    account.log_out().await.unwrap();
    let refused = account.profile().await.unwrap_err();
    assert_eq!(refused.to_string(), "the service refused with status 401: Unauthorized");
}

#[tokio::test]
async fn a_refusal_has_the_code_of_the_service() {
    let url = service().await;
    let Err(Failed::Refused { status: 400, body: Some(body) }) = Account::log_in(&url, EMAIL, PASSWORD).await else {
        panic!()
    };
    assert_eq!(body.code(), Some("LOGIN_BAD_CREDENTIALS"));
    let weak = UserCreate { password: "a".into(), ..arthur() };
    let refused = Account::register(&url, &weak).await.unwrap_err();
    assert_eq!(refused.to_string(), "the service refused with status 400: REGISTER_INVALID_PASSWORD");
}

#[test]
fn only_changed_fields_are_sent_and_secrets_print_nowhere() {
    let change = UserUpdate { password: Some("a new sword".into()), ..UserUpdate::default() };
    assert_eq!(to_json(&Exposed(&change)), r#"{"password":"a new sword"}"#);
    assert!(!format!("{change:?} {:?}", Exposed(&change)).contains("new sword"));
    assert_eq!(
        to_json(&Exposed(&arthur())),
        r#"{"email":"king.arthur@camelot.bt","password":"a long sword of steel","first_name":"Arthur"}"#
    );
}

/// A client stores a profile in a file, and reads it again.
#[test]
fn a_profile_goes_both_ways() {
    let read = r#"{"id":"d35d213e-f3d8-4f08-954a-7e0d1bea286f","email":"a@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true,"first_name":null}"#;
    let profile: UserRead = serde_json::from_str(read).unwrap();
    assert_eq!(to_json(&profile), read);
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}
