//! `POST /auth/jwt/logout` (contract.md 6.1).

use super::recorded::{Step, answered, call, get, post, recommended};

pub const RECORDED: &[Step] = &[
    call("R23", post("/auth/jwt/logout").bearer("<JWT>"), answered(204, "")).step(),
    call(
        "the token after R23",
        get("/users/me").bearer("<JWT>"),
        answered(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        ),
    )
    .differs(&[recommended("C1", answered(401, r#"{"detail":"Unauthorized"}"#))]),
    call("R28", post("/auth/jwt/logout"), answered(401, r#"{"detail":"Unauthorized"}"#)).step(),
];
