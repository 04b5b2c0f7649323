//! `/users/{id}` (contract.md 6.5).

use axum::http::Method;
use axum_users::schema::Status;
use serde_json::json;

use super::{
    app::{Rules, WireApp, WireSetup},
    recorded::{Step, call, delete, expected, get, patch, post, put, recommended},
};

const UNKNOWN: &str = "/users/d35d213e-f3d8-4f08-954a-7e0d1bea286f";
const METHODS: [Method; 3] = [Method::GET, Method::PATCH, Method::DELETE];

pub const RECORDED: &[Step] = &[
    Step::Sql("UPDATE user SET is_active = 1, is_superuser = 1 WHERE email = 'mordred@camelot.bt'"),
    call(
        "the superuser logs in",
        post("/auth/jwt/login").form("username=mordred%40camelot.bt&password=guinevere"),
        expected(200, r#"{"access_token":"<SUPERJWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call(
        "R52",
        get("/users/<ARTHUR>").bearer("<SUPERJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        ),
    )
    .step(),
    call("R53", get("/users/<ARTHUR>").bearer("<NEWJWT>"), expected(403, r#"{"detail":"Forbidden"}"#)).step(),
    call("R54", get("/users/<ARTHUR>"), expected(401, r#"{"detail":"Unauthorized"}"#)).step(),
    call(
        "R55",
        get("/users/d35d213e-f3d8-4f08-954a-7e0d1bea286f").bearer("<SUPERJWT>"),
        expected(404, r#"{"detail":"Not Found"}"#),
    )
    .step(),
    call("R56", get("/users/abc").bearer("<SUPERJWT>"), expected(404, r#"{"detail":"Not Found"}"#)).step(),
    call(
        "R57",
        patch("/users/<ARTHUR>")
            .json(r#"{"is_superuser":false,"is_verified":true,"is_active":true}"#)
            .bearer("<SUPERJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        )
        .hooks(&["on_after_update(is_active,is_superuser,is_verified)"]),
    )
    .step(),
    call(
        "R58",
        patch("/users/<ARTHUR>").json(r#"{"is_verified":true,"email":"pendragon@camelot.bt"}"#).bearer("<SUPERJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"pendragon@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        )
        .hooks(&["on_after_update(email,is_verified)"]),
    )
    .step(),
    call(
        "R59",
        patch("/users/<ARTHUR>").json(r#"{"email":"MORDRED@camelot.bt"}"#).bearer("<SUPERJWT>"),
        expected(400, r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#),
    )
    .step(),
    call(
        "R60",
        delete("/users/<ARTHUR>").bearer("<SUPERJWT>"),
        expected(204, "").hooks(&["on_before_delete", "on_after_delete"]),
    )
    .step(),
    call("R61", delete("/users/<ARTHUR>").bearer("<SUPERJWT>"), expected(404, r#"{"detail":"Not Found"}"#)).step(),
    call("R62", delete("/users/me").bearer("<SUPERJWT>"), expected(404, r#"{"detail":"Not Found"}"#)).step(),
    call(
        "R63",
        put("/users/me").bearer("<SUPERJWT>"),
        expected(405, r#"{"detail":"Method Not Allowed"}"#).headers(&[("allow", "GET")]),
    )
    // fastapi-users lists only the first route's method; RFC 9110 section 10.2.1 requires all.
    .differs(&[recommended(
        "[quirk]",
        expected(405, r#"{"detail":"Method Not Allowed"}"#).headers(&[("allow", "GET, PATCH")]),
    )]),
];

#[tokio::test]
async fn only_superusers_learn_which_ids_exist() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let ordinary = app.member("arthur@camelot.bt").await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        let inactive = app.superuser("morgana@camelot.bt").await;
        app.sql("UPDATE user SET is_active = 0 WHERE email = 'morgana@camelot.bt'").await;
        let own = format!("/users/{}", app.stored("arthur@camelot.bt").await.id);
        for path in [&*own, UNKNOWN, "/users/abc", "/users/%FF", "/users/1"] {
            for method in METHODS {
                for (token, status, body) in [
                    ("nonsense", 401, r#"{"detail":"Unauthorized"}"#),
                    (&*inactive, 401, r#"{"detail":"Unauthorized"}"#),
                    (&*ordinary, 403, r#"{"detail":"Forbidden"}"#),
                ] {
                    app.request(method.clone(), path).bearer(token).json(json!({})).send().await.is(status, body);
                }
                app.request(method.clone(), path).json(json!({})).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
                if path != own {
                    let response = app.request(method.clone(), path).bearer(&superuser).json(json!({})).send().await;
                    response.is(404, r#"{"detail":"Not Found"}"#);
                }
            }
        }
        assert_eq!(app.me(&ordinary).await.status, 200, "no user was deleted");
    }
}

#[tokio::test]
async fn a_uuid_is_accepted_in_every_form_of_its_crate() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        let id = app.stored("mordred@camelot.bt").await.id.to_string();
        let bare = id.replace('-', "");
        for spelling in [id.clone(), id.to_uppercase(), bare.clone(), format!("%7B{id}%7D"), format!("urn:uuid:{id}")] {
            let spelling = spelling.replace('{', "%7B").replace('}', "%7D");
            let response = app.get(&format!("/users/{spelling}")).bearer(&superuser).send().await;
            assert_eq!((response.status.as_u16(), response.json()["id"].as_str()), (200, Some(&*id)), "{spelling}");
        }
        for other in
            [format!("{id}0"), format!("%20{id}"), format!("%7B{bare}%7D"), bare[1..].to_owned(), "x".repeat(5000)]
        {
            let response = app.get(&format!("/users/{other}")).bearer(&superuser).send().await;
            response.is(404, r#"{"detail":"Not Found"}"#);
        }
    }
}

#[tokio::test]
async fn every_users_route_is_403_for_unverified_users_if_verification_is_required() {
    for rules in Rules::BOTH {
        let app = WireSetup::of(rules).policy(|policy| policy.require_verification(true)).start().await;
        app.knight("mordred@camelot.bt", Status { is_superuser: true, is_verified: true, ..Status::NEW }).await;
        let superuser = app.login("mordred@camelot.bt").await;
        let own = format!("/users/{}", app.stored("mordred@camelot.bt").await.id);
        assert_eq!(app.get(&own).bearer(&superuser).send().await.status, 200);
        app.sql("UPDATE user SET is_verified = 0").await;
        for path in ["/users/me", &own, UNKNOWN, "/users/abc"] {
            for method in METHODS {
                let response = app.request(method.clone(), path).bearer(&superuser).json(json!({})).send().await;
                response.is(403, r#"{"detail":"Forbidden"}"#);
                app.request(method, path).json(json!({})).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
            }
        }
    }
}

#[tokio::test]
async fn unverified_users_can_use_every_route_by_default() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        let own = format!("/users/{}", app.stored("mordred@camelot.bt").await.id);
        for path in ["/users/me", &own] {
            assert_eq!(app.get(path).bearer(&superuser).send().await.status, 200);
            assert_eq!(app.patch(path).bearer(&superuser).json(json!({})).send().await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_superuser_can_demote_and_delete_their_own_account() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        let own = format!("/users/{}", app.stored("mordred@camelot.bt").await.id);
        let response = app.patch(&own).bearer(&superuser).json(json!({ "is_superuser": false })).send().await;
        assert_eq!(response.json()["is_superuser"], false);
        app.get(&own).bearer(&superuser).send().await.is(403, r#"{"detail":"Forbidden"}"#);
        app.sql("UPDATE user SET is_superuser = 1").await;
        app.delete(&own).bearer(&superuser).send().await.is(204, "");
        app.get(&own).bearer(&superuser).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
    }
}

#[tokio::test]
async fn a_deleted_or_inactive_user_is_rejected_at_the_next_request() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        for (email, method) in [("arthur@camelot.bt", Method::DELETE), ("lancelot@camelot.bt", Method::PATCH)] {
            let token = app.member(email).await;
            assert_eq!(app.me(&token).await.status, 200);
            let path = format!("/users/{}", app.stored(email).await.id);
            let done = app.request(method, &path).bearer(&superuser).json(json!({ "is_active": false })).send().await;
            assert!(done.status.is_success(), "{done:?}");
            app.me(&token).await.is(401, r#"{"detail":"Unauthorized"}"#);
        }
    }
}

#[tokio::test]
async fn an_application_can_add_its_own_delete_me_route() {
    let setup = WireSetup::of(Rules::Recommended);
    let app = setup.routes(|router| router.route("/users/me", axum::routing::delete(async || "gone"))).start().await;
    app.delete("/users/me").send().await.is(200, "gone");
    assert_eq!(app.get("/users/me").send().await.status, 401, "the other methods stay");
}
