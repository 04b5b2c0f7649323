//! Cookies that identify a browser that has logged in to an account before.

use http::{HeaderMap, HeaderValue};

use super::RandomError;
use crate::domain::Timestamp;

/// Issues and recognizes device cookies ([OWASP](https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies)).
///
/// Such a cookie gives a browser a budget of its own for failed logins at the accounts that it has logged in to. It
/// authenticates nobody.
pub(crate) trait DeviceCookies: Send + Sync + 'static {
    /// Returns a name for an account, from the tenant and the address in the form for counters. It reveals neither,
    /// even to someone who tries addresses.
    fn account(&self, tenant: &str, address: &str) -> String;

    /// Returns the browser of a request, if it has logged in to the account and its cookie is not older than allowed.
    fn read(&self, headers: &HeaderMap, account: &str, now: Timestamp) -> Option<DeviceId>;

    /// Returns the cookie for a browser that has just logged in to the account. It preserves the browser's entries for
    /// other accounts, and its id for this one.
    fn grant(&self, headers: &HeaderMap, account: &str, now: Timestamp) -> Result<Option<HeaderValue>, RandomError>;
}

/// The id of a browser at one account: random text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceId(pub(crate) String);
