//! Short access tokens and refresh tokens, if `REFRESH` is on.

use std::time::Duration;

use axum_users::{Backend, Result, token::Refresh};

use super::{number, switch, variable};

/// The settings in `REFRESH` and the related variables.
pub struct Refreshing(Option<(Duration, Refresh)>);

impl Refreshing {
    /// Reads the variables. fastapi-users has no refresh tokens, so they stay off in a compatible service.
    pub fn read(compatible: bool) -> Result<Self> {
        if !switch("REFRESH", false)? {
            return Ok(Self(None));
        }
        if compatible {
            eprintln!("REFRESH has no effect with POLICY=fastapi_users");
            return Ok(Self(None));
        }
        let seconds = |name: &str, default: &str| number(name, &variable(name, default)).map(Duration::from_secs);
        let lifetime = seconds("REFRESH_SECONDS", "2592000")?;
        let refresh = Refresh::new().lifetime(lifetime).grace(seconds("REFRESH_GRACE_SECONDS", "10")?);
        Ok(Self(Some((seconds("ACCESS_SECONDS", "900")?, refresh))))
    }

    /// Returns the lifetime of access tokens, which is `usual` without refresh tokens.
    pub fn access(&self, usual: Duration) -> Duration {
        self.0.as_ref().map_or(usual, |(access, _)| *access)
    }

    /// Adds refresh tokens to a backend.
    pub fn of(&self, backend: Backend) -> Backend {
        match &self.0 {
            Some((_, refresh)) => backend.refresh(refresh.clone()),
            None => backend,
        }
    }
}
