//! Fields that requests can write and responses contain (OWASP ASVS 8.2.3, 15.3.1, 15.3.3).

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::support::{PASSWORD, TestApp};

const READ: [&str; 7] = ["id", "email", "is_active", "is_superuser", "is_verified", "first_name", "quota"];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sorted(mut keys: Vec<&str>) -> Vec<&str> {
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn read_has_exact_fields() {
    let app = TestApp::start().await;
    let registered = app.register("arthur@camelot.bt").await;
    let token = app.login("arthur@camelot.bt", PASSWORD).await;
    let king = app.superuser("uther@camelot.bt").await;
    let by_id = format!("/users/{}", registered["id"].as_str().unwrap());
    app.post("/auth/request-verify-token").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    let verify = app.hooks.token("on_after_request_verify").await;
    let responses = [
        registered,
        app.me(&token).await.json(),
        app.patch("/users/me").bearer(&token).json(json!({ "first_name": "Arthur" })).send().await.json(),
        app.post("/auth/verify").json(json!({ "token": verify })).send().await.json(),
        app.get(&by_id).bearer(&king).send().await.json(),
        app.patch(&by_id).bearer(&king).json(json!({ "quota": 3 })).send().await.json(),
    ];
    for response in responses {
        assert_eq!(sorted(keys(&response)), sorted(READ.to_vec()), "{response}");
    }
}

#[tokio::test]
async fn unmarked_field_invisible_and_unwritable() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let extra = |email: &str| json!({ "email": email, "password": PASSWORD, "note": "planted", "quota": 99 });
    let registered = app.post("/auth/register").json(extra("mordred@camelot.bt")).send().await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let by_id = format!("/users/{}", registered.json()["id"].as_str().unwrap());
    let token = app.login("mordred@camelot.bt", PASSWORD).await;
    let planted = json!({ "note": "planted", "quota": 99 });
    let own = app.patch("/users/me").bearer(&token).json(planted.clone()).send().await;
    let stored = app.stored("mordred@camelot.bt").await;
    assert_eq!((stored.note.as_str(), stored.quota), ("", 0));
    // A superuser can write the admin field, and no one can write the private field.
    let kings = app.patch(&by_id).bearer(&king).json(planted).send().await;
    let stored = app.stored("mordred@camelot.bt").await;
    assert_eq!((stored.note.as_str(), stored.quota), ("", 99));
    for response in [registered, own, kings] {
        assert!(response.status.is_success() && !response.text().contains("planted"), "{response:?}");
        assert!(!keys(&response.json()).contains(&"note"));
    }
}

#[tokio::test]
async fn register_cannot_make_superuser() {
    let app = TestApp::start().await;
    let id = "11111111-1111-4111-8111-111111111111";
    let response = app
        .post("/auth/register")
        .json(json!({
            "email": "mordred@camelot.bt", "password": PASSWORD, "id": id, "is_active": false, "is_superuser": true,
            "is_verified": true, "hashed_password": "$argon2id$planted", "auth_epoch": 9,
        }))
        .send()
        .await;
    assert_eq!(response.status, 201, "{response:?}");
    let stored = app.stored("mordred@camelot.bt").await;
    assert!(stored.is_active && !stored.is_superuser && !stored.is_verified);
    assert_ne!(stored.id.to_string(), id);
    app.login("mordred@camelot.bt", PASSWORD).await;
}

#[tokio::test]
async fn patch_me_cannot_raise_rights() {
    let app = TestApp::start().await;
    let token = app.member("mordred@camelot.bt").await;
    let before = format!("{:?}", app.stored("mordred@camelot.bt").await);
    let hash = app.stored("mordred@camelot.bt").await.hashed_password;
    for body in [
        json!({ "is_superuser": true }),
        json!({ "is_verified": true, "is_active": "yes" }),
        json!({ "id": "11111111-1111-4111-8111-111111111111", "hashed_password": "$argon2id$planted" }),
        json!({ "Is_Superuser": true, "is_superuser ": true, "isSuperuser": true, "is-superuser": true }),
        json!({ "user": { "is_superuser": true }, "is_superuser[]": true, "$set": { "is_superuser": true } }),
        json!({ "auth_epoch": -1, "__proto__": { "is_superuser": true } }),
    ] {
        let response = app.patch("/users/me").bearer(&token).json(body.clone()).send().await;
        assert_eq!(response.status, 200, "{body}: {response:?}");
        assert_eq!(format!("{:?}", app.stored("mordred@camelot.bt").await), before, "{body}");
    }
    assert!(app.stored("mordred@camelot.bt").await.hashed_password == hash);
    assert_eq!(app.get("/users/00000000-0000-4000-8000-000000000000").bearer(&token).send().await.status, 403);
}

