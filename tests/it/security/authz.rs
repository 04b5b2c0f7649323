//! Access control of every route (OWASP ASVS 8.2, 8.3), the limits of superusers, and tenant isolation.

use axum::http::Method;
use axum_users::{
    Policy,
    routes::{Caller, Endpoint},
};
use serde_json::json;

use super::{ARTHUR, OTHER, assert_invalid, refused_password, reset};
use crate::{
    support::{PASSWORD, Response, Setup, TestApp, UserAdminUpdate, mounted, path_of},
    tenants::{CAMELOT, CORNWALL, Companies},
};

/// Every kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Anonymous,
    Forger,
    LoggedOut,
    Inactive,
    InactiveSuperuser,
    Unverified,
    Plain,
    UnverifiedSuperuser,
    Superuser,
}

const ROLES: [Role; 9] = [
    Role::Anonymous,
    Role::Forger,
    Role::LoggedOut,
    Role::Inactive,
    Role::InactiveSuperuser,
    Role::Unverified,
    Role::Plain,
    Role::UnverifiedSuperuser,
    Role::Superuser,
];

impl Role {
    /// Creates a user with this role and returns a token. The flags are set directly in the database, so that the token stays valid.
    async fn token(self, app: &TestApp, number: usize) -> Option<String> {
        let email = format!("{self:?}{number}@camelot.bt");
        if self == Self::Anonymous {
            return None;
        }
        app.superuser(&email).await;
        let token = app.login(&email, PASSWORD).await;
        if self == Self::Forger {
            return Some(token[..token.len() - 4].to_owned() + "AAAA");
        }
        if self == Self::LoggedOut {
            app.post("/auth/jwt/logout").bearer(&token).send().await.is(204, "");
        }
        let (active, superuser, verified) = match self {
            Self::Inactive => (0, 0, 1),
            Self::InactiveSuperuser => (0, 1, 1),
            Self::Unverified => (1, 0, 0),
            Self::Plain => (1, 0, 1),
            Self::UnverifiedSuperuser => (1, 1, 0),
            _ => (1, 1, 1),
        };
        sqlx::query("UPDATE user SET is_active = $1, is_superuser = $2, is_verified = $3 WHERE email = $4")
            .bind(active)
            .bind(superuser)
            .bind(verified)
            .bind(&email)
            .execute(&app.sqlite().await)
            .await
            .unwrap();
        Some(token)
    }

    /// Returns the status with which this role is rejected, if it is.
    fn stopped_by(self, caller: Caller, verification_required: bool) -> Option<u16> {
        let unverified = matches!(self, Self::Unverified | Self::UnverifiedSuperuser);
        let superuser = matches!(self, Self::Superuser | Self::UnverifiedSuperuser);
        match (caller, self) {
            (Caller::Anyone | Caller::MailedToken, _) => None,
            (_, Self::Anonymous | Self::Forger | Self::LoggedOut | Self::Inactive | Self::InactiveSuperuser) => {
                Some(401)
            }
            _ if verification_required && unverified => Some(403),
            (Caller::Superuser, _) if !superuser => Some(403),
            _ => None,
        }
    }
}

/// Calls `route` such that the call succeeds for every permitted role.
async fn call(app: &TestApp, route: &Endpoint, token: Option<&str>, victim: &str) -> Response {
    let path = path_of(route).replace("{id}", victim);
    let mut call = app.request(route.method().clone(), &path);
    if let Some(token) = token {
        call = call.bearer(token);
    }
    match *route.method() {
        Method::PUT => call.json(json!({ "until": null })).send().await,
        Method::PATCH => call.json(json!({ "first_name": "Mordred" })).send().await,
        Method::POST if route.name().ends_with(".reauthenticate") => {
            call.json(json!({ "password": PASSWORD })).send().await
        }
        Method::POST if !route.name().ends_with(".logout") => call.json(json!({})).send().await,
        _ => call.send().await,
    }
}

