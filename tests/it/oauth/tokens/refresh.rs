//! When tokens are refreshed, and the possible responses of the provider.

use axum_users::oauth::{ProviderTokenError, TokenKeys};
use serde_json::json;
use tracing::Level;

use super::{Service, arthur, refused, secret};
use crate::{
    log::Log,
    oauth::{
        provider::{Answer, Lies},
        support::{App, Setup},
    },
};

fn answering(path: &'static str, answer: Answer) -> Lies {
    Lies { answers: [(path, answer)].into(), ..Lies::default() }
}

#[tokio::test]
async fn a_token_is_returned_while_it_is_valid_and_refreshed_a_minute_before_it_expires() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    let first = service.token(&user).await.unwrap();
    assert_eq!(first.secret(), "access-token-1");
    assert_eq!(first.expires_at.unwrap(), "2026-11-28T13:00:00Z".parse::<axum_users::env::Timestamp>().unwrap());
    assert_eq!(first.scopes.as_deref(), Some(["read:user".to_owned(), "user:email".to_owned()].as_slice()));
    service.advance(3539);
    assert_eq!(service.secret(&user).await, "access-token-1");
    assert_eq!(service.provider.refreshes(), (0, 0));
    service.advance(1);
    let second = service.token(&user).await.unwrap();
    assert_eq!(second.secret(), "access-token-3");
    assert_eq!(second.scopes, first.scopes, "what is left out has not changed");
    assert_eq!(service.secret(&user).await, "access-token-3");
    // The refresh token that the provider replaced is used next.
    service.advance(3600);
    assert_eq!(service.secret(&user).await, "access-token-5");
    assert_eq!(service.provider.refreshes(), (2, 0));
}

#[tokio::test]
async fn a_refresh_token_that_the_provider_does_not_replace_is_kept() {
    let service = Service::new().await;
    service.provider.replace_refresh_tokens(false);
    let user = service.arthur("acme").await;
    for times in 1..=3 {
        service.advance(3600);
        service.token(&user).await.unwrap();
        assert_eq!(service.provider.refreshes(), (times, 0));
    }
}

#[tokio::test]
async fn a_service_that_authenticates_in_the_form_refreshes_as_well() {
    let service = Service::new().await;
    let user = service.arthur("hub").await;
    service.advance(3600);
    let token = service.users.provider_token(&user, &service.hub).await.unwrap();
    assert_eq!(token.secret(), "access-token-3");
    refused!(service.token(&user).await, ProviderTokenError::NotLinked);
}

#[tokio::test]
async fn a_refresh_that_the_provider_refuses_removes_the_tokens_until_the_next_login() {
    let service = Service::new().await;
    for (name, provider) in [("acme", &service.acme), ("hub", &service.hub)] {
        service.run("DELETE FROM user").await;
        let user = service.arthur(name).await;
        service.provider.end_grants();
        service.users.provider_token(&user, provider).await.unwrap();
        service.advance(3600);
        let (log, _guard) = Log::start(Level::TRACE);
        let error = service.users.provider_token(&user, provider).await.unwrap_err();
        assert!(matches!(error, ProviderTokenError::LoginRequired) && error.needs_login(), "{name}: {error:?}");
        assert_eq!(log.lines("provider_grant_ended").len(), 1);
        assert_eq!(service.stored().await, [(String::new(), None)]);
        refused!(service.users.provider_token(&user, provider).await, ProviderTokenError::NotStored);
        let user = service.arthur(name).await;
        service.users.provider_token(&user, provider).await.unwrap();
        service.advance(3600);
        service.users.provider_token(&user, provider).await.unwrap();
    }
}

