//! How long tokens are kept, and to whom they belong.

use std::sync::Arc;

use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, SecretKey, Users,
    oauth::{OAuthProvider, ProviderTokenError, SameAddress, TokenKeys},
    testing::ManualClock,
};
use serde_json::json;

use super::{EMAIL, Service, arthur, refused, secret};
use crate::{
    oauth::{
        provider::{CLIENT_ID, CLIENT_SECRET, Person, Provider},
        support::{App, FLOW_COOKIE, Setup, UserAdminUpdate, callback_path, started},
    },
    support::{Http, PASSWORD, SECRET, SharedClock},
};

#[tokio::test]
async fn tokens_are_removed_with_their_link() {
    let service = Service::new().await;
    // By the user.
    let user = service.arthur("acme").await;
    service.reset(EMAIL, PASSWORD).await;
    assert!(service.stored().await.is_empty(), "a reset of an account that was never proved");
    refused!(service.token(&user).await, ProviderTokenError::NotLinked);
    let session = service.password(EMAIL).await;
    service.associate("acme", &session, arthur()).await;
    service.token(&user).await.unwrap();
    let id = service.accounts(&session).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(service.unlink(&session, &id).await.status, 204);
    refused!(service.token(&user).await, ProviderTokenError::NotLinked);
    // A link of the same account starts without tokens of the earlier one.
    assert!(service.stored().await.is_empty());
    service.associate("acme", &session, arthur()).await;
    service.token(&user).await.unwrap();
    service.users.delete(&user).await.unwrap();
    assert!(service.stored().await.is_empty());
    refused!(service.token(&user).await, ProviderTokenError::NotLinked);
}

#[tokio::test]
async fn a_take_over_removes_the_tokens_of_the_squatter() {
    let provider = |provider: OAuthProvider| super::storing(provider.same_address(SameAddress::LinkOrTakeOver));
    let app = App::with(Setup { provider, ..Setup::default() }).await;
    app.log_in("/auth/acme", Person::unverified("squatter", EMAIL)).await.access_token();
    let user = app.users.get_by_email(EMAIL).await.unwrap().unwrap();
    app.users.provider_token(&user, &app.acme).await.unwrap();
    app.log_in("/auth/hub", arthur()).await.access_token();
    let user = app.users.get_by_email(EMAIL).await.unwrap().unwrap();
    refused!(app.users.provider_token(&user, &app.acme).await, ProviderTokenError::NotLinked);
    app.users.provider_token(&user, &app.hub).await.unwrap();
}

#[tokio::test]
async fn a_refused_login_stores_nothing() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    let before = service.stored().await;
    let change = UserAdminUpdate { is_active: Some(false), ..Default::default() };
    service.users.update(user, change).await.unwrap();
    assert_eq!(service.log_in("/auth/acme", arthur()).await.status, 400);
    assert_eq!(service.stored().await, before);
}

#[tokio::test]
async fn each_account_of_a_user_has_its_own_tokens() {
    let service = Service::new().await;
    service.verified(EMAIL).await;
    let session = service.password(EMAIL).await;
    for (subject, provider) in [("1", "acme"), ("2", "acme"), ("3", "hub")] {
        service.associate(provider, &session, Person::verified(subject, EMAIL)).await;
    }
    let user = service.user().await;
    let accounts = service.users.read(&user).await.unwrap().oauth_accounts;
    let of = async |subject: &str| {
        let account = accounts.iter().find(|account| account.account_id == subject).unwrap();
        service.users.provider_token_of(&user, &service.acme, &account.id).await
    };
    assert_eq!(of("1").await.unwrap().secret(), "access-token-1");
    assert_eq!(of("2").await.unwrap().secret(), "access-token-3");
    refused!(of("3").await, ProviderTokenError::NotLinked);
    assert_eq!(service.secret(&user).await, "access-token-1");
    // The first one with a token.
    service.run("UPDATE oauth_account SET access_token = '' WHERE account_id = '1'").await;
    assert_eq!(service.secret(&user).await, "access-token-3");
    refused!(of("1").await, ProviderTokenError::NotStored);
    // Nobody else has them.
    let other = service.verified("mordred@camelot.bt").await;
    let token = service.users.provider_token_of(&other, &service.acme, &accounts[0].id).await;
    refused!(token, ProviderTokenError::NotLinked);
}

#[tokio::test]
async fn an_id_token_of_a_device_brings_no_tokens_and_keeps_those_that_are_there() {
    let service = Service::new().await;
    let log_in = async || {
        service.advance(1);
        let body = json!({"id_token": service.provider.id_token(arthur(), "nonce"), "nonce": "nonce"});
        service.post("/auth/acme/token").json(body).send().await.access_token();
        service.user().await
    };
    let user = log_in().await;
    refused!(service.token(&user).await, ProviderTokenError::NotStored);
    service.arthur("acme").await;
    log_in().await;
    assert_eq!(service.secret(&user).await, "access-token-1");
}

/// Users whose rows have numbers that the database makes.
#[derive(AuthUser, Debug, Clone)]
#[auth(oauth, table = "knight")]
struct Knight {
    id: i64,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
}

#[tokio::test]
async fn rows_with_numbers_have_tokens_too() {
    let clock = Arc::new(ManualClock::at("2026-11-28T12:00:00Z".parse().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let users = Users::<Knight>::builder(SecretKey::new(SECRET).unwrap())
        .database(format!("sqlite://{}?mode=rwc", folder.path().join("knights.db").display()))
        .backend(Backend::bearer("it", Jwt::new()))
        .public_url("https://app.example.org")
        .clock(SharedClock(Arc::clone(&clock)))
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    let provider = Provider::start(clock).await;
    let acme = OAuthProvider::openid("acme", &provider.issuer(), CLIENT_ID, CLIENT_SECRET).unwrap();
    let acme = acme.store_tokens(TokenKeys::new("a", &secret(1)).unwrap());
    let routes =
        axum::Router::new().nest("/auth/acme", knight_oauth_routes(&users, &acme, "it")).with_state(users.clone());
    let http = Http::serve(routes).await;
    for (subject, email) in [("1", "bors@camelot.bt"), ("2", "kay@camelot.bt")] {
        let flow = started(&http.get("/auth/acme/authorize").send().await);
        let code = provider.approve(&flow.url, Person::verified(subject, email));
        let path = callback_path("/auth/acme", &code, &flow.state);
        http.get(&path).cookie(FLOW_COOKIE, &flow.cookie).send().await.access_token();
    }
    for (email, token) in [("bors@camelot.bt", "access-token-1"), ("kay@camelot.bt", "access-token-3")] {
        let knight = users.get_by_email(email).await.unwrap().unwrap();
        assert_eq!(users.provider_token(&knight, &acme).await.unwrap().secret(), token);
    }
}