#[tokio::test]
async fn matrix_every_route_every_role() {
    for required in [false, true] {
        let policy = Policy::recommended().require_verification(required);
        let app = TestApp::with(Setup { policy, ..Setup::default() }).await;
        let mut number = 0;
        for route in mounted() {
            for role in ROLES {
                number += 1;
                let victim = app.register(&format!("victim{number}@camelot.bt")).await;
                let before = app.stored(victim["email"].as_str().unwrap()).await;
                let token = role.token(&app, number).await;
                let response = call(&app, route, token.as_deref(), victim["id"].as_str().unwrap()).await;
                let case = format!("{route:?} by {role:?}, verification required: {required}: {response:?}");
                match role.stopped_by(route.caller(), required) {
                    Some(401) => {
                        assert_eq!(
                            (response.status.as_u16(), response.text().as_str()),
                            (401, r#"{"detail":"Unauthorized"}"#),
                            "{case}"
                        );
                    }
                    Some(_) => {
                        assert_eq!(
                            (response.status.as_u16(), response.text().as_str()),
                            (403, r#"{"detail":"Forbidden"}"#),
                            "{case}"
                        );
                    }
                    None => match route.caller() {
                        Caller::Anyone | Caller::MailedToken => assert_eq!(response.status, 422, "{case}"),
                        // The victim's user id is not the name of a session.
                        _ if route.name() == "sessions:end" => assert_eq!(response.status, 404, "{case}"),
                        _ => assert!(response.status.is_success(), "{case}"),
                    },
                }
                if role.stopped_by(route.caller(), required).is_some() {
                    let after = app.stored(victim["email"].as_str().unwrap()).await;
                    assert_eq!(format!("{before:?}"), format!("{after:?}"), "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn no_idor() {
    let app = TestApp::start().await;
    let arthur = app.register("arthur@camelot.bt").await;
    let id = arthur["id"].as_str().unwrap().to_owned();
    let before = format!("{:?}", app.stored("arthur@camelot.bt").await);
    let mordred = app.register("mordred@camelot.bt").await;
    let token = app.login("mordred@camelot.bt", PASSWORD).await;

    let spellings = [
        id.clone(),
        id.to_uppercase(),
        id.replace('-', ""),
        format!("%7B{id}%7D"),
        format!("urn:uuid:{id}"),
        format!("{id}%00"),
        format!("me%2F..%2F{id}"),
        mordred["id"].as_str().unwrap().to_owned(),
    ];
    for spelling in spellings {
        let path = format!("/users/{spelling}");
        for response in [
            app.get(&path).bearer(&token).send().await,
            app.patch(&path).bearer(&token).json(json!({ "is_superuser": true, "password": PASSWORD })).send().await,
            app.delete(&path).bearer(&token).send().await,
        ] {
            response.is(403, r#"{"detail":"Forbidden"}"#);
        }
    }
    // Another user's id in a body, a query or a header has no effect.
    let body = json!({ "id": id, "user_id": id, "email": "mordred@cornwall.bt" });
    let path = format!("/users/me?id={id}&user_id={id}");
    let call = app.patch(&path).bearer(&token).header("x-user-id", &id).json(body);
    let response = call.send().await;
    assert_eq!((response.status.as_u16(), &response.json()["id"]), (200, &mordred["id"]), "{response:?}");
    assert_eq!(format!("{:?}", app.stored("arthur@camelot.bt").await), before);
}

#[tokio::test]
async fn no_id_probing() {
    let app = TestApp::start().await;
    let arthur = app.register("arthur@camelot.bt").await;
    let plain = app.member("mordred@camelot.bt").await;
    let king = app.superuser("uther@camelot.bt").await;
    let existing = arthur["id"].as_str().unwrap();
    let others = ["00000000-0000-4000-8000-000000000000", "not-an-id", "0", "%00", "%ff", "a%2Fb"];

    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        for (token, expected) in [(None, 401), (Some(&plain), 403)] {
            let ask = async |id: &str| {
                let mut call = app.request(method.clone(), &format!("/users/{id}"));
                if let Some(token) = token {
                    call = call.bearer(token);
                }
                let mut response = call.json(json!({})).send().await;
                response.headers.remove("date");
                response
            };
            let known = ask(existing).await;
            assert_eq!(known.status, expected, "{method}");
            for other in others {
                assert_eq!(ask(other).await, known, "{method} {other}");
            }
        }
        // A superuser too gets the same response for an unknown id and for a malformed one.
        for other in others {
            let call = app.request(method.clone(), &format!("/users/{other}")).bearer(&king);
            call.json(json!({})).send().await.is(404, r#"{"detail":"Not Found"}"#);
        }
    }
}

#[tokio::test]
async fn demotion_is_immediate() {
    let app = TestApp::with_policy(Policy::recommended().require_verification(true)).await;
    let king = app.superuser("uther@camelot.bt").await;
    let mordred = app.superuser("mordred@camelot.bt").await;
    let path = format!("/users/{}", app.stored("mordred@camelot.bt").await.id);
    for (flag, status) in [("is_superuser", 403), ("is_verified", 403), ("is_active", 401)] {
        assert_eq!(app.get(&path).bearer(&mordred).send().await.status, 200);
        let set = async |value: bool| app.patch(&path).bearer(&king).json(json!({ flag: value })).send().await.status;
        assert_eq!(set(false).await, 200);
        assert_eq!(app.get(&path).bearer(&mordred).send().await.status, status, "{flag}: at the next request");
        assert_eq!(set(true).await, 200);
    }
    // Rights return with the flag, since they are not stored in tokens. Sessions of a disabled user do not.
    assert_eq!(app.get(&path).bearer(&mordred).send().await.status, 401);
}

/// A stolen session of a superuser must not be enough to take over the superuser's account by its id.
#[tokio::test]
async fn the_own_account_is_protected_under_its_id_as_well() {
    for always in [false, true] {
        let policy = Policy::recommended();
        let app = TestApp::with_policy(if always { policy.require_current_password() } else { policy }).await;
        let king = app.superuser("uther@camelot.bt").await;
        let own = format!("/users/{}", app.stored("uther@camelot.bt").await.id);
        app.advance(301);
        for change in [json!({ "email": "attacker@cornwall.bt" }), json!({ "password": OTHER })] {
            let refused = app.patch(&own).bearer(&king).json(change).send().await;
            refused_password(&refused, "UPDATE_USER_INVALID_PASSWORD", "current password");
        }
        let other = json!({ "first_name": "Uther", "email": "uther@camelot.bt" });
        assert_eq!(app.patch(&own).bearer(&king).json(other).send().await.status, 200);
        let fresh = app.login("uther@camelot.bt", PASSWORD).await;
        let changed = app.patch(&own).bearer(&fresh).json(json!({ "password": OTHER })).send().await;
        if always {
            refused_password(&changed, "UPDATE_USER_INVALID_PASSWORD", "current password");
        } else {
            assert_eq!(changed.status, 200, "{changed:?}");
            assert_eq!(app.me(&fresh).await.status, 200);
            assert_eq!(app.me(&king).await.status, 401, "other sessions end");
        }
    }
}

#[tokio::test]
async fn admin_password_denied() {
    let app = TestApp::with_policy(Policy::recommended().deny_admin_password()).await;
    let king = app.superuser("uther@camelot.bt").await;
    app.register(ARTHUR).await;
    let user = app.stored(ARTHUR).await;
    let path = format!("/users/{}", user.id);
    let patch = async |change| app.patch(&path).bearer(&king).json(change).send().await;

    let response = patch(json!({ "password": OTHER, "first_name": "Arthur" })).await;
    refused_password(&response, "UPDATE_USER_INVALID_PASSWORD", "start a reset");
    assert_eq!(app.stored(ARTHUR).await.first_name, None, "no partial update");
    app.login(ARTHUR, PASSWORD).await;
    assert_eq!(patch(json!({ "first_name": "Arthur" })).await.status, 200);

    // A superuser can start a reset instead, and the programmatic API can set a password.
    app.users.start_reset(&user).await.unwrap();
    let token = app.hooks.token("on_after_forgot_password").await;
    reset(&app, &token, OTHER).await.is(200, "null");
    let update = UserAdminUpdate { password: Some(PASSWORD.into()), ..UserAdminUpdate::default() };
    app.users.update(app.stored(ARTHUR).await, update).await.unwrap();
    app.login(ARTHUR, PASSWORD).await;
}

/// Both tenants have a user with the same address, and no statement of any flow affects the other tenant.
#[tokio::test]
async fn tenant_scope_in_every_query() {
    let app = Companies::start().await;
    let bad_token = |code: &str| format!(r#"{{"detail":"{code}"}}"#);

    // Registration: addresses are unique per tenant, and the body cannot choose the tenant.
    let (mut ids, mut mailed) = (Vec::new(), Vec::new());
    for (number, company) in [CAMELOT, CORNWALL].into_iter().enumerate() {
        let registered = app.register(company, ARTHUR).await;
        assert_eq!((registered.status.as_u16(), &registered.json()["company"]), (201, &json!(company)));
        ids.push(registered.json()["id"].as_str().unwrap().to_owned());
        app.register(company, &ARTHUR.to_uppercase()).await.is(400, &bad_token("REGISTER_USER_ALREADY_EXISTS"));
        mailed.push(app.mailed_token(number + 1).await);
    }
    let verify_here = &mailed[0];

    // Login, and use of the session at the other tenant.
    app.register(CORNWALL, "mark@cornwall.bt").await;
    app.try_login(CAMELOT, "mark@cornwall.bt", PASSWORD).await.is(400, &bad_token("LOGIN_BAD_CREDENTIALS"));
    let session = app.login(CAMELOT, ARTHUR, PASSWORD).await;
    assert_eq!(app.me(CAMELOT, &session).await.json()["id"], ids[0]);
    assert_invalid(&app.me(CORNWALL, &session).await);
    let change = json!({ "motto": "for the king", "company": CORNWALL });
    let patch = async |company, change: &serde_json::Value| {
        Companies::at(company, app.patch("/users/me")).bearer(&session).json(change.clone()).send().await
    };
    assert_invalid(&patch(CORNWALL, &change).await);
    let changed = patch(CAMELOT, &change).await.json();
    assert_eq!((&changed["motto"], &changed["company"]), (&json!("for the king"), &json!(CAMELOT)));
    assert_eq!(app.stored(CORNWALL, ARTHUR).await.motto.as_deref(), Some(CORNWALL));
    // An address of the other tenant is free; one of the same tenant is taken.
    app.register(CAMELOT, "kay@camelot.bt").await;
    let moved = |email: &str| json!({ "email": email, "current_password": PASSWORD });
    patch(CAMELOT, &moved("kay@camelot.bt")).await.is(400, &bad_token("UPDATE_USER_EMAIL_ALREADY_EXISTS"));
    assert_eq!(patch(CAMELOT, &moved("mark@cornwall.bt")).await.status, 200);
    assert_eq!(patch(CAMELOT, &moved(ARTHUR)).await.status, 200);
    assert_invalid(&Companies::at(CORNWALL, app.post("/auth/jwt/logout")).bearer(&session).send().await);
    assert_eq!(app.me(CAMELOT, &session).await.status, 200, "the session is not ended");

    // Superusers are scoped to their tenant.
    let king = app.superuser(CORNWALL, "king@cornwall.bt").await;
    let by_id = |method, id: &str| app.request(method, &format!("/users/{id}")).bearer(&king);
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let there = Companies::at(CORNWALL, by_id(method.clone(), &ids[0])).json(json!({ "is_active": false }));
        there.send().await.is(404, r#"{"detail":"Not Found"}"#);
        assert_invalid(
            &Companies::at(CAMELOT, by_id(method, &ids[0])).json(json!({ "is_active": false })).send().await,
        );
    }
    assert!(app.stored(CAMELOT, ARTHUR).await.is_active);
    assert_eq!(Companies::at(CORNWALL, by_id(Method::GET, &ids[1])).send().await.json()["id"], ids[1]);

    // Mailed tokens. Jobs after the response look up the address in the tenant of the request.
    app.post_json(CORNWALL, "/auth/verify", json!({ "token": verify_here }))
        .await
        .is(400, &bad_token("VERIFY_USER_BAD_TOKEN"));
    assert!(!app.stored(CORNWALL, ARTHUR).await.is_verified);
    app.post_json(CAMELOT, "/auth/forgot-password", json!({ "email": "mark@cornwall.bt" })).await.is(202, "null");
    app.post_json(CAMELOT, "/auth/forgot-password", json!({ "email": ARTHUR })).await.is(202, "null");
    let reset_here = app.mailed_reset_token(ARTHUR).await;
    let reset = json!({ "token": reset_here, "password": OTHER });
    app.post_json(CORNWALL, "/auth/reset-password", reset.clone())
        .await
        .is(400, &bad_token("RESET_PASSWORD_BAD_TOKEN"));
    app.post_json(CAMELOT, "/auth/reset-password", reset).await.is(200, "null");
    app.login(CAMELOT, ARTHUR, OTHER).await;
    app.login(CORNWALL, ARTHUR, PASSWORD).await;
    assert_invalid(&app.me(CAMELOT, &session).await);
    assert_eq!(app.me(CORNWALL, &king).await.status, 200, "a reset ends sessions in its own tenant only");
}

#[tokio::test]
async fn mailed_tokens_of_every_form_stay_in_their_tenant() {
    for policy in [Policy::recommended(), Policy::recommended().accept_upstream_tokens(None), Policy::fastapi_users()] {
        let app = Companies::under(policy).await;
        assert_eq!(app.register(CAMELOT, ARTHUR).await.status, 201);
        let verify_here = app.mailed_token(1).await;
        assert_eq!(app.register(CORNWALL, ARTHUR).await.status, 201);
        app.mailed_token(2).await;
        app.post_json(CAMELOT, "/auth/forgot-password", json!({ "email": ARTHUR })).await.is(202, "null");
        let reset_here = app.mailed_token(3).await;
        for (company, status) in [(CORNWALL, 400), (CAMELOT, 200)] {
            let response = app.post_json(company, "/auth/verify", json!({ "token": verify_here })).await;
            assert_eq!(response.status, status, "{company}: {response:?}");
            let reset = json!({ "token": reset_here, "password": OTHER });
            let response = app.post_json(company, "/auth/reset-password", reset).await;
            assert_eq!(response.status, status, "{company}: {response:?}");
        }
        assert!(!app.stored(CORNWALL, ARTHUR).await.is_verified);
        app.login(CORNWALL, ARTHUR, PASSWORD).await;
    }
}
