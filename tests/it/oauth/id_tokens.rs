//! Invalid ID tokens, and keys that change.

use std::{sync::Arc, time::Duration};

use axum_users::oauth::OpenId;
use serde_json::{Map, Value, json};

use super::{
    keys::Key,
    provider::{CLIENT_ID, Lies, Person, Signature},
    support::{App, Setup, refused},
};
use crate::support::Response;

pub fn arthur() -> Person {
    Person::verified("arthur-1", "arthur@camelot.bt")
}

/// Logs in while the provider lies.
async fn with_lies(app: &App, lies: Lies) -> Response {
    app.provider.lie(lies);
    app.log_in("/auth/acme", arthur()).await
}

pub fn claims(patch: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Lies {
    Lies { claims: Some(Arc::new(patch)), ..Lies::default() }
}

/// Changes one claim; null removes it.
pub fn claim(name: &'static str, value: Value) -> Lies {
    claims(move |claims| match &value {
        Value::Null => drop(claims.remove(name)),
        value => drop(claims.insert(name.to_owned(), value.clone())),
    })
}

pub fn signed(signature: Signature) -> Lies {
    Lies { signature: Some(signature), ..Lies::default() }
}

/// Signatures that the provider did not make with its key, which is called `first`.
pub fn forged(ours: &Key) -> Vec<(&'static str, Signature)> {
    let foreign = Key::rs256("first");
    vec![
        ("unsigned", Signature::None),
        ("HMAC with the client secret", Signature::Hmac),
        ("another key with the name of a known one", Signature::By(foreign)),
        ("an unknown key", Signature::By(Key::es256("unknown"))),
        ("another algorithm in the header", Signature::As(ours.clone(), "RS256")),
        ("no algorithm in the header", Signature::As(ours.clone(), "none")),
        ("HMAC in the header", Signature::As(ours.clone(), "HS256")),
        ("an unknown algorithm", Signature::As(ours.clone(), "XX99")),
        ("a changed signature", Signature::Changed(ours.clone())),
    ]
}

async fn app_of(issuer: fn(OpenId) -> OpenId) -> App {
    App::with(Setup { issuer, ..Setup::default() }).await
}

mod oidc {
    use super::*;

    #[tokio::test]
    async fn wrong_nonce() {
        let app = App::new().await;
        for nonce in [json!(null), json!(""), json!("of-another-flow"), json!(7)] {
            refused(&with_lies(&app, claim("nonce", nonce)).await, "OAUTH_PROVIDER_ERROR");
        }
        assert_eq!(with_lies(&app, Lies::default()).await.status, 200);
    }

    #[tokio::test]
    async fn issuer_mismatch() {
        let app = App::new().await;
        for issuer in [json!(null), json!("https://evil.example"), json!(app.provider.issuer() + "/"), json!(1)] {
            refused(&with_lies(&app, claim("iss", issuer)).await, "OAUTH_PROVIDER_ERROR");
        }
        // A discovery document that names another issuer does not belong to this issuer.
        let app = App::new().await;
        let lies = Lies {
            discovery: Some(Arc::new(|document| {
                drop(document.insert("issuer".to_owned(), json!("https://evil.example")))
            })),
            ..Lies::default()
        };
        app.provider.lie(lies);
        refused(&app.get("/auth/acme/authorize").send().await, "OAUTH_PROVIDER_ERROR");
    }

    #[tokio::test]
    async fn audience_and_times_are_checked() {
        let app = App::new().await;
        let now = 1_795_867_200;
        for (name, value) in [
            ("aud", json!(null)),
            ("aud", json!("another-client")),
            ("aud", json!([CLIENT_ID, "another-client"])),
            ("aud", json!([])),
            ("azp", json!("another-client")),
            ("exp", json!(null)),
            ("exp", json!(now - 1)),
            ("exp", json!("never")),
            ("iat", json!(now + 3600)),
            ("sub", json!(null)),
        ] {
            let response = with_lies(&app, claim(name, value.clone())).await;
            assert_eq!(response.status, 400, "{name} {value}: {response:?}");
        }
        for (name, value) in [("aud", json!([CLIENT_ID])), ("azp", json!(CLIENT_ID)), ("iat", json!(now + 5))] {
            let response = with_lies(&app, claim(name, value.clone())).await;
            assert_eq!(response.status, 200, "{name} {value}: {response:?}");
        }
    }

    #[tokio::test]
    async fn unsigned_or_foreign_token_refused() {
        let app = App::new().await;
        let ours = Key::eddsa("first");
        app.provider.keys(vec![ours.clone()]);
        for (what, signature) in forged(&ours) {
            let response = with_lies(&app, signed(signature)).await;
            assert_eq!(
                (response.status.as_u16(), response.json()),
                (400, json!({"detail": "OAUTH_PROVIDER_ERROR"})),
                "{what}"
            );
        }
        assert!(app.users.get_by_email("arthur@camelot.bt").await.unwrap().is_none());
        assert_eq!(with_lies(&app, Lies::default()).await.status, 200);
    }

    #[tokio::test]
    async fn every_usual_algorithm_is_accepted() {
        for key in [Key::eddsa("k"), Key::es256("k"), Key::rs256("k")] {
            let app = App::new().await;
            let algorithm = key.algorithm;
            app.provider.keys(vec![key]);
            let response = app.log_in("/auth/acme", arthur()).await;
            assert_eq!(response.status, 200, "{algorithm:?}: {response:?}");
        }
    }

    #[tokio::test]
    async fn keys_rotate() {
        let app = App::new().await;
        let keys_fetched = |app: &App| app.provider.take_calls().into_iter().filter(|path| path == "/jwks").count();
        assert_eq!(app.log_in("/auth/acme", arthur()).await.status, 200);
        assert_eq!(app.log_in("/auth/acme", arthur()).await.status, 200);
        assert_eq!(keys_fetched(&app), 1, "keys are kept");
        // A new key is fetched because a token names it, and the old one is then gone.
        app.provider.keys(vec![Key::es256("second")]);
        assert_eq!(app.log_in("/auth/acme", arthur()).await.status, 200);
        assert_eq!(keys_fetched(&app), 1);
        let old = with_lies(&app, signed(Signature::By(Key::eddsa("first")))).await;
        refused(&old, "OAUTH_PROVIDER_ERROR");
        // Many unknown keys cause few fetches.
        app.provider.take_calls();
        for _ in 0..20 {
            with_lies(&app, signed(Signature::By(Key::eddsa("unknown")))).await;
        }
        assert!(keys_fetched(&app) <= 3);
        // After an hour they are fetched again anyway.
        app.advance(3601);
        assert_eq!(with_lies(&app, Lies::default()).await.status, 200);
        assert_eq!(keys_fetched(&app), 1);
    }

    #[tokio::test]
    async fn claims_at_the_userinfo_endpoint_count() {
        let app = App::new().await;
        app.provider.claims_at_userinfo_only();
        let token = app.log_in("/auth/acme", arthur()).await.access_token();
        assert_eq!(app.seen(&token).await["email"], "arthur@camelot.bt");
        // They must be about the same subject.
        let about_another = json!({"sub": "mordred-1", "email": "arthur@camelot.bt", "email_verified": true});
        let answer = super::super::provider::Answer::Plain(200, "application/json", about_another.to_string());
        let lies = Lies { answers: [("/userinfo", answer)].into(), ..Lies::default() };
        refused(&with_lies(&app, lies).await, "OAUTH_PROVIDER_ERROR");
    }

    #[tokio::test]
    async fn weak_authentication_refused() {
        let app = app_of(|issuer| issuer.require_amr(["mfa", "hwk"]).require_acr(["gold"])).await;
        let with = |amr: Value, acr: Value| {
            claims(move |claims| {
                claims.insert("amr".to_owned(), amr.clone());
                claims.insert("acr".to_owned(), acr.clone());
            })
        };
        refused(&with_lies(&app, Lies::default()).await, "OAUTH_PROVIDER_ERROR");
        for (amr, acr) in [
            (json!(["pwd"]), json!("gold")),
            (json!([]), json!("gold")),
            (json!("mfa"), json!("gold")),
            (json!(["mfa"]), json!("silver")),
            (json!(["mfa"]), json!(["gold"])),
            (json!(["MFA"]), json!("gold")),
        ] {
            let response = with_lies(&app, with(amr.clone(), acr.clone())).await;
            assert_eq!(response.status, 400, "{amr} {acr}: {response:?}");
        }
        let response = with_lies(&app, with(json!(["pwd", "mfa"]), json!("gold"))).await;
        assert_eq!(response.status, 200, "{response:?}");
        // It is also requested from the provider.
        let flow = app.start("/auth/acme").await;
        assert_eq!(super::super::provider::query(&flow.url)["acr_values"], "gold");
    }
}

mod oauth {
    use super::*;

    #[tokio::test]
    async fn stale_auth_time_refused() {
        let app = app_of(|issuer| issuer.max_age(Duration::from_secs(300))).await;
        let now = 1_795_867_200;
        let flow = app.start("/auth/acme").await;
        assert_eq!(super::super::provider::query(&flow.url)["max_age"], "300");
        for stale in [json!(null), json!(now - 3600), json!(now - 400), json!("now")] {
            let response = with_lies(&app, claim("auth_time", stale.clone())).await;
            assert_eq!(response.status, 400, "{stale}: {response:?}");
        }
        for recent in [now, now - 299] {
            let response = with_lies(&app, claim("auth_time", json!(recent))).await;
            assert_eq!(response.status, 200, "{recent}: {response:?}");
        }
    }
}

/// Applications on devices, which have the token from the provider's library.
mod native {
    use super::*;

    async fn exchange(app: &App, token: &str, nonce: &str) -> Response {
        app.post("/auth/acme/token").json(json!({ "id_token": token, "nonce": nonce })).send().await
    }

    #[tokio::test]
    async fn an_id_token_is_exchanged_once() {
        let app = App::new().await;
        let token = app.provider.id_token(arthur(), "chosen-by-the-app");
        let session = exchange(&app, &token, "chosen-by-the-app").await.access_token();
        assert_eq!(app.seen(&session).await["oauth_accounts"][0]["account_id"], "arthur-1");
        refused(&exchange(&app, &token, "chosen-by-the-app").await, "OAUTH_INVALID_STATE");
        // It is the same person as one who logs in with a browser.
        let browser = app.log_in("/auth/acme", arthur()).await.access_token();
        assert_eq!(app.seen(&browser).await["id"], app.seen(&session).await["id"]);
    }

    #[tokio::test]
    async fn id_tokens_are_checked_as_those_of_browsers() {
        let app = app_of(|issuer| issuer.on_device("the-phone")).await;
        let of = |lies: Lies| {
            app.provider.lie(lies);
            app.provider.id_token(arthur(), "nonce")
        };
        let now = 1_795_867_200;
        for (what, lies) in [
            ("another audience", claim("aud", json!("another-client"))),
            ("another issuer", claim("iss", json!("https://evil.example"))),
            ("expired", claim("exp", json!(now - 1))),
            ("issued long ago", claim("iat", json!(now - 601))),
            ("issued in the future", claim("iat", json!(now + 601))),
            ("unsigned", signed(Signature::None)),
            ("HMAC with the client secret", signed(Signature::Hmac)),
            ("a foreign key", signed(Signature::By(Key::rs256("foreign")))),
            ("no subject", claim("sub", json!(null))),
        ] {
            let token = of(lies);
            let response = exchange(&app, &token, "nonce").await;
            assert_eq!(response.json(), json!({"detail": "OAUTH_PROVIDER_ERROR"}), "{what}");
        }
        let token = of(Lies::default());
        for nonce in ["", "other", "NONCE"] {
            refused(&exchange(&app, &token, nonce).await, "OAUTH_PROVIDER_ERROR");
        }
        for body in [json!({}), json!({"id_token": token}), json!({"id_token": 7, "nonce": "nonce"}), json!([])] {
            let response = app.post("/auth/acme/token").json(body).send().await;
            assert_eq!(response.status, 422, "{response:?}");
            assert!(!response.text().contains(&token), "a token is not echoed");
        }
        assert_eq!(exchange(&app, &token, "nonce").await.status, 200);
        // One for the application on a phone, and one that it asked for in the name of this service, as Google's library does.
        for claim in [claim("aud", json!("the-phone")), claim("azp", json!("the-phone"))] {
            let token = of(claim);
            assert_eq!(exchange(&app, &token, "nonce").await.status, 200);
        }
        refused(&exchange(&app, &of(claim("azp", json!("another"))), "nonce").await, "OAUTH_PROVIDER_ERROR");
    }

    #[tokio::test]
    async fn linking_rules_are_those_of_browsers() {
        let app = App::new().await;
        app.verified("arthur@camelot.bt").await;
        let token = app.provider.id_token(arthur(), "nonce");
        refused(&exchange(&app, &token, "nonce").await, "OAUTH_USER_ALREADY_EXISTS");
    }

    #[tokio::test]
    async fn a_provider_without_id_tokens_has_no_such_route() {
        let app = App::new().await;
        let body = json!({ "id_token": "x", "nonce": "x" });
        assert_eq!(app.post("/auth/hub/token").json(body).send().await.status, 404);
    }

    #[tokio::test]
    async fn foreign_pages_cannot_log_browsers_in() {
        let app = App::with(Setup { carrier: crate::support::Carrier::Cookie, ..Setup::default() }).await;
        let token = app.provider.id_token(arthur(), "nonce");
        let body = json!({ "id_token": token, "nonce": "nonce" });
        let call = || app.post("/auth/acme/token").json(body.clone());
        let foreign = call().header("origin", "https://evil.example").header("sec-fetch-site", "cross-site");
        assert_eq!(foreign.send().await.status, 403);
        let own = call().header("origin", super::super::support::PUBLIC_URL).send().await;
        assert_eq!(own.status, 204, "{own:?}");
    }
}
