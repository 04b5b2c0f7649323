//! The current user in routes of the application (contract.md section 7).

use axum::{Router, routing::get};
use axum_users::{
    CurrentUser, FreshUser, Guard, Guarded, Superuser, Users, VerifiedUser,
    extract::{CurrentSession, Require, Requirements},
};

use super::app::{Knight, Rules, WireApp, WireSetup};

/// Every combination of flags: active, verified, superuser.
const USERS: [(&str, bool, bool, bool); 9] = [
    ("inactive", false, false, false),
    ("inactive-verified", false, true, false),
    ("inactive-superuser", false, false, true),
    ("inactive-both", false, true, true),
    ("active", true, false, false),
    ("verified", true, true, false),
    ("superuser", true, false, true),
    ("all", true, true, true),
    ("anonymous", false, false, false),
];

/// Each path with the status for every user, in the order of [`USERS`].
const TABLE: [(&str, [u16; 9]); 8] = [
    ("/none", [200, 200, 200, 200, 200, 200, 200, 200, 401]),
    ("/active", [401, 401, 401, 401, 200, 200, 200, 200, 401]),
    ("/verified", [403, 200, 403, 200, 403, 200, 403, 200, 401]),
    ("/active-verified", [401, 401, 401, 401, 403, 200, 403, 200, 401]),
    ("/superuser", [403, 403, 200, 200, 403, 403, 200, 200, 401]),
    ("/active-superuser", [401, 401, 401, 401, 403, 403, 200, 200, 401]),
    ("/verified-superuser", [403, 403, 403, 200, 403, 403, 403, 200, 401]),
    ("/all", [401, 401, 401, 401, 403, 403, 403, 200, 401]),
];

type RequiredUser<const ACTIVE: bool, const VERIFIED: bool, const SUPERUSER: bool> =
    Guarded<Knight, Require<ACTIVE, VERIFIED, SUPERUSER>>;

async fn required<const A: bool, const V: bool, const S: bool>(user: RequiredUser<A, V, S>) -> String {
    user.email.clone()
}

async fn optional<const A: bool, const V: bool, const S: bool>(user: Option<RequiredUser<A, V, S>>) -> String {
    user.map_or_else(|| "anonymous".to_owned(), |user| user.email.clone())
}

fn routes(router: Router<Users<Knight>>) -> Router<Users<Knight>> {
    router
        .route("/none", get(required::<false, false, false>))
        .route("/active", get(required::<true, false, false>))
        .route("/verified", get(required::<false, true, false>))
        .route("/active-verified", get(required::<true, true, false>))
        .route("/superuser", get(required::<false, false, true>))
        .route("/active-superuser", get(required::<true, false, true>))
        .route("/verified-superuser", get(required::<false, true, true>))
        .route("/all", get(required::<true, true, true>))
        .route("/optional/none", get(optional::<false, false, false>))
        .route("/optional/active", get(optional::<true, false, false>))
        .route("/optional/verified", get(optional::<false, true, false>))
        .route("/optional/active-verified", get(optional::<true, true, false>))
        .route("/optional/superuser", get(optional::<false, false, true>))
        .route("/optional/active-superuser", get(optional::<true, false, true>))
        .route("/optional/verified-superuser", get(optional::<false, true, true>))
        .route("/optional/all", get(optional::<true, true, true>))
}

/// Creates every user with a token issued before the flags were set.
async fn create_users(app: &WireApp) -> Vec<(String, String)> {
    let mut tokens = Vec::new();
    for (name, active, verified, superuser) in USERS {
        let email = format!("{name}@camelot.bt");
        let token = if name == "anonymous" { String::new() } else { app.member(&email).await };
        let flags = format!("is_active = {active}, is_verified = {verified}, is_superuser = {superuser}");
        app.sql(&format!("UPDATE user SET {flags} WHERE email = '{email}'")).await;
        tokens.push((email, token));
    }
    tokens
}

