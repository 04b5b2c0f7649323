//! Stored password hashes: which ones verify, and which are upgraded at login (contract.md section 11).

use super::app::{GUINEVERE, Rules, WireApp, WireSetup};
use crate::hashing::patient_hashing;

const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

/// Hashes of `guinevere`: contract.md section 17, and forms that fastapi-users was seen to upgrade.
const ARGON2ID: &str =
    "$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ";
const ARGON2ID_WEAK: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$zGUmospypohI60SJBQtQOA$ImAOOsQ/G+95prSkUNPYEkP8CDEdiAp1/Sj1hzMmf6Q";
const ARGON2ID_SHORT: &str = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$yXDM0b93gs/kMrgdPTvT4Q";
const ARGON2ID_OLD: &str =
    "$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$9sjBhiSiOqz7c+O2jSGs+eocXG4bvdglft6ypjgYjwk";
const ARGON2I: &str =
    "$argon2i$v=19$m=65536,t=3,p=4$ZesnOeG7UB3e+TDUVc5B2w$cLCzJbyJxP049RrI+CxO2hFEkN62Jf3zb8UEwcGctB8";
const ARGON2D: &str =
    "$argon2d$v=19$m=65536,t=3,p=4$nttaGgt8avx5qjhuccNKKg$Kpf+p4uu/9n3W6hX+0CnXYSPfgBQXBQxRDSMvkmw2aU";
const BCRYPT: &str = "$2b$12$9kUQblUg4kEcyPmbIJjyJORF8mXGcMzGCDbEnQ1x73RI5WN.y4VIS";
const BCRYPT_CHEAP: &str = "$2b$04$H.f2t48sJRqtF5JeBVIkAeBhndGLr1Wwod.8iP4.bfe5YF/CvOZIe";

/// Prefixes of the hashes made by fastapi-users and by our default settings.
const PWDLIB: &str = "$argon2id$v=19$m=65536,t=3,p=4$";
const RECOMMENDED: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

async fn stored(app: &WireApp) -> String {
    let pool = app.pool().await;
    let (hash,): (String,) = sqlx::query_as("SELECT hashed_password FROM user").fetch_one(&pool).await.unwrap();
    hash
}

/// Starts a service with production hash costs and one user with this hash.
async fn service(rules: Rules, hash: &str) -> WireApp {
    let app = WireSetup::of(rules).builder(|builder| builder.hashing(patient_hashing())).start().await;
    let insert = format!(
        "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
         VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'arthur@camelot.bt', '{hash}', 1, 0, 0)"
    );
    assert_eq!(app.sql(&insert).await, 1);
    app
}

#[tokio::test]
async fn every_supported_hash_verifies_and_is_upgraded_at_login() {
    for (hash, pwdlib, recommended) in [
        (ARGON2ID.to_owned(), false, false),
        (ARGON2ID_WEAK.to_owned(), true, false), // C19: as strong as the recommended cost; hashes are never downgraded
        (ARGON2ID_SHORT.to_owned(), true, true),
        (ARGON2ID_OLD.to_owned(), true, true),
        (ARGON2I.to_owned(), true, true),
        (ARGON2D.to_owned(), true, true),
        (BCRYPT.to_owned(), true, true),
        (BCRYPT_CHEAP.replace("$2b$", "$2a$"), true, true),
        (BCRYPT_CHEAP.replace("$2b$", "$2x$"), true, true),
        (BCRYPT_CHEAP.replace("$2b$", "$2y$"), true, true),
    ] {
        for (rules, upgraded, form) in
            [(Rules::FastapiUsers, pwdlib, PWDLIB), (Rules::Recommended, recommended, RECOMMENDED)]
        {
            let app = service(rules, &hash).await;
            app.try_login("arthur@camelot.bt", "Guinevere").await.is(400, BAD_CREDENTIALS);
            assert_eq!(stored(&app).await, hash, "a wrong password changes nothing");
            app.journal.take();
            assert_eq!(app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 200, "{hash} under {rules:?}");
            let now = stored(&app).await;
            if upgraded {
                assert!(now.starts_with(form), "{hash} became {now} under {rules:?}");
                let parts: Vec<_> = now.rsplitn(3, '$').collect();
                assert_eq!(
                    (parts[0].len(), parts[1].len()),
                    (43, 22),
                    "a tag of 32 bytes and a salt of 16, in base64 without padding"
                );
            } else {
                assert_eq!(now, hash, "under {rules:?}");
            }
            assert_eq!(app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 200);
            assert_eq!(stored(&app).await, now, "the current hash is not replaced again");
            let hooks: Vec<_> = app.journal.take().into_iter().map(|called| called.hook).collect();
            assert_eq!(hooks, ["on_after_login", "on_after_login"], "a rehash calls no hook");
        }
    }
}

