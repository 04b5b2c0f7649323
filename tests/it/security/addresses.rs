//! An address that can be registered can also log in, reset and verify, in the same spelling. Addresses that other programs
//! stored can use every flow.

use axum_users::{Error, Policy, UsersBuilder, schema::Status};
use serde_json::json;

use super::{OTHER, patch_me, reset, reset_token, verify, verify_token};
use crate::support::{PASSWORD, Setup, TestApp, User, UserCreate};

/// Texts that people send, as keyboards, input methods and browsers write them.
const TYPED: [&str; 24] = [
    "arthur@xn--bcher-kva.example",
    "Arthur@XN--BCHER-KVA.example",
    "arthur@b\u{fc}cher.example",
    "arthur@bu\u{308}cher.example",
    "arthur@B\u{dc}CHER.EXAMPLE",
    " arthur@camelot.bt",
    "arthur@camelot.bt\u{a0}",
    "\u{3000}arthur@camelot.bt\t",
    "arthur@\u{ff43}\u{ff41}\u{ff4d}\u{ff45}\u{ff4c}\u{ff4f}\u{ff54}.bt",
    "arthur@camelot\u{3002}bt",
    "arthur@camelot\u{ff0e}bt",
    "arthur@camelot\u{ff61}bt",
    "\u{ff41}rthur@camelot.bt",
    "arthur\u{ff20}camelot.bt",
    "arthur@camelot.bt.",
    "arthur\u{200b}@camelot.bt",
    "\u{feff}arthur@camelot.bt",
    "arthur@camelot.bt\u{200d}",
    "arthur@fa\u{df}.example",
    "arthur@\u{3c3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}.example",
    "\u{e4}rthur@camelot.bt",
    "a\u{308}rthur@camelot.bt",
    "Arthur <arthur@camelot.bt>",
    "POSTMASTER@camelot.bt",
];

/// Under either rule a text is accepted by every entry, and then it is one account, or refused by every entry.
#[tokio::test]
async fn a_text_is_accepted_by_every_entry_or_by_none() {
    for policy in [Policy::recommended(), Policy::recommended().internationalized_email()] {
        for text in TYPED {
            let app = TestApp::with_policy(policy.clone()).await;
            let body = json!({ "email": text, "password": PASSWORD });
            let registered = app.post("/auth/register").json(body.clone()).send().await;
            if registered.status == 422 {
                assert_eq!(app.try_login(text, PASSWORD).await.status, 400, "{text:?}");
                let input = UserCreate { email: text.into(), password: PASSWORD.into(), first_name: None };
                assert!(app.users.create(input, Status::NEW).await.is_err(), "{text:?}");
                continue;
            }
            assert_eq!(registered.status, 201, "{text:?}: {registered:?}");
            let shown = registered.json()["email"].as_str().unwrap().to_owned();
            for (round, spelling) in [text, &shown].into_iter().enumerate() {
                app.login(spelling, PASSWORD).await;
                assert_eq!(app.post("/auth/register").json(body.clone()).send().await.status, 400, "{spelling:?}");
                assert_eq!(app.stored(spelling).await.email, shown);
                let reset_token = reset_token(&app, spelling).await;
                reset(&app, &reset_token, PASSWORD).await.is(200, "null");
                if round == 0 {
                    let verify_token = verify_token(&app, spelling).await;
                    assert_eq!(verify(&app, &verify_token).await.status, 200, "{spelling:?}");
                }
                // The whole form is sent back, in either spelling.
                let token = app.login(spelling, PASSWORD).await;
                let form = json!({ "email": spelling, "first_name": "Arthur" });
                let changed = patch_me(&app, &token, form).await;
                assert_eq!(changed.json()["is_verified"], true, "{spelling:?}: {changed:?}");
            }
        }
    }
}

/// The forms that other keyboards and clipboards produce of an address that was registered in the usual form.
const OTHERWISE_TYPED: [&str; 8] = [
    "arthur\u{ff20}camelot.bt",
    "arthur\u{fe6b}camelot.bt",
    "arthur@camelot.bt.",
    "\u{feff}arthur@camelot.bt",
    "arthur@camelot.bt\u{200b}",
    "\u{202a}arthur@camelot.bt\u{202c}",
    "\u{2068}arthur@camelot.bt\u{2069}",
    "\u{200e} arthur\u{ff20}camelot\u{3002}bt\u{3002}\u{200f}",
];

