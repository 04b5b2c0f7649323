//! Settings of passwords.

use std::time::Duration;

use super::UsersBuilder;
use crate::{
    adapter::password::{Calibration, HashSettings},
    domain::Result,
    port::BreachCheck,
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Measures this machine and proposes settings of password hashing: the most memory and passes of Argon2id with which one hash
    /// takes no longer than `goal` while each core hashes, at least those of
    /// [OWASP](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html), and a memory budget of at most a
    /// quarter of the memory that is available. OWASP recommends less than a second; 100 ms are common for services.
    ///
    /// It computes hashes on all cores for about ten times `goal`, and blocks the thread meanwhile. Run it in a release
    /// build on the machine that will serve, before the service starts or once by hand
    /// (`cargo run --release --example calibrate`). The report is [`Calibration`]'s `Display` form.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) if `goal` is zero or more than a second,
    /// [`Error::Io`](crate::Error::Io) if the operating system cannot start a thread.
    ///
    /// # Security
    /// Stronger settings apply to stored hashes at the next login of their user
    /// ([`RehashRule`](crate::password::RehashRule)). Do not derive the settings at each start: a start on a busy machine would
    /// weaken new hashes.
    pub fn calibrate(goal: Duration) -> Result<Calibration> {
        Calibration::measure(goal)
    }
}

impl<U: AuthUser> UsersBuilder<U> {
    /// Refuses new passwords that are known from data breaches (OWASP ASVS 6.2.12). Checked after the policy and before
    /// the application's `validate_password`. Default: no check. The Cargo feature `breached` has two sources.
    pub fn breached_passwords(mut self, check: BreachCheck) -> Self {
        self.breached = Some(check);
        self
    }

    /// Sets the cost of password hashing, and how many hashes may run and wait at once. Default: the policy's cost and
    /// one worker per core.
    pub fn hashing(mut self, settings: HashSettings) -> Self {
        self.hashing = Some(settings);
        self
    }
}
