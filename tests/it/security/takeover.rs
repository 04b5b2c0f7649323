//! Classic account takeovers. Each scenario ends by asserting that the attacker cannot access the victim's account.
//! The numbers are those of docs/contributing/security.md.

use std::{sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    Backend, Jwt, Mailer, Policy, SecretKey, Users,
    mail::MemoryMails,
    store::{MemoryStore, UserStore},
};
use serde_json::json;

use super::{base64url, crowd::Crowd, reset_token, verify_token};
use crate::hashing::weak_hashing;
use crate::support::{COOKIE, Carrier, Http, PASSWORD, Setup, SharedClock, TestApp, User, user_routes};

const VICTIM: &str = "victim@camelot.bt";
const ATTACKER: &str = "attacker@cornwall.bt";
const NEW: &str = "another long sword";

/// Asserts that no token reads the victim's account and no password logs in to it.
async fn attacker_is_out(app: &TestApp, victim: &str, tokens: &[&str], passwords: &[&str]) {
    for token in tokens {
        let me = app.me(token).await;
        assert!(me.status == 401 || me.json()["email"] != victim, "{me:?}");
        let id = app.stored(victim).await.id;
        let by_id = app.get(&format!("/users/{id}")).token(app.carrier, token).send().await;
        assert!([401, 403].contains(&by_id.status.as_u16()), "{by_id:?}");
    }
    for password in passwords {
        let login = app.try_login(victim, password).await;
        assert!([400, 422, 429].contains(&login.status.as_u16()), "{login:?}");
    }
}

async fn victim_is_in(app: &TestApp, victim: &str, password: &str) {
    let token = app.login(victim, password).await;
    assert_eq!(app.me(&token).await.json()["email"], victim);
}

async fn forgot(app: &TestApp, email: &str) {
    app.post("/auth/forgot-password").json(json!({ "email": email })).send().await.is(202, "null");
}

async fn reset(app: &TestApp, token: &str, password: &str) -> u16 {
    let body = json!({ "token": token, "password": password });
    app.post("/auth/reset-password").json(body).send().await.status.as_u16()
}

#[tokio::test]
async fn t01_poisoned_reset_link() {
    let mails = MemoryMails::new();
    let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.bt").unwrap();
    let builder: Box<dyn FnOnce(axum_users::UsersBuilder<User>) -> _> =
        Box::new(|builder| builder.mailer(mailer).verification_on_register(false));
    let app = TestApp::with(Setup { builder, ..Setup::default() }).await;
    app.register(VICTIM).await;
    let call = app.post("/auth/forgot-password?host=evil.example").json(json!({ "email": VICTIM }));
    let call = call.header("host", "evil.example").header("x-forwarded-host", "evil.example");
    let call = call.header("x-forwarded-proto", "http").header("referer", "https://evil.example/");
    assert_eq!(call.send().await.status, 202);
    let all = mails.wait_for(1).await;
    let mail = &all[0];
    assert_eq!(mail.to.as_str(), VICTIM);
    // The only link leads to the application, so a click reveals nothing to the attacker.
    for text in [&mail.text, &mail.html, &mail.subject] {
        assert!(!text.contains("evil"), "{text}");
    }
    let token = MemoryMails::token(mail).unwrap();
    assert!(mail.text.contains(&format!("https://camelot.bt/reset-password#token={token}")), "{}", mail.text);
    attacker_is_out(&app, VICTIM, &[&token], &[NEW]).await;
}

#[tokio::test]
async fn t02_reset_token_replay() {
    let app = TestApp::start().await;
    app.register(VICTIM).await;
    let token = reset_token(&app, VICTIM).await;
    assert_eq!(reset(&app, &token, NEW).await, 200);
    for _ in 0..3 {
        assert_eq!(reset(&app, &token, "the attacker's long sword").await, 400);
    }
    attacker_is_out(&app, VICTIM, &[&token], &["the attacker's long sword", PASSWORD]).await;
    victim_is_in(&app, VICTIM, NEW).await;
}

