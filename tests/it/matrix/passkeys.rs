//! Passkeys, on every database with every strategy and transport.

use axum::Router;
use axum_users::{
    Policy,
    openapi::openapi_at,
    passkeys::passkey_routes,
    routes::{Prefixes, RouteGroup},
    schema::Status,
};
use serde_json::{Value, json};

use super::{
    Plan,
    app::{ORIGIN, Service},
    magic_link, run_matrix,
};
use crate::{
    authenticator::{Key, text},
    support::{Http, PASSWORD, Response, UserCreate},
};

pub(super) const BAD: &str = r#"{"detail":"PASSKEY_BAD_CREDENTIAL"}"#;

pub(super) fn plan() -> Plan {
    Plan { passkeys: true, ..Plan::default() }
}

pub(super) async fn everywhere<F: Future<Output = ()> + Send + 'static>(
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    run_matrix(|_| true, plan(), scenario).await;
}

/// A ceremony that has begun.
pub(super) struct Begun {
    pub(super) state: String,
    pub(super) options: Value,
}

impl Begun {
    #[track_caller]
    pub(super) fn of(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{response:?}");
        let body = response.json();
        Self { state: body["state"].as_str().unwrap().to_owned(), options: body["options"].clone() }
    }
}

/// Begins to add a passkey.
pub(super) async fn begin(app: &Service, session: &str) -> Begun {
    Begun::of(&app.with(app.post("/auth/passkeys/register"), session).send().await)
}

pub(super) async fn finish(app: &Service, session: &str, state: &str, credential: &Value) -> Response {
    let body = json!({ "state": state, "credential": credential, "name": "Excalibur" });
    app.with(app.post("/auth/passkeys"), session).json(body).send().await
}

/// Adds a passkey to the account of a session.
pub(super) async fn add(app: &Service, session: &str, number: u8) -> Key {
    let Begun { state, options } = begin(app, session).await;
    let key = Key::new(&options, number);
    let response = finish(app, session, &state, &key.register(&options, ORIGIN)).await;
    assert_eq!(response.status, 201, "{response:?}");
    key
}

/// Begins a login.
pub(super) async fn begin_login(app: &Service) -> Begun {
    Begun::of(&app.post("/auth/it/passkey/options").send().await)
}

pub(super) async fn redeem(http: &Http, state: &str, credential: &Value) -> Response {
    http.post("/auth/it/passkey").json(json!({ "state": state, "credential": credential })).send().await
}

pub(super) async fn try_log_in(app: &Service, key: &mut Key) -> Response {
    let Begun { state, options } = begin_login(app).await;
    redeem(app, &state, &key.log_in(&options, ORIGIN)).await
}

/// Logs in with a passkey and returns the token.
pub(super) async fn log_in(app: &Service, key: &mut Key) -> String {
    try_log_in(app, key).await.access_token()
}

pub(super) async fn listed(app: &Service, session: &str) -> Vec<Value> {
    app.see("/auth/passkeys", session).await.json().as_array().unwrap().clone()
}

