//! Stable error codes, which front ends branch on.

/// The code of a 400 response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "openapi"), allow(dead_code, reason = "partly read by the OpenAPI document only"))]
pub(crate) struct Code {
    pub(crate) code: &'static str,
    /// When it is returned, for the OpenAPI document.
    pub(crate) when: &'static str,
    /// Whether a reason for people accompanies the code.
    pub(crate) has_reason: bool,
}

impl Code {
    /// A code alone: `{"detail": CODE}`.
    pub(crate) const fn new(code: &'static str, when: &'static str) -> Self {
        Self { code, when, has_reason: false }
    }

    /// The code of a refused password: `{"detail": {"code": CODE, "reason": …}}`.
    pub(crate) const fn refused_password(code: &'static str) -> Self {
        Self { code, when: "The password is refused.", has_reason: true }
    }
}
