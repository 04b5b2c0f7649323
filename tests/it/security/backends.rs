//! A session works only at the backend that issued it.

use axum_users::{Backend, DatabaseSessions, Jwt, Policy};

use super::ARTHUR;
use crate::support::{COOKIE, PASSWORD, Setup, TestApp};

type MakeBackends = fn() -> Vec<Backend>;

const JWT: MakeBackends = || vec![Backend::bearer("api", Jwt::new()), Backend::cookie("web", Jwt::new())];
const DATABASE: MakeBackends =
    || vec![Backend::bearer("api", DatabaseSessions::new()), Backend::cookie("web", DatabaseSessions::new())];

/// A service with a bearer and a cookie backend, and the tokens of a login at each.
struct Castle {
    app: TestApp,
    cookie: &'static str,
    api: String,
    web: String,
}

impl Castle {
    async fn with(policy: Policy, backends: MakeBackends) -> Self {
        let cookie = if policy.relaxations().count() == 0 { COOKIE } else { "fastapiusersauth" };
        let app = TestApp::with(Setup { policy, backend: backends(), ..Setup::default() }).await;
        app.register(ARTHUR).await;
        let login = async |backend: &str| {
            let path = format!("/auth/{backend}/login");
            app.post(&path).form(&[("username", ARTHUR), ("password", PASSWORD)]).send().await.access_token()
        };
        let (api, web) = (login("api").await, login("web").await);
        Self { cookie, api, web, app }
    }

    /// Returns the statuses of a token that is presented as a bearer token and as a cookie.
    async fn statuses(&self, token: &str) -> [u16; 2] {
        let bearer = self.app.get("/users/me").bearer(token).send().await;
        let cookie = self.app.get("/users/me").cookie(self.cookie, token).send().await;
        [bearer.status.as_u16(), cookie.status.as_u16()]
    }
}

#[tokio::test]
async fn a_token_of_one_backend_is_refused_at_another() {
    for backends in [JWT, DATABASE] {
        let castle = Castle::with(Policy::recommended(), backends).await;
        assert_eq!(castle.statuses(&castle.api).await, [200, 401]);
        assert_eq!(castle.statuses(&castle.web).await, [401, 200]);
        // A logout with the wrong transport ends nothing.
        assert_eq!(castle.app.post("/auth/web/logout").bearer(&castle.web).send().await.status, 401);
        assert_eq!(castle.app.post("/auth/api/logout").bearer(&castle.api).send().await.status, 204);
        assert_eq!(castle.statuses(&castle.api).await, [401, 401]);
        assert_eq!(castle.statuses(&castle.web).await, [401, 200]);
    }
}

#[tokio::test]
async fn under_the_policy_of_fastapi_users_a_token_works_at_every_backend_that_can_read_it() {
    for backends in [JWT, DATABASE] {
        let castle = Castle::with(Policy::fastapi_users(), backends).await;
        for token in [&castle.api, &castle.web] {
            assert_eq!(castle.statuses(token).await, [200, 200]);
        }
    }
}

/// Sessions from before the column existed, and those of fastapi-users.
#[tokio::test]
async fn a_stored_session_without_a_backend_works_at_every_backend() {
    let castle = Castle::with(Policy::recommended(), DATABASE).await;
    let pool = castle.app.sqlite().await;
    let stored: Vec<String> =
        sqlx::query_scalar("SELECT backend FROM accesstoken ORDER BY backend").fetch_all(&pool).await.unwrap();
    assert_eq!(stored, ["api", "web"]);
    sqlx::query("UPDATE accesstoken SET backend = NULL").execute(&pool).await.unwrap();
    for token in [&castle.api, &castle.web] {
        assert_eq!(castle.statuses(token).await, [200, 200]);
    }
}

/// Two cookie backends share the cookie of a browser.
#[tokio::test]
async fn a_login_at_another_backend_ends_the_session_that_its_cookie_replaces() {
    let backends: [MakeBackends; 2] = [
        || vec![Backend::cookie("api", Jwt::new()), Backend::cookie("web", Jwt::new())],
        || vec![Backend::cookie("api", DatabaseSessions::new()), Backend::cookie("web", DatabaseSessions::new())],
    ];
    for backends in backends {
        let castle = Castle::with(Policy::recommended(), backends).await;
        assert_eq!(castle.statuses(&castle.api).await, [401, 200], "the first backend with a valid token counts");
        let call = castle.app.post("/auth/web/login").cookie(COOKIE, &castle.api);
        let call = call.header("sec-fetch-site", "same-origin");
        let response = call.form(&[("username", ARTHUR), ("password", PASSWORD)]).send().await;
        assert_eq!(response.status, 204);
        assert_eq!(castle.statuses(&castle.api).await, [401, 401]);
    }
}
