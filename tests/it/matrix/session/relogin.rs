//! A login replaces the session that the client presented (OWASP ASVS 7.2.4).

use super::super::{Plan, app::Service, everywhere, run_matrix};
use crate::support::{COOKIE, Carrier, PASSWORD, Response};

/// Logs in while presenting this token, as a browser does on a page of the service.
async fn login_over(app: &Service, token: &str, name: &str, password: &str) -> Response {
    let call = app.with(app.post("/auth/it/login"), token).header("sec-fetch-site", "same-origin");
    call.form(&[("username", &app.mail(name)), ("password", password)]).send().await
}

#[tokio::test]
async fn presented_value_not_adopted() {
    everywhere(|app| async move {
        let token = app.member("arthur").await;
        let forged = format!("{}AAAA", &token[..token.len() - 4]);
        let mut seen = vec![token.clone()];
        for presented in
            ["chosen-by-the-client", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &forged, "\"\"", "", &token]
        {
            let minted = login_over(&app, presented, "arthur", PASSWORD).await.access_token();
            assert!(!seen.contains(&minted) && minted != presented, "{presented}");
            app.assert_valid(&minted).await;
            if presented != token {
                app.assert_invalid(presented).await;
            }
            seen.push(minted);
        }
    })
    .await;
}

#[tokio::test]
async fn relogin_ends_old_cookie_session() {
    let cookie = |combination: &super::super::Combination| combination.transport == Carrier::Cookie;
    run_matrix(cookie, Plan::default(), |app| async move {
        let elsewhere = app.member("arthur").await;
        let first = app.login("arthur", PASSWORD).await;
        // A failed login and a cross-site one do not end the session.
        assert_eq!(login_over(&app, &first, "arthur", "wrong").await.status, 400);
        let call = app.post("/auth/it/login").header("sec-fetch-site", "cross-site").cookie(COOKIE, &first);
        let form = [("username", app.mail("arthur")), ("password", PASSWORD.to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(call.form(&form).send().await.status, 403);
        app.assert_valid(&first).await;

        let second = login_over(&app, &first, "arthur", PASSWORD).await.access_token();
        // The browser no longer has the old token, so it could not be logged out.
        app.assert_invalid(&first).await;
        app.assert_valid(&second).await;
        // The session of another browser is kept.
        app.assert_valid(&elsewhere).await;
        // Another user logs in with the same browser.
        app.register("kay").await;
        let kays = login_over(&app, &second, "kay", PASSWORD).await.access_token();
        app.assert_invalid(&second).await;
        assert_eq!(app.me(&kays).await.json()["email"], app.mail("kay"));
    })
    .await;
}

#[tokio::test]
async fn a_bearer_token_presented_at_a_login_stays_valid() {
    let bearer = |combination: &super::super::Combination| combination.transport == Carrier::Bearer;
    run_matrix(bearer, Plan::default(), |app| async move {
        let first = app.member("arthur").await;
        let second = login_over(&app, &first, "arthur", PASSWORD).await.access_token();
        app.assert_valid(&first).await;
        app.assert_valid(&second).await;
    })
    .await;
}
