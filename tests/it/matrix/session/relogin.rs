//! What a login does with the session that the client held before (OWASP ASVS 7.2.4).

use super::super::{Plan, app::Service, everywhere, wherever};
use crate::support::{Answer, COOKIE, Carrier, PASSWORD};

/// Logs in with this token in hand, a browser from a page of the service.
async fn login_over(app: &Service, token: &str, name: &str, password: &str) -> Answer {
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
            app.lives(&minted).await;
            if presented != token {
                app.is_dead(presented).await;
            }
            seen.push(minted);
        }
    })
    .await;
}

#[tokio::test]
async fn relogin_ends_old_cookie_session() {
    let cookie = |combination: &super::super::Combination| combination.transport == Carrier::Cookie;
    wherever(cookie, Plan::default(), |app| async move {
        let elsewhere = app.member("arthur").await;
        let first = app.login("arthur", PASSWORD).await;
        // A failed login and one of a foreign page end nothing.
        assert_eq!(login_over(&app, &first, "arthur", "wrong").await.status, 400);
        let call = app.post("/auth/it/login").header("sec-fetch-site", "cross-site").cookie(COOKIE, &first);
        let form = [("username", app.mail("arthur")), ("password", PASSWORD.to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(call.form(&form).send().await.status, 403);
        app.lives(&first).await;

        let second = login_over(&app, &first, "arthur", PASSWORD).await.access_token();
        // Nobody holds it any more, so nobody could log it out.
        app.is_dead(&first).await;
        app.lives(&second).await;
        // Another browser's session stays.
        app.lives(&elsewhere).await;
        // Another person at the same browser.
        app.register("kay").await;
        let kays = login_over(&app, &second, "kay", PASSWORD).await.access_token();
        app.is_dead(&second).await;
        assert_eq!(app.me(&kays).await.json()["email"], app.mail("kay"));
    })
    .await;
}

#[tokio::test]
async fn a_bearer_token_sent_with_a_login_lives_on() {
    let bearer = |combination: &super::super::Combination| combination.transport == Carrier::Bearer;
    wherever(bearer, Plan::default(), |app| async move {
        let first = app.member("arthur").await;
        let second = login_over(&app, &first, "arthur", PASSWORD).await.access_token();
        app.lives(&first).await;
        app.lives(&second).await;
    })
    .await;
}
