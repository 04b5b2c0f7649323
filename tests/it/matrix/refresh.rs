//! Refresh tokens, on every database with every strategy and transport.

use std::time::Duration;

use axum::{Router, routing::get};
use axum_users::{FreshUser, Users, token::Refresh};
use serde_json::{Value, json};

use super::{Plan, app::Service, combination::Ends, run_matrix};
use crate::{
    security::crowd::together,
    support::{Carrier, Http, PASSWORD, Response, User},
};

pub(super) const BAD: &str = r#"{"detail":"REFRESH_BAD_TOKEN"}"#;
const OTHER: &str = "another long sword";
/// The lifetime of access tokens in these tests, in seconds.
pub(super) const ACCESS: u64 = 300;

pub(super) fn settings() -> Refresh {
    Refresh::new().lifetime(Duration::from_secs(30 * 86_400)).idle(Duration::from_secs(7 * 86_400))
}

pub(super) fn plan(refresh: Refresh) -> Plan {
    async fn fresh(FreshUser(user): FreshUser<User, 900>) -> String {
        user.email
    }
    fn routes(router: Router<Users<User>>) -> Router<Users<User>> {
        router.route("/fresh", get(fresh))
    }
    let ends = Ends { lifetime: Some(Duration::from_secs(ACCESS)), ..Ends::default() };
    Plan { ends, routes, refresh: Some(refresh), ..Plan::default() }
}

pub(super) async fn everywhere<F: Future<Output = ()> + Send + 'static>(
    refresh: Refresh,
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    run_matrix(|_| true, plan(refresh), scenario).await;
}

/// Runs a scenario that purges: it would affect the sessions of other tests, whose clocks differ.
async fn everywhere_alone<F: Future<Output = ()> + Send + 'static>(
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    run_matrix(|_| true, Plan { alone: true, ..plan(settings()) }, scenario).await;
}

/// The tokens of a login or a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Pair {
    #[track_caller]
    pub(super) fn of(response: &Response) -> Self {
        Self { access: response.access_token(), refresh: response.refresh_token() }
    }
}

pub(super) async fn log_in(app: &Service, name: &str) -> Pair {
    Pair::of(&app.try_login(name, PASSWORD).await)
}

pub(super) async fn member(app: &Service, name: &str) -> Pair {
    app.register(name).await;
    log_in(app, name).await
}

/// Sends a refresh token as the transport carries it.
pub(super) async fn send(http: &Http, transport: Carrier, token: &str) -> Response {
    let call = http.post("/auth/it/refresh");
    match transport {
        Carrier::Bearer => call.json(json!({ "refresh_token": token })).send().await,
        Carrier::Cookie => call.cookie("__Secure-fastapiusersauth-refresh", token).send().await,
    }
}

pub(super) async fn refresh(app: &Service, token: &str) -> Response {
    send(app, app.combination.transport, token).await
}

/// Refreshes and returns the next tokens.
pub(super) async fn next(app: &Service, token: &str) -> Pair {
    Pair::of(&refresh(app, token).await)
}

