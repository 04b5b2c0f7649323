//! Attacks on passkeys: each part of a ceremony is wrong once, and nothing changes.

use serde_json::{Value, json};

use super::{
    app::{ORIGIN, Service},
    on_one_combination,
    passkeys::{
        BAD, Begun, add, begin, begin_login, everywhere, finish, listed, log_in, plan, redeem, sign_up, try_log_in,
    },
};
use crate::{
    authenticator::{Key, PRESENT, SYNCABLE, Signing, VERIFIED, text},
    support::PASSWORD,
};

/// A change of the signed data.
type Change = fn(&mut Signing);

/// The wrong parts, once each, at a registration and at a login.
const WRONG: [(&str, Change); 12] = [
    ("another origin", |signing| signing.origin = "https://evil.example".to_owned()),
    ("an origin below", |signing| signing.origin = "https://evil.app.camelot.bt".to_owned()),
    ("an origin without TLS", |signing| signing.origin = "http://app.camelot.bt".to_owned()),
    ("another port", |signing| signing.origin = "https://app.camelot.bt:8443".to_owned()),
    ("an embedded page", |signing| signing.cross_origin = Some(true)),
    ("another relying party", |signing| signing.rp_id = "camelot.bt".to_owned()),
    ("another challenge", |signing| signing.challenge = text(&[7; 32])),
    ("no challenge", |signing| signing.challenge = String::new()),
    ("another kind", |signing| {
        signing.kind = if signing.kind == "webauthn.get" { "webauthn.create" } else { "webauthn.get" }.to_owned();
    }),
    ("a user who was not verified", |signing| signing.flags &= !VERIFIED),
    ("a user who was not present", |signing| signing.flags &= !PRESENT),
    ("a rest that does not belong there", |signing| signing.rest.truncate(signing.rest.len() / 2)),
];

/// The name of a wrong part, and the change that makes it wrong.
type Forgery = (&'static str, fn(&mut Value, &Key));

#[tokio::test]
async fn each_part_of_a_login_is_wrong_once() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let mut key = add(&app, &session, 1).await;
        let before = listed(&app, &session).await;
        for (name, change) in WRONG.into_iter().filter(|(name, _)| !name.contains("a rest")) {
            let Begun { state, options } = begin_login(&app).await;
            let mut signing = key.clone().assertion(&options, ORIGIN);
            change(&mut signing);
            let response = redeem(&app, &state, &key.sign(&signing)).await;
            assert_eq!((response.status.as_u16(), response.text().as_str()), (400, BAD), "{name}");
        }
        let further: [Forgery; 9] = [
            ("another signature", |credential, _| credential["response"]["signature"] = text(&[7; 70]).into()),
            ("an unknown passkey", |credential, _| {
                (credential["id"], credential["rawId"]) = (text(&[9; 32]).into(), text(&[9; 32]).into());
            }),
            ("another handle", |credential, _| credential["response"]["userHandle"] = text(&[7; 16]).into()),
            ("no handle", |credential, _| credential["response"]["userHandle"] = Value::Null),
            ("a long handle", |credential, _| credential["response"]["userHandle"] = text(&[7; 64]).into()),
            ("data of nobody", |credential, _| credential["response"]["authenticatorData"] = text(&[0; 37]).into()),
            ("no JSON", |credential, _| credential["response"]["clientDataJSON"] = text(b"{").into()),
            ("other JSON", |credential, _| credential["response"]["clientDataJSON"] = text(b"[1]").into()),
            ("no UTF-8", |credential, _| credential["response"]["clientDataJSON"] = text(b"\xff\xfe").into()),
        ];
        for (name, change) in further {
            let Begun { state, options } = begin_login(&app).await;
            let mut credential = key.clone().log_in(&options, ORIGIN);
            change(&mut credential, &key);
            let response = redeem(&app, &state, &credential).await;
            assert_eq!((response.status.as_u16(), response.text().as_str()), (400, BAD), "{name}");
        }
        assert_eq!(listed(&app, &session).await, before, "nothing changed");
        log_in(&app, &mut key).await;
    })
    .await;
}

