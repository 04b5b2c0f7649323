//! `/users/{id}` (contract.md 6.5).

use super::recorded::{Step, answered, call, delete, get, patch, post, put, recommended};

pub const RECORDED: &[Step] = &[
    Step::Sql("UPDATE user SET is_active = 1, is_superuser = 1 WHERE email = 'mordred@camelot.bt'"),
    call(
        "the superuser logs in",
        post("/auth/jwt/login").form("username=mordred%40camelot.bt&password=guinevere"),
        answered(200, r#"{"access_token":"<SUPERJWT>","token_type":"bearer"}"#).hooks(&["on_after_login"]),
    )
    .step(),
    call(
        "R52",
        get("/users/<ARTHUR>").bearer("<SUPERJWT>"),
        answered(
            200,
            r#"{"id":"<ARTHUR>","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        ),
    )
    .step(),
    call("R53", get("/users/<ARTHUR>").bearer("<NEWJWT>"), answered(403, r#"{"detail":"Forbidden"}"#)).step(),
    call("R54", get("/users/<ARTHUR>"), answered(401, r#"{"detail":"Unauthorized"}"#)).step(),
    call(
        "R55",
        get("/users/d35d213e-f3d8-4f08-954a-7e0d1bea286f").bearer("<SUPERJWT>"),
        answered(404, r#"{"detail":"Not Found"}"#),
    )
    .step(),
    call("R56", get("/users/abc").bearer("<SUPERJWT>"), answered(404, r#"{"detail":"Not Found"}"#)).step(),
    call(
        "R57",
        patch("/users/<ARTHUR>")
            .json(r#"{"is_superuser":false,"is_verified":true,"is_active":true}"#)
            .bearer("<SUPERJWT>"),
        answered(
            200,
            r#"{"id":"<ARTHUR>","email":"arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        )
        .hooks(&["on_after_update(is_active,is_superuser,is_verified)"]),
    )
    .step(),
    call(
        "R58",
        patch("/users/<ARTHUR>").json(r#"{"is_verified":true,"email":"pendragon@camelot.bt"}"#).bearer("<SUPERJWT>"),
        answered(
            200,
            r#"{"id":"<ARTHUR>","email":"pendragon@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}"#,
        )
        .hooks(&["on_after_update(email,is_verified)"]),
    )
    .step(),
    call(
        "R59",
        patch("/users/<ARTHUR>").json(r#"{"email":"MORDRED@camelot.bt"}"#).bearer("<SUPERJWT>"),
        answered(400, r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#),
    )
    .step(),
    call(
        "R60",
        delete("/users/<ARTHUR>").bearer("<SUPERJWT>"),
        answered(204, "").hooks(&["on_before_delete", "on_after_delete"]),
    )
    .step(),
    call("R61", delete("/users/<ARTHUR>").bearer("<SUPERJWT>"), answered(404, r#"{"detail":"Not Found"}"#)).step(),
    call("R62", delete("/users/me").bearer("<SUPERJWT>"), answered(404, r#"{"detail":"Not Found"}"#)).step(),
    call(
        "R63",
        put("/users/me").bearer("<SUPERJWT>"),
        answered(405, r#"{"detail":"Method Not Allowed"}"#).headers(&[("allow", "GET")]),
    )
    // fastapi-users names the first route's method only; RFC 9110 section 10.2.1 wants all.
    .differs(&[recommended(
        "[quirk]",
        answered(405, r#"{"detail":"Method Not Allowed"}"#).headers(&[("allow", "GET, PATCH")]),
    )]),
];
