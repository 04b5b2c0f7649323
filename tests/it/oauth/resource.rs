//! Access tokens of the issuer: the service as its resource server.

use std::time::Duration;

use axum_users::{
    Backend, Error, Limits, PasswordHash, SecretKey, Users,
    oauth::{OAuthProvider, ResourceServer, SameAddress},
    openapi::openapi,
};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    id_tokens::{arthur, claim, claims, forged, signed},
    keys::Key,
    provider::{AUDIENCE, Answer, CLIENT_ID, Lies, Person, Signature},
    support::{App, Setup, UserAdminUpdate},
};
use crate::support::{PASSWORD, Response, SECRET};

async fn app_with(resource: fn(ResourceServer) -> ResourceServer) -> App {
    App::with(Setup { resource: Some(resource), ..Setup::default() }).await
}

async fn app() -> App {
    app_with(|server| server).await
}

/// Sends a request with an access token of a person while the issuer lies.
async fn with_lies(app: &App, lies: Lies) -> Response {
    app.provider.lie(lies);
    app.me(&app.provider.access_token(&arthur())).await
}

#[track_caller]
fn unauthorized(response: &Response, what: &str) {
    let got = (response.status.as_u16(), response.json());
    assert_eq!(got, (401, json!({"detail": "Unauthorized"})), "{what}");
    assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{what}");
}

fn keys_fetched(app: &App) -> usize {
    app.provider.take_calls().into_iter().filter(|path| path == "/jwks").count()
}

#[tokio::test]
async fn a_token_of_the_issuer_is_a_user_here_and_the_first_one_creates_the_account() {
    let app = app().await;
    let token = app.provider.access_token(&arthur());
    let me = app.seen(&token).await;
    assert_eq!((&me["email"], &me["is_verified"]), (&json!("arthur@camelot.bt"), &json!(false)));
    assert_eq!(me["oauth_accounts"][0]["oauth_name"], "acme");
    assert_eq!(app.hooks.take(), ["on_after_register"]);

    // The same user is at every route for users, with any later token, and after a login at the issuer.
    let changed = app.patch("/users/me").bearer(&token).json(json!({"name": "Arthur"})).send().await;
    assert_eq!((changed.status.as_u16(), &changed.json()["name"]), (200, &json!("Arthur")));
    app.advance(60);
    let later = app.provider.access_token(&Person::verified("arthur-1", "king@camelot.bt"));
    let seen = app.seen(&later).await;
    assert_eq!((&seen["id"], &seen["email"]), (&me["id"], &me["email"]), "the address of the user stays");
    assert_eq!(seen["oauth_accounts"][0]["account_email"], "king@camelot.bt");
    let session = app.log_in("/auth/acme", arthur()).await.access_token();
    assert_eq!(app.seen(&session).await["id"], me["id"]);
    assert_eq!(keys_fetched(&app), 2, "one for the backend, one for the provider");
}