#[tokio::test]
async fn each_part_of_a_registration_is_wrong_once() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        for (name, change) in WRONG {
            let Begun { state, options } = begin(&app, &session).await;
            let key = Key::new(&options, 1);
            let mut signing = key.registration(&options, ORIGIN);
            change(&mut signing);
            let response = finish(&app, &session, &state, &key.attest(&signing)).await;
            assert_eq!((response.status.as_u16(), response.text().as_str()), (400, BAD), "{name}");
        }
        let Begun { state, options } = begin(&app, &session).await;
        let key = Key::new(&options, 1);
        let mut other = key.register(&options, ORIGIN);
        (other["id"], other["rawId"]) = (text(&[9; 32]).into(), text(&[9; 32]).into());
        finish(&app, &session, &state, &other).await.is(400, BAD);
        assert_eq!(listed(&app, &session).await, [] as [Value; 0], "nothing changed");
        // A state that was refused is not used up.
        assert_eq!(finish(&app, &session, &state, &key.register(&options, ORIGIN)).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn every_cut_of_the_signed_data_is_refused_without_a_failure() {
    on_one_combination(plan(), |app| async move {
        let session = app.member("arthur").await;
        let mut key = add(&app, &session, 1).await;
        let Begun { state, options } = begin_login(&app).await;
        let credential = key.log_in(&options, ORIGIN);
        for part in ["authenticatorData", "clientDataJSON", "signature"] {
            let whole = credential["response"][part].as_str().unwrap();
            for length in (2..whole.len()).step_by(4) {
                let mut cut = credential.clone();
                cut["response"][part] = whole[..length].into();
                let status = redeem(&app, &state, &cut).await.status.as_u16();
                assert!([400, 422].contains(&status), "{part} {length}: {status}");
            }
        }
        let second = begin(&app, &session).await;
        let made = Key::new(&second.options, 2).register(&second.options, ORIGIN);
        let whole = made["response"]["attestationObject"].as_str().unwrap();
        for length in (2..whole.len()).step_by(4) {
            let mut cut = made.clone();
            cut["response"]["attestationObject"] = whole[..length].into();
            let status = finish(&app, &session, &second.state, &cut).await.status.as_u16();
            assert!([400, 422].contains(&status), "{length}: {status}");
        }
        assert_eq!(redeem(&app, &state, &credential).await.status.as_u16() / 100, 2);
    })
    .await;
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_the_owner_is_told() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let mut key = add(&app, &session, 1).await;
        let mut copy = key.clone();
        for _ in 0..3 {
            log_in(&app, &mut key).await;
        }
        app.hooks.clear();
        try_log_in(&app, &mut copy).await.is(400, BAD);
        let told = app.hooks.wait_for("on_after_passkey_change").await;
        assert_eq!(told.detail.as_deref(), Some("PerhapsCopied Excalibur"));
        // An equal number is as suspicious as a smaller one.
        copy.count = key.count.map(|count| count - 1);
        try_log_in(&app, &mut copy).await.is(400, BAD);
        log_in(&app, &mut key).await;
    })
    .await;
}

#[tokio::test]
async fn a_state_works_for_its_user_its_purpose_and_five_minutes() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let other = app.member("mordred").await;
        let begun = begin(&app, &session).await;
        let key = Key::new(&begun.options, 1);
        let made = key.register(&begun.options, ORIGIN);
        finish(&app, &other, &begun.state, &made).await.is(400, BAD);
        let sign_up = json!({ "state": begun.state, "credential": made });
        app.post("/auth/register/passkey").json(sign_up).send().await.is(400, BAD);
        app.advance(301);
        finish(&app, &session, &begun.state, &made).await.is(400, BAD);
        let session = app.login("arthur", PASSWORD).await;
        let mut key = add(&app, &session, 1).await;

        // The `state` of a login is not accepted for a registration, and vice versa.
        let login = begin_login(&app).await;
        let registration = begin(&app, &session).await;
        let signed = key.log_in(&login.options, ORIGIN);
        redeem(&app, &registration.state, &signed).await.is(400, BAD);
        finish(
            &app,
            &session,
            &login.state,
            &Key::new(&registration.options, 2).register(&registration.options, ORIGIN),
        )
        .await
        .is(400, BAD);
        for state in ["", "x", "a.b.c", &session, &login.state[..login.state.len() - 2]] {
            redeem(&app, state, &signed).await.is(400, BAD);
        }
        app.advance(301);
        redeem(&app, &login.state, &signed).await.is(400, BAD);
        let late = begin_login(&app).await;
        let signed = key.log_in(&late.options, ORIGIN);
        app.advance(299);
        assert!(redeem(&app, &late.state, &signed).await.status.is_success());
    })
    .await;
}