#[tokio::test]
async fn a_provider_that_fails_or_lies_costs_no_token() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    let json = |status, body: &str| Answer::Plain(status, "application/json", body.to_owned());
    for answer in [
        json(500, r#"{"error":"server_error"}"#),
        json(400, r#"{"error":"invalid_client"}"#),
        json(400, r#"{"error":"unauthorized_client","error_description":"invalid_grant"}"#),
        json(400, r#"{"error":"<script>"}"#),
        json(200, "{}"),
        json(200, r#"{"access_token":null,"token_type":"bearer"}"#),
        json(200, r#"{"access_token":"x","token_type":"bearer","expires_in":-1}"#),
        json(200, r#"["invalid_grant"]"#),
        Answer::Plain(200, "text/html", "<p>invalid_grant".to_owned()),
        Answer::Redirect("http://169.254.169.254/".to_owned()),
        Answer::Huge,
        Answer::Endless,
    ] {
        service.advance(3600);
        let before = service.stored().await;
        service.provider.lie(answering("/token", answer.clone()));
        let (log, guard) = Log::start(Level::TRACE);
        refused!(service.token(&user).await, ProviderTokenError::Unavailable(_));
        assert_eq!(log.lines("oauth_provider_failed").len(), 1, "{answer:?}");
        drop(guard);
        assert_eq!(service.stored().await, before, "{answer:?}");
        service.provider.lie(Lies::default());
        service.token(&user).await.unwrap();
    }
    assert_eq!(service.provider.refreshes().1, 0);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_not_waited_for_longer_than_ten_seconds() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.advance(3600);
    service.provider.lie(answering("/token", Answer::Silent));
    let done = tokio::time::timeout(std::time::Duration::from_secs(10), service.token(&user)).await;
    refused!(done.unwrap(), ProviderTokenError::Unavailable(_));
    service.provider.lie(Lies::default());
    service.token(&user).await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_still_valid_is_returned_while_the_provider_fails() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.provider.lie(answering("/token", Answer::Plain(503, "text/plain", String::new())));
    service.advance(3590);
    assert_eq!(service.secret(&user).await, "access-token-1");
    service.advance(10);
    refused!(service.token(&user).await, ProviderTokenError::Unavailable(_));
    service.provider.lie(Lies::default());
    assert_eq!(service.secret(&user).await, "access-token-3");
}

#[tokio::test]
async fn a_token_without_an_expiry_is_returned_for_ever_and_one_that_lives_shortly_is_refreshed_each_time() {
    let service = Service::new().await;
    service.provider.token_lifetime(json!(null));
    let user = service.arthur("acme").await;
    assert_eq!(service.token(&user).await.unwrap().expires_at, None);
    service.advance(1_000_000_000);
    assert_eq!(service.secret(&user).await, "access-token-1");
    for (lifetime, refreshes) in [(json!(5), 2), (json!(0), 4), (json!(u64::MAX), 4)] {
        service.provider.token_lifetime(lifetime.clone());
        let user = service.arthur("acme").await;
        for _ in 0..2 {
            service.token(&user).await.unwrap();
        }
        assert_eq!(service.provider.refreshes(), (refreshes, 0), "{lifetime}");
    }
}

#[tokio::test]
async fn a_token_that_expired_without_a_refresh_token_needs_a_login() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.run("UPDATE oauth_account SET refresh_token = NULL").await;
    service.advance(3590);
    assert_eq!(service.secret(&user).await, "access-token-1");
    service.advance(10);
    let error = service.token(&user).await.unwrap_err();
    assert!(matches!(error, ProviderTokenError::Expired) && error.needs_login(), "{error:?}");
}

#[tokio::test]
async fn concurrent_callers_share_one_refresh() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.advance(3600);
    let calls = (0..50).map(|_| service.secret(&user));
    let secrets = futures_util::future::join_all(calls).await;
    assert!(secrets.iter().all(|secret| secret == "access-token-3"), "{secrets:?}");
    assert_eq!(service.provider.refreshes(), (1, 0));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_lose_the_replaced_refresh_token() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.advance(3600);
    service.provider.hold();
    let (users, acme) = (service.users.clone(), service.acme.clone());
    let caller = tokio::spawn({
        let user = user.clone();
        async move { users.provider_token(&user, &acme).await.map(drop) }
    });
    service.provider.until_refreshed(1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    service.provider.release();
    assert_eq!(service.secret(&user).await, "access-token-3");
    service.advance(3600);
    assert_eq!(service.secret(&user).await, "access-token-5");
    assert_eq!(service.provider.refreshes(), (2, 0));
}

#[tokio::test]
async fn an_account_that_is_removed_during_a_refresh_gets_no_token() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.advance(3600);
    service.provider.hold();
    let removing = async {
        service.provider.until_refreshed(1).await;
        service.run("DELETE FROM oauth_account").await;
        service.provider.release();
    };
    let (token, ()) = tokio::join!(service.token(&user), removing);
    refused!(token, ProviderTokenError::NotLinked);
    assert!(service.stored().await.is_empty());
}

#[tokio::test]
async fn the_tokens_of_a_login_during_a_refresh_are_kept() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.advance(3600);
    service.provider.hold();
    let login = async {
        service.provider.until_refreshed(1).await;
        service.arthur("acme").await;
        service.provider.release();
    };
    let (token, _) = tokio::join!(service.token(&user), login);
    assert_eq!(token.unwrap().secret(), "access-token-3");
    assert_eq!(service.secret(&user).await, "access-token-5");
    service.advance(3600);
    service.token(&user).await.unwrap();
    assert_eq!(service.provider.refreshes(), (2, 0));
}

#[tokio::test]
async fn a_refusal_does_not_remove_the_tokens_of_a_login_meanwhile() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.provider.end_grants();
    service.advance(3600);
    service.provider.hold();
    let login = async {
        service.provider.until_refused().await;
        service.arthur("acme").await;
        service.provider.release();
    };
    let (token, ()) = tokio::join!(service.token(&user), login);
    assert_eq!(token.unwrap().secret(), "access-token-3");
    assert_eq!(service.secret(&user).await, "access-token-3");
    // Removed by another instance, and reserved by another one.
    for (meanwhile, removed) in [
        ("UPDATE oauth_account SET access_token = '', refresh_token = NULL", true),
        ("UPDATE oauth_account SET access_token = substr(access_token, 1, instr(access_token, '#')) || '9'", false),
    ] {
        let service = Service::new().await;
        let user = service.arthur("acme").await;
        service.provider.end_grants();
        service.advance(3600);
        service.provider.hold();
        let other = async {
            service.provider.until_refused().await;
            service.run(meanwhile).await;
            service.provider.release();
        };
        let (token, ()) = tokio::join!(service.token(&user), other);
        let error = token.unwrap_err();
        assert!(error.needs_login(), "{error:?}");
        assert_eq!(matches!(error, ProviderTokenError::NotStored), removed, "{error:?}");
    }
}

#[tokio::test]
async fn refreshed_tokens_are_stored_although_the_database_fails_for_a_moment() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.advance(3600);
    service.provider.hold();
    let outage = async {
        service.provider.until_refreshed(1).await;
        service
            .run("CREATE TRIGGER stop BEFORE UPDATE ON oauth_account BEGIN SELECT RAISE(ABORT, 'disk full'); END")
            .await;
        service.provider.release();
        // slow on purpose: the first attempt to store must fail
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        service.run("DROP TRIGGER stop").await;
    };
    let (token, ()) = tokio::join!(service.token(&user), outage);
    assert_eq!(token.unwrap().secret(), "access-token-3");
    service.advance(3600);
    assert_eq!(service.secret(&user).await, "access-token-5");
    assert_eq!(service.provider.refreshes(), (2, 0));
}

/// The refresh took longer than its reservation, and another instance tried the same refresh token.
#[tokio::test]
async fn what_was_refreshed_is_stored_although_another_instance_reserved_or_removed_the_old_tokens() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    for (times, meanwhile) in [
        (1, "UPDATE oauth_account SET access_token = substr(access_token, 1, instr(access_token, '#')) || '9'"),
        (2, "UPDATE oauth_account SET access_token = '', refresh_token = NULL"),
    ] {
        service.advance(3600);
        service.provider.hold();
        let other = async {
            service.provider.until_refreshed(times).await;
            service.run(meanwhile).await;
            service.provider.release();
        };
        let (token, ()) = tokio::join!(service.secret(&user), other);
        assert_eq!(service.secret(&user).await, token, "{meanwhile}");
    }
    service.advance(3600);
    service.token(&user).await.unwrap();
    assert_eq!(service.provider.refreshes(), (3, 0));
}

