//! `POST /auth/register` (contract.md 6.2).

use super::recorded::{Step, always, answered, call, post};

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
    .step(),
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
