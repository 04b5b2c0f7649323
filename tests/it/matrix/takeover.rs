//! Takeovers that depend on the session store and the transport.

use axum_users::{Policy, env::Relaxation};
use serde_json::json;

use super::{Combination, Plan, Service, everywhere_as, on_one_combination, run_matrix};
use crate::support::{COOKIE, Carrier, PASSWORD, Response};

const NEW: &str = "another long sword";

/// The attacker has a database dump and tries each text in it as every kind of credential.
#[tokio::test]
async fn t29_database_dump() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let live = app.member("arthur").await;
        let ended = app.login("arthur", PASSWORD).await;
        assert_eq!(app.logout(&ended).await.status, 204);
        let change = json!({ "password": NEW, "current_password": PASSWORD });
        assert_eq!(app.patch_me(&live, change).await.status, 200);
        app.reset_token("arthur").await;
        app.verify_token("arthur").await;
        let dump = app.dump().await;
        assert!(dump.len() >= 4, "{dump:?}");
        for text in &dump {
            for token in [&live, &ended] {
                assert!(!text.contains(token.as_str()), "a token is stored in clear: {text}");
            }
            app.assert_invalid(text).await;
            app.reset(text, "the attacker's long sword").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
            app.verify(text).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
            app.try_login("arthur", text).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        }
        app.assert_valid(&live).await;
        app.assert_valid(&app.login("arthur", NEW).await).await;
    })
    .await;
}

/// Session fixation: the attacker plants a cookie, the victim logs in with it, and the attacker uses the planted value.
#[tokio::test]
async fn t13_fixation() {
    let cookie = |combination: &Combination| combination.transport == Carrier::Cookie;
    run_matrix(cookie, Plan::default(), |app| async move {
        app.register("arthur").await;
        let attackers = app.member("mordred").await;
        for planted in [attackers.as_str(), "a-value-of-the-attacker", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let call = app.post("/auth/it/login").header("sec-fetch-site", "same-origin").cookie(COOKIE, planted);
            let response = call.form(&[("username", &app.mail("arthur")), ("password", PASSWORD)]).send().await;
            let victims = response.access_token();
            assert_ne!(victims, planted);
            assert_eq!(app.me(&victims).await.json()["email"], app.mail("arthur"));
            // The planted token is invalid after the login.
            app.assert_invalid(planted).await;
            // A planted cookie of another name or a second one of the same name does not authenticate.
            for cookies in [
                format!("fastapiusersauth={victims}"),
                format!("{COOKIE}={planted}; {COOKIE}={victims}"),
                format!("{COOKIE}={victims}; {COOKIE}={planted}"),
            ] {
                let response = app.get("/users/me").header("cookie", &cookies).send().await;
                assert_eq!(response.status, 401, "{cookies}");
            }
        }
    })
    .await;
}

/// An event that must invalidate mailed tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    AddressByOwner,
    AddressBySuperuser,
    PasswordByOwner,
    PasswordBySuperuser,
    Reset,
    Deactivation,
    EndOfAllSessions,
    Recreation,
}

impl Ending {
    const ALL: [Self; 8] = [
        Self::AddressByOwner,
        Self::AddressBySuperuser,
        Self::PasswordByOwner,
        Self::PasswordBySuperuser,
        Self::Reset,
        Self::Deactivation,
        Self::EndOfAllSessions,
        Self::Recreation,
    ];

