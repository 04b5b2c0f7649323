//! Several backends at once (contract.md sections 6.1, 7 and 8).

use axum::http::{HeaderMap, StatusCode, request::Parts};
use axum_users::{
    AccessToken, Backend, Bearer, Jwt,
    schema::Status,
    token::{TokenResponse, Transport},
};

use super::app::{GUINEVERE, Rules, WireApp, WireSetup};

const UNAUTHORIZED: &str = r#"{"detail":"Unauthorized"}"#;

/// A custom transport: a header that contains only the token.
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
    /// Logs in at the named backend and returns the token from the JSON body or from the header.
    async fn login_at(&self, backend: &str, email: &str) -> String {
        let path = format!("/auth/{backend}/login");
        let response = self.post(&path).form(&[("username", email), ("password", GUINEVERE)]).send().await;
        match response.header("x-token") {
            Some(token) => token.to_owned(),
            None => response.json()["access_token"].as_str().unwrap().to_owned(),
        }
    }
}

#[tokio::test]
async fn each_backend_has_its_routes_and_a_token_authenticates_at_every_route() {
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
async fn the_first_backend_with_a_valid_token_authenticates_the_request() {
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
            let response = app.get("/users/me").bearer(bearer).header("x-token", &in_header).send().await;
            assert_eq!(response.json()["email"], email);
        }
        // The token of an inactive user is valid, but the user is rejected. The token of a deleted user is invalid, so the next
        // backend is tried.
        app.sql("UPDATE user SET is_active = 0 WHERE email = 'arthur@camelot.bt'").await;
        let both = || app.get("/users/me").bearer(&first).header("x-token", &in_header);
        both().send().await.is(401, UNAUTHORIZED);
        app.sql("DELETE FROM user WHERE email = 'arthur@camelot.bt'").await;
        assert_eq!(both().send().await.json()["email"], "mordred@camelot.bt");
    }
}

#[tokio::test]
async fn the_application_can_enable_backends_per_request() {
    let only = |request: &Parts, backend: &str| match request.headers.get("x-only") {
        Some(names) => names.to_str().unwrap().split(' ').any(|name| name == backend),
        None => true,
    };
    for rules in Rules::BOTH {
        let app = three(rules).builder(move |builder| builder.enabled_backends(only)).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let token = app.login_at("app", "arthur@camelot.bt").await;
        for (names, status) in [("app", 200), ("jwt app", 200), ("jwt", 401), ("header", 401), ("", 401)] {
            let response = app.get("/users/me").bearer(&token).header("x-only", names).send().await;
            assert_eq!(response.status.as_u16(), status, "{names}");
        }
        assert_eq!(app.me(&token).await.status, 200);
        let disabled = app.post("/auth/app/logout").bearer(&token).header("x-only", "jwt").send().await;
        disabled.is(401, UNAUTHORIZED);
        assert_eq!(app.me(&token).await.status, 200, "a logout at a disabled backend revokes nothing");
    }
}

#[tokio::test]
async fn a_logout_clears_the_transport_of_its_route_and_revokes_the_token_at_its_own_backend() {
    for rules in Rules::BOTH {
        let app = three(rules).start().await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        let token = app.login_at("app", "arthur@camelot.bt").await;
        let response = app.post("/auth/header/logout").bearer(&token).send().await;
        response.is(204, "");
        assert_eq!(response.header("x-token"), Some("gone"), "as upstream, independent of the transport of the token");
        // fastapi-users revokes at the route's strategy only, so the token stays valid. Here a 204 means that it was revoked (C1).
        let status = if rules == Rules::FastapiUsers { 200 } else { 401 };
        assert_eq!(app.me(&token).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn the_bearer_header_is_parsed_as_upstream_parses_it() {
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
            let response = app.get("/users/me").header("authorization", &value).send().await;
            assert_eq!(response.status.as_u16(), status, "{value}");
        }
        app.get(&format!("/users/me?access_token={token}&token={token}")).send().await.is(401, UNAUTHORIZED);
    }
}
