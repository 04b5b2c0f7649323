//! Challenges in front of limits: when they are required, and which solutions are accepted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, http::Request};
use axum_users::{
    Backend, Jwt, Limits, RequestContext, SecretKey, Users,
    env::{BoxFuture, Timestamp},
    limits::{Challenge, ChallengeUnavailable, Challenges, Limit, MemoryCounters, Quota, SolvedChallenge},
    schema::Status,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[cfg(feature = "altcha")]
use super::Shared;
use super::{
    super::{ARTHUR, OTHER, patch_me},
    WRONG, login, member, reached,
};
use crate::{
    security::{crowd::Crowd, logs::Recording},
    support::{Call, PASSWORD, Response, SECRET, Setup, TestApp, User, UserCreate, user_register_routes},
};

const HOUR: Duration = Duration::from_secs(3600);

/// Requires the number of the riddle, which is in the challenge, and accepts it for a minute.
#[derive(Clone, Default)]
struct Riddle {
    number: Arc<AtomicU64>,
    is_down: Arc<AtomicBool>,
}

impl Riddle {
    fn answer<T: Send + 'static>(&self, answer: T) -> BoxFuture<'static, Result<T, ChallengeUnavailable>> {
        let down = self.is_down.load(Ordering::SeqCst);
        Box::pin(std::future::ready(if down { Err(ChallengeUnavailable::because("no riddles")) } else { Ok(answer) }))
    }
}

impl Challenge for Riddle {
    fn issue<'a>(
        &'a self,
        _: &'a RequestContext,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Value, ChallengeUnavailable>> {
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        self.answer(json!({ "riddle": number, "at": now.timestamp() }))
    }

    fn verify<'a>(
        &'a self,
        solution: &'a str,
        _: &'a RequestContext,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<SolvedChallenge>, ChallengeUnavailable>> {
        let solved = solution.trim().split_once('@').and_then(|(riddle, at)| {
            let expires_at = Timestamp::from_timestamp(at.parse().ok()?, 0)? + chrono::TimeDelta::minutes(1);
            let is_known = riddle.parse::<u64>().ok()? < self.number.load(Ordering::SeqCst);
            (is_known && expires_at > now).then(|| SolvedChallenge { id: riddle.to_owned(), expires_at })
        });
        self.answer(solved)
    }
}

async fn app(challenges: impl FnOnce(Challenges) -> Challenges, riddle: &Riddle) -> TestApp {
    app_with(Limits::default(), challenges, riddle).await
}

async fn app_with(limits: Limits, challenges: impl FnOnce(Challenges) -> Challenges, riddle: &Riddle) -> TestApp {
    let challenges = challenges(Challenges::new(riddle.clone()));
    let builder = Box::new(move |builder: axum_users::UsersBuilder<User>| {
        builder.limits(limits).counters(MemoryCounters::new()).challenges(challenges)
    });
    TestApp::with(Setup { builder, ..Setup::default() }).await
}

/// Returns the solution of the challenge in a response.
#[track_caller]
fn solution(response: &Response) -> String {
    assert_eq!(response.status, 403, "{response:?}");
    let body = response.json();
    assert_eq!(body["detail"]["code"], "CHALLENGE_REQUIRED", "{body}");
    let challenge = &body["detail"]["challenge"];
    format!("{}@{}", challenge["riddle"], challenge["at"])
}

fn solved<'a>(call: Call<'a>, solution: &str) -> Call<'a> {
    call.header("challenge-solution", solution)
}

fn registration(app: &TestApp, number: u32) -> Call<'_> {
    let body = json!({ "email": format!("knight{number}@camelot.bt"), "password": PASSWORD });
    app.post("/auth/register").from("192.0.2.1").json(body)
}

