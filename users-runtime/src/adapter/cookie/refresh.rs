//! The cookie of the refresh token.

use super::{Attribute, Clears, Cookie, HOST_PREFIX, SECURE_PREFIX, starts_with};
use crate::port::RefreshContext;

impl Cookie {
    /// Returns the cookie of the refresh token: browsers send it to the routes of its backend only, and never from
    /// another site unless the session cookie is also sent from there.
    pub(super) fn of_refresh(&self, context: &RefreshContext<'_>) -> Self {
        let base = [HOST_PREFIX, SECURE_PREFIX].iter().find(|prefix| starts_with(&self.name, prefix));
        let name = self.name.get(base.map_or(0, |prefix| prefix.len())..).unwrap_or_default();
        // `__Host-` would need the path `/`.
        let prefix = if base.is_some() { SECURE_PREFIX } else { "" };
        Self {
            name: format!("{prefix}{name}-refresh"),
            max_age: Some(context.keep),
            path: context.path.to_owned(),
            same_site: if self.same_site == Attribute::None { Attribute::None } else { Attribute::Strict },
            clears: Clears::Nothing,
            refresh: None,
            ..self.clone()
        }
    }
}
