//! The programmatic API, outside of a request (contract.md section 12).

use axum_users::{
    error::{CreateError, PasswordError, UpdateError},
    schema::Status,
    store::StoreError,
};
use uuid::Uuid;

use super::app::{GUINEVERE, KnightAdminUpdate, KnightCreate, Rules, WireApp, WireSetup};

const ARTHUR: &str = "arthur@camelot.bt";

fn create(email: &str, password: &str) -> KnightCreate {
    KnightCreate { email: email.into(), password: password.into() }
}

#[tokio::test]
async fn users_are_found_by_id_and_by_address_ignoring_case() {
    let app = WireApp::start(Rules::Recommended).await;
    let arthur = app.knight("Arthur@Camelot.BT", Status::NEW).await;
    assert_eq!(arthur.email, "Arthur@camelot.bt");
    assert_eq!(app.users.get(arthur.id).await.unwrap().unwrap().email, arthur.email);
    assert_eq!(app.users.get_by_email("ARTHUR@camelot.bt").await.unwrap().unwrap().id, arthur.id);
    assert!(app.users.get(Uuid::nil()).await.unwrap().is_none());
    assert!(app.users.get_by_email("nobody@camelot.bt").await.unwrap().is_none());
    assert!(app.users.get_by_email("' OR 1=1 --").await.unwrap().is_none());
}

#[tokio::test]
async fn creating_a_user_sets_every_flag_or_fails_without_effect() {
    let app = WireApp::start(Rules::Recommended).await;
    let status = Status { is_active: true, is_superuser: true, is_verified: true };
    let arthur = app.users.create(create(ARTHUR, GUINEVERE), status).await.unwrap();
    assert!(arthur.is_active && arthur.is_superuser && arthur.is_verified);
    assert_eq!(app.try_login(ARTHUR, GUINEVERE).await.status, 200);

    let taken = app.users.create(create("ARTHUR@camelot.bt", GUINEVERE), status).await;
    assert!(matches!(taken, Err(CreateError::EmailTaken)), "{taken:?}");
    let no_address = app.users.create(create("arthur", GUINEVERE), status).await;
    let Err(CreateError::InvalidEmail(refused)) = no_address else { panic!("{no_address:?}") };
    assert_eq!(refused.reason, "An email address must have an @-sign.");
    let refused = app.users.create(create("mordred@camelot.bt", "g"), status).await;
    let Err(CreateError::Password(PasswordError::Refused(reason))) = refused else { panic!("{refused:?}") };
    assert_eq!(reason, "Password should be at least 3 characters");
    assert!(app.users.get_by_email("mordred@camelot.bt").await.unwrap().is_none());
}

#[tokio::test]
async fn updating_a_user_follows_the_rules_of_the_wire_or_fails_without_effect() {
    let app = WireApp::start(Rules::Recommended).await;
    let arthur = app.knight(ARTHUR, Status { is_verified: true, ..Status::NEW }).await;
    app.knight("mordred@camelot.bt", Status::NEW).await;
    let update = |email: Option<&str>, password: Option<&str>| KnightAdminUpdate {
        email: email.map(str::to_owned),
        password: password.map(Into::into),
        ..KnightAdminUpdate::default()
    };
    let taken = app.users.update(arthur.clone(), update(Some("MORDRED@camelot.bt"), Some("excalibur"))).await;
    assert!(matches!(taken, Err(UpdateError::EmailTaken)), "{taken:?}");
    let no_address = app.users.update(arthur.clone(), update(Some("bad"), Some("excalibur"))).await;
    assert!(matches!(no_address, Err(UpdateError::InvalidEmail(_))), "{no_address:?}");
    let refused = app.users.update(arthur.clone(), update(Some("king@camelot.bt"), Some("g"))).await;
    assert!(matches!(refused, Err(UpdateError::Password(PasswordError::Refused(_)))), "{refused:?}");
    let unchanged = app.stored(ARTHUR).await;
    assert_eq!((unchanged.hashed_password, unchanged.is_verified), (arthur.hashed_password.clone(), true));

    let king = app.users.update(arthur.clone(), update(Some("king@camelot.bt"), Some("excalibur"))).await.unwrap();
    assert_eq!((&*king.email, king.is_verified), ("king@camelot.bt", false));
    assert_eq!(app.try_login("king@camelot.bt", "excalibur").await.status, 200);

    app.users.delete(&king).await.unwrap();
    let gone = app.users.update(king, update(Some("ghost@camelot.bt"), None)).await;
    assert!(matches!(gone, Err(UpdateError::NotFound)), "{gone:?}");
}

#[tokio::test]
async fn an_update_writes_only_the_given_fields() {
    let app = WireApp::start(Rules::Recommended).await;
    let stale = app.knight(ARTHUR, Status::NEW).await;
    app.sql("UPDATE user SET is_verified = 1, email = 'king@camelot.bt'").await;
    let update = KnightAdminUpdate { is_superuser: Some(true), ..KnightAdminUpdate::default() };
    let now = app.users.update(stale, update).await.unwrap();
    assert_eq!((&*now.email, now.is_verified, now.is_superuser), ("king@camelot.bt", true, true));
}