#[tokio::test]
async fn after_some_events_each_request_must_bring_a_solution_of_its_own() {
    let app = app(|challenges| challenges.after(Limit::Register, Quota::new(2, HOUR)), &Riddle::default()).await;
    for number in 0..2 {
        assert_eq!(registration(&app, number).send().await.status, 201);
    }
    let asked = registration(&app, 2).send().await;
    let right = solution(&asked);
    assert!(app.users.get_by_email("knight2@camelot.bt").await.unwrap().is_none());
    // Another address has a count of its own.
    let body = json!({ "email": ARTHUR, "password": PASSWORD });
    assert_eq!(app.post("/auth/register").from("192.0.2.2").json(body).send().await.status, 201);

    for wrong in ["", "wrong", "999@1795435200", "0@9", "0@99999999999999"] {
        solution(&solved(registration(&app, 2), wrong).send().await);
    }
    assert_eq!(solved(registration(&app, 2), &right).send().await.status, 201);
    // In another spelling, too, it is used up.
    for again in [right.clone(), format!(" {right} ")] {
        solution(&solved(registration(&app, 3), &again).send().await);
    }
    let late = solution(&registration(&app, 3).send().await);
    app.advance(60);
    let fresh = solution(&solved(registration(&app, 3), &late).send().await);
    assert_eq!(solved(registration(&app, 3), &fresh).send().await.status, 201);
    // An event less after half an hour.
    app.advance(1800);
    assert_eq!(registration(&app, 4).send().await.status, 201);
    solution(&registration(&app, 5).send().await);
}

/// A request that counts towards a limit, and its status when it is done.
fn request<'a>(app: &'a TestApp, limit: Limit, session: &str) -> (Call<'a>, u16) {
    let post = |path, body: Value| app.post(path).json(body);
    match limit {
        Limit::LoginClient | Limit::LoginAddress | Limit::LoginAccount => {
            (app.post("/auth/jwt/login").form(&[("username", ARTHUR), ("password", PASSWORD)]), 200)
        }
        Limit::Register => (post("/auth/register", json!({ "email": "kay@camelot.bt", "password": PASSWORD })), 201),
        Limit::ForgotPassword => (post("/auth/forgot-password", json!({ "email": ARTHUR })), 202),
        Limit::RequestVerify => (post("/auth/request-verify-token", json!({ "email": ARTHUR })), 202),
        Limit::ResetPassword => (post("/auth/reset-password", json!({ "token": "x", "password": OTHER })), 400),
        Limit::Verify => (post("/auth/verify", json!({ "token": "x" })), 400),
        _ => (app.patch("/users/me").bearer(session).json(json!({ "email": "kay@camelot.bt" })), 200),
    }
}

/// A service in which only one limit has a challenge, always, with an account that is logged in.
async fn always(limit: Limit, riddle: &Riddle) -> (TestApp, String) {
    let limits = Limits::default().without_known_clients();
    let only = |challenges| Limit::ALL.into_iter().fold(challenges, Challenges::without).always(limit);
    let app = app_with(limits, only, riddle).await;
    let input = UserCreate { email: ARTHUR.into(), password: PASSWORD.into(), first_name: None };
    let user = app.users.create(input, Status::NEW).await.unwrap();
    let session = app.users.sign_in(&user, "jwt").await.unwrap().token.secret().to_owned();
    (app, session)
}

const CHALLENGED: [Limit; 9] = [
    Limit::LoginClient,
    Limit::LoginAddress,
    Limit::LoginAccount,
    Limit::Register,
    Limit::ForgotPassword,
    Limit::RequestVerify,
    Limit::ResetPassword,
    Limit::Verify,
    Limit::EmailChange,
];

#[tokio::test]
async fn every_limited_route_can_have_a_challenge() {
    for limit in CHALLENGED {
        let riddle = Riddle::default();
        let (app, session) = always(limit, &riddle).await;
        let (first, done) = request(&app, limit, &session);
        let right = solution(&first.send().await);
        // While solutions cannot be checked, nothing is done.
        riddle.is_down.store(true, Ordering::SeqCst);
        for sent in [request(&app, limit, &session).0, solved(request(&app, limit, &session).0, &right)] {
            sent.send().await.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
        }
        riddle.is_down.store(false, Ordering::SeqCst);
        let response = solved(request(&app, limit, &session).0, &right).send().await;
        assert_eq!(response.status, done, "{limit:?}: {response:?}");
    }
}

#[tokio::test]
async fn a_wrong_current_password_needs_a_challenge_as_a_login_does() {
    let (app, session) = always(Limit::LoginAccount, &Riddle::default()).await;
    let change = json!({ "password": OTHER, "current_password": PASSWORD });
    let right = solution(&patch_me(&app, &session, change.clone()).await);
    let response = solved(app.patch("/users/me").bearer(&session).json(change), &right).send().await;
    assert_eq!(response.status, 200, "{response:?}");
}

