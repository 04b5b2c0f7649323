//! Second factors (OWASP ASVS 6.3.3, 6.5, 6.6; security contract 1.3).

mod devices;
mod enrollment;
mod levels;
mod login;
mod recovery;
mod required;
mod undo;
mod ways_in;

use axum_users::{Limits, Mfa, env::Clock as _, limits::Limit, testing::AuthenticatorApp};
use serde_json::{Value, json};

use super::{Plan, app::Service};
use crate::support::{PASSWORD, Response, roomy};

const REQUIRED: &str = r#"{"detail":"LOGIN_MFA_REQUIRED"}"#;
const BAD_CODE: &str = r#"{"detail":"LOGIN_MFA_BAD_CODE"}"#;

/// Settings with which users may enroll.
fn optional() -> Plan {
    Plan { mfa: Some(Mfa::optional()), ..Plan::default() }
}

/// The same with the default limits of codes.
fn limited() -> Plan {
    let of_codes = Limit::ALL.into_iter().filter(|limit| limit.name().starts_with("second-factor"));
    let usual = of_codes.filter_map(|limit| Some((limit, Limits::default().rule(limit)?)));
    Plan { limits: usual.fold(roomy(), |limits, (limit, rule)| limits.set(limit, rule)), ..optional() }
}

/// Asserts that a limit refuses a code.
#[track_caller]
fn refused_by(limit: Limit, response: &Response) {
    response.is(429, r#"{"detail":"TOO_MANY_REQUESTS"}"#);
    assert!(response.headers.contains_key("retry-after"));
    let policy = response.headers["ratelimit-policy"].to_str().unwrap();
    assert!(policy.starts_with(&format!("\"{}\";", limit.name())), "{policy}");
}

/// A user who has enrolled.
struct Enrolled {
    name: &'static str,
    session: String,
    authenticator: AuthenticatorApp,
    recovery_codes: Vec<String>,
}

impl Enrolled {
    /// Returns the code of the app now.
    fn code(&self, app: &Service) -> String {
        self.authenticator.code(app.clock.now())
    }

    /// Returns a code that is not used: that of the next step, to which the clock is set.
    fn next_code(&self, app: &Service) -> String {
        app.advance(30);
        self.code(app)
    }

    /// Returns a code that is certainly wrong.
    fn wrong_code(&self, app: &Service) -> String {
        let near = [-60, -30, 0, 30, 60]
            .map(|seconds| self.authenticator.code(app.clock.now() + chrono::TimeDelta::seconds(seconds)));
        (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

/// Registers a user with a verified address.
async fn verified(app: &Service, name: &str) {
    app.register(name).await;
    let token = app.verify_token(name).await;
    assert_eq!(app.verify(&token).await.status, 200);
}

async fn post(app: &Service, path: &str, session: &str, body: Value) -> Response {
    app.with(app.post(path), session).json(body).send().await
}

async fn enroll(app: &Service, session: &str) -> Response {
    app.with(app.post("/auth/totp/enroll"), session).send().await
}

/// Reads the secret of an enrollment.
fn app_of(enrollment: &Response) -> AuthenticatorApp {
    AuthenticatorApp::new(enrollment.json()["secret"].as_str().unwrap()).unwrap()
}

fn codes_in(response: &Response) -> Vec<String> {
    assert_eq!(response.status, 200, "{response:?}");
    let codes = response.json()["recovery_codes"].as_array().unwrap().clone();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Registers a user and enrolls.
async fn enrolled(app: &Service, name: &'static str) -> Enrolled {
    verified(app, name).await;
    let session = app.login(name, PASSWORD).await;
    let authenticator = app_of(&enroll(app, &session).await);
    let code = authenticator.code(app.clock.now());
    let confirmed = post(app, "/auth/totp/confirm", &session, json!({ "code": code })).await;
    Enrolled { name, session, authenticator, recovery_codes: codes_in(&confirmed) }
}

/// Logs in with a code.
async fn login_with(app: &Service, name: &str, password: &str, otp: &str) -> Response {
    let mail = app.mail(name);
    app.post("/auth/it/login").form(&[("username", &mail), ("password", password), ("otp", otp)]).send().await
}

/// Asserts that a login succeeded.
#[track_caller]
fn succeeded(login: &Response) {
    login.access_token();
}
