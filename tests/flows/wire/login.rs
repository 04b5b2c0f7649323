//! `POST /auth/jwt/login` (contract.md 6.1).

use super::recorded::{Step, answered, call, post};

pub const RECORDED: &[Step] = &[
    call(
        "R12",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=guinevere"),
        answered(200, r#"{"access_token":"<JWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call(
        "R17",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password=x"),
        answered(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    call(
        "R18",
        post("/auth/jwt/login").form("username=nobody%40camelot.bt&password=x"),
        answered(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    Step::Sql("UPDATE user SET is_active = 0 WHERE email = 'mordred@camelot.bt'"),
    call(
        "R19",
        post("/auth/jwt/login").form("username=mordred%40camelot.bt&password=guinevere"),
        answered(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
    )
    .step(),
    call(
        "R20",
        post("/auth/jwt/login").form("username=king.arthur%40camelot.bt&password="),
        answered(422, r#"{"detail":[{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#),
    )
    .step(),
    call(
        "R21",
        post("/auth/jwt/login")
            .form("username=king.arthur%40camelot.bt&password=guinevere&grant_type=client_credentials"),
        answered(
            422,
            r#"{"detail":[{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"client_credentials","ctx":{"pattern":"^password$"}}]}"#,
        ),
    )
    .step(),
    call(
        "R22",
        post("/auth/jwt/login").json(r#"{"username":"king.arthur@camelot.bt","password":"guinevere"}"#),
        answered(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","username"],"msg":"Field required","input":null},{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#,
        ),
    )
    .step(),
];
