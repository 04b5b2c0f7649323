//! Moving in while fastapi-users still runs on the database, going on without it, and going back
//! (docs/guide/moving-from-fastapi-users.md), with rows and tokens that were recorded from it. `scripts/nightly upstream` asks the
//! real one.

use axum::Router;
use axum_users::{
    AuthUser, Backend, DatabaseSessions, Jwt, NoHooks, PasswordHash, Policy, SecretKey, Users,
    env::Timestamp,
    password::{Argon2Params, HashSettings},
};
use serde_json::json;

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, answered, call, get, post},
    vectors::{AUTH, EMAIL, HASH, RESET, SECRET, USER, VERIFY, mint_access},
};
use crate::support::{Http, SharedClock};

const ARTHUR: &str =
    r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#;

pub const LOGIN: &[Step] = &[
    call(
        "R14",
        post("/auth/db/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        answered(200, r#"{"access_token":"<DBTOKEN>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call("the session after R14", get("/users/me").bearer("<DBTOKEN>"), answered(200, ARTHUR)).step(),
];

pub const LOGOUT: &[Step] = &[
    call("R25", post("/auth/db/logout").bearer("<DBTOKEN>"), answered(204, "")).step(),
    call("R26", post("/auth/db/logout").bearer("<DBTOKEN>"), answered(401, r#"{"detail":"Unauthorized"}"#)).step(),
];

/// A row of `accesstoken` as fastapi-users left it (contract.md section 17).
const STORED: &str = "1U07Sj5vv2rckCEnaYqPzMxt3n4u81zMXy3E4VG24wU";
const STORED_AT: &str = "2026-11-23 02:52:42.811324";
/// When the agreed time is over: the services start at 12:00.
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

/// A service on a database in which fastapi-users left a user and a session of it.
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

/// Another service on the database of `app`, with the same secret.
async fn then(app: &WireApp, rules: Rules, policy: fn(Policy) -> Policy) -> WireApp {
    let url = app.url();
    setup(rules, policy).builder(|builder| builder.database(url)).start().await
}

impl WireApp {
    /// Adds a row as fastapi-users would.
    async fn store_session(&self, token: &str, at: &str) {
        let row = format!("INSERT INTO accesstoken (user_id, token, created_at) VALUES ('{USER}', '{token}', '{at}')");
        assert_eq!(self.sql(&row).await, 1);
    }

    /// Makes fastapi-users' session so new that the recommended idle limit lets it live.
    async fn renew_session(&self) {
        assert_eq!(self.sql("UPDATE accesstoken SET created_at = '2026-11-23 11:52:42.811324'").await, 1);
    }

    async fn login_for_a_session(&self, email: &str) -> String {
        let answer = self.post("/auth/db/login").form(&[("username", email), ("password", GUINEVERE)]).send().await;
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    async fn rows_where(&self, condition: &str) -> i64 {
        let pool = self.pool().await;
        let count = format!("SELECT COUNT(*) FROM accesstoken WHERE {condition}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&pool).await.unwrap()
    }

    /// The statuses of `GET /users/me` with each of these.
    async fn statuses<const N: usize>(&self, tokens: [&str; N]) -> [u16; N] {
        let mut statuses = [0; N];
        for (status, token) in statuses.iter_mut().zip(tokens) {
            *status = self.me(token).await.status.as_u16();
        }
        statuses
    }
}

#[tokio::test]
async fn a_session_of_upstream_lives_as_long_as_the_reader_says() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    for (now, status) in [("2026-11-24T02:52:42Z", 200), ("2026-11-24T02:52:43Z", 401)] {
        app.clock.set(time(now));
        assert_eq!(app.me(STORED).await.status, status, "{now}");
    }
    let app = moved_in(Rules::Recommended, unchanged).await; // C18, C21
    assert_eq!(app.me(STORED).await.status, 401);
}

#[tokio::test]
async fn a_logout_here_ends_a_session_of_upstream_there() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    app.post("/auth/db/logout").bearer(STORED).send().await.is(204, "");
    assert_eq!(app.rows_where("1 = 1").await, 0);
    assert_eq!(app.me(STORED).await.status, 401);
}

#[tokio::test]
async fn a_session_of_ours_is_a_row_that_upstream_reads() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    let token = app.login_for_a_session(EMAIL).await;
    // What SQLAlchemy compares: text, in UTC, with six decimals.
    let as_upstream = format!(
        "token = '{token}' AND user_id = '{USER}' AND typeof(created_at) = 'text' \
         AND created_at = '2026-11-23 12:00:00.000000'"
    );
    assert_eq!(app.rows_where(&as_upstream).await, 1);
}

#[tokio::test]
async fn what_upstream_mints_goes_on_after_sessions_were_ended_here() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    let ours = [app.login(EMAIL).await, app.login_for_a_session(EMAIL).await];
    app.users.sessions().end_all(USER.parse().unwrap()).await.unwrap();
    // fastapi-users cannot know that, and what it mints tomorrow is not told from what it minted yesterday.
    assert_eq!(app.statuses([&ours[0], &ours[1], AUTH, STORED]).await, [401, 401, 200, 200]);

    let app = moved_in(Rules::Recommended, recommended_until).await;
    app.renew_session().await;
    assert_eq!(app.statuses([AUTH, STORED]).await, [200, 200]);
    app.users.sessions().end_all(USER.parse().unwrap()).await.unwrap();
    assert_eq!(app.statuses([AUTH, STORED]).await, [401, 401], "it is not there any more to mint others");
}

#[tokio::test]
async fn a_purge_leaves_upstream_its_sessions() {
    let app = moved_in(Rules::FastapiUsers, unchanged).await;
    app.sql("UPDATE user SET auth_epoch = 3").await;
    app.users.purge_expired().await.unwrap();
    assert_eq!(app.me(STORED).await.status, 200);
    app.clock.set(time("2026-11-24T02:52:43Z"));
    app.users.purge_expired().await.unwrap();
    assert_eq!(app.rows_where("1 = 1").await, 0, "but for ended ones");
}

#[tokio::test]
async fn no_number_of_sessions_ends_one_of_upstream() {
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

/// A user whose id SQLite makes.
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

/// Decision 32: with such ids the first epoch is random, and a token of fastapi-users has none.
#[tokio::test]
async fn upstreams_tokens_are_good_for_users_with_integer_ids_that_registered_here() {
    let folder = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(axum_users::testing::ManualClock::at(time("2026-11-23T12:00:00Z")));
    let users = Users::<Page>::builder(SecretKey::allow_short_secret(SECRET))
        .database(format!("sqlite://{}?mode=rwc", folder.path().join("pages.db").display()))
        .policy(Policy::fastapi_users())
        .hashing(HashSettings::default().params(Argon2Params::weak_for_tests()))
        .clock(SharedClock(clock))
        .backend(Backend::bearer("jwt", Jwt::new()))
        .manager(NoHooks)
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    let app = Router::new().merge(page_routes(&users)).with_state(users);
    let http = Http::serve(app).await;
    let body = json!({ "email": "page@camelot.bt", "password": GUINEVERE });
    let answer = http.post("/auth/register").json(body).send().await;
    assert_eq!((answer.status.as_u16(), &answer.json()["id"]), (201, &json!(1)));
    assert_eq!(http.get("/users/me").bearer(&mint_access("1")).send().await.status, 200);
    assert_eq!(http.get("/users/me").bearer(&mint_access("2")).send().await.status, 401);
}

#[tokio::test]
async fn going_on_sessions_of_before_are_found_until_the_agreed_time_and_not_after() {
    let before = moved_in(Rules::FastapiUsers, unchanged).await;
    before.renew_session().await;
    let (jwt, session) = (before.login(EMAIL).await, before.login_for_a_session(EMAIL).await);

    let app = then(&before, Rules::Recommended, recommended_until).await;
    app.clock.set(time("2026-11-23T12:29:59Z"));
    assert_eq!(app.statuses([AUTH, STORED, &jwt, &session]).await, [200; 4]);
    let (new_jwt, new_session) = (app.login(EMAIL).await, app.login_for_a_session(EMAIL).await);
    assert_eq!(before.rows_where(&format!("token = '{new_session}'")).await, 0, "what is new is stored as a digest");
    assert_eq!(before.rows_where("hashed").await, 1);

    app.clock.set(time(UNTIL));
    // A JWT that this library minted has its own end and can be revoked.
    assert_eq!(app.statuses([AUTH, STORED, &session, &jwt]).await, [401, 401, 401, 200]);
    assert_eq!(app.statuses([&new_jwt, &new_session]).await, [200, 200]);

    let last = then(&before, Rules::Recommended, unchanged).await;
    last.clock.set(time(UNTIL));
    assert_eq!(last.statuses([AUTH, STORED, &session, &jwt]).await, [401; 4]);
    assert_eq!(last.statuses([&new_jwt, &new_session]).await, [200, 200]);
}

#[tokio::test]
async fn going_on_a_session_that_was_not_used_here_for_an_hour_ends() {
    let app = moved_in(Rules::Recommended, recommended_until).await;
    assert_eq!(app.me(STORED).await.status, 401, "the idle limit holds for sessions of before as well");
    app.sql("UPDATE accesstoken SET last_seen_at = '2026-11-23 11:30:00.000000'").await;
    assert_eq!(app.me(STORED).await.status, 200, "and what was used here side by side is noted");
}

#[tokio::test]
async fn going_on_a_logout_ends_a_session_in_clear_as_well() {
    let app = moved_in(Rules::Recommended, recommended_until).await;
    app.renew_session().await;
    app.post("/auth/db/logout").bearer(STORED).send().await.is(204, "");
    assert_eq!(app.rows_where("1 = 1").await, 0);
}

#[tokio::test]
async fn going_on_mails_under_way_are_redeemed_until_the_agreed_time_and_not_after() {
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
async fn going_on_new_mails_have_our_form_from_the_agreed_time_on() {
    let app = moved_in(Rules::Recommended, recommended_until).await;
    app.clock.set(time(UNTIL));
    let (verify, reset) = (app.verify_token(EMAIL).await, app.reset_token(EMAIL).await);
    // A node that never knew upstream's form reads them.
    let last = then(&app, Rules::Recommended, unchanged).await;
    last.clock.set(time(UNTIL));
    assert_eq!(last.verify(&verify).await.status, 200);
    assert_eq!(last.reset(&reset, "the sword in the stone").await.status, 200);
    app.reset(&reset, "the sword in the stone").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
}

#[tokio::test]
async fn going_on_hashes_of_upstream_are_verified_as_they_are() {
    let app = moved_in(Rules::Recommended, unchanged).await;
    assert_eq!(app.try_login(EMAIL, GUINEVERE).await.status, 200);
    assert_eq!(app.stored(EMAIL).await.hashed_password.as_stored(), HASH);
}

#[tokio::test]
async fn going_back_to_upstreams_policy_keeps_users_and_stored_sessions_and_loses_tokens() {
    let recommended = moved_in(Rules::Recommended, unchanged).await;
    recommended.knight("lancelot@camelot.bt", axum_users::Status::NEW).await;
    let lancelot = "lancelot@camelot.bt";
    let (jwt, session) = (recommended.login(lancelot).await, recommended.login_for_a_session(lancelot).await);
    let mailed = recommended.verify_token(lancelot).await;

    let back = then(&recommended, Rules::FastapiUsers, unchanged).await;
    assert_eq!(back.try_login(lancelot, GUINEVERE).await.status, 200);
    assert_eq!(back.statuses([&session, &jwt]).await, [200, 401]);
    back.verify(&mailed).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
    // Python finds a session by the token itself, and that is not in the table.
    assert_eq!(recommended.rows_where(&format!("token = '{session}'")).await, 0);
}
