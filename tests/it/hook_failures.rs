//! Hooks that refuse before anything is stored, that fail afterwards, and that trigger themselves.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::http::{HeaderMap, StatusCode};
use axum_users::{
    Backend, HookResult, InvalidPassword, Jwt, Password, Policy, RequestContext, ResetToken, UserManager, Users,
    UsersBuilder, VerifyToken,
    error::{CreateError, UpdateError},
    extract::{Gate, Verdict},
    hooks::{HookError, PasswordSubject, Registration, Updated},
    schema::Status,
};
use serde_json::json;
use tracing::Level;

use crate::{
    log::Log,
    support::{Failure, PASSWORD, Setup, TestApp, User, UserAdminUpdate, UserCreate},
};

const ARTHUR: &str = "arthur@camelot.bt";
const OTHER: &str = "another long sword";

fn setup(builder: impl FnOnce(UsersBuilder<User>) -> UsersBuilder<User> + 'static) -> Setup {
    Setup { builder: Box::new(builder), ..Setup::default() }
}

fn create(email: &str) -> UserCreate {
    UserCreate { email: email.into(), password: PASSWORD.into(), first_name: None }
}

/// Refuses addresses of other domains with a response, and fails for one address.
struct Members;

impl UserManager<User> for Members {
    async fn on_before_register(&self, registration: &Registration<'_, User>, cx: &RequestContext) -> HookResult {
        assert!(cx.method().is_none_or(|method| method == "POST"));
        assert_eq!(registration.input.email.trim().to_lowercase(), registration.email.to_lowercase());
        match registration.email {
            "broken@camelot.bt" => Err("the directory is down: secret reason".into()),
            email if email.ends_with("@camelot.bt") || registration.status.is_superuser => Ok(()),
            _ => Err(HookError::response(StatusCode::FORBIDDEN, "MEMBERS_ONLY")),
        }
    }

