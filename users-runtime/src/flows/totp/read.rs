//! The schemas of second factors in responses.

use crate::{
    domain::RememberedDevice,
    http::{ObjectSchema, ReadType, time_text},
};
use serde::Serialize;

/// The data for an authenticator app. [`ENROLLMENT_READ`] documents its fields. No `Debug`: it has the seed.
#[derive(Serialize)]
pub(super) struct EnrollmentRead<'a> {
    pub(super) secret: &'a str,
    pub(super) url: &'a str,
    pub(super) qr_svg: &'a str,
}

pub(super) static ENROLLMENT_READ: ObjectSchema = ObjectSchema {
    name: "TotpEnrollment",
    fields: &[
        ("secret", ReadType::Text, "The seed in base32, to be typed into the app."),
        ("url", ReadType::Text, "The `otpauth` URL with the seed, which apps on the same device open."),
        ("qr_svg", ReadType::Text, "The URL as a QR code: an SVG image."),
    ],
};

/// New recovery codes. No `Debug`.
#[derive(Serialize)]
pub(super) struct RecoveryCodesRead<'a> {
    pub(super) recovery_codes: &'a [String],
}

pub(super) static RECOVERY_CODES_READ: ObjectSchema = ObjectSchema {
    name: "RecoveryCodes",
    fields: &[(
        "recovery_codes",
        ReadType::TextList,
        "Each works once in place of a code of the app. They are shown this once.",
    )],
};

/// Whether a user has a second factor.
#[derive(Debug, Serialize)]
pub(super) struct StatusRead {
    pub(super) enrolled: bool,
    pub(super) required: bool,
    pub(super) recovery_codes_left: u32,
}

pub(super) static STATUS_READ: ObjectSchema = ObjectSchema {
    name: "TotpStatus",
    fields: &[
        ("enrolled", ReadType::Flag, "Whether a second factor is in force."),
        ("required", ReadType::Flag, "Whether this user must have one."),
        ("recovery_codes_left", ReadType::Number, "How many recovery codes have not been used."),
    ],
};

/// A remembered device, without its token.
#[derive(Debug, Serialize)]
pub(super) struct DeviceRead {
    id: String,
    remembered_at: String,
    last_used_at: String,
    expires_at: String,
    client: Option<String>,
    user_agent: Option<String>,
}

impl From<RememberedDevice> for DeviceRead {
    fn from(device: RememberedDevice) -> Self {
        Self {
            id: device.id.0,
            remembered_at: time_text(device.remembered_at),
            last_used_at: time_text(device.last_used_at),
            expires_at: time_text(device.expires_at),
            client: device.device.client.map(|client| client.to_string()),
            user_agent: device.device.user_agent,
        }
    }
}

pub(super) static DEVICE_READ: ObjectSchema = ObjectSchema {
    name: "RememberedDevice",
    fields: &[
        ("id", ReadType::Text, "The name by which the device can be forgotten. It is not a credential."),
        ("remembered_at", ReadType::Text, "The time of the login with a code."),
        ("last_used_at", ReadType::Text, "The time of the last login from it."),
        ("expires_at", ReadType::Text, "Until when it is remembered."),
        ("client", ReadType::OptionalText, "The IP address of the login."),
        ("user_agent", ReadType::OptionalText, "The `User-Agent` of the login."),
    ],
};