    /// Applies the event to the account `victim` and returns its name and password afterwards.
    async fn happen(self, app: &Service, superuser: &str) -> (&'static str, &'static str) {
        let id = app.stored_user("victim").await.id;
        let path = id.to_string();
        let owner = app.login("victim", PASSWORD).await;
        let moved = json!({ "email": app.mail("moved") });
        let changed = json!({ "password": NEW });
        let ok = |response: Response| assert!(response.status.is_success(), "{self:?}: {response:?}");
        match self {
            Self::AddressByOwner => {
                app.hooks.clear();
                ok(app.patch_me(&owner, moved).await);
                if !app.users.policy().allows(Relaxation::EmailChangeAtOnce) {
                    let (token, _) = app.hooks.email_change().await;
                    ok(app.confirm_email(&token).await);
                }
            }
            Self::AddressBySuperuser => ok(app.patch_user(superuser, &path, moved).await),
            Self::PasswordByOwner => ok(app.patch_me(&owner, changed).await),
            Self::PasswordBySuperuser => ok(app.patch_user(superuser, &path, changed).await),
            Self::Reset => ok(app.reset(&app.reset_token("victim").await, NEW).await),
            Self::Deactivation => {
                for is_active in [false, true] {
                    ok(app.patch_user(superuser, &path, json!({ "is_active": is_active })).await);
                }
            }
            Self::EndOfAllSessions => app.users.sessions().end_all(id).await.unwrap(),
            Self::Recreation => {
                ok(app.delete_user(superuser, &path).await);
                app.register("victim").await;
            }
        }
        let name = if matches!(self, Self::AddressByOwner | Self::AddressBySuperuser) { "moved" } else { "victim" };
        let has_new = matches!(self, Self::PasswordByOwner | Self::PasswordBySuperuser | Self::Reset);
        (name, if has_new { NEW } else { PASSWORD })
    }
}

/// The attacker reads the victim's old mailbox: tokens mailed before the event do not work after it.
async fn mailed_tokens_are_invalidated(app: Service) {
    let superuser = app.superuser("uther").await;
    for ending in Ending::ALL {
        app.register("victim").await;
        let (reset, verify) = (app.reset_token("victim").await, app.verify_token("victim").await);
        let (name, password) = ending.happen(&app, &superuser).await;

        let response = app.reset(&reset, "the attacker's long sword").await;
        assert_eq!((response.status.as_u16(), response.text().as_str()), (400, BAD_RESET), "{ending:?}");
        let response = app.verify(&verify).await;
        assert_eq!((response.status.as_u16(), response.text().as_str()), (400, BAD_VERIFY), "{ending:?}");
        let is_confirmed =
            ending == Ending::AddressByOwner && !app.users.policy().allows(Relaxation::EmailChangeAtOnce);
        assert_eq!(app.stored_user(name).await.is_verified, is_confirmed, "{ending:?}");
        assert_eq!(app.try_login(name, "the attacker's long sword").await.status, 400, "{ending:?}");
        app.assert_valid(&app.login(name, password).await).await;

        // Newly mailed tokens work, so the event has invalidated the others.
        if !is_confirmed {
            let verify = app.verify_token(name).await;
            assert_eq!(app.verify(&verify).await.status, 200, "{ending:?}");
        }
        let reset = app.reset_token(name).await;
        app.reset(&reset, "the victim's own sword").await.is(200, "null");
        app.users.delete(&app.stored_user(name).await).await.unwrap();
    }
}

const BAD_RESET: &str = r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#;
const BAD_VERIFY: &str = r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#;

#[tokio::test]
async fn mailed_tokens_die_with_what_they_are_bound_to() {
    everywhere_as(Plan::default(), mailed_tokens_are_invalidated).await;
}

/// The token and session rules of the fastapi-users policy, with cheaper hashes.
#[tokio::test]
async fn mailed_tokens_in_upstreams_form_die_with_what_they_are_bound_to() {
    let policy = Policy::recommended()
        .without_revocation()
        .keep_sessions()
        .allow_password_change_without_current()
        .raw_keys()
        .accept_upstream_tokens(None)
        .plaintext_tokens();
    everywhere_as(Plan { policy, ..Plan::default() }, mailed_tokens_are_invalidated).await;
}

#[tokio::test]
async fn mailed_tokens_under_upstreams_policy_die_with_what_they_are_bound_to() {
    on_one_combination(Plan { policy: Policy::fastapi_users(), ..Plan::default() }, mailed_tokens_are_invalidated)
        .await;
}
