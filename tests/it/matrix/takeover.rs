//! Take-overs that depend on where sessions are kept and how they travel.

use serde_json::json;

use super::{Plan, everywhere_as, wherever};
use crate::support::{COOKIE, Carrier, PASSWORD};

const NEW: &str = "another long sword";

/// The thief reads everything that is stored, and tries each text wherever a secret is asked for.
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
                assert!(!text.contains(token.as_str()), "a token is at rest in clear: {text}");
            }
            app.is_dead(text).await;
            app.reset(text, "the thief's long sword").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
            app.verify(text).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
            app.try_login("arthur", text).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        }
        app.lives(&live).await;
        app.lives(&app.login("arthur", NEW).await).await;
    })
    .await;
}

/// The thief plants a cookie, the victim logs in over it, and the thief uses what was planted.
#[tokio::test]
async fn t13_fixation() {
    let cookie = |combination: &super::Combination| combination.transport == Carrier::Cookie;
    wherever(cookie, Plan::default(), |app| async move {
        app.register("arthur").await;
        let thiefs = app.member("mordred").await;
        for planted in [thiefs.as_str(), "a-value-of-the-thief", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let call = app.post("/auth/it/login").header("sec-fetch-site", "same-origin").cookie(COOKIE, planted);
            let answer = call.form(&[("username", &app.mail("arthur")), ("password", PASSWORD)]).send().await;
            let victims = answer.access_token();
            assert_ne!(victims, planted);
            assert_eq!(app.me(&victims).await.json()["email"], app.mail("arthur"));
            // What was planted is dead, whosever it was.
            app.is_dead(planted).await;
            // Nor does a planted cookie of another name or a second one of the same name stand for the session.
            for cookies in [
                format!("fastapiusersauth={victims}"),
                format!("{COOKIE}={planted}; {COOKIE}={victims}"),
                format!("{COOKIE}={victims}; {COOKIE}={planted}"),
            ] {
                let answer = app.get("/users/me").header("cookie", &cookies).send().await;
                assert_eq!(answer.status, 401, "{cookies}");
            }
        }
    })
    .await;
}
