//! Users imported from another system: their stored hashes verify if the application enables them, and are rehashed at login.

use axum_users::{
    PasswordHash,
    password::{Devise, Django, Firebase, HashSettings, Werkzeug},
};
use serde_json::Value;

use super::app::{Rules, WireApp, WireSetup};
use crate::hashing::{patient_hashing, weak_hashing};

const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

/// Returns the first hash of each kind that the original software made of `guinevere`
/// (`users-runtime/tests/data/foreign_hashes.py`), with the verifier for it.
fn of_each_kind() -> Vec<(String, HashSettings)> {
    let mut kinds: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for line in include_str!("../../../users-runtime/tests/data/foreign_hashes.jsonl").lines() {
        let made: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
        let kind = format!("{} {} {}", text("system"), text("kind"), made["config"]);
        // Devise without a pepper stores plain bcrypt, which needs no verifier.
        if text("password") != "guinevere"
            || text("kind") == "unusable"
            || kinds.contains(&kind)
            || made["config"] == ""
        {
            continue;
        }
        let settings = weak_hashing();
        let settings = match &*text("system") {
            "django" => settings.also_verify(Django::new().allow_sha1()),
            "werkzeug" => settings.also_verify(Werkzeug::new().allow_sha1()),
            "devise" => settings.also_verify(Devise::new(text("config"))),
            _ => {
                let config = |at: usize| made["config"][at].as_str().unwrap();
                settings.also_verify(Firebase::new(config(0), config(1)).unwrap())
            }
        };
        kinds.push(kind);
        found.push((text("stored"), settings));
    }
    assert!(found.len() >= 13, "{kinds:?}");
    found
}

async fn service(rules: Rules, hash: &str, settings: HashSettings) -> WireApp {
    let app = WireSetup::of(rules).builder(|builder| builder.hashing(settings)).start().await;
    let insert = format!(
        "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
         VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'arthur@camelot.bt', '{hash}', 1, 0, 0)"
    );
    assert_eq!(app.sql(&insert).await, 1);
    app
}

async fn stored(app: &WireApp) -> String {
    let pool = app.pool().await;
    let (hash,): (String,) = sqlx::query_as("SELECT hashed_password FROM user").fetch_one(&pool).await.unwrap();
    hash
}

#[tokio::test]
async fn a_foreign_hash_logs_in_and_becomes_ours() {
    for (hash, settings) in of_each_kind() {
        let app = service(Rules::Recommended, &hash, settings).await;
        for wrong in ["Guinevere", "guinevere ", "guinevere\0", &hash] {
            app.try_login("arthur@camelot.bt", wrong).await.is(400, BAD_CREDENTIALS);
        }
        assert_eq!(stored(&app).await, hash, "a wrong password changes nothing");
        app.journal.take();
        assert_eq!(app.try_login("arthur@camelot.bt", "guinevere").await.status, 200, "{hash}");
        let now = stored(&app).await;
        assert!(now.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash} became {now}");
        assert_eq!(app.try_login("arthur@camelot.bt", "guinevere").await.status, 200, "{hash}");
        assert_eq!(stored(&app).await, now, "the current hash is not replaced again");
        app.try_login("arthur@camelot.bt", "Guinevere").await.is(400, BAD_CREDENTIALS);
        let hooks: Vec<_> = app.journal.take().into_iter().map(|called| called.hook).collect();
        assert_eq!(
            hooks.iter().filter(|hook| **hook == "on_after_login").count(),
            2,
            "a rehash calls no hook: {hooks:?}"
        );
    }
}

#[tokio::test]
async fn a_rehash_uses_the_algorithm_of_the_policy() {
    let hash = of_each_kind().remove(0).0;
    for (rules, form) in [
        (Rules::Recommended, "$argon2id$v=19$m=19456,t=2,p=1$"),
        (Rules::FastapiUsers, "$argon2id$v=19$m=65536,t=3,p=4$"),
    ] {
        let settings = patient_hashing().also_verify(Django::new());
        let settings = settings.costs_like(PasswordHash::from_stored(&*hash));
        let app = service(rules, &hash, settings).await;
        assert_eq!(app.try_login("arthur@camelot.bt", "guinevere").await.status, 200, "{rules:?}");
        let now = stored(&app).await;
        assert!(now.starts_with(form), "{now} under {rules:?}");
        assert_eq!(app.try_login("arthur@camelot.bt", "guinevere").await.status, 200, "{rules:?}");
    }
}

#[tokio::test]
async fn a_foreign_hash_that_nobody_asked_for_is_a_wrong_password() {
    for (hash, _) in of_each_kind() {
        let settings = weak_hashing();
        let app = service(Rules::Recommended, &hash, settings).await;
        app.try_login("arthur@camelot.bt", "guinevere").await.is(400, BAD_CREDENTIALS);
        assert_eq!(stored(&app).await, hash);
    }
}

#[tokio::test]
async fn an_account_with_an_unusable_password_can_be_reset() {
    let settings = weak_hashing();
    let app =
        service(Rules::Recommended, "!XlLW5TkFYqIm3unyCAVLrZN2mNKeioUjBJMipmF9", settings.also_verify(Django::new()))
            .await;
    for password in ["!XlLW5TkFYqIm3unyCAVLrZN2mNKeioUjBJMipmF9", "!", "guinevere"] {
        app.try_login("arthur@camelot.bt", password).await.is(400, BAD_CREDENTIALS);
    }
    let token = app.reset_token("arthur@camelot.bt").await;
    assert_eq!(app.reset(&token, "a sword in a stone").await.status, 200);
    assert_eq!(app.try_login("arthur@camelot.bt", "a sword in a stone").await.status, 200);
}