/// Another instance reserved the refresh and stopped.
#[tokio::test]
async fn a_reservation_ends_by_itself() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    service.advance(3600);
    let now = || axum_users::env::Clock::now(&*service.clock).timestamp();
    let reserve = async |until: i64| {
        service.run(&format!("UPDATE oauth_account SET access_token = access_token || '#{until}'")).await;
    };
    // A reservation that is too long comes from an instance whose clock is wrong.
    for until in [now(), now() + 7200, i64::MAX] {
        reserve(until).await;
        service.token(&user).await.unwrap();
        assert!(!service.stored().await[0].0.contains('#'));
        service.advance(3600);
    }
    reserve(now() + 30).await;
    let calls = service.provider.refreshes().0;
    let later = async {
        // slow on purpose: the call waits for the other instance meanwhile
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!(service.provider.refreshes().0, calls);
        service.advance(31);
    };
    let (token, ()) = tokio::join!(service.token(&user), later);
    token.unwrap();
    assert_eq!(service.provider.refreshes(), (calls + 1, 0));
}

#[tokio::test]
async fn a_refresh_token_is_asked_for_only_if_tokens_are_stored() {
    let (service, app) = (Service::new().await, App::new().await);
    let page = service.page_of("/auth/acme").await;
    assert_eq!((page["scope"].as_str(), page["prompt"].as_str()), ("openid email offline_access", "consent"));
    assert_eq!(service.page_of("/auth/hub").await["scope"], "read:user user:email");
    let page = super::query(&app.start("/auth/acme").await.url);
    assert_eq!((page["scope"].as_str(), page.get("prompt")), ("openid email", None));
    // Neither from an issuer that lists its scopes without it, nor against the will of the application.
    let listing = |scopes: serde_json::Value| Lies {
        discovery: Some(std::sync::Arc::new(move |document| {
            document.insert("scopes_supported".to_owned(), scopes.clone());
        })),
        ..Lies::default()
    };
    for (scopes, asked) in [
        (json!(["openid", "email"]), "openid email"),
        (json!(["openid", "offline_access"]), "openid email offline_access"),
    ] {
        let service = Service::new().await;
        service.provider.lie(listing(scopes));
        assert_eq!(service.page_of("/auth/acme").await["scope"], asked);
    }
    let service = Service::with(Setup { issuer: |issuer| issuer.without_offline_access(), ..Setup::default() }).await;
    let page = service.page_of("/auth/acme").await;
    assert_eq!((page["scope"].as_str(), page.get("prompt")), ("openid email", None));
}

