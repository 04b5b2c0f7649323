//! Lifetimes and number of sessions.

use std::time::Duration;

use axum::{Router, routing::get};
use axum_users::{FreshUser, SecretKey, Users, env::Relaxation};

use super::super::{
    Plan,
    combination::{Combination, Ends, Strategy},
    everywhere_as, where_sessions_are_kept,
};
use crate::{
    security::crowd::Crowd,
    support::{PASSWORD, SECRET, User},
};

#[tokio::test]
async fn absolute_timeout() {
    let plan = Plan { ends: Ends::after(3600, 3600), ..Plan::default() };
    everywhere_as(plan, |app| async move {
        let session = app.member("arthur").await;
        // Use does not extend it.
        for _ in 0..3 {
            app.advance(1199);
            app.assert_valid(&session).await;
        }
        app.advance(2);
        app.assert_valid(&session).await;
        app.advance(1);
        app.assert_invalid(&session).await;
    })
    .await;
}

#[tokio::test]
async fn idle_timeout() {
    let plan = Plan { ends: Ends::after(24 * 3600, 3600), ..Plan::default() };
    where_sessions_are_kept(plan, |app| async move {
        let (used, idle) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        for _ in 0..3 {
            app.advance(3599);
            app.assert_valid(&used).await;
        }
        app.assert_invalid(&idle).await;
        app.advance(3600);
        app.assert_invalid(&used).await;
        app.assert_invalid(&used).await;

        // A use is recorded at most once a minute, so a session may end up to a minute early and never late.
        let session = app.login("arthur", PASSWORD).await;
        app.advance(59);
        app.assert_valid(&session).await;
        app.advance(3541);
        app.assert_invalid(&session).await;
    })
    .await;
}

/// JWTs have no idle timeout, since their use is not recorded.
#[tokio::test]
async fn jwts_have_no_idle_timeout() {
    let jwt = |combination: &Combination| combination.strategy == Strategy::Jwt;
    super::super::run_matrix(jwt, Plan { ends: Ends::after(7200, 120), ..Plan::default() }, |app| async move {
        let session = app.member("arthur").await;
        app.advance(7199);
        app.assert_valid(&session).await;
        app.advance(1);
        app.assert_invalid(&session).await;
    })
    .await;
}

#[tokio::test]
async fn zero_lifetime_refused_at_build() {
    let build = async |combination: Combination, ends: Ends| {
        let backend = combination.backend("it", ends, axum_users::Redis::new("redis://127.0.0.1:1").unwrap());
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap()).database("sqlite::memory:");
        builder.backend(backend).build().await
    };
    for combination in Combination::all() {
        let zero = Ends { lifetime: Some(Duration::ZERO), ..Ends::default() };
        let refused = build(combination, zero).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("never_expires()")), "{combination}");
        if combination.strategy.keeps_sessions() {
            for ends in [Ends::after(3600, 119), Ends { at_most: Some(0), ..Ends::default() }] {
                assert!(build(combination, ends).await.is_err(), "{combination}: {ends:?}");
            }
        } else {
            for lifetime in [Duration::from_millis(999), Duration::MAX] {
                let ends = Ends { lifetime: Some(lifetime), ..Ends::default() };
                let refused = build(combination, ends).await;
                assert!(refused.is_err_and(|error| error.to_string().contains("never_expires()")), "{lifetime:?}");
            }
        }
        let service = build(combination, Ends::default()).await.unwrap();
        assert!(!service.policy().allows(Relaxation::NeverExpires), "{combination}");
        let eternal = build(combination, Ends { never: true, ..Ends::default() }).await.unwrap();
        assert!(eternal.policy().allows(Relaxation::NeverExpires), "{combination}: allowed by opt-out and listed");
    }
}

#[tokio::test]
async fn cap_ends_oldest() {
    let plan = Plan { ends: Ends { at_most: Some(3), ..Ends::default() }, ..Plan::default() };
    where_sessions_are_kept(plan, |app| async move {
        let kay = app.member("kay").await;
        app.register("arthur").await;
        let mut sessions: Vec<String> = Vec::new();
        for _ in 0..5 {
            app.advance(61);
            // Use does not change the age of a session.
            if let Some(first) = sessions.first().filter(|_| sessions.len() < 4) {
                app.assert_valid(first).await;
            }
            sessions.push(app.login("arthur", PASSWORD).await);
        }
        for (number, session) in sessions.iter().enumerate() {
            if number < 2 { app.assert_invalid(session).await } else { app.assert_valid(session).await }
        }
        app.assert_valid(&kay).await;
        assert_eq!(app.users.sessions().list(app.stored_user("arthur").await.id).await.unwrap().len(), 3);
    })
    .await;
}