#[tokio::test]
async fn failed_logins_lead_to_a_challenge_but_not_for_known_clients() {
    let app = app(|challenges| challenges, &Riddle::default()).await;
    member(&app, ARTHUR).await;
    assert_eq!(login(&app, "192.0.2.7", ARTHUR, PASSWORD).await.status, 200);
    for number in 0..10 {
        login(&app, &format!("198.51.100.{number}"), ARTHUR, WRONG)
            .await
            .is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
    }
    // Whether the account exists makes no difference, and neither does the password.
    for number in 0..10 {
        let refused = login(&app, &format!("198.51.101.{number}"), "nobody@camelot.bt", WRONG).await;
        refused.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
    }
    for (email, password) in [(ARTHUR, WRONG), (ARTHUR, PASSWORD), ("nobody@camelot.bt", WRONG)] {
        solution(&login(&app, "198.51.100.200", email, password).await);
    }
    assert_eq!(login(&app, "192.0.2.7", ARTHUR, PASSWORD).await.status, 200);
    let right = solution(&login(&app, "198.51.100.200", ARTHUR, PASSWORD).await);
    let form = [("username", ARTHUR), ("password", PASSWORD)];
    let call = app.post("/auth/jwt/login").from("198.51.100.200").form(&form);
    assert_eq!(solved(call, &right).send().await.status, 200);
}

#[tokio::test]
async fn a_challenge_does_not_replace_the_limit() {
    let limits = Limits::default().set(Limit::Register, Quota::new(2, HOUR));
    let once = |challenges: Challenges| challenges.after(Limit::Register, Quota::new(1, HOUR));
    let app = app_with(limits, once, &Riddle::default()).await;
    assert_eq!(registration(&app, 0).send().await.status, 201);
    // Requests without a solution are not counted.
    for _ in 0..5 {
        solution(&registration(&app, 1).send().await);
    }
    let right = solution(&registration(&app, 1).send().await);
    let spare = solution(&registration(&app, 1).send().await);
    assert_eq!(solved(registration(&app, 1), &right).send().await.status, 201);
    // A client that has to wait gets 429, and keeps its solution.
    assert_eq!(reached(&registration(&app, 2).send().await).0, "register");
    assert_eq!(reached(&solved(registration(&app, 2), &spare).send().await).0, "register");
    app.advance(59);
    assert_eq!(reached(&registration(&app, 2).send().await).0, "register");
}

#[tokio::test]
async fn one_solution_is_used_once_by_many_at_once() {
    let (app, _) = always(Limit::Register, &Riddle::default()).await;
    let right = solution(&registration(&app, 0).send().await);
    let responses = Crowd::of(&app)
        .await
        .at_once(|number, http| {
            let body = json!({ "email": format!("knight{number}@camelot.bt"), "password": PASSWORD });
            let right = right.clone();
            async move { solved(http.post("/auth/register").json(body), &right).send().await }
        })
        .await;
    let done = responses.iter().filter(|response| response.status == 201).count();
    let asked = responses.iter().filter(|response| response.status == 403).count();
    assert_eq!((done, asked), (1, responses.len() - 1));
}

#[tokio::test]
async fn a_challenge_is_asked_for_without_the_address_of_the_client_too() {
    let (app, _) = always(Limit::Register, &Riddle::default()).await;
    let router = user_register_routes(&app.users).with_state(app.users.clone());
    let body = json!({ "email": "kay@camelot.bt", "password": PASSWORD }).to_string();
    let request = Request::post("/register").header("content-type", "application/json").body(Body::from(body)).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), 403);
}

#[tokio::test]
async fn refusals_are_events_and_the_document_has_the_challenge() {
    let recording = Recording::start();
    let (app, _) = always(Limit::Register, &Riddle::default()).await;
    let right = solution(&registration(&app, 0).header("x-request-id", "c-none").send().await);
    solved(registration(&app, 0), "wrong").header("x-request-id", "c-wrong").send().await;
    solved(registration(&app, 0), &right).header("x-request-id", "c-right").send().await;
    solved(registration(&app, 1), &right).header("x-request-id", "c-again").send().await;
    let events = recording.events();
    for (id, reason) in [
        ("c-none", Some("challenge not solved")),
        ("c-wrong", Some("wrong solution of a challenge")),
        ("c-right", None),
        ("c-again", Some("challenge solved before")),
    ] {
        let id = format!("\"{id}\"");
        let event = events.iter().find(|line| line.field("request_id") == Some(&id)).unwrap();
        assert_eq!((event.field("event"), event.field("reason")), (Some("register"), reason), "{event:?}");
    }
    let document = serde_json::to_value(axum_users::openapi::openapi(&app.users)).unwrap();
    let register = &document["paths"]["/auth/register"]["post"];
    assert!(register["responses"]["403"].to_string().contains("CHALLENGE_REQUIRED"));
    assert_eq!(register["parameters"][0]["name"], "challenge-solution");
    assert!(document["paths"]["/auth/forgot-password"]["post"]["responses"]["403"].is_null());
}

