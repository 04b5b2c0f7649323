//! Restrictions of an account in addition to its flags.

use super::Timestamp;

/// Whether an account may be used, as decided by the service; no schema shows or changes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Standing {
    /// The suspension that was stored last, even if it has ended. `None` if there is none or it was lifted.
    pub suspension: Option<Suspension>,
    /// Whether the password must be changed before the next login with it, because it may be known to others. Logins with
    /// a provider use no password and are not affected.
    pub must_change_password: bool,
}

impl Standing {
    /// Returns the suspension, if it is in force.
    #[must_use]
    pub fn suspension_at(&self, now: Timestamp) -> Option<&Suspension> {
        self.suspension.as_ref().filter(|suspension| suspension.is_in_force_at(now))
    }

    /// Returns whether the account is suspended.
    #[must_use]
    pub fn is_suspended_at(&self, now: Timestamp) -> bool {
        self.suspension_at(now).is_some()
    }
}

/// A suspension: until it ends, every token of the account is invalid and nobody can log in to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suspension {
    /// The first moment at which the account can be used again. `None` if the suspension lasts until it is lifted.
    pub until: Option<Timestamp>,
    /// The reason, for operators and, under `Policy::tell_suspended_users`, for the user.
    pub reason: Option<String>,
}

impl Suspension {
    /// The maximum number of characters of a reason.
    pub const MAX_REASON: usize = 255;

    /// Describes a suspension. The reason is not checked.
    #[must_use]
    pub fn new(until: Option<Timestamp>, reason: Option<String>) -> Self {
        Self { until, reason }
    }

    /// Returns whether it has not ended yet. Nothing needs to be done when it ends.
    #[must_use]
    pub fn is_in_force_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_is_over_at_its_end() {
        let at = |second| Timestamp::from_timestamp(second, 0).unwrap();
        let standing = |until| Standing { suspension: Some(Suspension::new(until, None)), ..Standing::default() };
        assert!(standing(Some(at(100))).is_suspended_at(at(99)));
        assert!(!standing(Some(at(100))).is_suspended_at(at(100)));
        assert!(standing(None).is_suspended_at(at(i64::from(i32::MAX))));
        assert!(!Standing::default().is_suspended_at(at(0)));
    }
}
