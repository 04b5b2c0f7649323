//! The app of a user who has a second factor.

use crate::{
    domain::{
        Timestamp, base32,
        totp::{Seed, step_at},
    },
    event::warn_of_test_helper,
};

/// An authenticator app for tests.
///
/// ```
/// use users_runtime::testing::AuthenticatorApp;
///
/// // RFC 6238, appendix B: the last six digits of the code at 59 seconds.
/// let app = AuthenticatorApp::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
/// assert_eq!(app.code("1970-01-01T00:00:59Z".parse().unwrap()), "287082");
/// ```
#[derive(Debug)]
pub struct AuthenticatorApp(Seed);

impl AuthenticatorApp {
    /// Enrolls with the `secret` of `POST /auth/totp/enroll`. `None` if it is not a seed of 160 bits in base32.
    #[must_use]
    pub fn new(secret: &str) -> Option<Self> {
        warn_of_test_helper("AuthenticatorApp");
        Seed::from_bytes(&base32::decode(secret)?).map(Self)
    }

    /// Returns the code that the app shows at a time.
    #[must_use]
    pub fn code(&self, at: Timestamp) -> String {
        self.0.code(step_at(at)).map(|code| format!("{code:06}")).unwrap_or_default()
    }
}