#[tokio::test]
async fn an_account_is_found_whatever_a_keyboard_adds_to_its_address() {
    for policy in [Policy::recommended(), Policy::recommended().internationalized_email(), Policy::fastapi_users()] {
        let app = TestApp::with_policy(policy).await;
        app.register("arthur@camelot.bt").await;
        for typed in OTHERWISE_TYPED {
            let session = app.login(typed, PASSWORD).await;
            assert_eq!(app.stored(typed).await.email, "arthur@camelot.bt", "{typed:?}");
            let token = reset_token(&app, typed).await;
            reset(&app, &token, PASSWORD).await.is(200, "null");
            // It is the same account, whether registration reads the text or refuses it.
            let body = json!({ "email": typed, "password": PASSWORD });
            let again = app.post("/auth/register").json(body).send().await;
            assert!([400, 422].contains(&again.status.as_u16()), "{typed:?}: {again:?}");
            drop(session);
        }
        let token = verify_token(&app, OTHERWISE_TYPED[7]).await;
        assert_eq!(verify(&app, &token).await.status, 200);
        // The user's own address in another spelling is not a change.
        let session = app.login("arthur@camelot.bt", PASSWORD).await;
        let changed = patch_me(&app, &session, json!({ "email": OTHERWISE_TYPED[0], "first_name": "Arthur" })).await;
        assert_eq!((changed.status.as_u16(), &changed.json()["is_verified"]), (200, &json!(true)), "{changed:?}");
    }
}

/// Inside of an address, a character that cannot be seen is refused: it may be meant to look like another address.
#[tokio::test]
async fn what_cannot_be_seen_inside_of_an_address_is_refused() {
    let app = TestApp::start().await;
    for email in
        ["arthur\u{200b}@camelot.bt", "art\u{202e}hur@camelot.bt", "arthur@camelot\u{2060}.bt", "arthur@camelot.bt.."]
    {
        let body = json!({ "email": email, "password": PASSWORD });
        assert_eq!(app.post("/auth/register").json(body).send().await.status, 422, "{email:?}");
    }
}

/// Addresses that other programs stored: in Punycode, in capitals, decomposed, at internal domains, or against our rules.
const STORED: [(&str, &str); 11] = [
    ("arthur@xn--bcher-kva.example", "arthur@b\u{fc}cher.example"),
    ("arthur@b\u{fc}cher.example", "arthur@xn--bcher-kva.example"),
    ("Arthur@B\u{fc}cher.Example", "ARTHUR@b\u{fc}cher.example"),
    ("arthur@B\u{dc}CHER.example", "arthur@xn--bcher-kva.example"),
    ("arthur@bu\u{308}cher.example", "arthur@b\u{fc}cher.example"),
    ("Arthur@corp.local", " arthur@CORP.local"),
    ("arthur@nas.home.arpa", "arthur@nas.home.arpa\u{a0}"),
    ("arthur@localhost", "arthur@localhost"),
    ("king..arthur@docomo.example", "king..arthur@docomo.example"),
    ("\u{e4}rthur@camelot.bt", "\u{e4}rthur@camelot.bt"),
    ("arthur@my_host.example", "arthur@my_host.example"),
];

/// Uses every flow with an address that is already stored.
async fn every_flow(app: &TestApp, stored: &str, typed: &str) {
    for spelling in [stored, typed] {
        let what = format!("{stored:?} typed as {spelling:?}");
        assert_eq!(app.try_login(spelling, PASSWORD).await.status, 200, "{what}");
        let token = reset_token(app, spelling).await;
        reset(app, &token, PASSWORD).await.is(200, "null");
        assert_eq!(app.stored(spelling).await.email, stored, "{what}");
    }
    let token = verify_token(app, typed).await;
    assert_eq!(verify(app, &token).await.status, 200, "{stored:?}");
    // A front end sends its whole form, with the address as it was read.
    let session = app.login(stored, PASSWORD).await;
    let form = json!({ "email": app.me(&session).await.json()["email"], "first_name": "Arthur" });
    let changed = patch_me(app, &session, form.clone()).await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json()["is_verified"]),
        (200, &json!(true)),
        "{stored:?}: {changed:?}"
    );
    let king = app.superuser("uther@camelot.bt").await;
    let user = app.stored(stored).await;
    let changed = app.patch(&format!("/users/{}", user.id)).bearer(&king).json(form).send().await;
    assert_eq!((changed.status.as_u16(), &changed.json()["email"]), (200, &json!(stored)), "{changed:?}");
    assert!(app.users.delete(&app.stored("uther@camelot.bt").await).await.is_ok());
    // The same mailbox does not register again.
    let body = json!({ "email": typed, "password": PASSWORD });
    let again = app.post("/auth/register").json(body).send().await;
    assert!([400, 422].contains(&again.status.as_u16()), "{stored:?}: {again:?}");
}

