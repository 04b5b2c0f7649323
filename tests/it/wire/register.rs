//! `POST /auth/register` (contract.md 6.2).

use axum_users::PasswordPolicy;

use super::{
    app::{GUINEVERE, Rules, WireApp, WireSetup},
    recorded::{Step, always, answered, call, post},
};

pub const RECORDED: &[Step] = &[
    call(
        "R1",
        post("/auth/register").json(r#"{"email":"King.Arthur@Camelot.BT","password":"guinevere"}"#),
        answered(
            201,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        )
        .hooks(&["validate_password", "on_after_register"]),
    )
    .step(),
    call(
        "R2",
        post("/auth/register").json(r#"{"email":"king.arthur@camelot.bt","password":"guinevere"}"#),
        answered(400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#).hooks(&["validate_password"]),
    )
    .step(),
    call(
        "R3",
        post("/auth/register").json(r#"{"email":"a@camelot.bt","password":"g"}"#),
        answered(
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
        answered(
            201,
            r#"{"id":"<MORDRED>","email":"mordred@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        )
        .hooks(&["validate_password", "on_after_register"]),
    )
    .step(),
    call(
        "R5",
        post("/auth/register").json("{}"),
        answered(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{}},{"type":"missing","loc":["body","password"],"msg":"Field required","input":{}}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        answered(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":null},{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#,
        ),
    )]),
    call(
        "R6",
        post("/auth/register").json(r#"{"password":"my-secret"}"#),
        answered(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{"password":"my-secret"}}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        answered(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":null}]}"#,
        ),
    )]),
    call(
        "R7",
        post("/auth/register").json(r#"{"email":"king.arthur","password":"guinevere"}"#),
        answered(
            422,
            r#"{"detail":[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"king.arthur","ctx":{"reason":"An email address must have an @-sign."}}]}"#,
        ),
    )
    .step(),
    call(
        "R8",
        post("/auth/register").json(r#"{"email":"a@camelot.bt","password":12345,"is_active":"maybe"}"#),
        answered(
            422,
            r#"{"detail":[{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":12345},{"type":"bool_parsing","loc":["body","is_active"],"msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        answered(
            422,
            r#"{"detail":[{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":null},{"type":"bool_parsing","loc":["body","is_active"],"msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}]}"#,
        ),
    )]),
    call(
        "R9",
        post("/auth/register"),
        answered(422, r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#),
    )
    .step(),
    call(
        "R10",
        post("/auth/register").json("{bad"),
        answered(
            422,
            r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting property name enclosed in double quotes"}}]}"#,
        ),
    )
    .differs(&[always(
        "[text]",
        answered(
            422,
            r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"<R10>"}}]}"#,
        ),
    )]),
    call(
        "R11",
        post("/auth/register").typed("", r#"{"email":"x@camelot.bt"}"#),
        answered(
            422,
            r#"{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"{\"email\":\"x@camelot.bt\"}"}]}"#,
        ),
    )
    .differs(&[always(
        "C13",
        answered(
            422,
            r#"{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":null}]}"#,
        ),
    )]),
];

#[tokio::test]
async fn nobody_is_logged_in_and_no_mail_is_asked_for() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let answer = app.try_register("arthur@camelot.bt", GUINEVERE).await;
        assert_eq!((answer.header("set-cookie"), answer.header("authorization")), (None, None));
        app.users.drain(std::time::Duration::from_secs(10)).await;
        let hooks: Vec<_> = app.journal.take().into_iter().map(|called| called.hook).collect();
        assert_eq!(hooks, ["validate_password", "on_after_register"]);
    }
}

#[tokio::test]
async fn the_recommended_policy_has_its_own_say_about_passwords() {
    let setup = WireSetup::of(Rules::Recommended); // C4
    let app = setup.policy(|policy| policy.passwords(PasswordPolicy::recommended())).start().await;
    for refused in ["", "merlin", "excalibur", "arthur@camelot.bt", "arthur"] {
        let answer = app.try_register("arthur@camelot.bt", refused).await;
        assert_eq!(answer.status, 400, "{refused}");
        assert_eq!(answer.json()["detail"]["code"], "REGISTER_INVALID_PASSWORD");
        assert!(answer.json()["detail"]["reason"].is_string());
    }
    assert_eq!(app.try_register("arthur@camelot.bt", "a long sword of steel").await.status, 201);
    let upstream = WireSetup::of(Rules::FastapiUsers).start().await;
    assert_eq!(upstream.try_register("arthur@camelot.bt", "merlin").await.status, 201);
}