#[tokio::test]
async fn a_user_can_be_deleted_once() {
    let app = WireApp::start(Rules::Recommended).await;
    let token = app.member(ARTHUR).await;
    let arthur = app.stored(ARTHUR).await;
    app.users.delete(&arthur).await.unwrap();
    assert!(app.users.get(arthur.id).await.unwrap().is_none());
    assert_eq!(app.me(&token).await.status, 401);
    let again = app.users.delete(&arthur).await;
    assert!(matches!(again, Err(UpdateError::NotFound)), "{again:?}");
}

#[tokio::test]
async fn resets_and_verifications_can_be_started_programmatically() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let arthur = app.knight(ARTHUR, Status::NEW).await;
        app.users.start_verification(&arthur).await.unwrap();
        let token = app.journal.wait_for("on_after_request_verify").await.token.unwrap();
        assert_eq!(app.verify(&token).await.status, 200);
        app.users.start_reset(&arthur).await.unwrap();
        let token = app.journal.wait_for("on_after_forgot_password").await.token.unwrap();
        app.reset(&token, "excalibur").await.is(200, "null");
    }
}

#[tokio::test]
async fn sessions_can_be_ended_for_one_user_and_for_all_users() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let (arthur, mordred) = (app.member(ARTHUR).await, app.member("mordred@camelot.bt").await);
        let second = app.login(ARTHUR).await;
        app.users.sessions().end_all(app.stored(ARTHUR).await.id).await.unwrap();
        for (token, status) in [(&arthur, 401), (&second, 401), (&mordred, 200)] {
            assert_eq!(app.me(token).await.status, status);
        }
        let fresh = app.login(ARTHUR).await;
        assert_eq!(app.me(&fresh).await.status, 200, "a login in the same second works");
        app.users.sessions().end_everyone().await.unwrap();
        for token in [&fresh, &mordred] {
            assert_eq!(app.me(token).await.status, 401);
        }
        app.users.sessions().end_all(Uuid::nil()).await.unwrap();
    }
}

#[tokio::test]
async fn the_schema_is_created_checked_and_repaired() {
    let app = WireApp::start(Rules::Recommended).await;
    app.knight(ARTHUR, Status::NEW).await;
    app.users.migrate().await.unwrap();
    assert_eq!(app.users.check_schema().await.unwrap(), []);

    app.sql("ALTER TABLE user RENAME COLUMN is_verified TO verified").await;
    let drift = app.users.check_schema().await.unwrap();
    assert!(drift.iter().any(|drift| drift.column.as_deref() == Some("is_verified")), "{drift:?}");
    assert!(drift.iter().all(|drift| !drift.to_string().is_empty()));
    app.sql("ALTER TABLE user RENAME COLUMN verified TO is_verified").await;
    assert_eq!(app.users.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn a_fastapi_users_database_is_adopted_with_its_users() {
    let setup = WireSetup::of(Rules::Recommended);
    let app = setup.start().await;
    for statement in [
        "DROP TABLE user",
        "CREATE TABLE user (id CHAR(36) NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, \
         is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id))",
        "CREATE UNIQUE INDEX ix_user_email ON user (email)",
        "INSERT INTO user VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'King.Arthur@camelot.bt', \
         '$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ', 1, 0, 1)",
    ] {
        app.sql(statement).await;
    }
    assert_ne!(app.users.check_schema().await.unwrap(), [], "missing columns are reported before they are added");
    app.users.migrate().await.unwrap();
    assert_eq!(app.users.check_schema().await.unwrap(), []);
    let token = app.login("king.arthur@camelot.bt").await;
    app.me(&token).await.is(
        200,
        r#"{"id":"bdfc2b97-4876-4210-9dba-158745062fcd","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
    );
}

#[tokio::test]
async fn addresses_that_differ_only_in_case_abort_a_migration_with_an_explanation() {
    let app = WireApp::start(Rules::Recommended).await;
    for statement in [
        "DROP TABLE user",
        "CREATE TABLE user (id CHAR(36) NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, \
         is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id))",
        "INSERT INTO user VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'arthur@camelot.bt', 'x', 1, 0, 1), \
         ('bdfc2b97-4876-4210-9dba-158745062fce', 'Arthur@camelot.bt', 'x', 1, 0, 1)",
    ] {
        app.sql(statement).await;
    }
    let stopped = app.users.migrate().await;
    assert!(matches!(stopped, Err(StoreError::Schema(_))), "{stopped:?}");
}

#[tokio::test]
async fn a_purge_removes_only_revocations_of_expired_tokens() {
    let app = WireApp::start(Rules::Recommended).await;
    let (ended, later) = (app.member(ARTHUR).await, app.member("mordred@camelot.bt").await);
    app.post("/auth/jwt/logout").bearer(&ended).send().await.is(204, "");
    assert_eq!(app.users.purge_expired().await.unwrap(), 0, "the token has not expired");
    app.me(&ended).await.is(401, r#"{"detail":"Unauthorized"}"#);
    app.advance(3609);
    assert_eq!(app.users.purge_expired().await.unwrap(), 0, "the token may not have expired on another node");
    app.advance(2);
    assert_eq!(app.users.purge_expired().await.unwrap(), 1);
    assert_eq!(app.users.purge_expired().await.unwrap(), 0);
    for token in [ended, later] {
        assert_eq!(app.me(&token).await.status, 401);
    }
}