#[tokio::test]
async fn addresses_that_another_program_stored_can_use_every_flow() {
    for policy in [Policy::recommended(), Policy::recommended().internationalized_email()] {
        for (stored, typed) in STORED {
            let app = TestApp::with_policy(policy.clone()).await;
            app.register("arthur@camelot.example").await;
            sqlx::query("UPDATE user SET email = ?").bind(stored).execute(&app.sqlite().await).await.unwrap();
            every_flow(&app, stored, typed).await;
        }
    }
}

#[cfg(feature = "services")]
#[tokio::test]
async fn stored_spellings_of_a_domain_are_found_on_every_database() {
    use crate::matrix::{Database, DatabaseKind};

    for kind in DatabaseKind::ALL {
        if !kind.is_reachable().await {
            continue;
        }
        let database = Database::own(kind).await;
        let url = database.url();
        let app = TestApp::with(Setup { builder: Box::new(|builder| builder.database(url)), ..Setup::default() }).await;
        for (stored, typed) in STORED {
            let user = app.register("arthur@camelot.example").await;
            let table = database.quoted("user");
            database.run(&format!("UPDATE {table} SET email = '{stored}'")).await;
            every_flow(&app, stored, typed).await;
            let id = user["id"].as_str().unwrap().parse().unwrap();
            app.users.delete(&app.users.get(id).await.unwrap().unwrap()).await.unwrap();
        }
    }
}

/// Private registration does not reveal that another form of the address is stored, and creates no second account.
#[tokio::test]
async fn private_registration_knows_every_form_of_an_address() {
    let policy = Policy::recommended().require_verification(true).private_registration();
    let app = TestApp::with_policy(policy).await;
    app.register("arthur@camelot.example").await;
    let stored = "arthur@xn--bcher-kva.example";
    sqlx::query("UPDATE user SET email = ?").bind(stored).execute(&app.sqlite().await).await.unwrap();
    app.register("arthur@b\u{fc}cher.example").await;
    assert_eq!(app.hooks.wait_for("on_after_duplicate_register").await.email.as_deref(), Some(stored));
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM user").fetch_one(&app.sqlite().await).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn internal_domains_are_accepted_by_name_only() {
    let app = TestApp::start().await;
    let register = async |app: &TestApp, email: &str| {
        app.post("/auth/register").json(json!({ "email": email, "password": OTHER })).send().await.status.as_u16()
    };
    let internal =
        ["user@corp.local", "user@mail.CORP.local", "user@nas.home.arpa", "user@intranet", "user@b\u{fc}cher.test"];
    for email in internal {
        assert_eq!(register(&app, email).await, 422, "{email}");
    }
    let names = ["Corp.Local", "home.arpa", "intranet", "xn--bcher-kva.test"];
    let app = TestApp::with_policy(Policy::recommended().internal_domains(names)).await;
    for email in internal {
        assert_eq!(register(&app, email).await, 201, "{email}");
        let token = app.login(email, OTHER).await;
        let token_for_reset = reset_token(&app, email).await;
        reset(&app, &token_for_reset, OTHER).await.is(200, "null");
        assert_eq!(app.me(&token).await.status, 401);
    }
    let king = app.member("king@camelot.bt").await;
    assert_eq!(patch_me(&app, &king, json!({ "email": "king@corp.local" })).await.status, 200);
    for email in
        ["user@other.local", "user@evilcorp.local", "user@local", "user@x.test", "user@camelot", "user@10.0.0.1"]
    {
        assert_eq!(register(&app, email).await, 422, "{email}");
    }
}

#[tokio::test]
async fn an_internal_domain_that_is_no_domain_name_is_refused_at_build() {
    for name in ["", "*.local", "corp local", "@corp.local", "corp.local.", "-x.local"] {
        let builder: UsersBuilder<User> =
            axum_users::Users::builder(axum_users::SecretKey::new(crate::support::SECRET).unwrap());
        let built = builder
            .database("sqlite::memory:")
            .backend(axum_users::Backend::bearer("jwt", axum_users::Jwt::new()))
            .policy(Policy::recommended().internal_domains([name]))
            .build()
            .await;
        assert!(matches!(built, Err(Error::Config(_))), "{name:?}");
    }
}