#[tokio::test]
async fn a_passkey_belongs_to_one_account() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let other = app.member("mordred").await;
        let mut key = add(&app, &session, 1).await;
        let id = listed(&app, &session).await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("/auth/passkeys/{id}");
        assert_eq!(app.with(app.delete(&path), &other).send().await.status, 404);
        assert_eq!(app.with(app.patch(&path), &other).json(json!({ "name": "Mine" })).send().await.status, 404);
        // The same credential id cannot be registered again, by another account or the same one.
        for session in [&other, &session] {
            let Begun { state, options } = begin(&app, session).await;
            finish(&app, session, &state, &key.register(&options, ORIGIN)).await.is(400, BAD);
        }
        let body = json!({ "email": app.mail("lancelot") });
        let Begun { state, options } = Begun::of(&app.post("/auth/register/passkey/options").json(body).send().await);
        let body = json!({ "state": state, "credential": key.register(&options, ORIGIN) });
        app.post("/auth/register/passkey").json(body).send().await.is(400, BAD);
        assert!(app.users.get_by_email(&app.mail("lancelot")).await.unwrap().is_none());
        // The handle of another user does not make it the passkey of that user.
        let mut others = add(&app, &other, 2).await;
        std::mem::swap(&mut key.handle, &mut others.handle);
        try_log_in(&app, &mut key).await.is(400, BAD);
        std::mem::swap(&mut key.handle, &mut others.handle);
        log_in(&app, &mut key).await;
    })
    .await;
}

#[tokio::test]
async fn bodies_of_another_form_are_refused_with_the_field() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let mut key = add(&app, &session, 1).await;
        let Begun { state, options } = begin_login(&app).await;
        let credential = key.log_in(&options, ORIGIN);
        let with = |pointer: &str, value: Value| {
            let mut changed = json!({ "state": state, "credential": credential });
            *changed.pointer_mut(pointer).unwrap() = value;
            changed
        };
        for (body, field) in [
            (json!({ "credential": credential }), "state"),
            (json!({ "state": state }), "credential"),
            (with("/state", json!(7)), "state"),
            (with("/credential", json!("hunter2")), "credential"),
            (with("/credential", json!([])), "credential"),
            (with("/credential/type", json!("password")), "credential"),
            (with("/credential/rawId", json!("hunter2!")), "credential"),
            (with("/credential/rawId", json!(text(&[7; 1024]))), "credential"),
            (with("/credential/response", json!({})), "credential"),
            (with("/credential/response/signature", json!("=")), "credential"),
            (with("/credential/response/userHandle", json!(text(&[7; 65]))), "credential"),
        ] {
            let response = app.post("/auth/it/passkey").json(body).send().await;
            assert_eq!(response.status, 422, "{response:?}");
            assert_eq!(response.json()["detail"][0]["loc"], json!(["body", field]), "{response:?}");
        }
        let long = with("/credential/response/signature", json!("A".repeat(17 * 1024)));
        assert_eq!(app.post("/auth/it/passkey").json(long).send().await.status, 413);
        let long = json!({ "email": app.mail("lancelot"), "first_name": "x".repeat(80), "more": "x".repeat(4000) });
        assert_eq!(app.post("/auth/register/passkey/options").json(long).send().await.status, 413);
        let invalid = json!({ "email": "no address", "first_name": "x".repeat(81) });
        assert_eq!(app.post("/auth/register/passkey/options").json(invalid).send().await.status, 422);
        let path = format!("/auth/passkeys/{}", listed(&app, &session).await[0]["id"].as_str().unwrap());
        for name in [json!(""), json!("x".repeat(65)), json!(7), json!("a\u{0}b"), Value::Null] {
            let response = app.with(app.patch(&path), &session).json(json!({ "name": name })).send().await;
            assert_eq!(response.status, 422, "{name}: {response:?}");
        }
        assert!(redeem(&app, &state, &credential).await.status.is_success());
    })
    .await;
}

#[tokio::test]
async fn a_key_that_was_bound_to_a_device_does_not_become_one_that_is_shared() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let mut key = add(&app, &session, 1).await;
        let Begun { state, options } = begin_login(&app).await;
        let mut signing = key.assertion(&options, ORIGIN);
        signing.flags |= SYNCABLE;
        redeem(&app, &state, &key.sign(&signing)).await.is(400, BAD);
        log_in(&app, &mut key).await;
    })
    .await;
}

#[tokio::test]
async fn a_user_has_at_most_twenty() {
    super::run_matrix(
        |combination| !combination.strategy.keeps_sessions(),
        plan(),
        |app: Service| async move {
            let mut key = sign_up(&app, "arthur", 1).await;
            let session = log_in(&app, &mut key).await;
            for number in 2..20 {
                add(&app, &session, number).await;
            }
            let late = begin(&app, &session).await;
            add(&app, &session, 20).await;
            const TOO_MANY: &str = r#"{"detail":"PASSKEY_TOO_MANY"}"#;
            let made = Key::new(&late.options, 21).register(&late.options, ORIGIN);
            finish(&app, &session, &late.state, &made).await.is(400, TOO_MANY);
            app.with(app.post("/auth/passkeys/register"), &session).send().await.is(400, TOO_MANY);
            assert_eq!(listed(&app, &session).await.len(), 20);
        },
    )
    .await;
}
