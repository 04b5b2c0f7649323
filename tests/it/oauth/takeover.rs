//! Classic takeovers of accounts through OAuth.

use axum_users::oauth::SameAddress;
use serde_json::json;

use super::{
    provider::Person,
    support::{App, FLOW_COOKIE, callback_path, refused},
};
use crate::support::PASSWORD;

const VICTIM: &str = "victim@camelot.bt";

/// The attacker registers the victim's address, and the victim arrives with a provider.
#[tokio::test]
async fn t07_prehijack_merge() {
    for policy in [SameAddress::Refuse, SameAddress::Link, SameAddress::LinkOrTakeOver] {
        let app = App::having(match policy {
            SameAddress::Refuse => |provider| provider,
            SameAddress::Link => |provider| provider.same_address(SameAddress::Link),
            _ => |provider| provider.same_address(SameAddress::LinkOrTakeOver),
        })
        .await;
        app.register(VICTIM).await;
        let attackers = app.password(VICTIM).await;
        let response = app.log_in("/auth/acme", Person::verified("victim", VICTIM)).await;
        match policy {
            SameAddress::LinkOrTakeOver => {
                let victims = app.seen(&response.access_token()).await;
                assert_eq!(victims["email"], VICTIM);
                assert_eq!(app.me(&attackers).await.status, 401);
                refused(&app.try_password(VICTIM, PASSWORD).await, "LOGIN_BAD_CREDENTIALS");
            }
            _ => {
                // The victim has no account yet, and the attacker's account contains nothing of the victim.
                refused(&response, "OAUTH_USER_ALREADY_EXISTS");
                assert_eq!(app.seen(&attackers).await["oauth_accounts"], json!([]));
            }
        }
    }
}

/// The attacker writes the victim's address into an account at a provider, without owning it.
#[tokio::test]
async fn t08_unverified_provider_email() {
    for policy in [SameAddress::Link, SameAddress::LinkOrTakeOver] {
        let app = App::having(match policy {
            SameAddress::Link => |provider| provider.same_address(SameAddress::Link).verified_by_default(true),
            _ => |provider| provider.same_address(SameAddress::LinkOrTakeOver).verified_by_default(true),
        })
        .await;
        let victim = app.verified(VICTIM).await;
        for verified in [json!(false), json!(null), json!("false")] {
            for route in ["/auth/acme", "/auth/hub"] {
                let person = Person { verified: verified.clone(), ..Person::verified("attacker", VICTIM) };
                refused(&app.log_in(route, person).await, "OAUTH_USER_ALREADY_EXISTS");
            }
        }
        assert_eq!(app.seen(&app.password(VICTIM).await).await["id"], json!(victim.id));
    }
}

/// The attacker has an account with the victim's address, a session and a link of its own. The victim verifies the
/// address by a reset.
#[tokio::test]
async fn t09_squatter_keeps_session() {
    let app = App::new().await;
    let foothold = Person::unverified("attacker", VICTIM);
    let attackers = app.log_in("/auth/acme", foothold.clone()).await.access_token();
    app.associate("hub", &attackers, Person::verified("attacker", "attacker@evil.example")).await;
    assert_eq!(app.accounts(&attackers).await.len(), 2);
    app.reset(VICTIM, PASSWORD).await;
    let victims = app.password(VICTIM).await;
    assert_eq!(app.me(&attackers).await.status, 401);
    assert_eq!(app.seen(&victims).await["oauth_accounts"], json!([]));
    refused(&app.log_in("/auth/acme", foothold).await, "OAUTH_USER_ALREADY_EXISTS");
    let attacker = app.log_in("/auth/hub", Person::verified("attacker", "attacker@evil.example")).await.access_token();
    assert_ne!(app.seen(&attacker).await["email"], VICTIM);

    // A verified address keeps its links.
    let app = App::having(|provider| provider.verified_by_default(true)).await;
    let own = Person::verified("victim", VICTIM);
    app.log_in("/auth/acme", own.clone()).await.access_token();
    app.reset(VICTIM, PASSWORD).await;
    let token = app.log_in("/auth/acme", own).await.access_token();
    assert_eq!(app.seen(&token).await["email"], VICTIM);
}

