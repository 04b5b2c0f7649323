//! The schema of the standing of an account in responses.

use serde::Serialize;

use crate::{
    domain::{Standing, Timestamp},
    http::{ObjectSchema, ReadType, time_text},
};

/// The standing of an account in responses. [`STANDING_READ`] documents its fields.
#[derive(Debug, Serialize)]
pub(super) struct StandingRead {
    suspended: bool,
    until: Option<String>,
    reason: Option<String>,
    must_change_password: bool,
}

impl StandingRead {
    pub(super) fn of(standing: Standing, now: Timestamp) -> Self {
        let suspended = standing.is_suspended_at(now);
        let Standing { suspension, must_change_password } = standing;
        let (until, reason) = suspension.map(|suspension| (suspension.until, suspension.reason)).unwrap_or_default();
        Self { suspended, until: until.map(time_text), reason, must_change_password }
    }
}

/// The schema of [`StandingRead`].
pub(super) static STANDING_READ: ObjectSchema = ObjectSchema {
    name: "StandingRead",
    fields: &[
        ("suspended", ReadType::Flag, "Whether the account is suspended now."),
        (
            "until",
            ReadType::OptionalTime,
            "The end of the suspension, also of one that has ended; null for a suspension until it is lifted, and if there \
             is none.",
        ),
        ("reason", ReadType::OptionalText, "The reason of the suspension."),
        (
            "must_change_password",
            ReadType::Flag,
            "Whether logins with the present password are refused until it is changed.",
        ),
    ],
};