/// Registers without a password.
pub(super) async fn sign_up(app: &Service, name: &str, number: u8) -> Key {
    let body = json!({ "email": app.mail(name), "first_name": "Arthur" });
    let Begun { state, options } = Begun::of(&app.post("/auth/register/passkey/options").json(body).send().await);
    let key = Key::new(&options, number);
    let body = json!({ "state": state, "credential": key.register(&options, ORIGIN) });
    let response = app.post("/auth/register/passkey").json(body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!((&response.json()["email"], &response.json()["first_name"]), (&json!(app.mail(name)), &json!("Arthur")));
    key
}

#[tokio::test]
async fn a_passkey_is_added_used_renamed_and_removed() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        assert_eq!(listed(&app, &session).await, [] as [Value; 0]);
        let Begun { state, options } = begin(&app, &session).await;
        assert_eq!(options["rp"], json!({ "id": "app.camelot.bt", "name": "app.camelot.bt" }));
        let (user, selection) = (&options["user"], &options["authenticatorSelection"]);
        assert_eq!((&user["name"], &user["displayName"]), (&json!(app.mail("arthur")), &json!(app.mail("arthur"))));
        let expected = ["required", "required"].map(Value::from);
        assert_eq!([selection["residentKey"].clone(), selection["userVerification"].clone()], expected);
        assert_eq!((&options["attestation"], &options["timeout"]), (&json!("none"), &json!(300_000)));
        let mut key = Key::new(&options, 1);
        let added = finish(&app, &session, &state, &key.register(&options, ORIGIN)).await;
        assert_eq!(added.status, 201, "{added:?}");
        let passkey = added.json();
        assert_eq!((&passkey["name"], &passkey["last_used_at"]), (&json!("Excalibur"), &Value::Null));
        let told = app.hooks.wait_for("on_after_passkey_change").await;
        assert_eq!(told.detail.as_deref(), Some("Added Excalibur"));
        assert_eq!(told.email, Some(app.mail("arthur")));

        app.advance(60);
        let own = log_in(&app, &mut key).await;
        app.assert_valid(&own).await;
        let id = passkey["id"].as_str().unwrap();
        let path = format!("/auth/passkeys/{id}");
        let renamed = app.with(app.patch(&path), &own).json(json!({ "name": "Clarent" })).send().await;
        assert_eq!(renamed.status, 200, "{renamed:?}");
        assert_eq!(listed(&app, &own).await, [renamed.json()]);
        assert_eq!(renamed.json()["name"], "Clarent");
        assert!(renamed.json()["last_used_at"].is_string() && renamed.json()["created_at"].is_string());
        // The same name again is no error.
        let renamed = app.with(app.patch(&path), &own).json(json!({ "name": "Clarent" })).send().await;
        assert_eq!(renamed.status, 200, "{renamed:?}");

        let second = begin(&app, &own).await;
        assert_eq!(
            second.options["excludeCredentials"][0]["id"],
            text(&key.id),
            "the device is asked for no second one"
        );
        assert_eq!(second.options["user"]["id"], text(&key.handle), "an account has one handle");
        app.hooks.clear();
        assert_eq!(app.with(app.delete(&path), &own).send().await.status, 204);
        let told = app.hooks.wait_for("on_after_passkey_change").await;
        assert_eq!(told.detail.as_deref(), Some("Removed Clarent"));
        assert_eq!(app.with(app.delete(&path), &own).send().await.status, 404);
        try_log_in(&app, &mut key).await.is(400, BAD);
        assert_eq!(listed(&app, &own).await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_session_says_that_it_was_proved_by_a_passkey_and_a_verified_user() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let (mut bound, synced) = (add(&app, &session, 1).await, add_synced(&app, &session).await);
        for (key, amr) in [(&mut bound, json!(["hwk", "user"])), (&mut synced.clone(), json!(["swk", "user"]))] {
            let own = log_in(&app, key).await;
            let sessions = app.see("/auth/sessions", &own).await.json();
            let sessions = sessions.as_array().unwrap();
            if app.combination.strategy.keeps_sessions() {
                let current = sessions.iter().find(|session| session["current"] == true).unwrap();
                assert_eq!((&current["amr"], &current["fresh"]), (&amr, &json!(true)));
            }
        }
        // A key without a signature counter works repeatedly.
        let mut synced = synced;
        for _ in 0..3 {
            log_in(&app, &mut synced).await;
        }
        assert_eq!(listed(&app, &session).await.len(), 2);
    })
    .await;
}

async fn add_synced(app: &Service, session: &str) -> Key {
    let Begun { state, options } = begin(app, session).await;
    let key = Key::new(&options, 2).synced();
    let response = finish(app, session, &state, &key.register(&options, ORIGIN)).await;
    assert_eq!(response.status, 201, "{response:?}");
    key
}

