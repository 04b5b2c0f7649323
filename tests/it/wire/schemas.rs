//! Request schemas: booleans, safe and unsafe updates, and the order of checks (contract.md 3, 4.1, 4.2 and 5).

use axum_users::schema::Status;
use serde_json::{Value, json};

use super::app::{KnightAdminUpdate, KnightCreate, Rules, WireApp};

/// Every spelling of a boolean with its value, or with the error type of other values.
fn spellings() -> Vec<(Value, Result<bool, &'static str>)> {
    let mut spellings = vec![
        (json!(true), Ok(true)),
        (json!(false), Ok(false)),
        (json!(1), Ok(true)),
        (json!(0), Ok(false)),
        (json!(1.0), Ok(true)),
        (json!(0.0), Ok(false)),
        (json!(-0.0), Ok(false)),
    ];
    for (word, truth) in [("1", true), ("t", true), ("true", true), ("y", true), ("yes", true), ("on", true)] {
        spellings.extend([(json!(word), Ok(truth)), (json!(word.to_uppercase()), Ok(truth))]);
    }
    for (word, truth) in [("0", false), ("f", false), ("false", false), ("n", false), ("no", false), ("off", false)] {
        spellings.extend([(json!(word), Ok(truth)), (json!(word.to_uppercase()), Ok(truth))]);
    }
    spellings.push((json!("YeS"), Ok(true)));
    for other in [json!(2), json!(-1), json!(2.0), json!("maybe"), json!(""), json!(" 1"), json!("1.0"), json!("00")] {
        spellings.push((other, Err("bool_parsing")));
    }
    for other in [json!([]), json!({}), json!([true]), json!(0.5), json!(1e30)] {
        spellings.push((other, Err("bool_type")));
    }
    spellings
}

fn no_boolean(field: &str, kind: &str, input: &Value) -> Value {
    let msg = match kind {
        "bool_parsing" => "Input should be a valid boolean, unable to interpret input",
        _ => "Input should be a valid boolean",
    };
    let input = if input.is_array() || input.is_object() { &Value::Null } else { input }; // C13
    json!({ "type": kind, "loc": ["body", field], "msg": msg, "input": input })
}

#[tokio::test]
async fn every_boolean_spelling_of_the_wire_is_accepted() {
    let app = WireApp::start(Rules::Recommended).await;
    let superuser = app.superuser("mordred@camelot.bt").await;
    let arthur = app.knight("arthur@camelot.bt", Status::NEW).await;
    let path = format!("/users/{}", arthur.id);
    for (value, meaning) in spellings() {
        let body = json!({ "is_verified": value });
        let response = app.patch(&path).bearer(&superuser).json(body).send().await;
        match meaning {
            Ok(truth) => assert_eq!(response.json()["is_verified"], truth, "{value}: {response:?}"),
            Err(kind) => {
                let problem = no_boolean("is_verified", kind, &value);
                assert_eq!(
                    (response.status.as_u16(), response.json()),
                    (422, json!({ "detail": [problem] })),
                    "{value}"
                );
            }
        }
    }
}

#[tokio::test]
async fn ignored_flags_are_still_validated_and_may_be_null() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let token = app.member("arthur@camelot.bt").await;
        let before = app.stored("arthur@camelot.bt").await;
        for (value, meaning) in spellings().into_iter().chain([(Value::Null, Ok(false))]) {
            let body = json!({ "is_active": value, "is_superuser": value, "is_verified": value });
            let me = app.patch("/users/me").bearer(&token).json(body.clone()).send().await;
            let mut registration = body;
            registration["email"] = json!("bad");
            registration["password"] = json!("guinevere");
            let register = app.post("/auth/register").json(registration).send().await;
            let problems = match meaning {
                Ok(_) => vec![],
                Err(kind) => {
                    ["is_active", "is_superuser", "is_verified"].map(|flag| no_boolean(flag, kind, &value)).into()
                }
            };
            assert_eq!(register.json()["detail"].as_array().unwrap()[1..], problems, "{value}");
            match meaning {
                Ok(_) => assert_eq!(me.status, 200, "{value}: {me:?}"),
                Err(_) => assert_eq!(me.json()["detail"], json!(problems), "{value}"),
            }
        }
        let after = app.stored("arthur@camelot.bt").await;
        assert_eq!((after.is_active, after.is_superuser, after.is_verified), (true, false, false));
        assert_eq!((before.id, before.email), (after.id, after.email));
    }
}

#[tokio::test]
async fn a_null_flag_in_an_unsafe_update_is_422_and_not_500() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        let arthur = app.knight("arthur@camelot.bt", Status::NEW).await;
        for flag in ["is_active", "is_superuser", "is_verified"] {
            let response =
                app.patch(&format!("/users/{}", arthur.id)).bearer(&superuser).json(json!({ flag: null })).send().await;
            let problem = no_boolean(flag, "bool_type", &Value::Null);
            assert_eq!((response.status.as_u16(), response.json()), (422, json!({ "detail": [problem] })));
        }
    }
}

