//! Migration from fastapi-users: running side by side on one database, continuing alone, and rolling back
//! (docs/guide/moving-from-fastapi-users.md), with rows and tokens recorded from it. `scripts/nightly upstream` runs the same
//! checks against a running fastapi-users.

use axum::Router;
use axum_users::{AuthUser, Backend, DatabaseSessions, Jwt, PasswordHash, Policy, SecretKey, Users, env::Timestamp};
use serde_json::json;

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, call, expected, get, post},
    vectors::{AUTH, EMAIL, HASH, RESET, SECRET, USER, VERIFY, mint_access},
};
use crate::hashing::weak_hashing;
use crate::support::{Http, SharedClock};

const ARTHUR: &str =
    r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#;

pub const LOGIN: &[Step] = &[
    call(
        "R14",
        post("/auth/db/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        expected(200, r#"{"access_token":"<DBTOKEN>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call("the session after R14", get("/users/me").bearer("<DBTOKEN>"), expected(200, ARTHUR)).step(),
];

pub const LOGOUT: &[Step] = &[
    call("R25", post("/auth/db/logout").bearer("<DBTOKEN>"), expected(204, "")).step(),
    call("R26", post("/auth/db/logout").bearer("<DBTOKEN>"), expected(401, r#"{"detail":"Unauthorized"}"#)).step(),
];

/// A row of `accesstoken` as fastapi-users left it (contract.md section 17).
const STORED: &str = "1U07Sj5vv2rckCEnaYqPzMxt3n4u81zMXy3E4VG24wU";
const STORED_AT: &str = "2026-11-23 02:52:42.811324";
/// The end of the migration period; the services start at 12:00.
const UNTIL: &str = "2026-11-23T12:30:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn recommended_until(policy: Policy) -> Policy {
    policy.accept_upstream_tokens(Some(time(UNTIL)))
}

fn unchanged(policy: Policy) -> Policy {
    policy
}

fn setup(rules: Rules, policy: fn(Policy) -> Policy) -> WireSetup {
    let backends = [Backend::bearer("jwt", Jwt::new()), Backend::bearer("db", DatabaseSessions::new())];
    WireSetup { secret: SecretKey::allow_short_secret(SECRET), ..WireSetup::of(rules) }
        .backends(backends)
        .policy(policy)
}

/// Starts a service on a database in which fastapi-users stored a user and a session.
async fn moved_in(rules: Rules, policy: fn(Policy) -> Policy) -> WireApp {
    let app = setup(rules, policy).start().await;
    let user = format!(
        "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
         VALUES ('{USER}', '{EMAIL}', '{HASH}', 1, 0, 0)"
    );
    assert_eq!(app.sql(&user).await, 1);
    app.store_session(STORED, STORED_AT).await;
    app
}

/// Starts another service on the database of `app`, with the same secret.
async fn then(app: &WireApp, rules: Rules, policy: fn(Policy) -> Policy) -> WireApp {
    let url = app.url();
    setup(rules, policy).builder(|builder| builder.database(url)).start().await
}

impl WireApp {
    /// Inserts a session row as fastapi-users does.
    async fn store_session(&self, token: &str, at: &str) {
        let row = format!("INSERT INTO accesstoken (user_id, token, created_at) VALUES ('{USER}', '{token}', '{at}')");
        assert_eq!(self.sql(&row).await, 1);
    }

    /// Moves the creation time of the fastapi-users session forward, so that it is within the recommended idle timeout.
    async fn renew_session(&self) {
        assert_eq!(self.sql("UPDATE accesstoken SET created_at = '2026-11-23 11:52:42.811324'").await, 1);
    }

    async fn login_for_a_session(&self, email: &str) -> String {
        let response = self.post("/auth/db/login").form(&[("username", email), ("password", GUINEVERE)]).send().await;
        response.json()["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
    }

    async fn rows_where(&self, condition: &str) -> i64 {
        let pool = self.pool().await;
        let count = format!("SELECT COUNT(*) FROM accesstoken WHERE {condition}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&pool).await.unwrap()
    }

    /// Returns the status of `GET /users/me` for each token.
    async fn statuses<const N: usize>(&self, tokens: [&str; N]) -> [u16; N] {
        let mut statuses = [0; N];
        for (status, token) in statuses.iter_mut().zip(tokens) {
            *status = self.me(token).await.status.as_u16();
        }
        statuses
    }
}

#[tokio::test]
async fn an_upstream_session_expires_by_the_lifetime_of_the_reading_service() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    for (now, status) in [("2026-11-24T02:52:42Z", 200), ("2026-11-24T02:52:43Z", 401)] {
        app.clock.set(time(now));
        assert_eq!(app.me(STORED).await.status, status, "{now}");
    }
    let app = moved_in(Rules::Recommended, unchanged).await; // C18, C21
    assert_eq!(app.me(STORED).await.status, 401);
}

#[tokio::test]
async fn a_logout_here_ends_the_session_at_upstream() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    app.post("/auth/db/logout").bearer(STORED).send().await.is(204, "");
    assert_eq!(app.rows_where("1 = 1").await, 0);
    assert_eq!(app.me(STORED).await.status, 401);
}

#[tokio::test]
async fn our_session_is_stored_as_a_row_that_upstream_can_read() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    let token = app.login_for_a_session(EMAIL).await;
    // SQLAlchemy compares times as text, in UTC, with six decimals.
    let as_upstream = format!(
        "token = '{token}' AND user_id = '{USER}' AND typeof(created_at) = 'text' \
         AND created_at = '2026-11-23 12:00:00.000000'"
    );
    assert_eq!(app.rows_where(&as_upstream).await, 1);
}

#[tokio::test]
async fn upstream_tokens_remain_valid_after_all_sessions_are_ended_here() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    let ours = [app.login(EMAIL).await, app.login_for_a_session(EMAIL).await];
    app.users.sessions().end_all(USER.parse().unwrap()).await.unwrap();
    // fastapi-users does not know the epoch, so its later tokens cannot be told from its earlier ones.
    assert_eq!(app.statuses([&ours[0], &ours[1], AUTH, STORED]).await, [401, 401, 200, 200]);

    let app = moved_in(Rules::Recommended, recommended_until).await;
    app.renew_session().await;
    assert_eq!(app.statuses([AUTH, STORED]).await, [200, 200]);
    app.users.sessions().end_all(USER.parse().unwrap()).await.unwrap();
    assert_eq!(
        app.statuses([AUTH, STORED]).await,
        [401, 401],
        "fastapi-users no longer runs, so its tokens can be rejected"
    );
}

#[tokio::test]
async fn a_purge_keeps_live_upstream_sessions() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    app.sql("UPDATE user SET auth_epoch = 3").await;
    app.users.purge_expired().await.unwrap();
    assert_eq!(app.me(STORED).await.status, 200);
    app.clock.set(time("2026-11-24T02:52:43Z"));
    app.users.purge_expired().await.unwrap();
    assert_eq!(app.rows_where("1 = 1").await, 0, "expired sessions are removed");
}

#[tokio::test]
async fn the_session_cap_does_not_end_upstream_sessions() {
    for (rules, policy, status) in [
        (Rules::FastapiUsers, unchanged as fn(Policy) -> Policy, 200),
        (Rules::Recommended, recommended_until, 401), // the cap of 20 sessions
    ] {
        let app = moved_in(rules, policy).await;
        app.renew_session().await;
        for number in 0..25 {
            app.store_session(&format!("{number:043}"), "2026-11-23 11:59:00.000000").await;
        }
        app.login_for_a_session(EMAIL).await;
        assert_eq!(app.me(STORED).await.status, status, "{rules:?}");
    }
}

/// A user whose id is generated by SQLite.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "page")]
pub struct Page {
    pub id: i64,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// With reusable ids the first epoch is random, and a token of fastapi-users has no epoch (decision 32).
#[tokio::test]
async fn upstream_tokens_authenticate_users_with_integer_ids_that_registered_here() {
    let folder = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(axum_users::testing::ManualClock::at(time("2026-11-23T12:00:00Z")));
    let users = Users::<Page>::builder(SecretKey::allow_short_secret(SECRET))
        .database(format!("sqlite://{}?mode=rwc", folder.path().join("pages.db").display()))
        .policy(Policy::fastapi_users())
        .hashing(weak_hashing())
        .clock(SharedClock(clock))
        .backend(Backend::bearer("jwt", Jwt::new()))
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    let app = Router::new().merge(page_routes(&users)).with_state(users);
    let http = Http::serve(app).await;
    let body = json!({ "email": "page@camelot.bt", "password": GUINEVERE });
    let response = http.post("/auth/register").json(body).send().await;
    assert_eq!((response.status.as_u16(), &response.json()["id"]), (201, &json!(1)));
    assert_eq!(http.get("/users/me").bearer(&mint_access("1")).send().await.status, 200);
    assert_eq!(http.get("/users/me").bearer(&mint_access("2")).send().await.status, 401);
}

#[tokio::test]
async fn continuing_alone_migrated_sessions_are_accepted_until_the_configured_time() {
    let before = moved_in(Rules::FastapiUsers, unchanged).await;
    before.renew_session().await;
    let (jwt, session) = (before.login(EMAIL).await, before.login_for_a_session(EMAIL).await);

    let app = then(&before, Rules::Recommended, recommended_until).await;
    app.clock.set(time("2026-11-23T12:29:59Z"));
    assert_eq!(app.statuses([AUTH, STORED, &jwt, &session]).await, [200; 4]);
    let (new_jwt, new_session) = (app.login(EMAIL).await, app.login_for_a_session(EMAIL).await);
    assert_eq!(before.rows_where(&format!("token = '{new_session}'")).await, 0, "new sessions are stored as digests");
    assert_eq!(before.rows_where("hashed").await, 1);

    app.clock.set(time(UNTIL));
    // A JWT issued by this library has its own expiry and can be revoked.
    assert_eq!(app.statuses([AUTH, STORED, &session, &jwt]).await, [401, 401, 401, 200]);
    assert_eq!(app.statuses([&new_jwt, &new_session]).await, [200, 200]);

    let last = then(&before, Rules::Recommended, unchanged).await;
    last.clock.set(time(UNTIL));
    assert_eq!(last.statuses([AUTH, STORED, &session, &jwt]).await, [401; 4]);
    assert_eq!(last.statuses([&new_jwt, &new_session]).await, [200, 200]);
}

#[tokio::test]
async fn continuing_alone_a_migrated_session_has_the_idle_timeout() {
    let app = moved_in(Rules::Recommended, recommended_until).await;
    assert_eq!(app.me(STORED).await.status, 401, "the idle timeout applies to migrated sessions as well");
    app.sql("UPDATE accesstoken SET last_seen_at = '2026-11-23 11:30:00.000000'").await;
    assert_eq!(app.me(STORED).await.status, 200, "uses during side-by-side operation are recorded");
}

#[tokio::test]
async fn continuing_alone_a_logout_ends_a_migrated_session() {
    let app = moved_in(Rules::Recommended, recommended_until).await;
    app.renew_session().await;
    app.post("/auth/db/logout").bearer(STORED).send().await.is(204, "");
    assert_eq!(app.rows_where("1 = 1").await, 0);
}

#[tokio::test]
async fn continuing_alone_upstream_mail_tokens_are_accepted_until_the_configured_time() {
    let just_before = "2026-11-23T12:29:59Z";
    for (policy, now, status) in [
        (recommended_until as fn(Policy) -> Policy, just_before, 200),
        (recommended_until, UNTIL, 400),
        (unchanged, just_before, 400),
    ] {
        let before = moved_in(Rules::FastapiUsers, unchanged).await;
        let ours = before.verify_token(EMAIL).await;
        let app = then(&before, Rules::Recommended, policy).await;
        app.clock.set(time(now));
        assert_eq!(app.verify(&ours).await.status.as_u16(), status);
        before.sql("UPDATE user SET is_verified = 0").await;
        assert_eq!(app.verify(VERIFY).await.status.as_u16(), status);
        assert_eq!(app.reset(RESET, "the sword in the stone").await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn continuing_alone_new_mail_tokens_have_our_form_after_the_configured_time() {
    let app = moved_in(Rules::Recommended, recommended_until).await;
    app.clock.set(time(UNTIL));
    let (verify, reset) = (app.verify_token(EMAIL).await, app.reset_token(EMAIL).await);
    // A node that was never configured for the upstream form accepts them.
    let last = then(&app, Rules::Recommended, unchanged).await;
    last.clock.set(time(UNTIL));
    assert_eq!(last.verify(&verify).await.status, 200);
    assert_eq!(last.reset(&reset, "the sword in the stone").await.status, 200);
    app.reset(&reset, "the sword in the stone").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
}

#[tokio::test]
async fn continuing_alone_upstream_hashes_verify_unchanged() {
    let app = moved_in(Rules::Recommended, unchanged).await;
    assert_eq!(app.try_login(EMAIL, GUINEVERE).await.status, 200);
    assert_eq!(app.stored(EMAIL).await.hashed_password.as_stored(), HASH);
}

#[tokio::test]
async fn rolling_back_keeps_users_and_hashed_sessions_and_loses_tokens() {
    let recommended = moved_in(Rules::Recommended, unchanged).await;
    recommended.knight("lancelot@camelot.bt", axum_users::schema::Status::NEW).await;
    let lancelot = "lancelot@camelot.bt";
    let (jwt, session) = (recommended.login(lancelot).await, recommended.login_for_a_session(lancelot).await);
    let mailed = recommended.verify_token(lancelot).await;

    let back = then(&recommended, Rules::FastapiUsers, unchanged).await;
    assert_eq!(back.try_login(lancelot, GUINEVERE).await.status, 200);
    assert_eq!(back.statuses([&session, &jwt]).await, [200, 401]);
    back.verify(&mailed).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
    // fastapi-users finds a session by the token in clear, which is not in the table.
    assert_eq!(recommended.rows_where(&format!("token = '{session}'")).await, 0);
}
