//! What superusers may not do, and that tenants are kept apart.

use axum::http::Method;
use axum_users::Policy;
use serde_json::json;

use super::{ARTHUR, OTHER, is_dead, refused_password, reset};
use crate::{
    support::{PASSWORD, TestApp, UserAdminUpdate},
    tenants::{CAMELOT, CORNWALL, Companies},
};

#[tokio::test]
async fn admin_password_denied() {
    let app = TestApp::with_policy(Policy::recommended().deny_admin_password()).await;
    let king = app.superuser("uther@camelot.bt").await;
    app.register(ARTHUR).await;
    let user = app.stored(ARTHUR).await;
    let path = format!("/users/{}", user.id);
    let patch = async |change| app.patch(&path).bearer(&king).json(change).send().await;

    let answer = patch(json!({ "password": OTHER, "first_name": "Arthur" })).await;
    refused_password(&answer, "UPDATE_USER_INVALID_PASSWORD", "start a reset");
    assert_eq!(app.stored(ARTHUR).await.first_name, None, "nothing is changed by half");
    app.login(ARTHUR, PASSWORD).await;
    assert_eq!(patch(json!({ "first_name": "Arthur" })).await.status, 200);

    // What takes its place, and what the application's own code may do.
    app.users.start_reset(&user).await.unwrap();
    let token = app.hooks.token("on_after_forgot_password").await;
    reset(&app, &token, OTHER).await.is(200, "null");
    let update = UserAdminUpdate { password: Some(PASSWORD.into()), ..UserAdminUpdate::default() };
    app.users.update(app.stored(ARTHUR).await, update).await.unwrap();
    app.login(ARTHUR, PASSWORD).await;
}

/// Two tenants with the same address in both: no statement of any flow reaches into the other one.
#[tokio::test]
async fn tenant_scope_in_every_query() {
    let app = Companies::start().await;
    let bad_token = |code: &str| format!(r#"{{"detail":"{code}"}}"#);

    // Registration: an address has one owner per tenant, and the body does not choose the tenant.
    let mut ids = Vec::new();
    for company in [CAMELOT, CORNWALL] {
        let registered = app.register(company, ARTHUR).await;
        assert_eq!((registered.status.as_u16(), &registered.json()["company"]), (201, &json!(company)));
        ids.push(registered.json()["id"].as_str().unwrap().to_owned());
        app.register(company, &ARTHUR.to_uppercase()).await.is(400, &bad_token("REGISTER_USER_ALREADY_EXISTS"));
    }
    let verify_here = app.mailed_token(1).await;

    // Login, and the session at the other tenant.
    app.register(CORNWALL, "mark@cornwall.bt").await;
    app.try_login(CAMELOT, "mark@cornwall.bt", PASSWORD).await.is(400, &bad_token("LOGIN_BAD_CREDENTIALS"));
    let session = app.login(CAMELOT, ARTHUR, PASSWORD).await;
    assert_eq!(app.me(CAMELOT, &session).await.json()["id"], ids[0]);
    is_dead(&app.me(CORNWALL, &session).await);
    let change = json!({ "motto": "for the king", "company": CORNWALL });
    let patch = async |company, change: &serde_json::Value| {
        Companies::at(company, app.patch("/users/me")).bearer(&session).json(change.clone()).send().await
    };
    is_dead(&patch(CORNWALL, &change).await);
    let changed = patch(CAMELOT, &change).await.json();
    assert_eq!((&changed["motto"], &changed["company"]), (&json!("for the king"), &json!(CAMELOT)));
    assert_eq!(app.stored(CORNWALL, ARTHUR).await.motto.as_deref(), Some(CORNWALL));
    // An address of the other tenant is free, one of the own is not.
    app.register(CAMELOT, "kay@camelot.bt").await;
    let moved = |email: &str| json!({ "email": email, "current_password": PASSWORD });
    patch(CAMELOT, &moved("kay@camelot.bt")).await.is(400, &bad_token("UPDATE_USER_EMAIL_ALREADY_EXISTS"));
    assert_eq!(patch(CAMELOT, &moved("mark@cornwall.bt")).await.status, 200);
    assert_eq!(patch(CAMELOT, &moved(ARTHUR)).await.status, 200);
    is_dead(&Companies::at(CORNWALL, app.post("/auth/jwt/logout")).bearer(&session).send().await);
    assert_eq!(app.me(CAMELOT, &session).await.status, 200, "and it is not logged out");

    // A superuser rules one tenant.
    let king = app.superuser(CORNWALL, "king@cornwall.bt").await;
    let by_id = |method, id: &str| app.request(method, &format!("/users/{id}")).bearer(&king);
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let there = Companies::at(CORNWALL, by_id(method.clone(), &ids[0])).json(json!({ "is_active": false }));
        there.send().await.is(404, r#"{"detail":"Not Found"}"#);
        is_dead(&Companies::at(CAMELOT, by_id(method, &ids[0])).json(json!({ "is_active": false })).send().await);
    }
    assert!(app.stored(CAMELOT, ARTHUR).await.is_active);
    assert_eq!(Companies::at(CORNWALL, by_id(Method::GET, &ids[1])).send().await.json()["id"], ids[1]);

    // Mailed tokens. The jobs after the answer look for the address in the tenant of their request.
    app.post_json(CORNWALL, "/auth/verify", json!({ "token": verify_here }))
        .await
        .is(400, &bad_token("VERIFY_USER_BAD_TOKEN"));
    assert!(!app.stored(CORNWALL, ARTHUR).await.is_verified);
    let mailed = app.mails.all().len();
    app.post_json(CAMELOT, "/auth/forgot-password", json!({ "email": "mark@cornwall.bt" })).await.is(202, "null");
    app.post_json(CAMELOT, "/auth/forgot-password", json!({ "email": ARTHUR })).await.is(202, "null");
    let reset_here = app.mailed_token(mailed + 1).await;
    let reset = json!({ "token": reset_here, "password": OTHER });
    app.post_json(CORNWALL, "/auth/reset-password", reset.clone())
        .await
        .is(400, &bad_token("RESET_PASSWORD_BAD_TOKEN"));
    app.post_json(CAMELOT, "/auth/reset-password", reset).await.is(200, "null");
    app.login(CAMELOT, ARTHUR, OTHER).await;
    app.login(CORNWALL, ARTHUR, PASSWORD).await;
    is_dead(&app.me(CAMELOT, &session).await);
    assert_eq!(app.me(CORNWALL, &king).await.status, 200, "a reset ends sessions of one tenant's user");
}