#[tokio::test]
async fn safe_updates_ignore_privileged_fields_and_unsafe_ones_only_the_id() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let all = json!({
            "id": "bdfc2b97-4876-4210-9dba-158745062fcd", "email": "arthur@camelot.bt", "password": "guinevere",
            "is_active": false, "is_superuser": true, "is_verified": true, "oauth_accounts": [{ "id": 1 }],
            "hashed_password": "x",
        });
        assert_eq!(app.post("/auth/register").json(all.clone()).send().await.status, 201);
        let arthur = app.stored("arthur@camelot.bt").await;
        assert_eq!((arthur.is_active, arthur.is_superuser, arthur.is_verified), (true, false, false));
        assert_ne!(arthur.id.to_string(), all["id"]);

        let token = app.login("arthur@camelot.bt").await;
        let mut others = all.clone();
        others.as_object_mut().unwrap().remove("password");
        assert_eq!(app.patch("/users/me").bearer(&token).json(others.clone()).send().await.status, 200);
        let unchanged = app.stored("arthur@camelot.bt").await;
        assert_eq!((unchanged.id, unchanged.is_active), (arthur.id, true));
        assert_eq!((unchanged.is_superuser, unchanged.is_verified), (false, false));
        assert_eq!(unchanged.hashed_password, arthur.hashed_password);

        let superuser = app.superuser("mordred@camelot.bt").await;
        let path = format!("/users/{}", arthur.id);
        assert_eq!(app.patch(&path).bearer(&superuser).json(others).send().await.status, 200);
        let changed = app.stored("arthur@camelot.bt").await;
        assert_eq!((changed.id, changed.is_active), (arthur.id, false));
        assert_eq!((changed.is_superuser, changed.is_verified), (true, true));
        assert_eq!(changed.hashed_password, arthur.hashed_password);
    }
}

#[tokio::test]
async fn programmatic_calls_are_unsafe() {
    let app = WireApp::start(Rules::Recommended).await;
    let status = Status { is_active: false, is_superuser: true, is_verified: true };
    let create = KnightCreate { email: "arthur@camelot.bt".into(), password: "guinevere".into() };
    let arthur = app.users.create(create, status).await.unwrap();
    assert_eq!((arthur.is_active, arthur.is_superuser, arthur.is_verified), (false, true, true));
    let update = KnightAdminUpdate { is_active: Some(true), is_superuser: Some(false), ..KnightAdminUpdate::default() };
    let arthur = app.users.update(arthur, update).await.unwrap();
    assert_eq!((arthur.is_active, arthur.is_superuser, arthur.is_verified), (true, false, true));
}

#[tokio::test]
async fn checks_run_in_the_order_syntax_token_rights_id_fields_rules() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let superuser = app.superuser("mordred@camelot.bt").await;
        let ordinary = app.member("arthur@camelot.bt").await;
        let known = format!("/users/{}", app.stored("arthur@camelot.bt").await.id);
        let unknown = "/users/d35d213e-f3d8-4f08-954a-7e0d1bea286f";
        let wrong = r#"{"email":"bad","password":"g"}"#;
        let refused = r#"{"email":"mordred@camelot.bt","password":"g"}"#;
        for (path, token, body, status, first) in [
            ("/users/abc", "", "{", 422, "json_invalid"),
            ("/users/abc", &*ordinary, "{", 422, "json_invalid"),
            ("/users/abc", "", wrong, 401, "Unauthorized"),
            ("/users/abc", "nonsense", wrong, 401, "Unauthorized"),
            ("/users/abc", &ordinary, wrong, 403, "Forbidden"),
            (unknown, &ordinary, wrong, 403, "Forbidden"),
            (&known, &ordinary, "{}", 403, "Forbidden"),
            ("/users/abc", &superuser, wrong, 404, "Not Found"),
            (unknown, &superuser, wrong, 404, "Not Found"),
            (unknown, &superuser, "", 404, "Not Found"),
            (&known, &superuser, "", 422, "missing"),
            (&known, &superuser, "[]", 422, "model_attributes_type"),
            (&known, &superuser, "null", 422, "model_attributes_type"),
            (&known, &superuser, wrong, 422, "value_error"),
            (&known, &superuser, refused, 400, "UPDATE_USER_INVALID_PASSWORD"),
            ("/users/me", "", "{", 422, "json_invalid"),
            ("/users/me", "", "", 401, "Unauthorized"),
            ("/users/me", "", wrong, 401, "Unauthorized"),
            ("/users/me", &ordinary, wrong, 422, "value_error"),
            ("/users/me", &ordinary, refused, 400, "UPDATE_USER_INVALID_PASSWORD"),
        ] {
            let mut call = app.patch(path).raw("application/json", body);
            if !token.is_empty() {
                call = call.bearer(token);
            }
            let response = call.send().await;
            assert_eq!(response.status.as_u16(), status, "{path} {body} {}", response.text());
            assert!(response.text().contains(&format!("\"{first}\"")), "{path} {body} {}", response.text());
        }
    }
}

#[tokio::test]
async fn a_rejected_password_is_reported_before_a_taken_address() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.knight("arthur@camelot.bt", Status::NEW).await;
        app.try_register("arthur@camelot.bt", "g").await.is(
            400,
            r#"{"detail":{"code":"REGISTER_INVALID_PASSWORD","reason":"Password should be at least 3 characters"}}"#,
        );
    }
}
