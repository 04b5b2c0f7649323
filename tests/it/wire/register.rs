//! `POST /auth/register` (contract.md 6.2).

use axum_users::PasswordPolicy;

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, always, call, expected, post},
};

pub const RECORDED: &[Step] = &[
    call(
        "R1",
        post("/auth/register").json(r#"{"email":"King.Arthur@Camelot.BT","password":"guinevere"}"#),
        expected(
            201,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        )
        .hooks(&["validate_password", "on_after_register"]),
    )
    .step(),
    call(
        "R2",
        post("/auth/register").json(r#"{"email":"king.arthur@camelot.bt","password":"guinevere"}"#),
        expected(400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#).hooks(&["validate_password"]),
    )
    .step(),
    call(
        "R3",
        post("/auth/register").json(r#"{"email":"a@camelot.bt","password":"g"}"#),
        expected(
            400,
            r#"{"detail":{"code":"REGISTER_INVALID_PASSWORD","reason":"Password should be at least 3 characters"}}"#,
        )
        .hooks(&["validate_password"]),
    )
    .step(),
    call(
        "R4",
        post("/auth/register").json(
            r#"{"email":"mordred@camelot.bt","password":"guinevere","is_superuser":true,"is_verified":true,"is_active":false}"#,
        ),
        expected(
            201,
            r#"{"id":"<MORDRED>","email":"mordred@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        )
        .hooks(&["validate_password", "on_after_register"]),
    )
    .step(),
    call(
        "R5",
        post("/auth/register").json("{}"),
        expected(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{}},{"type":"missing","loc":["body","password"],"msg":"Field required","input":{}}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        expected(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":null},{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#,
        ),
    )]),
    call(
        "R6",
        post("/auth/register").json(r#"{"password":"my-secret"}"#),
        expected(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{"password":"my-secret"}}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        expected(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":null}]}"#,
        ),
    )]),
    call(
        "R7",
        post("/auth/register").json(r#"{"email":"king.arthur","password":"guinevere"}"#),
        expected(
            422,
            r#"{"detail":[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"king.arthur","ctx":{"reason":"An email address must have an @-sign."}}]}"#,
        ),
    )
    .step(),
    call(
        "R8",
        post("/auth/register").json(r#"{"email":"a@camelot.bt","password":12345,"is_active":"maybe"}"#),
        expected(
            422,
            r#"{"detail":[{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":12345},{"type":"bool_parsing","loc":["body","is_active"],"msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        expected(
            422,
            r#"{"detail":[{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":null},{"type":"bool_parsing","loc":["body","is_active"],"msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}]}"#,
        ),
    )]),
    call(
        "R9",
        post("/auth/register"),
        expected(422, r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#),
    )
    .step(),
    call(
        "R10",
        post("/auth/register").json("{bad"),
        expected(
            422,
            r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting property name enclosed in double quotes"}}]}"#,
        ),
    )
    .differs(&[always(
        "[text]",
        expected(
            422,
            r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"<R10>"}}]}"#,
        ),
    )]),
    call(
        "R11",
        post("/auth/register").typed("", r#"{"email":"x@camelot.bt"}"#),
        expected(
            422,
            r#"{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"{\"email\":\"x@camelot.bt\"}"}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        expected(
            422,
            r#"{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":null}]}"#,
        ),
    )]),
];

#[tokio::test]
async fn a_registration_neither_logs_in_nor_sends_a_verification_mail() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let response = app.try_register("arthur@camelot.bt", GUINEVERE).await;
        assert_eq!((response.header("set-cookie"), response.header("authorization")), (None, None));
        app.users.drain(std::time::Duration::from_secs(10)).await;
        let hooks: Vec<_> = app.journal.take().into_iter().map(|called| called.hook).collect();
        assert_eq!(hooks, ["validate_password", "on_after_register"]);
    }
}

#[tokio::test]
async fn the_recommended_policy_rejects_short_common_and_email_derived_passwords() {
    let setup = WireSetup::of(Rules::Recommended); // C4
    let app = setup.policy(|policy| policy.passwords(PasswordPolicy::recommended())).start().await;
    for refused in ["", "merlin", "excalibur", "arthur@camelot.bt", "arthur"] {
        let response = app.try_register("arthur@camelot.bt", refused).await;
        assert_eq!(response.status, 400, "{refused}");
        assert_eq!(response.json()["detail"]["code"], "REGISTER_INVALID_PASSWORD");
        assert!(response.json()["detail"]["reason"].is_string());
    }
    assert_eq!(app.try_register("arthur@camelot.bt", "a long sword of steel").await.status, 201);
    let upstream = WireSetup::of(Rules::FastapiUsers).start().await;
    assert_eq!(upstream.try_register("arthur@camelot.bt", "merlin").await.status, 201);
}
