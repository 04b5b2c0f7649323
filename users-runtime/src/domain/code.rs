//! Stable error codes, on which front ends can branch.

/// The code of a 400 response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "partly read by the OpenAPI document only"))]
pub(crate) struct Code {
    pub(crate) code: &'static str,
    /// When it is returned, for the OpenAPI document.
    pub(crate) when: &'static str,
    /// What the response contains.
    pub(crate) detail: CodeDetail,
}

/// The content of a response with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeDetail {
    /// The code.
    Code,
    /// The code and a reason for people.
    Reason,
    /// The code, and the end and the reason of a suspension.
    Suspension,
}

impl Code {
    /// A code without details: `{"detail": CODE}`.
    pub(crate) const fn new(code: &'static str, when: &'static str) -> Self {
        Self { code, when, detail: CodeDetail::Code }
    }

    /// The code of a refused password: `{"detail": {"code": CODE, "reason": …}}`.
    pub(crate) const fn refused_password(code: &'static str) -> Self {
        Self { code, when: "The password is refused.", detail: CodeDetail::Reason }
    }

    /// The code of a suspended account: `{"detail": {"code": CODE, "until": …, "reason": …}}`.
    pub(crate) const fn suspended(code: &'static str) -> Self {
        Self {
            code,
            when: "The password is right and the account is suspended, where users are told.",
            detail: CodeDetail::Suspension,
        }
    }
}