/// Random bodies with every sensitive key and many unknown ones.
#[tokio::test]
async fn random_extra_fields_never_land() {
    const KEYS: [&str; 14] = [
        "id",
        "is_active",
        "is_superuser",
        "is_verified",
        "hashed_password",
        "note",
        "quota",
        "auth_epoch",
        "oauth_accounts",
        "IS_SUPERUSER",
        "is_superuser\u{0}",
        "",
        "rowid",
        "user.is_superuser",
    ];
    let app = TestApp::start().await;
    let mut dice = Dice::new(1910);
    for round in 0..100 {
        let mut body = Map::new();
        for _ in 0..=dice.below(8) {
            let key = KEYS[dice.below(KEYS.len())].to_owned();
            let value = match (key.as_str(), dice.below(4)) {
                // A flag is validated before it is ignored, as on the wire.
                ("is_active" | "is_superuser" | "is_verified", luck) => json!(luck % 2 == 0),
                ("id", _) => json!("11111111-1111-4111-8111-111111111111"),
                (_, 0) => json!(1),
                (_, 1) => json!("planted"),
                (_, 2) => json!({ "is_superuser": true }),
                _ => json!([true, "planted"]),
            };
            body.insert(key, value);
        }
        let email = format!("knight{round}@camelot.bt");
        let mut registration = body.clone();
        registration.insert("email".into(), json!(email));
        registration.insert("password".into(), json!(PASSWORD));
        let registered = app.post("/auth/register").json(Value::Object(registration.clone())).send().await;
        assert_eq!(registered.status, 201, "{registration:?}: {registered:?}");
        let token = app.login(&email, PASSWORD).await;
        let changed = app.patch("/users/me").bearer(&token).json(Value::Object(body.clone())).send().await;
        assert_eq!(changed.status, 200, "{body:?}: {changed:?}");
        let stored = app.stored(&email).await;
        assert!(stored.is_active && !stored.is_superuser && !stored.is_verified, "{body:?}");
        assert_eq!((stored.note.as_str(), stored.quota), ("", 0), "{body:?}");
        assert_ne!(stored.id.to_string(), "11111111-1111-4111-8111-111111111111");
    }
}

#[tokio::test]
async fn email_change_unverifies() {
    let app = TestApp::changing_emails_at_once().await;
    let king = app.superuser("uther@camelot.bt").await;
    let change = async |path: &str, token: &str, body: Value| app.patch(path).bearer(token).json(body).send().await;
    let fresh = change("/users/me", &king, json!({ "email": "pendragon@camelot.bt" })).await;
    assert_eq!((fresh.status.as_u16(), &fresh.json()["is_verified"]), (200, &json!(false)));
    assert!(!app.stored("pendragon@camelot.bt").await.is_verified);
    // A flag in the same body does not keep the address verified, unless a superuser sets it.
    let own = json!({ "email": "uther@camelot.bt", "is_verified": true });
    assert_eq!(change("/users/me", &king, own).await.json()["is_verified"], false);
    let by_id = format!("/users/{}", app.stored("uther@camelot.bt").await.id);
    let explicit = json!({ "email": "king@camelot.bt", "is_verified": true });
    assert_eq!(change(&by_id, &king, explicit).await.json()["is_verified"], true);
    let unsaid = json!({ "email": "uther@camelot.bt" });
    assert_eq!(change(&by_id, &king, unsaid).await.json()["is_verified"], false);
}
