//! `POST /auth/request-verify-token` and `POST /auth/verify` (contract.md 6.3).

use super::recorded::{Step, answered, call, post};

pub const RECORDED: &[Step] = &[
    call(
        "R29",
        post("/auth/request-verify-token").json(r#"{"email":"KING.ARTHUR@camelot.bt"}"#),
        answered(202, "null").hooks(&["on_after_request_verify"]).token("VERIFY"),
    )
    .step(),
    call(
        "R30",
        post("/auth/request-verify-token").json(r#"{"email":"nobody@camelot.bt"}"#),
        answered(202, "null"),
    )
    .step(),
    call(
        "R31",
        post("/auth/request-verify-token").json(r#"{"email":"bad"}"#),
        answered(
            422,
            r#"{"detail":[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"bad","ctx":{"reason":"An email address must have an @-sign."}}]}"#,
        ),
    )
    .step(),
    call(
        "R32",
        post("/auth/request-verify-token").json("{}"),
        answered(422, r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":null}]}"#),
    )
    .step(),
    call(
        "R33",
        post("/auth/verify").json(r#"{"token":"<VERIFY>"}"#),
        answered(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        )
        .hooks(&["on_after_verify"]),
    )
    .step(),
    call(
        "R34",
        post("/auth/verify").json(r#"{"token":"<VERIFY>"}"#),
        answered(400, r#"{"detail":"VERIFY_USER_ALREADY_VERIFIED"}"#),
    )
    .step(),
    call(
        "R35",
        post("/auth/verify").json(r#"{"token":"foo"}"#),
        answered(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#),
    )
    .step(),
];