pub(super) async fn listed(app: &Service, access: &str) -> Vec<Value> {
    app.see("/auth/sessions", access).await.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn a_token_gets_the_next_tokens() {
    everywhere(settings(), |app| async move {
        app.register("arthur").await;
        let login = app.try_login("arthur", PASSWORD).await;
        let first = Pair::of(&login);
        if app.combination.transport == Carrier::Bearer {
            let keys: Vec<_> = login.json().as_object().unwrap().keys().cloned().collect();
            assert_eq!(keys, ["access_token", "expires_in", "refresh_token", "token_type"]);
            assert_eq!(login.json()["expires_in"], ACCESS);
        } else {
            let cookies: Vec<_> = login.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
            let second = cookies.iter().find(|cookie| cookie.contains("-refresh=")).unwrap();
            let limits = "; HttpOnly; Max-Age=604800; Path=/auth/it; SameSite=strict; Secure";
            assert!(second.starts_with("__Secure-fastapiusersauth-refresh=") && second.ends_with(limits), "{second}");
        }
        app.assert_valid(&first.access).await;
        app.advance(ACCESS + 1);
        app.assert_invalid(&first.access).await;

        let answer = refresh(&app, &first.refresh).await;
        let second = Pair::of(&answer);
        assert!(second.access != first.access && second.refresh != first.refresh);
        app.assert_valid(&second.access).await;
        // A lost response is repeated, at every node.
        app.advance(5);
        let again = refresh(&app, &first.refresh).await;
        assert_eq!((Pair::of(&again), &again.body), (second.clone(), &answer.body), "byte for byte");
        assert_eq!(next(&app.another().await, &first.refresh).await, second);
        app.assert_valid(&second.access).await;

        let third = next(&app, &second.refresh).await;
        app.assert_valid(&third.access).await;
        assert_eq!(
            app.hooks.names().iter().filter(|name| **name == "on_after_login").count(),
            1,
            "a refresh is no login"
        );
    })
    .await;
}

#[tokio::test]
async fn reuse_after_the_grace_ends_the_login() {
    everywhere(settings(), |app| async move {
        let first = member(&app, "arthur").await;
        let elsewhere = log_in(&app, "arthur").await;
        let second = next(&app, &first.refresh).await;
        app.advance(11);
        refresh(&app, &first.refresh).await.is(401, BAD);
        // Neither the attacker nor the owner can continue, and the access token is invalid at once.
        refresh(&app, &second.refresh).await.is(401, BAD);
        app.assert_invalid(&second.access).await;
        let told = app.hooks.wait_for("on_after_refresh_reuse").await;
        assert_eq!(told.email.as_deref(), Some(app.mail("arthur").as_str()));
        // Other logins are not affected.
        app.assert_valid(&elsewhere.access).await;
        assert_eq!(listed(&app, &elsewhere.access).await.len(), 1);
        let elsewhere = next(&app, &elsewhere.refresh).await;

        // A token whose successor was used is treated as stolen, no matter how recently that was.
        let one = next(&app, &elsewhere.refresh).await;
        let two = next(&app, &one.refresh).await;
        refresh(&app, &elsewhere.refresh).await.is(401, BAD);
        refresh(&app, &two.refresh).await.is(401, BAD);
        app.assert_invalid(&two.access).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_refreshes_at_once_give_one_answer() {
    everywhere(settings(), |app| async move {
        let mut pair = member(&app, "arthur").await;
        for _ in 0..2 {
            let transport = app.combination.transport;
            let answers = together(50, |_| {
                let (client, token) = (app.another_client(), pair.refresh.clone());
                async move { send(&client, transport, &token).await }
            })
            .await;
            let answers: Vec<_> = answers.iter().map(Pair::of).collect();
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
            app.assert_valid(&answers[0].access).await;
            assert_eq!(listed(&app, &answers[0].access).await.len(), 1);
            pair = answers[0].clone();
        }
        assert!(!app.hooks.names().contains(&"on_after_refresh_reuse"));
    })
    .await;
}

#[tokio::test]
async fn without_a_grace_a_token_works_once() {
    everywhere(settings().grace(Duration::ZERO), |app| async move {
        let first = member(&app, "arthur").await;
        let second = next(&app, &first.refresh).await;
        app.advance(1);
        refresh(&app, &first.refresh).await.is(401, BAD);
        app.assert_invalid(&second.access).await;
    })
    .await;
}

#[tokio::test]
async fn a_family_ends_when_it_is_idle_and_in_any_case() {
    const DAY: u64 = 86_400;
    everywhere_alone(|app| async move {
        let idle = member(&app, "arthur").await;
        app.advance(7 * DAY);
        refresh(&app, &idle.refresh).await.is(401, BAD);

        let mut used = log_in(&app, "arthur").await;
        for _ in 0..4 {
            app.advance(7 * DAY - 1);
            used = next(&app, &used.refresh).await;
        }
        app.advance(2 * DAY + 3);
        let last = next(&app, &used.refresh).await;
        app.assert_valid(&last.access).await;
        app.advance(1);
        refresh(&app, &last.refresh).await.is(401, BAD);
        app.advance(ACCESS);
        let other = member(&app, "kay").await;
        app.purge_expired().await;
        next(&app, &other.refresh).await;
    })
    .await;
}

#[tokio::test]
async fn what_ends_the_session_ends_its_tokens() {
    everywhere_alone(|app| async move {
        let ended = async |pair: &Pair| {
            app.assert_invalid(&pair.access).await;
            refresh(&app, &pair.refresh).await.is(401, BAD);
        };
        let id = app.register("arthur").await;

        let pair = log_in(&app, "arthur").await;
        let pair = next(&app, &pair.refresh).await;
        app.logout(&pair.access).await.is(204, "");
        ended(&pair).await;

        let (pair, own) = (log_in(&app, "arthur").await, log_in(&app, "arthur").await);
        let sessions = listed(&app, &own.access).await;
        assert_eq!(sessions.len(), 2, "JWTs as well: {sessions:?}");
        let other = sessions.iter().find(|session| session["current"] == false).unwrap();
        assert_eq!(other["amr"], json!(["pwd"]));
        let path = format!("/auth/sessions/{}", other["id"].as_str().unwrap());
        app.with(app.delete(&path), &own.access).send().await.is(204, "");
        ended(&pair).await;
        assert_eq!(listed(&app, &own.access).await.len(), 1);

        let pair = log_in(&app, "arthur").await;
        app.with(app.delete("/auth/sessions"), &own.access).send().await.is(204, "");
        ended(&pair).await;

        // The session that changes the password continues, even long after its access token has expired.
        let pair = log_in(&app, "arthur").await;
        assert_eq!(app.patch_me(&own.access, json!({ "password": OTHER })).await.status, 200);
        ended(&pair).await;
        app.advance(ACCESS + 60);
        app.purge_expired().await;
        let own = next(&app, &own.refresh).await;
        app.assert_valid(&own.access).await;

        let token = app.reset_token("arthur").await;
        app.reset(&token, PASSWORD).await.is(200, "null");
        ended(&own).await;

        let pair = log_in(&app, "arthur").await;
        let king = app.superuser("uther").await;
        assert_eq!(app.patch_user(&king, &id, json!({ "is_active": false })).await.status, 200);
        ended(&pair).await;
        assert_eq!(app.patch_user(&king, &id, json!({ "is_active": true })).await.status, 200);
        ended(&pair).await;

        let pair = log_in(&app, "arthur").await;
        app.delete_user(&king, &id).await.is(204, "");
        ended(&pair).await;
    })
    .await;
}

#[tokio::test]
async fn a_new_login_of_a_browser_ends_the_former_one() {
    run_matrix(
        |combination| combination.transport == Carrier::Cookie,
        plan(settings()),
        |app| async move {
            let first = member(&app, "arthur").await;
            let email = app.mail("arthur");
            let form = [("username", email.as_str()), ("password", PASSWORD)];
            let again = app.with(app.post("/auth/it/login"), &first.access).form(&form).send().await;
            let second = Pair::of(&again);
            app.assert_invalid(&first.access).await;
            refresh(&app, &first.refresh).await.is(401, BAD);
            next(&app, &second.refresh).await;
            // A page of another site cannot make the browser refresh.
            let forged = app.post("/auth/it/refresh").cookie("__Secure-fastapiusersauth-refresh", &second.refresh);
            let forged =
                forged.header("origin", "https://evil.example").header("sec-fetch-site", "cross-site").send().await;
            forged.is(403, r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#);
        },
    )
    .await;
}

#[tokio::test]
async fn a_refresh_is_no_proof() {
    everywhere(settings(), |app| async move {
        let pair = member(&app, "arthur").await;
        app.advance(600);
        let pair = next(&app, &pair.refresh).await;
        app.see("/fresh", &pair.access).await.is(200, &app.mail("arthur"));
        let own = &listed(&app, &pair.access).await[0];
        assert_eq!(own["created_at"], "2026-11-23T12:00:00Z", "the login, not the refresh");
        app.advance(301);
        let pair = next(&app, &pair.refresh).await;
        app.see("/fresh", &pair.access).await.is(401, r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#);
        // A re-authentication remains valid after the access token has expired.
        let proof = app.with(app.post("/auth/it/reauthenticate"), &pair.access).json(json!({ "password": PASSWORD }));
        proof.send().await.is(204, "");
        app.advance(ACCESS + 1);
        let pair = next(&app, &pair.refresh).await;
        app.see("/fresh", &pair.access).await.is(200, &app.mail("arthur"));
    })
    .await;
}

#[tokio::test]
async fn a_further_login_ends_the_oldest_family() {
    everywhere(settings().at_most(2), |app| async move {
        let first = member(&app, "arthur").await;
        app.advance(1);
        let second = log_in(&app, "arthur").await;
        app.advance(1);
        let third = log_in(&app, "arthur").await;
        refresh(&app, &first.refresh).await.is(401, BAD);
        next(&app, &second.refresh).await;
        next(&app, &third.refresh).await;
    })
    .await;
}

#[tokio::test]
async fn another_text_is_no_refresh_token() {
    everywhere(settings(), |app| async move {
        let pair = member(&app, "arthur").await;
        let (kay, genuine) = (member(&app, "kay").await, &pair.refresh);
        let mixed = format!("{}{}", &genuine[..27], &kay.refresh[27..]);
        let next_number = next(&app, genuine).await.refresh;
        let forged = format!("{}{}", &next_number[..27], &genuine[27..]);
        for text in [
            "x",
            &pair.access,
            &genuine[1..],
            &format!("{genuine}A"),
            &genuine.to_ascii_lowercase(),
            &mixed,
            &forged,
            &"A".repeat(genuine.len()),
        ] {
            refresh(&app, text).await.is(401, BAD);
        }
        // The login goes on, and tokens of one kind are not accepted as the other.
        app.assert_invalid(genuine).await;
        next(&app, &next_number).await;
        if app.combination.transport == Carrier::Bearer {
            for body in [json!({}), json!({ "refresh_token": null }), json!({ "refresh_token": 7 }), json!([])] {
                assert_eq!(app.post("/auth/it/refresh").json(body).send().await.status, 422);
            }
        } else {
            app.post("/auth/it/refresh").send().await.is(401, BAD);
        }
        // Stored values are not tokens.
        let dump = app.dump().await;
        for stored in &dump {
            assert!(!stored.contains(genuine.as_str()) && !stored.contains(&next_number), "{stored}");
        }
        for stored in dump.iter().filter(|stored| stored.len() < 200).take(100) {
            let response = refresh(&app, stored.split_whitespace().next().unwrap_or("x")).await;
            assert!(matches!(response.status.as_u16(), 400 | 401), "{response:?}");
        }
    })
    .await;
}