#[tokio::test]
async fn every_requirement_accepts_and_rejects_the_listed_users() {
    for rules in Rules::BOTH {
        let app = WireSetup::of(rules).routes(routes).start().await;
        let users = create_users(&app).await;
        for (path, responses) in TABLE {
            for ((email, token), status) in users.iter().zip(responses) {
                let request = |path: &str| if token.is_empty() { app.get(path) } else { app.get(path).bearer(token) };
                let body = match status {
                    401 => r#"{"detail":"Unauthorized"}"#,
                    403 => r#"{"detail":"Forbidden"}"#,
                    _ => email,
                };
                let response = request(path).send().await;
                assert_eq!((response.status.as_u16(), &*response.text()), (status, body), "{path} for {email}");
                let challenge = (status == 401 && rules == Rules::Recommended).then_some("Bearer"); // C11
                assert_eq!(response.header("www-authenticate"), challenge, "{path} for {email}");

                let response = request(&format!("/optional{path}")).send().await;
                let body = if status == 200 { email } else { "anonymous" };
                assert_eq!((response.status.as_u16(), &*response.text()), (200, body), "optional {path} for {email}");
            }
        }
    }
}

struct IsKing;

impl Guard<Knight> for IsKing {
    fn allows(user: &Knight) -> bool {
        user.email.starts_with("king")
    }
}

/// A guard that admits only inactive users.
struct IsInactive;

impl Guard<Knight> for IsInactive {
    const REQUIREMENTS: Requirements = Requirements::NONE;

    fn allows(user: &Knight) -> bool {
        !user.is_active
    }
}

#[tokio::test]
async fn named_extractors_and_custom_guards_behave_like_their_requirements() {
    let setup = WireSetup::of(Rules::Recommended).routes(|router| {
        router
            .route("/current", get(async |CurrentUser(user): CurrentUser<Knight>| user.email))
            .route("/verified", get(async |user: VerifiedUser<Knight>| user.email.clone()))
            .route("/superuser", get(async |user: Superuser<Knight>| user.email.clone()))
            .route("/king", get(async |user: Guarded<Knight, IsKing>| user.email.clone()))
            .route("/gone", get(async |user: Guarded<Knight, IsInactive>| user.email.clone()))
            .route("/maybe-king", get(async |user: Option<Guarded<Knight, IsKing>>| user.is_some().to_string()))
    });
    let app = setup.start().await;
    let users = create_users(&app).await;
    let king = app.member("king@camelot.bt").await;
    for (path, responses) in [
        ("/current", [401, 401, 401, 401, 200, 200, 200, 200, 401]),
        ("/verified", [401, 401, 401, 401, 403, 200, 403, 200, 401]),
        ("/superuser", [401, 401, 401, 401, 403, 403, 200, 200, 401]),
        ("/king", [401, 401, 401, 401, 403, 403, 403, 403, 401]),
        ("/gone", [200, 200, 200, 200, 403, 403, 403, 403, 401]),
        ("/maybe-king", [200; 9]),
    ] {
        for ((email, token), status) in users.iter().zip(responses) {
            let call = if token.is_empty() { app.get(path) } else { app.get(path).bearer(token) };
            assert_eq!(call.send().await.status.as_u16(), status, "{path} for {email}");
        }
    }
    app.get("/king").bearer(&king).send().await.is(200, "king@camelot.bt");
    app.get("/maybe-king").bearer(&king).send().await.is(200, "true");
    app.get("/maybe-king").send().await.is(200, "false");
}

#[tokio::test]
async fn a_handler_can_extract_the_session_and_require_a_fresh_one() {
    let setup = WireSetup::of(Rules::Recommended).routes(|router| {
        router.route("/fresh", get(async |user: FreshUser<Knight, 60>| user.email.clone())).route(
            "/session",
            get(async |session: CurrentSession<Knight>| {
                let at = session.session.logged_in_at.unwrap().to_rfc3339();
                format!("{} {at} {}", session.user.email, session.token.secret())
            }),
        )
    });
    let app = setup.start().await;
    let token = app.member("arthur@camelot.bt").await;
    let session = app.get("/session").bearer(&token).send().await;
    session.is(200, &format!("arthur@camelot.bt 2026-11-23T12:00:00+00:00 {token}"));
    app.advance(60);
    app.get("/fresh").bearer(&token).send().await.is(200, "arthur@camelot.bt");
    app.advance(1);
    app.get("/fresh").bearer(&token).send().await.is(401, r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#);
    app.get("/fresh").send().await.is(401, r#"{"detail":"Unauthorized"}"#);
}

#[tokio::test]
async fn a_token_expires_after_its_lifetime() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let token = app.member("arthur@camelot.bt").await;
        app.advance(3599);
        assert_eq!(app.me(&token).await.status, 200);
        app.advance(1);
        app.me(&token).await.is(401, r#"{"detail":"Unauthorized"}"#);
    }
}