#[tokio::test]
async fn tokens_that_are_not_for_this_service_are_refused() {
    let app = app_with(|server| server.require_scopes(["read", "write"])).await;
    let now = 1_795_867_200;
    let scopes = || claim("scope", json!("write openid read"));
    assert_eq!(with_lies(&app, scopes()).await.status, 200);
    for (name, value) in [
        ("iss", json!(null)),
        ("iss", json!("https://evil.example")),
        ("iss", json!(app.provider.issuer() + "/")),
        ("aud", json!(null)),
        ("aud", json!(CLIENT_ID)),
        ("aud", json!([CLIENT_ID])),
        ("aud", json!({"0": AUDIENCE})),
        ("exp", json!(null)),
        ("exp", json!(now)),
        ("exp", json!("4102444800")),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("cnf", json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
        ("scope", json!("readwrite write")),
        ("scope", json!("read")),
        ("scope", json!(null)),
    ] {
        let lies = claims(move |claims| {
            claims.insert("scope".to_owned(), json!("read write"));
            match &value {
                Value::Null => drop(claims.remove(name)),
                value => drop(claims.insert(name.to_owned(), value.clone())),
            }
        });
        unauthorized(&with_lies(&app, lies).await, name);
    }
    for (name, value) in [
        ("aud", json!([CLIENT_ID, AUDIENCE])),
        ("exp", json!(f64::from(u32::MAX))),
        ("iat", json!(now + 9)),
        ("nbf", json!(now)),
        ("scp", json!(["read", "write"])),
    ] {
        let lies = claims(move |claims| {
            claims.insert("scope".to_owned(), if name == "scp" { json!(null) } else { json!("read write") });
            claims.insert(name.to_owned(), value.clone());
        });
        assert_eq!(with_lies(&app, lies).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn forged_signatures_are_refused() {
    let app = app().await;
    for (what, signature) in forged(&Key::eddsa("first")) {
        unauthorized(&with_lies(&app, signed(signature)).await, what);
    }
    for text in ["", "x", "a.b.c", "e30.e30.", "..", "eyJhbGciOiJFZERTQSJ9..AA"] {
        unauthorized(&app.me(text).await, text);
    }
    assert_eq!(with_lies(&app, Lies::default()).await.status, 200);
}

#[tokio::test]
async fn every_algorithm_is_accepted_however_its_key_is_published() {
    for mut key in [Key::eddsa("k"), Key::es256("k"), Key::rs256("k")] {
        let app = app().await;
        let algorithm = key.algorithm;
        app.provider.keys(vec![Key::es256("other"), key.clone()]);
        let by = |key: &Key| signed(Signature::By(key.clone()));
        assert_eq!(with_lies(&app, by(&key)).await.status, 200, "{algorithm:?}");
        // As some issuers publish it: without `alg` and `use`.
        key.public.as_object_mut().unwrap().retain(|name, _| name != "alg" && name != "use");
        app.provider.keys(vec![key.clone()]);
        app.advance(3601);
        assert_eq!(with_lies(&app, by(&key)).await.status, 200, "{algorithm:?}");
    }
}

#[tokio::test]
async fn keys_for_other_purposes_and_weak_keys_verify_nothing() {
    let change = |name: &'static str, value: Value| {
        let mut key = Key::rs256("k");
        key.public[name] = value;
        key
    };
    for (what, key) in [
        ("for encryption", change("use", json!("enc"))),
        ("for another algorithm", change("alg", json!("RS512"))),
        ("of another type", change("kty", json!("EC"))),
        ("512 bits", change("n", json!("x".repeat(86)))),
        ("not base64url", change("n", json!("=+/"))),
        ("without a modulus", change("n", json!(null))),
    ] {
        let app = app().await;
        app.provider.keys(vec![key.clone()]);
        unauthorized(&with_lies(&app, signed(Signature::By(key))).await, what);
    }
}

#[tokio::test]
async fn hundreds_of_unknown_keys_cause_few_fetches_and_a_new_key_is_taken_soon() {
    let app = app().await;
    assert_eq!(with_lies(&app, Lies::default()).await.status, 200);
    app.provider.lie(signed(Signature::By(Key::eddsa("unknown"))));
    let unknown = app.provider.access_token(&arthur());
    for _ in 0..30 {
        join_all((0..10).map(|_| app.me(&unknown))).await.iter().for_each(|response| unauthorized(response, "unknown"));
    }
    assert!(keys_fetched(&app) <= 4);
    app.provider.keys(vec![Key::es256("second")]);
    let mut waited = 0;
    while with_lies(&app, Lies::default()).await.status != 200 {
        app.advance(5);
        waited += 5;
        assert!(waited < 60);
    }
    assert_eq!(keys_fetched(&app), 1);
    // The key that is gone is refused.
    unauthorized(&with_lies(&app, signed(Signature::By(Key::eddsa("first")))).await, "the old key");
}

#[tokio::test]
async fn without_limits_every_unknown_key_is_looked_for() {
    let setup = Setup { resource: Some(|server| server), limits: Limits::off(), ..Setup::default() };
    let app = App::with(setup).await;
    app.provider.lie(signed(Signature::By(Key::eddsa("unknown"))));
    let unknown = app.provider.access_token(&arthur());
    for _ in 0..20 {
        unauthorized(&app.me(&unknown).await, "unknown");
    }
    assert_eq!(keys_fetched(&app), 21);
}

#[tokio::test]
async fn while_the_issuer_fails_its_known_keys_are_used_for_a_day() {
    let down =
        || Lies { answers: [("/jwks", Answer::Plain(503, "text/html", "<h1>".into()))].into(), ..Lies::default() };
    let app = app().await;
    unauthorized(&with_lies(&app, down()).await, "no key is known");
    unauthorized(&with_lies(&app, Lies::default()).await, "the issuer is not asked again at once");
    assert_eq!(keys_fetched(&app), 1);
    app.advance(6);
    assert_eq!(with_lies(&app, Lies::default()).await.status, 200);
    app.advance(3600);
    assert_eq!(with_lies(&app, down()).await.status, 200);
    assert_eq!(with_lies(&app, down()).await.status, 200);
    assert_eq!(keys_fetched(&app), 2, "the second request does not ask");
    app.advance(24 * 3600);
    unauthorized(&with_lies(&app, down()).await, "the keys are a day old");
}

/// slow on purpose: for as long as a request waits for an issuer
#[tokio::test]
async fn an_issuer_that_hangs_delays_few_requests_and_fails_none() {
    let silent = || Lies { answers: [("/jwks", Answer::Silent)].into(), ..Lies::default() };
    let app = app().await;
    app.provider.lie(silent());
    let token = app.provider.access_token(&arthur());
    // A request is ended after ten seconds.
    let waiting = join_all((0..20).map(|_| app.me(&token)));
    let responses = timeout(Duration::from_secs(9), waiting).await.unwrap();
    responses.iter().for_each(|response| unauthorized(response, "no key is known"));
    unauthorized(&app.me(&token).await, "the issuer is not asked again at once");
    assert_eq!(keys_fetched(&app), 1);
    app.advance(6);
    assert_eq!(with_lies(&app, Lies::default()).await.status, 200);

    // Forged tokens do not delay requests whose key is known.
    app.provider.lie(Lies { signature: Some(Signature::By(Key::es256("unknown"))), ..silent() });
    let forged = app.provider.access_token(&arthur());
    let forged = timeout(Duration::from_secs(9), join_all((0..20).map(|_| app.me(&forged))));
    let (forged, genuine) = tokio::join!(forged, timeout(Duration::from_secs(4), app.me(&token)));
    forged.unwrap().iter().for_each(|response| unauthorized(response, "forged"));
    assert_eq!(genuine.unwrap().status, 200);
}

#[tokio::test]
async fn answers_of_a_hostile_issuer_are_refused_and_cause_no_other_call() {
    let elsewhere = "http://127.0.0.1:9/jwks";
    let point = |name: &'static str, value: Value| Lies {
        discovery: Some(std::sync::Arc::new(move |document: &mut Map<String, Value>| {
            drop(document.insert(name.to_owned(), value.clone()));
        })),
        ..Lies::default()
    };
    let answer = |path: &'static str, answer: Answer| Lies { answers: [(path, answer)].into(), ..Lies::default() };
    let document = "/.well-known/openid-configuration";
    for (what, lies) in [
        ("keys elsewhere", point("jwks_uri", json!(elsewhere))),
        ("no keys", point("jwks_uri", json!(null))),
        ("another issuer", point("issuer", json!("https://evil.example"))),
        ("a redirect", answer("/jwks", Answer::Redirect(elsewhere.to_owned()))),
        ("too many bytes", answer("/jwks", Answer::Huge)),
        ("a page", answer("/jwks", Answer::Plain(200, "text/html", "<script>".to_owned()))),
        ("no set", answer("/jwks", Answer::Plain(200, "application/json", "[]".to_owned()))),
        ("no usable key", answer("/jwks", Answer::Plain(200, "application/json", r#"{"keys":[1,{}]}"#.to_owned()))),
        ("a redirected document", answer(document, Answer::Redirect(elsewhere.to_owned()))),
    ] {
        let app = app().await;
        unauthorized(&with_lies(&app, lies).await, what);
        app.advance(60);
        assert_eq!(with_lies(&app, Lies::default()).await.status, 200, "{what}");
    }
}

#[tokio::test]
async fn a_token_of_another_type_is_accepted_only_if_it_is_configured_and_is_no_id_token() {
    let (strict, lenient) = (app().await, app_with(ResourceServer::accept_jwt_type).await);
    for (kind, by_default, if_configured) in
        [("at+jwt", 200, 200), ("application/at+JWT", 200, 200), ("JWT", 401, 200), ("logout+jwt", 401, 401)]
    {
        for (app, status) in [(&strict, by_default), (&lenient, if_configured)] {
            let response = app.me(&app.provider.typed_token(kind, &arthur())).await;
            assert_eq!(response.status, status, "{kind}");
        }
    }
    for (name, value, status) in [
        ("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}}), 401),
        ("nonce", json!("n"), 401),
        ("at_hash", json!("h"), 401),
        ("token_use", json!("id"), 401),
        ("token_use", json!("access"), 200),
        ("typ", json!("ID"), 401),
        ("typ", json!("Bearer"), 200),
    ] {
        lenient.provider.lie(claim(name, value.clone()));
        let response = lenient.me(&lenient.provider.typed_token("JWT", &arthur())).await;
        assert_eq!(response.status, status, "{name} {value}");
    }
    // As Keycloak issued them before version 25.
    lenient.provider.lie(claims(|claims| {
        claims.insert("typ".to_owned(), json!("Bearer"));
        claims.insert("nonce".to_owned(), json!("n"));
    }));
    assert_eq!(lenient.me(&lenient.provider.typed_token("JWT", &arthur())).await.status, 200);
    // The issuer's own ID token, for a service whose audience is the client id.
    let app = app_with(|server| server.accept_jwt_type().audience(CLIENT_ID)).await;
    unauthorized(&app.me(&app.provider.id_token(arthur(), "a-nonce")).await, "an ID token");
}

#[tokio::test]
async fn a_person_without_an_account_becomes_a_user_only_by_the_rules() {
    // An account with the address exists, and anybody may have registered it.
    let app = app().await;
    app.register("arthur@camelot.bt").await;
    unauthorized(&app.me(&app.provider.access_token(&arthur())).await, "the address is taken");
    unauthorized(&app.me(&app.provider.access_token(&Person { email: json!(null), ..arthur() })).await, "no address");

    let app = app_with(|server| server.same_address(SameAddress::Link).verified_by_default(true)).await;
    app.verified("arthur@camelot.bt").await;
    let unverified = Person::unverified("arthur-1", "arthur@camelot.bt");
    unauthorized(&app.me(&app.provider.access_token(&unverified)).await, "the issuer has not verified the address");
    let linked = app.seen(&app.provider.access_token(&arthur())).await;
    assert_eq!(app.seen(&app.password("arthur@camelot.bt").await).await["id"], linked["id"]);
    let mordred = Person::unverified("mordred-1", "mordred@camelot.bt");
    assert_eq!(app.seen(&app.provider.access_token(&mordred)).await["is_verified"], false);

    let app = app_with(ResourceServer::existing_users_only).await;
    unauthorized(&app.me(&app.provider.access_token(&arthur())).await, "nobody is created");
    app.verified("arthur@camelot.bt").await;
    let token = app.password("arthur@camelot.bt").await;
    assert_eq!(app.associate("acme", &token, arthur()).await.status, 200);
    assert_eq!(app.me(&app.provider.access_token(&arthur())).await.status, 200);
}

#[tokio::test]
async fn an_inactive_user_is_refused_at_once() {
    let app = app().await;
    let token = app.provider.access_token(&arthur());
    app.seen(&token).await;
    let user = app.users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
    let id = user.id;
    let inactive = UserAdminUpdate { is_active: Some(false), ..UserAdminUpdate::default() };
    let user = app.users.update(user, inactive).await.unwrap();
    unauthorized(&app.me(&token).await, "inactive");
    app.users.delete(&user).await.unwrap();
    assert_ne!(app.seen(&token).await["id"], json!(id), "the person of a deleted user is a new user");
}

#[tokio::test]
async fn a_suspended_user_is_refused_at_once_and_until_the_end() {
    let app = app().await;
    let token = app.provider.access_token(&arthur());
    app.seen(&token).await;
    let id = app.users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap().id;
    app.users.suspend(id, None, None).await.unwrap();
    unauthorized(&app.me(&token).await, "suspended");
    app.users.lift_suspension(id).await.unwrap();
    assert_eq!(app.seen(&token).await["id"], json!(id));
    // No password is used, so the mark of a compromised one does not matter.
    app.users.require_password_change(id).await.unwrap();
    assert_eq!(app.seen(&token).await["id"], json!(id));
}

#[tokio::test]
async fn an_address_that_the_token_lacks_is_asked_for_once() {
    let app = app_with(|server| server.verified_by_default(true)).await;
    app.provider.claims_at_userinfo_only();
    let token = app.provider.access_token(&arthur());
    unauthorized(&app.me(&token).await, "the endpoint refuses the token");
    app.provider.knows(&token, &Person::verified("mordred-1", "arthur@camelot.bt"));
    unauthorized(&app.me(&token).await, "it is about another person");
    app.provider.knows(&token, &arthur());
    assert_eq!(app.seen(&token).await["email"], "arthur@camelot.bt");
    // The verification status comes from the document that has the address.
    app.provider.lie(claim("email_verified", json!(true)));
    let gawains = app.provider.access_token(&Person { email: json!(null), ..Person::verified("gawain-1", "") });
    app.provider.lie(Lies::default());
    app.provider.knows(&gawains, &Person::unverified("gawain-1", "gawain@camelot.bt"));
    assert_eq!(app.seen(&gawains).await["is_verified"], false);
    app.provider.take_calls();
    app.seen(&token).await;
    assert_eq!(app.provider.take_calls(), Vec::<String>::new(), "the person is known");
}

#[tokio::test]
async fn what_needs_a_recent_login_needs_the_time_of_the_login_at_the_issuer() {
    let app = app().await;
    let token = app.provider.access_token(&arthur());
    let start = |token: String| {
        let app = &app;
        async move { app.get("/auth/associate/hub/authorize").bearer(&token).send().await }
    };
    assert_eq!(app.seen(&token).await["email"], "arthur@camelot.bt");
    assert_eq!(start(token).await.status, 401);
    for (ago, status) in [(10, 200), (301, 401), (-60, 401)] {
        app.provider.lie(claim("auth_time", json!(1_795_867_200 - ago)));
        assert_eq!(start(app.provider.access_token(&arthur())).await.status, status, "{ago}");
    }
}

#[tokio::test]
async fn concurrent_first_requests_create_one_user() {
    let app = app().await;
    let token = app.provider.access_token(&arthur());
    let seen = join_all((0..8).map(|_| app.seen(&token))).await;
    assert!(seen.iter().all(|user| user["id"] == seen[0]["id"]));
    assert_eq!(app.hooks.take(), ["on_after_register"]);
}

#[tokio::test]
async fn the_backend_has_no_logins() {
    let app = app().await;
    for path in ["/auth/sso/login", "/auth/sso/logout"] {
        let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
        assert_eq!(app.post(path).form(&form).send().await.status, 404);
    }
    let document = serde_json::to_string(&openapi(&app.users)).unwrap();
    assert!(document.contains("/auth/it/login") && !document.contains("/auth/sso/"));
    let user = app.verified("arthur@camelot.bt").await;
    assert!(app.users.sign_in(&user, "sso").await.is_err());
    let users = app.users.clone();
    let mounted = tokio::task::spawn_blocking(move || {
        drop(super::support::user_auth_routes::<Users<super::support::User>>(&users, "sso"));
    });
    assert!(mounted.await.unwrap_err().is_panic());
}

/// Users without accounts at providers.
#[derive(axum_users::AuthUser, Debug, Clone)]
#[auth(table = "plain_user")]
struct PlainUser {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
}

/// Users whose registration needs more than an address.
#[derive(axum_users::AuthUser, Debug, Clone)]
#[auth(oauth, table = "squire")]
struct Squire {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,

    #[auth(read, create)]
    knight: String,
}

#[tokio::test]
async fn settings_that_cannot_work_stop_the_start() {
    async fn built<U: axum_users::store::StoredUser>(server: ResourceServer) -> Result<Users<U>, Error> {
        Users::<U>::builder(SecretKey::new(SECRET).unwrap())
            .database("sqlite::memory:")
            .backend(Backend::bearer("sso", server))
            .build()
            .await
    }
    let server = || ResourceServer::new("https://login.acme.example", AUDIENCE).unwrap();
    let complaint = |error: Error| error.to_string();
    assert!(complaint(ResourceServer::new("https://login.acme.example", "").unwrap_err()).contains("audience"));
    assert!(complaint(ResourceServer::new("http://login.acme.example", "a").unwrap_err()).contains("https"));
    assert!(complaint(server().endpoints_at("ftp://x").unwrap_err()).contains("https"));
    assert!(complaint(built::<PlainUser>(server()).await.unwrap_err()).contains("#[auth(oauth)]"));
    assert!(complaint(built::<Squire>(server()).await.unwrap_err()).contains("new_user"));
    let knight = |server: ResourceServer| server.new_user(|_| Map::from_iter([("knight".to_owned(), "Kay".into())]));
    assert!(built::<Squire>(knight(server())).await.is_ok());
    assert!(built::<Squire>(server().existing_users_only()).await.is_ok());
    assert!(complaint(built::<Squire>(knight(server()).accounts_of("a/b")).await.unwrap_err()).contains("a/b"));

    // Subjects of two issuers are two people.
    let two = |other: &str| {
        let other = ResourceServer::new(other, AUDIENCE).unwrap().accounts_of("sso");
        let builder = Users::<super::support::User>::builder(SecretKey::new(SECRET).unwrap())
            .database("sqlite::memory:")
            .public_url("https://app.example.org");
        builder.backend(Backend::bearer("sso", server())).backend(Backend::bearer("other", other)).build()
    };
    assert!(complaint(two("https://other.example").await.unwrap_err()).contains("two issuers"));
    let users = two("https://login.acme.example").await.unwrap();
    let provider = OAuthProvider::openid("sso", "https://other.example", "id", "secret").unwrap();
    // Not because of a missing public URL, since others can be mounted.
    let other = OAuthProvider::openid("acme", "https://other.example", "id", "secret").unwrap();
    drop(super::support::user_oauth_associate_routes::<Users<super::support::User>>(&users, &other));
    let mounted = tokio::task::spawn_blocking(move || {
        drop(super::support::user_oauth_associate_routes::<Users<super::support::User>>(&users, &provider));
    });
    assert!(mounted.await.unwrap_err().is_panic());
}