#[tokio::test]
async fn an_account_is_signed_up_without_a_password_and_keeps_its_last_way_in() {
    everywhere(|app| async move {
        let mut key = sign_up(&app, "arthur", 1).await;
        assert!(app.hooks.names().contains(&"on_after_register"));
        app.try_login("arthur", PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        let session = log_in(&app, &mut key).await;
        let id = |passkey: &Value| passkey["id"].as_str().unwrap().to_owned();
        let first = id(&listed(&app, &session).await[0]);
        let remove = async |id: &str| app.with(app.delete(&format!("/auth/passkeys/{id}")), &session).send().await;
        remove(&first).await.is(400, r#"{"detail":"PASSKEY_LAST_WAY_IN"}"#);
        log_in(&app, &mut key).await;

        // With another passkey it is no longer the last one; after its removal the other one is.
        let mut second = add(&app, &session, 2).await;
        assert_eq!(second.handle, key.handle, "the handle of a sign-up stays");
        assert_eq!(remove(&first).await.status, 204);
        let last = id(&listed(&app, &session).await[0]);
        remove(&last).await.is(400, r#"{"detail":"PASSKEY_LAST_WAY_IN"}"#);
        log_in(&app, &mut second).await;

        // A password is also a login method. The address is not verified, so the reset removes the passkeys of the
        // person who registered.
        let reset = app.reset_token("arthur").await;
        assert_eq!(app.reset(&reset, PASSWORD).await.status, 200);
        try_log_in(&app, &mut second).await.is(400, BAD);
        app.login("arthur", PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn a_reset_keeps_the_passkeys_of_a_verified_account_and_code_revokes_them() {
    everywhere(|app| async move {
        let status = Status { is_verified: true, ..Status::NEW };
        let create = UserCreate { email: app.mail("arthur"), password: PASSWORD.into(), first_name: None };
        let user = app.users.create(create, status).await.unwrap();
        let session = app.login("arthur", PASSWORD).await;
        let mut key = add(&app, &session, 1).await;
        let reset = app.reset_token("arthur").await;
        assert_eq!(app.reset(&reset, "another long sword").await.status, 200);
        app.assert_invalid(&session).await;
        let session = log_in(&app, &mut key).await;
        assert_eq!(app.users.passkeys_of(user.id).await.unwrap().len(), 1);

        assert!(app.users.revoke_passkeys(user.id).await.unwrap());
        app.assert_invalid(&session).await;
        assert_eq!(app.users.passkeys_of(user.id).await.unwrap().len(), 0);
        try_log_in(&app, &mut key).await.is(400, BAD);
    })
    .await;
}

#[tokio::test]
async fn undoing_a_change_of_the_address_removes_the_passkeys_of_the_thief() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let (confirm, undo) = app.change_email(&session, "mordred").await;
        assert_eq!(app.confirm_email(&confirm).await.status, 200);
        let mut key = add(&app, &session, 1).await;
        assert_eq!(app.undo_email(&undo).await.status, 200);
        try_log_in(&app, &mut key).await.is(400, BAD);
    })
    .await;
}

#[tokio::test]
async fn a_passkey_makes_a_session_of_its_own_user_fresh_again() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let mut key = add(&app, &session, 1).await;
        let other = app.member("mordred").await;
        let mut others = add(&app, &other, 2).await;
        app.advance(600);
        let begin = async || app.with(app.post("/auth/passkeys/register"), &session).send().await;
        begin().await.is(401, r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#);
        let prove = async |state: &str, credential: &Value| {
            let body = json!({ "passkey": { "state": state, "credential": credential } });
            app.with(app.post("/auth/it/reauthenticate"), &session).json(body).send().await
        };
        const BAD: &str = r#"{"detail":"REAUTHENTICATE_BAD_CREDENTIALS"}"#;
        let Begun { state, options } = begin_login(&app).await;
        prove(&state, &others.log_in(&options, ORIGIN)).await.is(400, BAD);
        let Begun { state, options } = begin_login(&app).await;
        let credential = key.log_in(&options, ORIGIN);
        prove("nonsense", &credential).await.is(400, BAD);
        begin().await.is(401, r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#);
        assert_eq!(prove(&state, &credential).await.status, 204);
        assert_eq!(begin().await.status, 200);
        // The proof works only once, and not for a login either.
        prove(&state, &credential).await.is(400, BAD);
        redeem(&app, &state, &credential).await.is(400, super::passkeys::BAD);
        let send = |body: Value| app.with(app.post("/auth/it/reauthenticate"), &session).json(body).send();
        assert_eq!(send(json!({})).await.status, 422);
        // Of several proofs each must be right.
        let both = json!({ "password": PASSWORD, "passkey": { "state": "x", "credential": credential } });
        send(both).await.is(400, BAD);
        assert_eq!(send(json!({ "password": PASSWORD })).await.status, 204);
    })
    .await;
}

/// Pre-hijacking: an attacker registers another person's address with a passkey, and waits.
#[tokio::test]
async fn a_mailed_link_removes_the_passkeys_of_an_account_that_was_not_verified() {
    let plan = Plan { by_mail: true, ..plan() };
    run_matrix(
        |_| true,
        plan,
        |app| async move {
            let mut squatters = sign_up(&app, "arthur", 1).await;
            log_in(&app, &mut squatters).await;
            let link = magic_link::link(&app, "arthur").await;
            let session = magic_link::redeem(&app, &link).await.access_token();
            app.assert_valid(&session).await;
            try_log_in(&app, &mut squatters).await.is(400, BAD);
            assert_eq!(listed(&app, &session).await, [] as [Value; 0]);
            // The owner's own passkeys stay when the address is verified.
            let mut own = add(&app, &session, 2).await;
            let link = magic_link::link(&app, "arthur").await;
            magic_link::redeem(&app, &link).await.access_token();
            log_in(&app, &mut own).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_passkey_passes_the_same_gates_as_a_password() {
    let policy = Policy::recommended().require_verification(true);
    run_matrix(
        |_| true,
        Plan { policy, ..plan() },
        |app| async move {
            let mut unverified = sign_up(&app, "arthur", 1).await;
            try_log_in(&app, &mut unverified).await.is(400, r#"{"detail":"LOGIN_USER_NOT_VERIFIED"}"#);
            let token = app.verify_token("arthur").await;
            assert_eq!(app.verify(&token).await.status, 200);
            let session = log_in(&app, &mut unverified).await;
            let user = app.stored_user("arthur").await;
            app.users.suspend(user.id, None, Some("spam")).await.unwrap();
            app.assert_invalid(&session).await;
            try_log_in(&app, &mut unverified).await.is(400, BAD);
            app.users.lift_suspension(user.id).await.unwrap();
            log_in(&app, &mut unverified).await;
            let admin = app.superuser("merlin").await;
            let id = user.id.to_string();
            assert_eq!(app.patch_user(&admin, &id, json!({ "is_active": false })).await.status, 200);
            try_log_in(&app, &mut unverified).await.is(400, BAD);
            assert_eq!(app.delete_user(&admin, &id).await.status, 204);
            try_log_in(&app, &mut unverified).await.is(400, BAD);
            assert_eq!(
                app.database().count("user_passkey", &format!("passkey_id IS NOT NULL AND user_id = '{id}'")).await,
                0
            );
        },
    )
    .await;
}

#[tokio::test]
async fn a_private_registration_answers_alike_for_a_taken_address() {
    let policy = Policy::recommended().require_verification(true).private_registration();
    run_matrix(
        |_| true,
        Plan { policy, ..plan() },
        |app| async move {
            let first = sign_up(&app, "arthur", 1).await;
            let mut second = sign_up(&app, "arthur", 2).await;
            assert_ne!(first.id, second.id);
            app.hooks.wait_for("on_after_duplicate_register").await;
            // The second passkey belongs to no account.
            let token = app.verify_token("arthur").await;
            assert_eq!(app.verify(&token).await.status, 200);
            try_log_in(&app, &mut second).await.is(400, BAD);
            log_in(&app, &mut first.clone()).await;
        },
    )
    .await;
}

#[tokio::test]
async fn nobody_signs_up_with_a_passkey_unless_the_service_mounts_these_routes() {
    everywhere(|app| async move {
        let body = json!({ "email": app.mail("kay") });
        let options = app.post("/auth/register/passkey/options").json(body.clone()).send().await;
        let Begun { state, options } = Begun::of(&options);
        let without = Router::new().nest("/auth", passkey_routes(&app.users)).fallback(axum_users::not_found);
        let without = Http::serve(without.with_state(app.users.clone())).await;
        // Not with a state of an instance that has the routes, either.
        let made = Key::new(&options, 1).register(&options, ORIGIN);
        let made = json!({ "state": state, "credential": made });
        for (path, body) in [("/auth/register/passkey/options", body), ("/auth/register/passkey", made)] {
            without.post(path).json(body).send().await.is(404, r#"{"detail":"Not Found"}"#);
        }
        assert!(app.users.get_by_email(&app.mail("kay")).await.unwrap().is_none());
        assert_eq!(without.post("/auth/it/passkey/options").send().await.status, 200);

        let paths = |prefixes: &Prefixes| {
            let document = serde_json::to_value(openapi_at(&app.users, prefixes)).unwrap();
            document["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        let is_of_sign_up = |path: &String| path.starts_with("/auth/register/passkey");
        let mounted = paths(&Prefixes::usual().passkeys());
        assert!(mounted.contains(&"/auth/passkeys".to_owned()) && !mounted.iter().any(is_of_sign_up), "{mounted:?}");
        let mounted = paths(&Prefixes::usual().passkeys().with(RouteGroup::PasskeySignUp));
        assert_eq!(mounted.iter().filter(|path| is_of_sign_up(path)).count(), 2);
    })
    .await;
}