#[tokio::test]
async fn t03_reset_token_edited() {
    let app = TestApp::start().await;
    let victim = app.register(VICTIM).await["id"].as_str().unwrap().to_owned();
    let attacker = app.register(ATTACKER).await["id"].as_str().unwrap().to_owned();
    let token = reset_token(&app, ATTACKER).await;
    let parts: Vec<_> = token.split('.').collect();
    let payload = base64url::decode(parts[1]).replace(&attacker, &victim);
    assert!(payload.contains(&victim), "{payload}");
    let payload = base64url::encode(payload.as_bytes());
    let none = base64url::encode(br#"{"alg":"none","typ":"JWT"}"#);
    for edited in [
        format!("{}.{payload}.{}", parts[0], parts[2]),
        format!("{}.{payload}.", parts[0]),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{}", parts[2]),
    ] {
        assert_eq!(reset(&app, &edited, NEW).await, 400);
        attacker_is_out(&app, VICTIM, &[&edited], &[NEW]).await;
    }
    victim_is_in(&app, VICTIM, PASSWORD).await;
}

#[tokio::test]
async fn t04_stale_reset_mail() {
    let app = TestApp::changing_emails_at_once().await;
    let session = app.member(VICTIM).await;
    let old_mail = reset_token(&app, VICTIM).await;
    let change = json!({ "password": NEW, "current_password": PASSWORD });
    assert_eq!(app.patch("/users/me").bearer(&session).json(change).send().await.status, 200);
    assert_eq!(reset(&app, &old_mail, "the attacker's long sword").await, 400);
    // A mail sent to a former address of the account is invalid too.
    let old_mail = reset_token(&app, VICTIM).await;
    let change = json!({ "email": "moved@camelot.bt", "current_password": NEW });
    assert_eq!(app.patch("/users/me").bearer(&session).json(change).send().await.status, 200);
    assert_eq!(reset(&app, &old_mail, "the attacker's long sword").await, 400);
    attacker_is_out(&app, "moved@camelot.bt", &[&old_mail], &["the attacker's long sword"]).await;
    victim_is_in(&app, "moved@camelot.bt", NEW).await;
}

#[tokio::test]
async fn t05_mail_to_supplied_address() {
    // Homoglyphs that normalization could map to the victim's letters: a dotless i, full-width letters, a Roman numeral.
    let supplied = [
        "vıctim@camelot.bt",
        "ｖictim@camelot.bt",
        "victim@camelot.bt.evil.example",
        "VICTIM@ⅽamelot.bt",
        "Victim@Camelot.BT",
    ];
    for policy in [Policy::recommended(), Policy::recommended().internationalized_email()] {
        for email in supplied {
            let app = TestApp::with(Setup { policy: policy.clone(), ..Setup::default() }).await;
            app.register(VICTIM).await;
            let response = app.post("/auth/forgot-password").json(json!({ "email": email })).send().await;
            assert!([202, 422].contains(&response.status.as_u16()), "{response:?}");
            app.users.drain(Duration::from_secs(10)).await;
            let calls = app.hooks.calls();
            let mailed: Vec<_> = calls.iter().filter(|called| called.hook == "on_after_forgot_password").collect();
            assert!(mailed.iter().all(|called| called.email.as_deref() == Some(VICTIM)), "{email}: {mailed:?}");
            assert_eq!(mailed.len(), usize::from(email.eq_ignore_ascii_case(VICTIM) || email.contains('ⅽ')), "{email}");
            attacker_is_out(&app, VICTIM, &[], &[NEW]).await;
        }
    }
}

#[tokio::test]
async fn t06_session_survives_reset() {
    let app = TestApp::start().await;
    let stolen = app.member(VICTIM).await;
    let token = reset_token(&app, VICTIM).await;
    assert_eq!(app.me(&stolen).await.status, 200);
    assert_eq!(reset(&app, &token, NEW).await, 200);
    attacker_is_out(&app, VICTIM, &[&stolen], &[PASSWORD]).await;
    victim_is_in(&app, VICTIM, NEW).await;
}

#[tokio::test]
async fn t09_squatter_keeps_session() {
    let app = TestApp::start().await;
    let squatter = app.member(VICTIM).await;
    let pending = verify_token(&app, VICTIM).await;
    // The victim finds the address taken and proves ownership by a reset.
    let token = reset_token(&app, VICTIM).await;
    assert_eq!(reset(&app, &token, NEW).await, 200);
    let change = json!({ "email": ATTACKER });
    assert_eq!(app.patch("/users/me").bearer(&squatter).json(change).send().await.status, 401);
    assert_eq!(app.post("/auth/verify").json(json!({ "token": pending })).send().await.status, 400);
    attacker_is_out(&app, VICTIM, &[&squatter], &[PASSWORD]).await;
    victim_is_in(&app, VICTIM, NEW).await;
}

#[tokio::test]
async fn t14_mass_assignment() {
    let app = TestApp::start().await;
    let victim = app.register(VICTIM).await["id"].as_str().unwrap().to_owned();
    let hash = app.stored(VICTIM).await.hashed_password.as_stored().to_owned();
    let extra = json!({
        "email": ATTACKER, "password": PASSWORD, "id": victim, "is_superuser": true, "is_verified": true,
        "hashed_password": hash, "quota": 1_000_000, "note": "friend of the king",
    });
    assert_eq!(app.post("/auth/register").json(extra.clone()).send().await.status, 201);
    let attacker = app.login(ATTACKER, PASSWORD).await;
    assert_eq!(app.patch("/users/me").bearer(&attacker).json(extra).send().await.status, 200);
    let stored = app.stored(ATTACKER).await;
    assert!(!stored.is_superuser && !stored.is_verified && stored.quota == 0 && stored.note.is_empty());
    assert!(stored.id.to_string() != victim && stored.hashed_password.as_stored() != hash);
    attacker_is_out(&app, VICTIM, &[&attacker], &[]).await;
}

#[tokio::test]
async fn t15_idor() {
    let app = TestApp::start().await;
    let path = format!("/users/{}", app.register(VICTIM).await["id"].as_str().unwrap());
    let attacker = app.member(ATTACKER).await;
    app.get(&path).bearer(&attacker).send().await.is(403, r#"{"detail":"Forbidden"}"#);
    let body = json!({ "email": "x@cornwall.bt", "password": NEW });
    app.patch(&path).bearer(&attacker).json(body).send().await.is(403, r#"{"detail":"Forbidden"}"#);
    app.delete(&path).bearer(&attacker).send().await.is(403, r#"{"detail":"Forbidden"}"#);
    attacker_is_out(&app, VICTIM, &[&attacker], &[NEW]).await;
    victim_is_in(&app, VICTIM, PASSWORD).await;
}

#[tokio::test]
async fn t16_jwt_forgery() {
    let app = TestApp::start().await;
    let victim = app.register(VICTIM).await["id"].as_str().unwrap().to_owned();
    let own = app.register(ATTACKER).await["id"].as_str().unwrap().to_owned();
    let attacker = app.login(ATTACKER, PASSWORD).await;
    let parts: Vec<_> = attacker.split('.').collect();
    let payload = base64url::encode(base64url::decode(parts[1]).replace(&own, &victim).as_bytes());
    let header = |alg: &str| base64url::encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#).as_bytes());
    let mut forged = vec![
        format!("{}.{payload}.{}", parts[0], parts[2]),
        format!("{}.{payload}.", parts[0]),
        format!("{}.{payload}", parts[0]),
        // The signature of the attacker's own token over another payload.
        format!("{}.{}.{}", parts[0], payload, base64url::encode(&[0; 32])),
    ];
    for alg in ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA"] {
        forged.push(format!("{}.{payload}.", header(alg)));
        forged.push(format!("{}.{payload}.{}", header(alg), parts[2]));
    }
    for token in &forged {
        assert_eq!(app.me(token).await.status, 401, "{token}");
    }
    let forged: Vec<_> = forged.iter().map(String::as_str).collect();
    attacker_is_out(&app, VICTIM, &forged, &[]).await;
    assert_eq!(app.me(&attacker).await.json()["email"], ATTACKER, "the genuine token works");
}

#[tokio::test]
async fn t17_cross_purpose_token() {
    // Also with the upstream key for all purposes, where only the audience separates them.
    for policy in [Policy::recommended(), Policy::recommended().raw_keys()] {
        let app = TestApp::with(Setup { policy, ..Setup::default() }).await;
        let access = app.member(VICTIM).await;
        let reset_mail = reset_token(&app, VICTIM).await;
        let verify_mail = verify_token(&app, VICTIM).await;
        for token in [&reset_mail, &verify_mail] {
            app.me(token).await.is(401, r#"{"detail":"Unauthorized"}"#);
            assert_eq!(app.post("/auth/jwt/logout").bearer(token).send().await.status, 401);
        }
        for token in [&access, &verify_mail] {
            assert_eq!(reset(&app, token, NEW).await, 400);
        }
        for token in [&access, &reset_mail] {
            assert_eq!(app.post("/auth/verify").json(json!({ "token": token })).send().await.status, 400);
        }
        attacker_is_out(&app, VICTIM, &[&reset_mail, &verify_mail], &[NEW]).await;
        // Each token works for its own purpose.
        assert_eq!(app.me(&access).await.status, 200);
        assert_eq!(app.post("/auth/verify").json(json!({ "token": verify_mail })).send().await.status, 200);
        assert_eq!(reset(&app, &reset_mail, NEW).await, 200);
    }
}

/// The attacker runs the same library with the secret of the examples and a user with the victim's id.
#[tokio::test]
async fn t18_guessable_secret() {
    assert!(SecretKey::new("SECRET").is_err() && SecretKey::new("SECRET".repeat(8)).is_err());
    let app = TestApp::with_policy(Policy::recommended().raw_keys()).await;
    app.register(VICTIM).await;
    let victim = app.stored(VICTIM).await;
    for secret in ["SECRET", "secret", "SECRETSECRETSECRETSECRETSECRETSECRET", ""] {
        let store = MemoryStore::<User>::new();
        store.insert(victim.clone()).await.unwrap();
        let users = Users::<User>::builder(SecretKey::allow_short_secret(secret))
            .store(store)
            .policy(Policy::recommended().raw_keys())
            .clock(SharedClock(Arc::clone(&app.clock)))
            .hashing(weak_hashing())
            .backend(Backend::bearer("jwt", Jwt::new()))
            .build()
            .await;
        // An empty secret has no opt-out.
        let Ok(users) = users else {
            assert_eq!(secret, "");
            continue;
        };
        let rogue = Http::serve(Router::new().merge(user_routes(&users)).with_state(users)).await;
        let form = [("username", VICTIM), ("password", PASSWORD)];
        let forged =
            rogue.post("/auth/jwt/login").form(&form).send().await.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(rogue.get("/users/me").bearer(&forged).send().await.status, 200, "the forged token is well-formed");
        attacker_is_out(&app, VICTIM, &[&forged], &[]).await;
    }
}

#[tokio::test]
async fn t19_email_change_then_reset() {
    let app = TestApp::start().await;
    let stolen = app.member(VICTIM).await;
    app.advance(301);
    for body in [
        json!({ "email": ATTACKER }),
        json!({ "email": ATTACKER, "current_password": "a guess at it" }),
        json!({ "email": ATTACKER, "current_password": "" }),
        json!({ "email": ATTACKER, "current_password": null }),
        json!({ "password": NEW }),
    ] {
        let response = app.patch("/users/me").bearer(&stolen).json(body.clone()).send().await;
        assert_eq!(
            (response.status.as_u16(), &response.json()["detail"]["code"]),
            (400, &json!("UPDATE_USER_INVALID_PASSWORD")),
            "{body}"
        );
    }
    app.hooks.clear();
    forgot(&app, ATTACKER).await;
    let token = reset_token(&app, VICTIM).await;
    let mailed: Vec<_> = app.hooks.calls().into_iter().filter_map(|called| called.email).collect();
    assert_eq!(mailed, [VICTIM]);
    // The victim recovers the account.
    assert_eq!(reset(&app, &token, "the victim's new sword").await, 200);
    attacker_is_out(&app, VICTIM, &[&stolen], &[NEW, PASSWORD]).await;
}

#[tokio::test]
async fn t20_disabled_user_token() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let attacker = app.member(ATTACKER).await;
    app.register(VICTIM).await;
    let verify = verify_token(&app, ATTACKER).await;
    let mail = reset_token(&app, ATTACKER).await;
    let path = format!("/users/{}", app.stored(ATTACKER).await.id);
    let active =
        async |active: bool| app.patch(&path).bearer(&king).json(json!({ "is_active": active })).send().await.status;
    assert_eq!(active(false).await, 200);
    app.me(&attacker).await.is(401, r#"{"detail":"Unauthorized"}"#);
    assert_eq!(app.patch("/users/me").bearer(&attacker).json(json!({ "first_name": "x" })).send().await.status, 401);
    assert_eq!(app.post("/auth/jwt/logout").bearer(&attacker).send().await.status, 401);
    assert_eq!(reset(&app, &mail, NEW).await, 400);
    app.post("/auth/verify").json(json!({ "token": verify })).send().await;
    attacker_is_out(&app, ATTACKER, &[&attacker], &[PASSWORD, NEW]).await;
    assert_eq!(active(true).await, 200);
    assert_eq!(app.me(&attacker).await.status, 401, "an old token was revived");
}

/// Starts a service with the default limits.
async fn limited() -> TestApp {
    let builder = Box::new(|builder: axum_users::UsersBuilder<User>| builder.limits(axum_users::Limits::default()));
    TestApp::with(Setup { builder, ..Setup::default() }).await
}

/// A guess of the victim's password that is not the right one.
async fn guess(app: &Http, header: (&str, &str)) -> u16 {
    let form = [("username", VICTIM), ("password", "a wrong guess")];
    app.post("/auth/jwt/login").header(header.0, header.1).form(&form).send().await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t21_parallel_bruteforce() {
    let app = limited().await;
    app.register(VICTIM).await;
    let crowd = Crowd::of(&app).await;
    let mut guesses = 0;
    for _ in 0..10 {
        let statuses = crowd.at_once(|_, client| async move { guess(&client, ("x", "x")).await }).await;
        assert!(statuses.iter().all(|status| [400, 429].contains(status)), "{statuses:?}");
        guesses += statuses.iter().filter(|status| **status == 400).count();
    }
    assert_eq!(guesses, 5, "a thousand requests at once are five guesses");
    // Not even the right password tells the attacker more.
    attacker_is_out(&app, VICTIM, &[], &[PASSWORD, NEW]).await;
}

#[tokio::test]
async fn t22_forged_client_address() {
    let app = limited().await;
    app.register(VICTIM).await;
    let mut guesses = 0;
    for number in 0..60 {
        let forged = format!("192.0.2.{number}");
        for header in ["x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip", "cf-connecting-ip", "via"] {
            let value = if header == "forwarded" { format!("for={forged}") } else { forged.clone() };
            guesses += usize::from(guess(&app, (header, &value)).await == 400);
        }
    }
    assert_eq!(guesses, 5);
    attacker_is_out(&app, VICTIM, &[], &[PASSWORD]).await;
}

#[tokio::test]
async fn t23_counter_reset_by_own_login() {
    let app = limited().await;
    app.register(VICTIM).await;
    app.register(ATTACKER).await;
    let mut guesses = 0;
    for _ in 0..30 {
        for _ in 0..3 {
            guesses += usize::from(guess(&app, ("x", "x")).await == 400);
        }
        app.login(ATTACKER, PASSWORD).await;
    }
    assert_eq!(guesses, 5, "the logins of the attacker clear no counter of the victim");
    attacker_is_out(&app, VICTIM, &[], &[PASSWORD]).await;
}

#[tokio::test]
async fn t24_blank_password() {
    let app = TestApp::start().await;
    app.register(VICTIM).await;
    let pool = app.sqlite().await;
    let long = "!".repeat(300);
    for stored in ["", " ", "!", "*", "x", "$", "$argon2id$", "null", "plaintext", "$2b$12$", long.as_str()] {
        sqlx::query("UPDATE user SET hashed_password = $1").bind(stored).execute(&pool).await.unwrap();
        attacker_is_out(&app, VICTIM, &[], &["", " ", "\0", "null", stored, PASSWORD]).await;
    }
    // The API does not accept such a password.
    let session = {
        let token = reset_token(&app, VICTIM).await;
        assert_eq!(reset(&app, &token, "").await, 400);
        assert_eq!(reset(&app, &token, NEW).await, 200);
        app.login(VICTIM, NEW).await
    };
    for blank in ["", "        ", "\t\t\t\t\t\t\t\t"] {
        let change = json!({ "password": blank, "current_password": NEW });
        let response = app.patch("/users/me").bearer(&session).json(change).send().await;
        if response.status == 200 {
            // Eight spaces are a weak password but compared exactly.
            attacker_is_out(&app, VICTIM, &[], &["", " "]).await;
            let back = json!({ "password": NEW, "current_password": blank });
            assert_eq!(app.patch("/users/me").bearer(&session).json(back).send().await.status, 200);
        } else {
            assert_eq!(response.status, 400, "{response:?}");
        }
    }
}

/// The victim's browser never ends up with a cookie of the attacker's account.
#[tokio::test]
async fn t12_form_login_csrf() {
    let app = TestApp::over(Carrier::Cookie).await;
    let victim = app.member(VICTIM).await;
    app.register(ATTACKER).await;
    let form = [("username", ATTACKER), ("password", PASSWORD)];
    // The attacker's page submits the login form automatically from another site, a sandboxed frame, a sibling
    // subdomain, or a browser that sends only one of the two headers.
    for headers in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://evil.camelot.bt")],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        for held in [None, Some(&victim)] {
            let mut call = app.post("/auth/jwt/login").header("sec-fetch-mode", "navigate");
            for (name, value) in headers {
                call = call.header(name, value);
            }
            if let Some(cookie) = held {
                call = call.cookie(COOKIE, cookie);
            }
            let response = call.form(&form).send().await;
            response.is(403, r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#);
            assert_eq!(response.set_cookie(), None, "the browser's cookie is unchanged");
        }
    }
    assert_eq!(app.me(&victim).await.json()["email"], VICTIM, "the victim stays logged in");
    // Data that the victim enters next is stored in the victim's account, which the attacker cannot read.
    let note = app.patch("/users/me").cookie(COOKIE, &victim).header("sec-fetch-site", "same-origin");
    assert_eq!(note.json(json!({ "first_name": "my secret" })).send().await.status, 200);
    let attacker = app.login(ATTACKER, PASSWORD).await;
    assert_eq!(app.me(&attacker).await.json()["first_name"], json!(null));
    attacker_is_out(&app, VICTIM, &[&attacker], &["a guess of the attacker"]).await;
}

#[tokio::test]
async fn t25_verify_then_switch() {
    let app = TestApp::with_policy(Policy::recommended().change_email_at_once()).await;
    let attacker = app.member(ATTACKER).await;
    let token = verify_token(&app, ATTACKER).await;
    // The victim's address is still free. The attacker changes to it and uses the mail that went to the attacker's own address.
    let change = json!({ "email": VICTIM });
    assert_eq!(app.patch("/users/me").bearer(&attacker).json(change).send().await.status, 200);
    app.post("/auth/verify")
        .json(json!({ "token": token }))
        .send()
        .await
        .is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
    assert!(!app.stored(VICTIM).await.is_verified);
    // The victim proves the address and is the only one with access.
    let mail = reset_token(&app, VICTIM).await;
    assert_eq!(reset(&app, &mail, NEW).await, 200);
    attacker_is_out(&app, VICTIM, &[&attacker], &[PASSWORD]).await;
    victim_is_in(&app, VICTIM, NEW).await;

    // Where the new address must be confirmed, the attacker's own mail verifies the attacker's own address and no other.
    let app = TestApp::start().await;
    let attacker = app.member(ATTACKER).await;
    let token = verify_token(&app, ATTACKER).await;
    let change = json!({ "email": VICTIM });
    assert_eq!(app.patch("/users/me").bearer(&attacker).json(change).send().await.status, 200);
    let verified = app.post("/auth/verify").json(json!({ "token": token })).send().await;
    assert_eq!((verified.status.as_u16(), &verified.json()["email"]), (200, &json!(ATTACKER)));
    assert!(app.users.get_by_email(VICTIM).await.unwrap().is_none(), "nothing has the victim's address");
}

#[tokio::test]
async fn t30_demoted_superuser() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let mordred = app.superuser("mordred@camelot.bt").await;
    let victim = format!("/users/{}", app.register(VICTIM).await["id"].as_str().unwrap());
    assert_eq!(app.get(&victim).bearer(&mordred).send().await.status, 200);
    let path = format!("/users/{}", app.stored("mordred@camelot.bt").await.id);
    let demotion = json!({ "is_superuser": false });
    assert_eq!(app.patch(&path).bearer(&king).json(demotion).send().await.status, 200);
    app.get(&victim).bearer(&mordred).send().await.is(403, r#"{"detail":"Forbidden"}"#);
    app.delete(&victim).bearer(&mordred).send().await.is(403, r#"{"detail":"Forbidden"}"#);
    let crown = json!({ "is_superuser": true });
    app.patch(&path).bearer(&mordred).json(crown).send().await.is(403, r#"{"detail":"Forbidden"}"#);
    attacker_is_out(&app, VICTIM, &[&mordred], &[]).await;
}
