//! The limits on the logins of a user that can be refreshed.

use std::time::Duration;

use axum_users::token::Refresh;

use super::{
    Plan,
    app::Service,
    combination::{Ends, Strategy},
    refresh::{ACCESS, BAD, everywhere, listed, log_in, member, next, plan, refresh, settings},
    run_matrix,
};

/// Runs a scenario with stored sessions of these limits, and the usual refresh tokens.
async fn with_stored_sessions<F: Future<Output = ()> + Send + 'static>(
    ends: Ends,
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    let ends = Ends { lifetime: Some(Duration::from_secs(ACCESS)), ..ends };
    let plan = Plan { ends, ..plan(Refresh::new()) };
    run_matrix(|combination| combination.strategy != Strategy::Jwt, plan, scenario).await;
}

#[tokio::test]
async fn the_oldest_live_login_survives_when_others_have_ended() {
    everywhere(settings(), |app| async move {
        let own = member(&app, "arthur").await;
        for _ in 0..19 {
            app.advance(1);
            log_in(&app, "arthur").await;
        }
        let own = next(&app, &own.refresh).await;
        app.with(app.delete("/auth/sessions"), &own.access).send().await.is(204, "");
        // Under the epoch of its login.
        app.advance(1);
        let other = log_in(&app, "arthur").await;
        let own = next(&app, &own.refresh).await;
        // Under the present one.
        app.advance(1);
        log_in(&app, "arthur").await;
        next(&app, &own.refresh).await;
        let other = next(&app, &other.refresh).await;
        assert_eq!(listed(&app, &other.access).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_revives_no_session_above_the_limit() {
    with_stored_sessions(Ends { at_most: Some(1), ..Ends::default() }, |app| async move {
        let first = member(&app, "arthur").await;
        app.advance(1);
        let second = log_in(&app, "arthur").await;
        app.assert_invalid(&first.access).await;
        refresh(&app, &first.refresh).await.is(401, BAD);
        app.assert_valid(&second.access).await;
        app.advance(ACCESS + 1);
        let second = next(&app, &second.refresh).await;
        app.assert_valid(&second.access).await;
    })
    .await;
}

#[tokio::test]
async fn a_refresh_revives_no_session_that_was_idle() {
    let idle = Some(Duration::from_secs(1800));
    with_stored_sessions(Ends { idle, ..Ends::default() }, |app| async move {
        let used = member(&app, "arthur").await;
        let unused = log_in(&app, "arthur").await;
        app.advance(1799);
        let used = next(&app, &used.refresh).await;
        app.advance(1);
        refresh(&app, &unused.refresh).await.is(401, BAD);
        app.advance(1798);
        next(&app, &used.refresh).await;
    })
    .await;
}
