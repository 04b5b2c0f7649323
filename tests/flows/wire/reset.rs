//! `POST /auth/forgot-password` and `POST /auth/reset-password` (contract.md 6.4).

use super::recorded::{Step, answered, call, get, post, recommended};

pub const RECORDED: &[Step] = &[
    call(
        "R36",
        post("/auth/forgot-password").json(r#"{"email":"king.arthur@camelot.bt"}"#),
        answered(202, "null").hooks(&["on_after_forgot_password"]).token("RESET"),
    )
    .step(),
    call("R37", post("/auth/forgot-password").json(r#"{"email":"nobody@camelot.bt"}"#), answered(202, "null")).step(),
    call(
        "a session from before the reset",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        answered(200, r#"{"access_token":"<OLDJWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call(
        "R38",
        post("/auth/reset-password").json(r#"{"token":"<RESET>","password":"g"}"#),
        answered(
            400,
            r#"{"detail":{"code":"RESET_PASSWORD_INVALID_PASSWORD","reason":"Password should be at least 3 characters"}}"#,
        )
        .hooks(&["validate_password"]),
    )
    .step(),
    call(
        "R39",
        post("/auth/reset-password").json(r#"{"token":"<RESET>","password":"guinevere2"}"#),
        answered(200, "null").hooks(&["validate_password", "on_after_reset_password"]),
    )
    .step(),
    call(
        "R40",
        post("/auth/reset-password").json(r#"{"token":"<RESET>","password":"guinevere3"}"#),
        answered(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#),
    )
    .step(),
    call(
        "R41",
        post("/auth/reset-password").json("{}"),
        answered(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","token"],"msg":"Field required","input":null},{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#,
        ),
    )
    .step(),
    call(
        "the session from before the reset",
        get("/users/me").bearer("<OLDJWT>"),
        answered(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        ),
    )
    .differs(&[recommended("C2", answered(401, r#"{"detail":"Unauthorized"}"#))]),
    call(
        "the old password",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        answered(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    call(
        "the new password",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere2"),
        answered(200, r#"{"access_token":"<NEWJWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
];
