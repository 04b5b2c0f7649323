//! The end of a session whose access token has expired: by a logout, and by the next login of the browser.

use serde_json::json;

use super::{
    app::Service,
    refresh::{ACCESS, BAD, Pair, everywhere, listed, log_in, member, next, plan, refresh, settings},
    run_matrix,
};
use crate::{
    http::{COOKIE, Call},
    support::{Carrier, PASSWORD, Response},
};

const UNAUTHORIZED: &str = r#"{"detail":"Unauthorized"}"#;
const REFRESH_COOKIE: &str = "__Secure-fastapiusersauth-refresh";

/// Adds a refresh token to a call as the transport carries it.
fn holding<'a>(app: &Service, call: Call<'a>, token: &str) -> Call<'a> {
    match app.combination.transport {
        Carrier::Bearer => call.json(json!({ "refresh_token": token })),
        Carrier::Cookie => call.cookie(REFRESH_COOKIE, token),
    }
}

/// Logs out with a refresh token only.
async fn leave(app: &Service, token: &str) -> Response {
    holding(app, app.post("/auth/it/logout"), token).send().await
}

/// Asserts that a response deletes both cookies, if the tokens are in cookies.
#[track_caller]
fn assert_cleared(app: &Service, response: &Response) {
    let cleared: Vec<_> = response.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    if app.combination.transport == Carrier::Bearer {
        assert!(cleared.is_empty(), "{cleared:?}");
        return;
    }
    let is_cleared = |name: &str, path: &str| {
        let (start, path) = (format!("{name}=\"\";"), format!("; Path={path};"));
        cleared
            .iter()
            .any(|cookie| cookie.starts_with(&start) && cookie.contains("; Max-Age=0;") && cookie.contains(&path))
    };
    assert!(is_cleared(COOKIE, "/") && is_cleared(REFRESH_COOKIE, "/auth/it"), "{cleared:?}");
    assert_eq!(response.headers["clear-site-data"], r#""cache""#);
}

#[tokio::test]
async fn logout_after_the_access_token_has_expired_ends_the_login() {
    everywhere(settings(), |app| async move {
        let pair = member(&app, "arthur").await;
        let elsewhere = log_in(&app, "arthur").await;
        app.advance(ACCESS + 1);
        let left = leave(&app, &pair.refresh).await;
        left.is(204, "");
        assert_cleared(&app, &left);
        assert_eq!(app.hooks.names().iter().filter(|name| **name == "on_after_logout").count(), 1);
        refresh(&app, &pair.refresh).await.is(401, BAD);
        // A second logout finds nothing, and the other login continues.
        leave(&app, &pair.refresh).await.is(401, UNAUTHORIZED);
        let elsewhere = next(&app, &elsewhere.refresh).await;
        assert_eq!(listed(&app, &elsewhere.access).await.len(), 1);

        // The expired access token may come along, and the refresh token may have been used.
        app.advance(ACCESS + 1);
        let later = next(&app, &elsewhere.refresh).await;
        app.advance(ACCESS + 1);
        let call = app.post("/auth/it/logout");
        let left = match app.combination.transport {
            Carrier::Bearer => holding(&app, app.with(call, &later.access), &elsewhere.refresh),
            Carrier::Cookie => {
                call.header("cookie", &format!("{COOKIE}={}; {REFRESH_COOKIE}={}", later.access, elsewhere.refresh))
            }
        };
        left.send().await.is(204, "");
        refresh(&app, &later.refresh).await.is(401, BAD);

        // An access token that has not expired ends with its login.
        let pair = log_in(&app, "arthur").await;
        leave(&app, &pair.refresh).await.is(204, "");
        app.assert_invalid(&pair.access).await;
    })
    .await;
}

#[tokio::test]
async fn another_text_logs_nobody_out() {
    everywhere(settings(), |app| async move {
        let pair = member(&app, "arthur").await;
        let kay = member(&app, "kay").await;
        app.advance(ACCESS + 1);
        let genuine = &pair.refresh;
        let mixed = format!("{}{}", &genuine[..27], &kay.refresh[27..]);
        for text in ["x", &pair.access, &genuine[1..], &format!("{genuine}A"), &mixed, &"A".repeat(genuine.len())] {
            let refused = leave(&app, text).await;
            refused.is(401, UNAUTHORIZED);
            assert_cleared(&app, &refused);
        }
        let refused = app.post("/auth/it/logout").send().await;
        refused.is(401, UNAUTHORIZED);
        assert_cleared(&app, &refused);
        if app.combination.transport == Carrier::Bearer {
            for body in [json!({}), json!({ "refresh_token": null })] {
                app.post("/auth/it/logout").json(body).send().await.is(401, UNAUTHORIZED);
            }
            assert_eq!(app.post("/auth/it/logout").json(json!({ "refresh_token": 7 })).send().await.status, 422);
        } else {
            // A page of another site ends nothing, and clears nothing.
            let call = app.post("/auth/it/logout").cookie(REFRESH_COOKIE, genuine);
            let forged =
                call.header("origin", "https://evil.example").header("sec-fetch-site", "cross-site").send().await;
            forged.is(403, r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#);
            assert!(!forged.headers.contains_key("set-cookie"), "{forged:?}");
        }
        // The token of an account that may not be used ends nothing either.
        let id = app.stored_user("kay").await.id;
        app.users.suspend(id, None, None).await.unwrap();
        leave(&app, &kay.refresh).await.is(401, UNAUTHORIZED);
        assert!(!app.hooks.names().contains(&"on_after_logout"));
        let pair = next(&app, genuine).await;
        // With a valid access token, a body changes nothing.
        let left = app.with(app.post("/auth/it/logout"), &pair.access).json(json!({ "reason": "tired" })).send().await;
        left.is(204, "");
    })
    .await;
}

#[tokio::test]
async fn a_new_login_ends_the_former_one_of_the_browser_after_its_access_token_has_expired() {
    run_matrix(
        |combination| combination.transport == Carrier::Cookie,
        plan(settings()),
        |app| async move {
            let former = member(&app, "arthur").await;
            app.register("kay").await;
            app.advance(ACCESS + 1);
            let email = app.mail("kay");
            let form = [("username", email.as_str()), ("password", PASSWORD)];
            let failed = [("username", email.as_str()), ("password", "a wrong long sword")];
            let log_in = || app.post("/auth/it/login").cookie(REFRESH_COOKIE, &former.refresh);
            assert_eq!(log_in().form(&failed).send().await.status, 400);
            let former_again = next(&app, &former.refresh).await;
            app.advance(ACCESS + 1);
            let later = Pair::of(&log_in().form(&form).send().await);
            refresh(&app, &former.refresh).await.is(401, BAD);
            refresh(&app, &former_again.refresh).await.is(401, BAD);
            next(&app, &later.refresh).await;
        },
    )
    .await;
}