#[tokio::test]
async fn a_login_without_a_refresh_token_keeps_the_stored_one() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    let flow = service.start("/auth/acme").await;
    let code = service.provider.approve(&flow.url, arthur());
    // Google's response to a login without consent.
    let answer = {
        let token = service.provider.id_token(arthur(), &super::query(&flow.url)["nonce"]);
        let tokens = json!({"access_token": "later", "token_type": "bearer", "expires_in": 60, "id_token": token});
        Answer::Plain(200, "application/json", tokens.to_string())
    };
    service.provider.lie(answering("/token", answer));
    service.callback("/auth/acme", &flow, &code).await.access_token();
    service.provider.lie(Lies::default());
    service.advance(1);
    assert_eq!(service.secret(&user).await, "access-token-3");
    assert_eq!(service.provider.refreshes(), (1, 0));
}

#[tokio::test]
async fn a_provider_without_keys_has_no_tokens() {
    let service = Service::new().await;
    let user = service.arthur("acme").await;
    let without = axum_users::oauth::OAuthProvider::openid("acme", &service.provider.issuer(), "id", "secret").unwrap();
    refused!(service.users.provider_token(&user, &without).await, ProviderTokenError::NotStored);
    let other = without.store_tokens(TokenKeys::new("other", &secret(9)).unwrap());
    refused!(service.users.provider_token(&user, &other).await, ProviderTokenError::Undecryptable(_));
}