async fn fresh(FreshUser(user): FreshUser<User>) -> String {
    user.email
}

async fn fresh_for_a_minute(FreshUser(user): FreshUser<User, 60>) -> String {
    user.email
}

fn fresh_routes(router: Router<Users<User>>) -> Router<Users<User>> {
    router.route("/5", get(fresh)).route("/1", get(fresh_for_a_minute))
}

#[tokio::test]
async fn fresh_user_extractor() {
    everywhere_as(Plan { routes: fresh_routes, ..Plan::default() }, |app| async move {
        let session = app.member("arthur").await;
        for (seconds, path) in [(60, "/1"), (240, "/5")] {
            app.advance(seconds);
            app.see(path, &session).await.is(200, &app.mail("arthur"));
        }
        app.advance(1);
        for path in ["/1", "/5"] {
            let response = app.see(path, &session).await;
            response.is(401, r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#);
            let is_bearer = app.combination.transport == crate::support::Carrier::Bearer;
            assert_eq!(response.header("www-authenticate"), is_bearer.then_some("Bearer"));
        }
        app.assert_valid(&session).await;
        app.get("/5").send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        assert_eq!(app.see("/1", &app.login("arthur", PASSWORD).await).await.status, 200);
    })
    .await;
}

/// Needs its own database, since it counts all rows.
#[tokio::test]
async fn purge_removes_only_expired() {
    let plan = Plan { alone: true, ends: Ends::after(3600, 3600), ..Plan::default() };
    everywhere_as(plan, |app| async move {
        let (ended, out) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        assert_eq!(app.logout(&out).await.status, 204);
        let kept = app.login("arthur", PASSWORD).await;
        let change = serde_json::json!({ "password": "another long sword" });
        assert_eq!(app.patch_me(&kept, change).await.status, 200);

        // Only the row of a session that the password change ended can be removed.
        let left_behind = u64::from(app.combination.strategy == Strategy::Database);
        assert_eq!(app.purge_expired().await, left_behind);
        app.advance(3599);
        assert_eq!(app.purge_expired().await, 0, "nothing has expired");
        app.assert_valid(&kept).await;
        for session in [&ended, &out] {
            app.assert_invalid(session).await;
        }
        app.advance(1);
        app.assert_invalid(&kept).await;
        // A revocation is kept ten seconds longer than its token, for nodes whose clocks are behind.
        app.advance(11);
        let purged = app.purge_expired().await;
        // The session row if there is one, the record that it was spared, and for JWTs the revocation of the logout.
        let expected = if app.combination.strategy == Strategy::Redis { 1 } else { 2 };
        assert_eq!(purged, expected);
        for session in [&ended, &out, &kept] {
            app.assert_invalid(session).await;
        }
        assert_eq!(app.database().count("accesstoken", "1 = 1").await, 0);
        assert_eq!(app.database().count("user_token_state", "user_id IS NOT NULL").await, 0);
        assert_eq!(app.purge_expired().await, 0);
        assert_eq!(app.stored_user("arthur").await.email, app.mail("arthur"));
    })
    .await;
}

/// A logout races with requests that record a use. In every order the session stays ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn touch_never_revives() {
    everywhere_as(Plan::default(), |app| async move {
        let crowd = Crowd::of(&app).await;
        app.register("arthur").await;
        for _ in 0..3 {
            let session = app.login("arthur", PASSWORD).await;
            app.advance(61);
            let carrier = app.combination.transport;
            let responses = crowd
                .at_once(|number, client| {
                    let session = session.clone();
                    async move {
                        match number {
                            9 => client.post("/auth/it/logout").token(carrier, &session).send().await.status.as_u16(),
                            _ => client.get("/users/me").token(carrier, &session).send().await.status.as_u16(),
                        }
                    }
                })
                .await;
            assert_eq!(responses[9], 204, "{responses:?}");
            assert!(responses.iter().all(|status| [200, 204, 401].contains(status)), "{responses:?}");
            app.assert_invalid(&session).await;
            app.advance(61);
            app.assert_invalid(&session).await;
            assert_eq!(app.users.sessions().list(app.stored_user("arthur").await.id).await.unwrap(), []);
        }
    })
    .await;
}
