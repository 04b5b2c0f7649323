//! Provider settings that cannot work, detected at startup.

use axum_users::{
    AuthUser, Backend, Error, Jwt, PasswordHash, SecretKey, Users,
    oauth::{AppleKey, OAuth2Endpoints, OAuthProvider, OpenId, ReturnTo},
};
use serde_json::Map;
use uuid::Uuid;

use crate::support::SECRET;

/// Users whose registration needs more than an address.
#[derive(AuthUser, Debug, Clone)]
#[auth(oauth, table = "knight")]
struct Knight {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,

    #[auth(read, create)]
    house: String,
}

async fn knights(public_url: bool) -> Users<Knight> {
    let builder = Users::builder(SecretKey::new(SECRET).unwrap())
        .database("sqlite::memory:")
        .backend(Backend::bearer("jwt", Jwt::new()));
    let builder = if public_url { builder.public_url("https://app.example.org") } else { builder };
    let users = builder.build().await.unwrap();
    users.migrate().await.unwrap();
    users
}

fn acme() -> OAuthProvider {
    OAuthProvider::openid("acme", "https://login.acme.example", "id", "secret").unwrap()
}

fn house(provider: OAuthProvider) -> OAuthProvider {
    provider.new_user(|_| Map::from_iter([("house".to_owned(), "Camelot".into())]))
}

/// Returns the text of the panic while routes are made.
async fn panic_of(make: impl FnOnce() + Send + 'static) -> String {
    let panic = tokio::task::spawn_blocking(make).await.unwrap_err().into_panic();
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| (*panic.downcast_ref::<&str>().unwrap()).to_owned())
}

#[tokio::test]
async fn routes_that_cannot_work_stop_the_start() {
    let users = knights(false).await;
    let made = users.clone();
    let text = panic_of(move || drop(knight_oauth_routes::<Users<Knight>>(&made, &house(acme()), "jwt"))).await;
    assert!(text.contains("public_url"), "{text}");
    // A configured callback needs no public URL.
    let given = house(acme()).redirect_uri("https://app.example.org/auth/acme/callback");
    drop(knight_oauth_routes::<Users<Knight>>(&users, &given, "jwt"));

    let users = knights(true).await;
    let made = users.clone();
    let text = panic_of(move || drop(knight_oauth_routes::<Users<Knight>>(&made, &acme(), "jwt"))).await;
    assert!(text.contains("new_user") && text.contains("KnightCreate"), "{text}");
    let made = users.clone();
    let text = panic_of(move || drop(knight_oauth_routes::<Users<Knight>>(&made, &house(acme()), "other"))).await;
    assert!(text.contains("other"), "{text}");
    drop(knight_oauth_routes::<Users<Knight>>(&users, &house(acme()), "jwt"));
    // An association creates no user.
    drop(knight_oauth_associate_routes::<Users<Knight>>(&users, &acme()));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    fn refused<T>(result: Result<T, Error>, part: &str) {
        let text = result.map(drop).expect_err(part).to_string();
        assert!(text.contains(part), "{text}");
    }
    for name in ["", "a/b", "ä", "a b", "../x", &"a".repeat(65)] {
        refused(OAuthProvider::openid(name, "https://login.acme.example", "id", "secret"), "provider's name");
    }
    for issuer in ["http://login.acme.example", "login.acme.example", "https://u:p@login.acme.example", "ftp://x"] {
        refused(OAuthProvider::openid("acme", issuer, "id", "secret"), "endpoint of a provider");
    }
    let endpoints = |token| OAuth2Endpoints {
        authorize: "https://hub.example/authorize",
        token,
        user: "https://hub.example/user",
        emails: None,
    };
    refused(OAuthProvider::oauth2("hub", endpoints("http://hub.example/token"), "id", "secret"), "not https");
    assert!(OAuthProvider::oauth2("hub", endpoints("http://127.0.0.1:1/token"), "id", "secret").is_ok());
    refused(OpenId::new("https://a.example", "i", "s").unwrap().endpoints_at("http://b.example"), "not https");
    for tenant in ["common", "organizations", "consumers", "contoso.onmicrosoft.com", ""] {
        refused(OAuthProvider::microsoft(tenant, "id", "secret"), "one tenant");
    }
    refused(OAuthProvider::known("myspace", "id", "secret"), "google, github");
    refused(OAuthProvider::known("apple", "id", "secret"), "OAuthProvider::apple");
    for name in ["google", "github", "discord", "gitlab", "facebook"] {
        assert_eq!(OAuthProvider::known(name, "id", "secret").unwrap().name(), name);
    }
    refused(ReturnTo::pages("//evil.example", "/"), "cannot return");
    assert!(AppleKey::new("TEAM", "KEY", "no key").is_err());
}

mod oauth {
    #[test]
    fn the_guide_says_how_long_sessions_of_providers_last() {
        let page = crate::repository::read("docs/guide/oauth.md");
        let (_, sessions) = page.split_once("\n## Sessions\n").unwrap();
        for said in ["as long as the backend says", "does not end the session at the provider", "max_age"] {
            assert!(sessions.contains(said), "{said}");
        }
    }
}

#[test]
fn debug_output_has_no_secret() {
    let provider = OAuthProvider::openid("acme", "https://login.acme.example", "id", "hunter2").unwrap();
    assert!(!format!("{provider:?}").contains("hunter2"));
    let issuer = OpenId::new("https://login.acme.example", "id", "hunter2").unwrap();
    assert!(!format!("{issuer:?}").contains("hunter2"));
}