/// The attacker makes the victim's browser finish a login that the attacker started (CVE-2025-68481 of fastapi-users).
#[tokio::test]
async fn t10_oauth_login_csrf() {
    let app = App::new().await;
    let attackers = app.start("/auth/acme").await;
    let code = app.provider.approve(&attackers.url, Person::verified("attacker", "attacker@evil.example"));
    let path = callback_path("/auth/acme", &code, &attackers.state);
    // The victim's browser has no cookie of a flow, or that of its own.
    refused(&app.get(&path).send().await, "OAUTH_INVALID_STATE");
    let victims = app.start("/auth/acme").await;
    let response = app.get(&path).cookie(FLOW_COOKIE, &victims.cookie).send().await;
    refused(&response, "OAUTH_INVALID_STATE");
    assert!(response.set_cookie().is_none());
}

/// The attacker makes the victim's browser associate the attacker's account at a provider with the victim's user.
#[tokio::test]
async fn t11_forced_oauth_link() {
    let app = App::new().await;
    app.verified(VICTIM).await;
    app.verified("attacker@evil.example").await;
    let (victims, attackers) = (app.password(VICTIM).await, app.password("attacker@evil.example").await);
    let authorize = app.get("/auth/associate/acme/authorize").bearer(&attackers);
    let flow = app.start_as(authorize).await;
    let person = Person::verified("attacker", "attacker@evil.example");
    let code = app.provider.approve(&flow.url, person.clone());
    let path = callback_path("/auth/associate/acme", &code, &flow.state);
    // With the victim's session, without and with the attacker's cookie.
    refused(&app.get(&path).bearer(&victims).send().await, "OAUTH_INVALID_STATE");
    let forced = app.finish_as("/auth/associate/acme", &flow, &code, &victims).await;
    forced.is(400, r#"{"detail":"Bad Request"}"#);
    assert!(app.accounts(&victims).await.is_empty());
    let attacker = app.log_in("/auth/acme", person).await;
    refused(&attacker, "OAUTH_USER_ALREADY_EXISTS");
}

/// A nickname at the provider is reassigned to another person. The subject stays.
#[tokio::test]
async fn t26_reassigned_nickname() {
    let app = App::new().await;
    // The service like GitHub calls everybody `octocat`.
    let victims = app.log_in("/auth/hub", Person::verified("1", VICTIM)).await.access_token();
    let person = Person::verified("2", "attacker@evil.example");
    let attackers = app.log_in("/auth/hub", person).await.access_token();
    let (victim, attacker) = (app.seen(&victims).await, app.seen(&attackers).await);
    assert_ne!(victim["id"], attacker["id"]);
    assert_eq!((&victim["email"], &attacker["email"]), (&json!(VICTIM), &json!("attacker@evil.example")));
    // Neither does the victim's old address at the provider help.
    refused(&app.log_in("/auth/hub", Person::verified("3", VICTIM)).await, "OAUTH_USER_ALREADY_EXISTS");
}

/// A code or a state of one provider is presented to another one.
#[tokio::test]
async fn t28_mix_up() {
    let app = App::new().await;
    app.log_in("/auth/acme", Person::verified("1", VICTIM)).await.access_token();
    let (acme, hub) = (app.start("/auth/acme").await, app.start("/auth/hub").await);
    let code = app.provider.approve(&acme.url, Person::verified("1", VICTIM));
    app.provider.take_calls();
    // The state of one provider at the callback of the other.
    refused(&app.callback("/auth/hub", &acme, &code).await, "OAUTH_INVALID_STATE");
    refused(&app.callback("/auth/acme", &hub, &code).await, "OAUTH_INVALID_STATE");
    assert_eq!(app.provider.take_calls(), Vec::<String>::new(), "the code reached no other provider");
    // The code of one provider with the state of the other.
    refused(&app.callback("/auth/hub", &hub, &code).await, "OAUTH_PROVIDER_ERROR");
}