#[tokio::test]
async fn a_new_hash_uses_the_current_settings() {
    for (rules, form) in [(Rules::FastapiUsers, PWDLIB), (Rules::Recommended, RECOMMENDED)] {
        let app = WireSetup::of(rules).builder(|builder| builder.hashing(patient_hashing())).start().await;
        assert_eq!(app.try_register("arthur@camelot.bt", GUINEVERE).await.status, 201);
        assert!(stored(&app).await.starts_with(form));
    }
}

#[tokio::test]
async fn a_hash_is_upgraded_even_if_a_later_check_refuses_the_login() {
    let app = WireSetup::of(Rules::Recommended).policy(|policy| policy.require_verification(true)).start().await;
    for (number, (flags, code)) in
        [("0, 0, 1", "LOGIN_BAD_CREDENTIALS"), ("1, 0, 0", "LOGIN_USER_NOT_VERIFIED")].into_iter().enumerate()
    {
        app.sql("DELETE FROM user").await;
        let insert = format!(
            "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
             VALUES ('bdfc2b97-4876-4210-9dba-15874506200{number}', 'arthur@camelot.bt', '{ARGON2I}', {flags})"
        );
        app.sql(&insert).await;
        app.try_login("arthur@camelot.bt", GUINEVERE).await.is(400, &format!(r#"{{"detail":"{code}"}}"#));
        assert!(stored(&app).await.starts_with("$argon2id$"));
    }
}

#[tokio::test]
async fn a_rehash_invalidates_older_reset_tokens() {
    for rules in Rules::BOTH {
        let app = service(rules, ARGON2I).await;
        let token = app.reset_token("arthur@camelot.bt").await;
        assert_eq!(app.try_login("arthur@camelot.bt", GUINEVERE).await.status, 200);
        app.reset(&token, "excalibur").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
    }
}

#[tokio::test]
async fn an_unknown_hash_format_is_a_wrong_password_and_not_500() {
    for rules in Rules::BOTH {
        let app = service(rules, "").await;
        for hash in [
            "",
            "guinevere",
            "!",
            "pbkdf2_sha256$600000$salt$q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
            "$1$salt$hash",
            "$argon2id$",
            "$argon2id$v=19$m=65536,t=3,p=4",
            "$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg",
            "$argon2id$v=19$m=99999999,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ",
            "$2b$12$short",
            "$2b$99$9kUQblUg4kEcyPmbIJjyJORF8mXGcMzGCDbEnQ1x73RI5WN.y4VIS",
        ] {
            app.sql(&format!("UPDATE user SET hashed_password = '{hash}'")).await;
            // The text in the column is not accepted as a password either.
            for password in [GUINEVERE, if hash.is_empty() { "x" } else { hash }] {
                let response = app.try_login("arthur@camelot.bt", password).await;
                assert_eq!((response.status.as_u16(), &*response.text()), (400, BAD_CREDENTIALS), "{hash}");
            }
            assert_eq!(stored(&app).await, hash);
        }
    }
}

#[tokio::test]
async fn bcrypt_does_not_match_truncated_passwords() {
    let app = service(Rules::FastapiUsers, BCRYPT).await;
    for password in [GUINEVERE.repeat(9), format!("{GUINEVERE}\0{GUINEVERE}"), format!("{GUINEVERE}\0")] {
        app.try_login("arthur@camelot.bt", &password).await.is(400, BAD_CREDENTIALS);
    }
    assert_eq!(stored(&app).await, BCRYPT);
}

#[tokio::test]
async fn passwords_may_contain_any_bytes() {
    let app = WireApp::start(Rules::FastapiUsers).await;
    for (number, password) in
        ["  guinevere  ", "gu\0nevere", "gue\u{301}nie\u{300}vre", "👑👑👑", &"g".repeat(1000)].into_iter().enumerate()
    {
        let email = format!("knight{number}@camelot.bt");
        assert_eq!(app.try_register(&email, password).await.status, 201);
        assert_eq!(app.try_login(&email, password).await.status, 200, "{password}");
    }
    app.try_login("knight0@camelot.bt", GUINEVERE).await.is(400, BAD_CREDENTIALS);
    app.try_login("knight2@camelot.bt", "gu\u{e9}ni\u{e8}vre").await.is(400, BAD_CREDENTIALS);
}