#[tokio::test]
async fn a_page_can_ask_for_a_challenge_first() {
    let (app, _) = always(Limit::Register, &Riddle::default()).await;
    let challenge = app.users.new_challenge(&RequestContext::none()).await.unwrap().unwrap();
    let right = format!("{}@{}", challenge["riddle"], challenge["at"]);
    assert_eq!(solved(registration(&app, 0), &right).send().await.status, 201);
    let without = TestApp::start().await;
    assert_eq!(without.users.new_challenge(&RequestContext::none()).await.unwrap(), None);
}

#[tokio::test]
async fn challenges_that_nobody_could_solve_are_refused_at_the_start() {
    let build = |limits: Limits, challenges: Challenges| {
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap()).database("sqlite::memory:");
        builder.backend(Backend::bearer("jwt", Jwt::new())).limits(limits).challenges(challenges).build()
    };
    let challenges = || Challenges::new(Riddle::default());
    for (limits, challenges, text) in [
        (Limits::default(), challenges().always(Limit::Mails), "`mails` cannot have a challenge"),
        (Limits::default(), challenges().always(Limit::OAuthCallback), "`oauth-callback` cannot have a challenge"),
        (Limits::default(), challenges().always(Limit::SecondFactor), "`second-factor` cannot have a challenge"),
        (
            Limits::default(),
            challenges().after(Limit::SecondFactorLongTerm, Quota::new(1, HOUR)),
            "`second-factor-long-term` cannot have a challenge",
        ),
        (
            Limits::default(),
            challenges().always(Limit::SecondFactorInSession),
            "`second-factor-in-session` cannot have a challenge",
        ),
        (
            Limits::default(),
            challenges().always(Limit::SecondFactorInSessionLongTerm),
            "`second-factor-in-session-long-term` cannot have a challenge",
        ),
        (Limits::off(), challenges(), "is off in the limits"),
        (Limits::default().without(Limit::Register), challenges(), "`register` has a challenge, but is off"),
        (Limits::default(), challenges().after(Limit::Register, Quota::new(0, HOUR)), "see Challenges::always"),
    ] {
        let error = build(limits, challenges).await.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    build(Limits::default(), challenges()).await.unwrap();
}

/// Solves a challenge of ALTCHA as its client does.
#[cfg(feature = "altcha")]
fn work(response: &Response) -> String {
    use altcha::{Payload, SolveChallengeOptions, solve_challenge};
    let challenge: altcha::Challenge = serde_json::from_value(response.json()["detail"]["challenge"].clone()).unwrap();
    let solution = solve_challenge(SolveChallengeOptions::new(&challenge)).unwrap().unwrap();
    base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        serde_json::to_vec(&Payload { challenge, solution }).unwrap(),
    )
}

#[cfg(feature = "altcha")]
#[tokio::test]
async fn a_proof_of_work_of_one_instance_is_accepted_by_another_once() {
    use axum_users::{env::SystemClock, limits::Altcha};
    let counters = Arc::new(MemoryCounters::new());
    let instance = async |secret: &str| {
        let challenges = Challenges::new(Altcha::new().rounds(10).zeros(2)).always(Limit::Register);
        let counters = Shared(Arc::clone(&counters));
        TestApp::with(Setup {
            secret: SecretKey::new(secret).unwrap(),
            builder: Box::new(move |builder| {
                // The crate that checks the work reads the time of the machine.
                builder.clock(SystemClock).limits(Limits::default()).counters(counters).challenges(challenges)
            }),
            ..Setup::default()
        })
        .await
    };
    let (one, two) = (instance(SECRET).await, instance(SECRET).await);
    let asked = registration(&one, 0).send().await;
    let proof = work(&asked);
    let other = instance("another secret of thirty-two bytes").await;
    assert_eq!(solved(registration(&other, 0), &proof).send().await.status, 403);
    assert_eq!(solved(registration(&two, 0), &proof).send().await.status, 201);
    for app in [&one, &two] {
        assert_eq!(solved(registration(app, 1), &proof).send().await.status, 403);
    }
}
