//! Several backends at once (contract.md sections 6.1, 7 and 8).

use axum::http::{HeaderMap, StatusCode, request::Parts};
use axum_users::{
    AccessToken, Backend, Bearer, Jwt, Status,
    token::{TokenResponse, Transport},
};

use super::app::{GUINEVERE, Rules, WireApp, WireSetup};

const UNAUTHORIZED: &str = r#"{"detail":"Unauthorized"}"#;

/// A transport of the application's own: a header that holds nothing but the token.
struct InHeader;

impl Transport for InHeader {
    fn read(&self, headers: &HeaderMap) -> Option<AccessToken> {
        headers.get("x-token")?.to_str().ok().map(AccessToken::new)
    }

    fn grant(&self, token: &AccessToken) -> TokenResponse {
        let headers = HeaderMap::from_iter([("x-token".parse().unwrap(), token.secret().parse().unwrap())]);
        {
            let mut response = TokenResponse::new(StatusCode::NO_CONTENT);
            response.headers = headers;
            response
        }
    }

    fn clear(&self) -> TokenResponse {
        let headers = HeaderMap::from_iter([("x-token".parse().unwrap(), "gone".parse().unwrap())]);
        {
            let mut response = TokenResponse::new(StatusCode::NO_CONTENT);
            response.headers = headers;
            response
        }
    }
}

/// Two bearer backends for different audiences and one over another transport.
fn three(rules: Rules) -> WireSetup {
    WireSetup::of(rules).backends([
        Backend::bearer("jwt", Jwt::new()),
        Backend::new("app", Bearer, Jwt::new().audience(["camelot:app"])),
        Backend::new("header", InHeader, Jwt::new().audience(["camelot:header"])),
    ])
}

impl WireApp {
    /// Logs in at the backend of this name, whose answer tells the token as JSON or in a header.
    async fn login_at(&self, backend: &str, email: &str) -> String {
        let path = format!("/auth/{backend}/login");
        let answer = self.post(&path).form(&[("username", email), ("password", GUINEVERE)]).send().await;
        match answer.header("x-token") {
            Some(token) => token.to_owned(),
            None => answer.json()["access_token"].as_str().unwrap().to_owned(),
        }
    }
}

#[tokio::test]
async fn each_backend_has_its_routes_and_each_token_counts_everywhere() {
    for rules in Rules::BOTH {
        let app = three(rules).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        for backend in ["jwt", "app"] {
            let token = app.login_at(backend, "arthur@camelot.bt").await;
            assert_eq!(app.me(&token).await.status, 200, "{backend}");
        }
        let token = app.login_at("header", "arthur@camelot.bt").await;
        assert_eq!(app.get("/users/me").header("x-token", &token).send().await.status, 200);
        app.me(&token).await.is(401, UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_bad_token_in_one_backend_does_not_stop_the_next_and_the_first_good_one_wins() {
    for rules in Rules::BOTH {
        let app = three(rules).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        app.knight("mordred@camelot.bt", Status::NEW).await;
        let in_header = app.login_at("header", "mordred@camelot.bt").await;
        let (first, second) =
            (app.login_at("jwt", "arthur@camelot.bt").await, app.login_at("app", "arthur@camelot.bt").await);
        for (bearer, email) in
            [("nonsense", "mordred@camelot.bt"), (&first, "arthur@camelot.bt"), (&second, "arthur@camelot.bt")]
        {
            let answer = app.get("/users/me").bearer(bearer).header("x-token", &in_header).send().await;
            assert_eq!(answer.json()["email"], email);
        }
        // A token of a user who is gone is a bad one; a token of one who is inactive is found, and refused.
        app.sql("UPDATE user SET is_active = 0 WHERE email = 'arthur@camelot.bt'").await;
        let both = || app.get("/users/me").bearer(&first).header("x-token", &in_header);
        both().send().await.is(401, UNAUTHORIZED);
        app.sql("DELETE FROM user WHERE email = 'arthur@camelot.bt'").await;
        assert_eq!(both().send().await.json()["email"], "mordred@camelot.bt");
    }
}

#[tokio::test]
async fn the_application_says_for_each_request_which_backends_count() {
    let only = |request: &Parts, backend: &str| match request.headers.get("x-only") {
        Some(names) => names.to_str().unwrap().split(' ').any(|name| name == backend),
        None => true,
    };
    for rules in Rules::BOTH {
        let app = three(rules).builder(move |builder| builder.enabled_backends(only)).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let token = app.login_at("app", "arthur@camelot.bt").await;
        for (names, status) in [("app", 200), ("jwt app", 200), ("jwt", 401), ("header", 401), ("", 401)] {
            let answer = app.get("/users/me").bearer(&token).header("x-only", names).send().await;
            assert_eq!(answer.status.as_u16(), status, "{names}");
        }
        assert_eq!(app.me(&token).await.status, 200);
        let disabled = app.post("/auth/app/logout").bearer(&token).header("x-only", "jwt").send().await;
        disabled.is(401, UNAUTHORIZED);
        assert_eq!(app.me(&token).await.status, 200, "a disabled backend's token is not ended either");
    }
}

#[tokio::test]
async fn a_logout_clears_the_routes_transport_and_ends_the_token_where_it_belongs() {
    for rules in Rules::BOTH {
        let app = three(rules).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let token = app.login_at("app", "arthur@camelot.bt").await;
        let answer = app.post("/auth/header/logout").bearer(&token).send().await;
        answer.is(204, "");
        assert_eq!(answer.header("x-token"), Some("gone"), "as upstream, whatever the token came by");
        // fastapi-users asks the route's strategy only and lets the token live; whoever sees 204 is logged out here (C1).
        let status = if rules == Rules::FastapiUsers { 200 } else { 401 };
        assert_eq!(app.me(&token).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn the_bearer_header_is_read_as_upstream_reads_it() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let token = app.member("arthur@camelot.bt").await;
        for (value, status) in [
            (format!("Bearer {token}"), 200),
            (format!("bearer {token}"), 200),
            (format!("BEARER   {token}  "), 200),
            (format!("Token {token}"), 401),
            (format!("Basic {token}"), 401),
            (format!("Bearer{token}"), 401),
            (format!("Bearer {token} x"), 401),
            (token.clone(), 401),
            ("Bearer".to_owned(), 401),
            ("Bearer ".to_owned(), 401),
            (String::new(), 401),
        ] {
            let answer = app.get("/users/me").header("authorization", &value).send().await;
            assert_eq!(answer.status.as_u16(), status, "{value}");
        }
        app.get(&format!("/users/me?access_token={token}&token={token}")).send().await.is(401, UNAUTHORIZED);
    }
}
