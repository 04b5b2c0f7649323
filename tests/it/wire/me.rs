//! `/users/me` (contract.md 6.5).

use super::recorded::{Step, always, call, expected, get, patch};

pub const RECORDED: &[Step] = &[
    call(
        "R42",
        get("/users/me").bearer("<NEWJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        ),
    )
    .step(),
    call("R43", get("/users/me"), expected(401, r#"{"detail":"Unauthorized"}"#)).step(),
    call(
        "R44",
        patch("/users/me").json(r#"{"email":"arthur@camelot.bt"}"#).bearer("<NEWJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        )
        .hooks(&["on_after_update(email)"]),
    )
    .step(),
    call(
        "R45",
        patch("/users/me").json(r#"{"email":"Arthur@camelot.bt"}"#).bearer("<NEWJWT>"),
        expected(400, r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#),
    )
    .step(),
    call(
        "R46",
        patch("/users/me").json(r#"{"password":"guinevere"}"#).bearer("<NEWJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        )
        .hooks(&["validate_password", "on_after_update(password)"]),
    )
    .step(),
    call(
        "R47",
        patch("/users/me").json(r#"{"password":"g"}"#).bearer("<NEWJWT>"),
        expected(
            400,
            r#"{"detail":{"code":"UPDATE_USER_INVALID_PASSWORD","reason":"Password should be at least 3 characters"}}"#,
        )
        .hooks(&["validate_password"]),
    )
    .step(),
    call(
        "R48",
        patch("/users/me")
            .json(r#"{"is_superuser":true,"is_verified":true,"is_active":false}"#)
            .bearer("<NEWJWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        )
        .hooks(&["on_after_update()"]),
    )
    .step(),
    call(
        "R49",
        patch("/users/me").json(r#"{"email":null}"#).bearer("<NEWJWT>"),
        expected(500, "Internal Server Error"),
    )
    .differs(&[always(
        "[bug]",
        expected(
            422,
            r#"{"detail":[{"type":"string_type","loc":["body","email"],"msg":"Input should be a valid string","input":null}]}"#,
        ),
    )]),
    call(
        "R50",
        patch("/users/me").json(r#"{"email":"bad"}"#),
        expected(401, r#"{"detail":"Unauthorized"}"#),
    )
    .step(),
    call(
        "R51",
        patch("/users/me").json("{"),
        expected(
            422,
            r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting property name enclosed in double quotes"}}]}"#,
        ),
    )
    .differs(&[always(
        "[text]",
        expected(
            422,
            r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"<R51>"}}]}"#,
        ),
    )]),
];