    async fn on_before_update(&self, user: &User, updated: &Updated<User>, _: &RequestContext) -> HookResult {
        if user.email != updated.before.email && !user.email.ends_with("@camelot.bt") {
            return Err(HookError::response(
                StatusCode::FORBIDDEN,
                json!({ "code": "MEMBERS_ONLY", "fields": updated.fields }),
            ));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_hook_before_a_registration_refuses_with_its_response_and_nothing_is_stored() {
    let private = Policy::recommended().require_verification(true).private_registration();
    for policy in [Policy::recommended(), Policy::fastapi_users(), private] {
        let app = TestApp::with(Setup { policy, ..setup(|builder| builder.manager(Members)) }).await;
        let register = async |email: &str| {
            app.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await
        };
        register("mordred@cornwall.bt").await.is(403, r#"{"detail":"MEMBERS_ONLY"}"#);
        register("broken@camelot.bt").await.is(500, r#"{"detail":"Internal Server Error"}"#);
        for email in ["mordred@cornwall.bt", "broken@camelot.bt"] {
            assert!(app.users.get_by_email(email).await.unwrap().is_none(), "{email}");
        }
        assert_eq!(register(" Arthur@camelot.bt").await.status, 201);
        // The hook also runs for calls from code, with the flags of the account.
        let refused = app.users.create(create("mordred@cornwall.bt"), Status::NEW).await;
        assert!(matches!(refused, Err(CreateError::Refused(_))), "{refused:?}");
        let status = Status { is_superuser: true, ..Status::NEW };
        assert!(app.users.create(create("merlin@cornwall.bt"), status).await.is_ok());
    }
}

#[tokio::test]
async fn a_hook_before_an_update_refuses_with_its_response_and_nothing_is_stored() {
    let app = TestApp::with(setup(|builder| builder.manager(Members))).await;
    let token = app.member(ARTHUR).await;
    let change = json!({ "first_name": "Arthur", "email": "arthur@cornwall.bt" });
    let refused = app.patch("/users/me").bearer(&token).json(change).send().await;
    refused.is(403, r#"{"detail":{"code":"MEMBERS_ONLY","fields":["email","first_name"]}}"#);
    assert_eq!(app.stored(ARTHUR).await.first_name, None);
    let change = UserAdminUpdate { email: Some("arthur@cornwall.bt".into()), ..UserAdminUpdate::default() };
    let refused = app.users.update(app.stored(ARTHUR).await, change).await;
    assert!(matches!(refused, Err(UpdateError::Refused(_))), "{refused:?}");
    assert_eq!(app.stored(ARTHUR).await.email, ARTHUR);
}

/// Every kind of failure of a hook, after every change.
#[tokio::test]
async fn a_hook_that_fails_after_a_change_is_logged_and_the_client_sees_the_success() {
    for failure in [Failure::Error, Failure::Panic, Failure::Response(500), Failure::Response(503)] {
        let (log, _guard) = Log::start(Level::ERROR);
        let app = TestApp::start().await;
        let king = app.superuser("uther@camelot.bt").await;
        let path = format!("/users/{}", app.register("kay@camelot.bt").await["id"].as_str().unwrap());
        let hooks = [
            "on_after_register",
            "on_after_login",
            "on_after_update",
            "on_after_logout",
            "on_after_delete",
            "on_after_verify",
            "on_after_reset_password",
        ];
        for hook in hooks {
            app.hooks.fail(hook, failure);
        }
        app.register(ARTHUR).await;
        let token = app.login(ARTHUR, PASSWORD).await;
        let change = json!({ "first_name": "Arthur" });
        assert_eq!(app.patch("/users/me").bearer(&token).json(change).send().await.json()["first_name"], "Arthur");
        app.post("/auth/request-verify-token").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
        let verify = json!({ "token": app.hooks.token("on_after_request_verify").await });
        assert_eq!(app.post("/auth/verify").json(verify).send().await.json()["is_verified"], true);
        app.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
        let reset = json!({ "token": app.hooks.token("on_after_forgot_password").await, "password": OTHER });
        app.post("/auth/reset-password").json(reset).send().await.is(200, "null");
        let token = app.login(ARTHUR, OTHER).await;
        app.post("/auth/jwt/logout").bearer(&token).send().await.is(204, "");
        app.delete(&path).bearer(&king).send().await.is(204, "");
        for hook in hooks {
            assert!(app.hooks.names().contains(&hook), "{hook}");
            let lines = log.lines("ERROR");
            let told = lines.iter().any(|line| line.contains("hook_failed") && line.contains(hook));
            assert!(told, "{failure:?} of {hook}: {lines:?}");
        }
    }
}

/// A hook that never returns costs the client five seconds, not the response.
#[tokio::test]
async fn a_hook_that_hangs_after_a_change_does_not_turn_it_into_an_error() {
    let app = TestApp::start().await;
    app.hooks.fail("on_after_register", Failure::Hang);
    app.register(ARTHUR).await;
    app.login(ARTHUR, PASSWORD).await;
}

/// Code receives the error of every hook, because it can handle it.
#[tokio::test]
async fn code_receives_the_error_of_a_hook_after_a_change() {
    let app = TestApp::start().await;
    for hook in ["on_after_register", "on_after_update", "on_after_delete"] {
        app.hooks.fail(hook, Failure::Error);
    }
    let created = app.users.create(create(ARTHUR), Status::NEW).await.unwrap_err();
    assert!(matches!(created, CreateError::Hook(_)), "{created:?}");
    assert!(created.to_string().contains("the hook's own secret reason"), "{created}");
    let arthur = app.stored(ARTHUR).await;
    let updated = app.users.update(arthur.clone(), UserAdminUpdate::default()).await;
    assert!(matches!(updated, Err(UpdateError::Hook(_))), "{updated:?}");
    let deleted = app.users.delete(&arthur).await;
    assert!(matches!(deleted, Err(UpdateError::Hook(_))), "{deleted:?}");
    assert!(app.users.get_by_email(ARTHUR).await.unwrap().is_none());
}

#[tokio::test]
async fn a_queued_hook_that_fails_is_called_again_after_the_response() {
    let (log, _guard) = Log::start(Level::WARN);
    let app = TestApp::with(setup(UsersBuilder::queued_hooks)).await;
    app.hooks.fail("on_after_register", Failure::Error);
    app.register(ARTHUR).await;
    app.hooks.wait_for("on_after_register").await;
    app.hooks.set_failure("on_after_register", None);
    app.hooks.clear();
    app.hooks.wait_for("on_after_register").await;
    app.users.drain(Duration::from_secs(10)).await;
    assert_eq!(app.hooks.names(), ["on_after_register"], "it succeeded and is not called again");
    assert!(log.lines("WARN").iter().any(|line| line.contains("hook_retry") && line.contains("on_after_register")));
    assert!(log.lines("ERROR").is_empty());
}

#[tokio::test]
async fn a_queued_hook_does_not_delay_the_response_and_gives_up_with_an_event() {
    let (log, _guard) = Log::start(Level::WARN);
    let app = TestApp::with(setup(UsersBuilder::queued_hooks)).await;
    app.hooks.fail("on_after_register", Failure::Panic);
    app.register(ARTHUR).await;
    app.users.drain(Duration::from_secs(20)).await;
    assert_eq!(app.hooks.names(), ["on_after_register"; 3]);
    let errors = log.lines("ERROR");
    assert!(errors.iter().any(|line| line.contains("hook_failed") && line.contains("on_after_register")), "{errors:?}");
}

#[tokio::test]
async fn a_registration_whose_mail_cannot_be_queued_is_refused_before_anything_is_stored() {
    let app = TestApp::with(setup(|builder| builder.verification_on_register(true).mail_queue(1))).await;
    app.hooks.fail("on_after_failed_login", Failure::Hang);
    let register = async |email: &str| {
        app.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await.status.as_u16()
    };
    // Eight jobs run, one waits, and the others do not fit.
    for _ in 0..20 {
        app.try_login("nobody@camelot.bt", PASSWORD).await;
    }
    assert_eq!(register(ARTHUR).await, 503);
    assert!(app.users.get_by_email(ARTHUR).await.unwrap().is_none(), "a retry must not find the address taken");
}

/// Hooks that call the operation that caused them.
#[derive(Default)]
struct Looping {
    users: OnceLock<Users<User>>,
    calls: AtomicUsize,
}

impl Looping {
    fn users(&self) -> &Users<User> {
        assert!(self.calls.fetch_add(1, SeqCst) < 50, "the hooks cause themselves without end");
        self.users.get().unwrap()
    }

    fn taken(&self) -> usize {
        self.calls.swap(0, SeqCst)
    }
}

#[derive(Clone, Default)]
struct Loops(Arc<Looping>);

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> HookError {
    error.into()
}

impl UserManager<User> for Loops {
    async fn validate_password(
        &self,
        password: &Password,
        subject: PasswordSubject<'_, User>,
    ) -> Result<(), InvalidPassword> {
        let PasswordSubject::Existing(user) = subject else { return Ok(()) };
        if user.note != "checks" {
            return Ok(());
        }
        let change = UserAdminUpdate { password: Some(password.clone()), ..UserAdminUpdate::default() };
        let updated = self.0.users().update(user.clone(), change).await;
        updated.map(drop).map_err(|error| InvalidPassword::new(error.to_string()))
    }

    async fn on_before_register(&self, registration: &Registration<'_, User>, _: &RequestContext) -> HookResult {
        if registration.email.starts_with("before") {
            let email = format!("before{}", registration.email);
            self.0.users().create(create(&email), Status::NEW).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn on_after_register(&self, user: &User, _: &RequestContext) -> HookResult {
        if user.email.starts_with("after") {
            self.0.users().create(create(&format!("after{}", user.email)), Status::NEW).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn on_after_update(&self, user: &User, _: &Updated<User>, _: &RequestContext) -> HookResult {
        if user.note.is_empty() {
            self.0.users().update(user.clone(), UserAdminUpdate::default()).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn on_after_login(&self, user: &User, _: &RequestContext, _: &mut HeaderMap) -> HookResult {
        self.0.users().sign_in(user, "jwt").await.map_err(failed)?;
        Ok(())
    }

    async fn on_after_forgot_password(&self, user: &User, _: &ResetToken, _: &RequestContext) -> HookResult {
        self.0.users().start_reset(user).await
    }

    async fn on_after_request_verify(&self, user: &User, _: &VerifyToken, _: &RequestContext) -> HookResult {
        self.0.users().start_verification(user).await
    }

    async fn on_before_delete(&self, user: &User, _: &RequestContext) -> HookResult {
        self.0.users().delete(user).await.map_err(failed)
    }

    /// Runs in a job after the response, and triggers the next job.
    async fn on_after_credentials_change(&self, user: &User, _: &User, _: &RequestContext) -> HookResult {
        let password = Some(PASSWORD.into());
        let change = UserAdminUpdate { password, ..UserAdminUpdate::default() };
        self.0.users().update(user.clone(), change).await.map_err(failed)?;
        Ok(())
    }
}

async fn looping(loops: &Loops) -> TestApp {
    let manager = loops.clone();
    let app = TestApp::with(setup(|builder| builder.manager(manager))).await;
    let status = Status { is_active: true, is_superuser: true, is_verified: false };
    app.users.create(create(ARTHUR), status).await.unwrap();
    loops.0.users.set(app.users.clone()).unwrap_or_else(|_| panic!("set once"));
    app
}

/// The number of times that a hook of a loop runs.
const DEPTH: usize = 4;

#[tokio::test]
async fn hooks_that_cause_themselves_end_with_an_error_that_names_them() {
    let loops = Loops::default();
    let app = looping(&loops).await;
    let arthur = app.stored(ARTHUR).await;
    let change = UserAdminUpdate::default;

    let error = app.users.update(arthur.clone(), change()).await.unwrap_err().to_string();
    assert!(error.contains("was not called") && error.contains("on_after_update > on_after_update"), "{error}");
    assert_eq!(loops.0.taken(), DEPTH);
    let error = app.users.create(create("after@camelot.bt"), Status::NEW).await.unwrap_err().to_string();
    assert!(error.contains("on_after_register > on_after_register"), "{error}");
    let error = app.users.create(create("before@camelot.bt"), Status::NEW).await.unwrap_err().to_string();
    assert!(error.contains("on_before_register > on_before_register"), "{error}");
    assert!(app.users.get_by_email("before@camelot.bt").await.unwrap().is_none());
    let error = app.users.sign_in(&arthur, "jwt").await.unwrap_err().to_string();
    assert!(error.contains("on_after_login was not called"), "{error}");
    let error = app.users.delete(&arthur).await.unwrap_err().to_string();
    assert!(error.contains("on_before_delete was not called"), "{error}");
    loops.0.taken();
    for error in [app.users.start_reset(&arthur).await, app.users.start_verification(&arthur).await] {
        let Err(HookError::Failed(error)) = error else { panic!("{error:?}") };
        assert!(error.to_string().contains("was not called, because hooks cause each other"), "{error}");
    }
    assert_eq!(loops.0.taken(), 2 * DEPTH);
}

#[tokio::test]
async fn hooks_that_cause_themselves_do_not_change_the_response_of_a_request() {
    let (log, _guard) = Log::start(Level::ERROR);
    let loops = Loops::default();
    let app = looping(&loops).await;
    let token = app.login(ARTHUR, PASSWORD).await;
    assert_eq!(loops.0.taken(), DEPTH);
    let changed = app.patch("/users/me").bearer(&token).json(json!({ "first_name": "Arthur" })).send().await;
    assert_eq!((changed.status.as_u16(), loops.0.taken()), (200, DEPTH), "{changed:?}");
    app.register("after@camelot.bt").await;
    assert_eq!(loops.0.taken(), DEPTH);
    for hook in ["on_after_login", "on_after_update", "on_after_register"] {
        let name = format!("{hook} > {hook}");
        assert!(log.lines("ERROR").iter().any(|line| line.contains(&name)), "{hook}: {:?}", log.lines("ERROR"));
    }
    // Mail hooks, on the queue.
    for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
        app.post(path).json(json!({ "email": ARTHUR })).send().await.is(202, "null");
    }
    app.users.drain(Duration::from_secs(10)).await;
    assert_eq!(loops.0.taken(), 2 * DEPTH);
}

/// A chain of jobs, each triggered by a hook of the previous one.
#[tokio::test]
async fn hooks_that_cause_themselves_through_the_queue_end_as_well() {
    let loops = Loops::default();
    let app = looping(&loops).await;
    sqlx::query("UPDATE user SET note = 'quiet'").execute(&app.sqlite().await).await.unwrap();
    let change = UserAdminUpdate { password: Some(OTHER.into()), ..UserAdminUpdate::default() };
    app.users.update(app.stored(ARTHUR).await, change).await.unwrap();
    let wait = async {
        while app.users.get_by_email(ARTHUR).await.is_ok() && loops.0.calls.load(SeqCst) < DEPTH {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the chain runs");
    app.users.drain(Duration::from_secs(10)).await;
    assert_eq!(loops.0.taken(), DEPTH);
}

#[tokio::test]
async fn a_password_check_that_causes_itself_ends_with_an_error_that_names_it() {
    let loops = Loops::default();
    let app = looping(&loops).await;
    sqlx::query("UPDATE user SET note = 'checks'").execute(&app.sqlite().await).await.unwrap();
    let change = UserAdminUpdate { password: Some(OTHER.into()), ..UserAdminUpdate::default() };
    let error = app.users.update(app.stored(ARTHUR).await, change).await.unwrap_err().to_string();
    assert!(error.contains("validate_password was not called"), "{error}");
    assert_eq!(loops.0.taken(), DEPTH);
}

/// A gate that signs in the user it checks.
#[derive(Clone, Default)]
struct Mirror(Arc<Looping>);

impl Gate<User> for Mirror {
    fn name(&self) -> &'static str {
        "mirror"
    }

    fn check<'a>(&'a self, user: &'a User, _: &'a RequestContext) -> axum_users::env::BoxFuture<'a, Verdict> {
        Box::pin(async move {
            match self.0.users().sign_in(user, "jwt").await {
                Ok(_) => Verdict::Open,
                Err(_) => Verdict::Closed("MIRROR"),
            }
        })
    }
}

#[tokio::test]
async fn a_gate_that_causes_itself_refuses_the_login() {
    let (log, _guard) = Log::start(Level::ERROR);
    let mirror = Mirror::default();
    let gate = mirror.clone();
    let setup = Setup { backend: vec![Backend::bearer("jwt", Jwt::new())], ..setup(|builder| builder.gate(gate)) };
    let app = TestApp::with(setup).await;
    mirror.0.users.set(app.users.clone()).unwrap_or_else(|_| panic!("set once"));
    app.register(ARTHUR).await;
    app.try_login(ARTHUR, PASSWORD).await.is(400, r#"{"detail":"MIRROR"}"#);
    assert!(log.lines("ERROR").iter().any(|line| line.contains("mirror was not called")));
}
