//! Hashing settings of tests. They wait for a hash longer than the default, since other tests use the same processors.

use std::time::Duration;

use axum_users::password::{Argon2Params, HashSettings};

pub fn patient_hashing() -> HashSettings {
    HashSettings::default().max_wait(Duration::from_secs(10))
}

/// Hashes that take next to no time.
pub fn weak_hashing() -> HashSettings {
    patient_hashing().params(Argon2Params::weak_for_tests())
}
