//! What holds for every route (contract.md section 3).

use super::recorded::{Step, answered, call, get, recommended};

pub const RECORDED: &[Step] = &[
    call("R80", get("/nope"), answered(404, r#"{"detail":"Not Found"}"#)).step(),
    call(
        "R81",
        get("/users/me/").bearer("<SUPERJWT>"),
        // Recorded absolute, made from `Host`; relative means the same to every client (C25).
        answered(307, "").headers(&[("location", "/users/me")]),
    )
    .differs(&[recommended("C25", answered(404, r#"{"detail":"Not Found"}"#))]),
];
